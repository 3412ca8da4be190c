// Resolves a component's definitions into a plan: nested components are instantiated on paper, once, whatever runs later. Knows no host and runs nothing.

import { fail, ok } from "../../../engine/index.ts";
import type { Result } from "../../../engine/index.ts";
import type { AliasTarget, Canon, CanonOptions, Definition, ExternType, NamedIndex, Sort, TypeDefinition, ValueRef } from "./definition.ts";
import type { CoreArgument, CoreItem, CoreStep, Crossing, Func, GuestResource, HostImport, Maker, Plan } from "./plan.ts";
import { flagsOf, handleOf, listOf, MAX_WEIGHT, primitive, recordOf, variantOf } from "./types.ts";
import type { FuncType, Resource, ValType } from "./types.ts";

/** More steps than any real component takes; a small hostile one can ask for 2^60 by nesting. */
const MAX_WORK = 200_000;

type TypeItem =
  | { readonly kind: "value"; readonly type: ValType }
  | { readonly kind: "func"; readonly type: FuncType }
  | { readonly kind: "resource"; readonly resource: Resource }
  | { readonly kind: "instance" | "component"; readonly declarations: readonly Definition[]; readonly scope: Scope };

type Instance = ReadonlyMap<string, Item>;
interface Component {
  readonly body: readonly Definition[];
  readonly scope: Scope;
}
type Item =
  | { readonly sort: "func"; readonly value: Func }
  | { readonly sort: "type"; readonly value: TypeItem }
  | { readonly sort: "instance"; readonly value: Instance }
  | { readonly sort: "component"; readonly value: Component }
  | { readonly sort: "core module"; readonly value: number };

/** The index spaces of one component instance, or of the declarations of one type. */
interface Scope {
  readonly parent: Scope | null;
  readonly id: number;
  readonly coreModules: number[];
  readonly coreInstances: CoreArgument[];
  readonly coreItems: { readonly func: CoreItem[]; readonly table: CoreItem[]; readonly memory: CoreItem[]; readonly global: CoreItem[] };
  readonly types: TypeItem[];
  readonly components: Component[];
  readonly instances: Instance[];
  readonly funcs: Func[];
}

function scopeIn(parent: Scope | null, id: number): Scope {
  return { parent, id, coreModules: [], coreInstances: [], coreItems: { func: [], table: [], memory: [], global: [] }, types: [], components: [], instances: [], funcs: [] };
}

const NO_TYPE: TypeItem = { kind: "value", type: primitive("bool") };
const NO_CORE: CoreItem = { kind: "export", instance: 0, name: "" };
const NO_FUNC: Func = { kind: "host", interface: "", name: "", type: { params: [], result: null } };

/** The plan of a component, or what in its definitions makes no sense. */
export function linkComponent(body: readonly Definition[]): Result<Plan, string> {
  const linker = new Linker();
  const plan = linker.root(body);
  return linker.fault === null ? ok(plan) : fail(linker.fault);
}

class Linker {
  fault: string | null = null;
  #work = 0;
  #scopes = 0;
  #guestResources = 0;
  readonly #modules: { start: number; end: number }[] = [];
  readonly #steps: CoreStep[] = [];
  readonly #makers: Maker[] = [];
  readonly #resources: GuestResource[] = [];
  readonly #imports: HostImport[] = [];
  readonly #crossings = new Map<string, Crossing>();
  readonly #hostResources = new Map<string, Resource>();

  root(body: readonly Definition[]): Plan {
    const exported = this.#instantiate({ body, scope: scopeIn(null, -1) }, null);
    const exports = new Map<string, Func>();
    for (const [name, item] of exported) {
      if (item.sort === "func") exports.set(name, item.value);
      if (item.sort === "instance") for (const [inner, func] of item.value) if (func.sort === "func") exports.set(`${name}#${inner}`, func.value);
    }
    return { modules: this.#modules, steps: this.#steps, makers: this.#makers, resources: this.#resources, scopes: this.#scopes, exports, imports: this.#imports };
  }

  #spoil(message: string): void {
    this.fault ??= message;
  }

  #at<T>(space: readonly T[], index: number, what: string, none: T): T {
    const found = space[index];
    if (found === undefined) this.#spoil(`there is no ${what} ${index}`);
    return found ?? none;
  }

  /** Runs a component's definitions with what it is given; `args` null: the outermost one, whose imports are the host's. */
  #instantiate(component: Component, args: Instance | null): Instance {
    const scope = scopeIn(component.scope.id === -1 ? null : component.scope, this.#scopes++);
    const exports = new Map<string, Item>();
    for (const definition of component.body) {
      if (++this.#work > MAX_WORK) this.#spoil(`instantiating the component takes more than ${MAX_WORK} steps`);
      if (this.fault !== null) break;
      this.#define(definition, scope, args, exports);
    }
    return exports;
  }

  #define(d: Definition, scope: Scope, args: Instance | null, exports: Map<string, Item>): void {
    switch (d.kind) {
      case "core module": return void scope.coreModules.push(this.#module(d.start, d.end));
      case "core instance": return this.#coreInstance(d, scope);
      case "core exports": return void scope.coreInstances.push({ kind: "items", items: new Map(d.items.map((i) => [i.name, this.#coreItem(scope, i.sort, i.index)])) });
      case "core type": return;
      case "component": return void scope.components.push({ body: d.body, scope });
      case "instance": {
        const component = this.#at(scope.components, d.component, "component", { body: [], scope });
        return void scope.instances.push(this.#instantiate(component, this.#named(d.args, scope)));
      }
      case "exports": return void scope.instances.push(this.#named(d.items, scope));
      case "alias": return this.#alias(d.sort, d.target, scope);
      case "type": return void scope.types.push(this.#type(d.type, scope));
      case "canon": return this.#canon(d.canon, scope);
      case "import": return this.#import(d.name, d.type, scope, args);
      case "export": {
        if (d.of === null) return;
        const item = this.#item(scope, d.of.sort, d.of.index);
        if (item === null) return this.#spoil(`a ${d.of.sort} cannot be exported`);
        if (exports.has(d.name)) return this.#spoil(`the export ${JSON.stringify(d.name)} occurs twice`);
        exports.set(d.name, item);
        return this.#add(scope, item);
      }
    }
  }

  /** One module for one place in the file, however often its component is instantiated. */
  #module(start: number, end: number): number {
    const known = this.#modules.findIndex((m) => m.start === start);
    return known >= 0 ? known : this.#modules.push({ start, end }) - 1;
  }

  #add(scope: Scope, item: Item): void {
    switch (item.sort) {
      case "func": scope.funcs.push(item.value); return;
      case "type": scope.types.push(item.value); return;
      case "instance": scope.instances.push(item.value); return;
      case "component": scope.components.push(item.value); return;
      case "core module": scope.coreModules.push(item.value); return;
    }
  }

  #item(scope: Scope, sort: Sort, index: number): Item | null {
    switch (sort) {
      case "func": return { sort, value: this.#at(scope.funcs, index, sort, NO_FUNC) };
      case "type": return { sort, value: this.#at(scope.types, index, sort, NO_TYPE) };
      case "instance": return { sort, value: this.#at(scope.instances, index, sort, new Map()) };
      case "component": return { sort, value: this.#at(scope.components, index, sort, { body: [], scope }) };
      case "core module": return { sort, value: this.#at(scope.coreModules, index, sort, 0) };
      default: return null;
    }
  }

  #named(items: readonly NamedIndex[], scope: Scope): Instance {
    const named = new Map<string, Item>();
    for (const { name, sort, index } of items) {
      const item = this.#item(scope, sort, index);
      if (item === null) this.#spoil(`a ${sort} cannot be an argument or export of an instance`);
      else named.set(name, item);
    }
    return named;
  }

  // ---- core ----------------------------------------------------------------------------------------

  #coreItem(scope: Scope, sort: Sort, index: number): CoreItem {
    switch (sort) {
      case "core func": return this.#at(scope.coreItems.func, index, sort, NO_CORE);
      case "core table": return this.#at(scope.coreItems.table, index, sort, NO_CORE);
      case "core memory": return this.#at(scope.coreItems.memory, index, sort, NO_CORE);
      case "core global": return this.#at(scope.coreItems.global, index, sort, NO_CORE);
      default: this.#spoil(`a ${sort} cannot be given to a core module`); return NO_CORE;
    }
  }

  #coreInstance(d: Definition & { kind: "core instance" }, scope: Scope): void {
    const module = this.#at(scope.coreModules, d.module, "core module", 0);
    const none: CoreArgument = { kind: "items", items: new Map() };
    const args = new Map(d.args.map(({ name, instance }) => [name, this.#at(scope.coreInstances, instance, "core instance", none)]));
    scope.coreInstances.push({ kind: "instance", instance: this.#steps.push({ module, args }) - 1 });
  }

  #alias(sort: Sort, target: AliasTarget, scope: Scope): void {
    switch (target.kind) {
      case "core export": return this.#coreAlias(sort, target.instance, target.name, scope);
      case "outer": return this.#outerAlias(sort, target.count, target.index, scope);
      case "export": {
        const item = this.#at(scope.instances, target.instance, "instance", new Map<string, Item>()).get(target.name);
        if (item === undefined || item.sort !== sort) return this.#spoil(`instance ${target.instance} has no ${sort} ${JSON.stringify(target.name)}`);
        return this.#add(scope, item);
      }
    }
  }

  #coreAlias(sort: Sort, index: number, name: string, scope: Scope): void {
    const instance = this.#at<CoreArgument>(scope.coreInstances, index, "core instance", { kind: "items", items: new Map() });
    const item: CoreItem | undefined = instance.kind === "instance" ? { kind: "export", instance: instance.instance, name } : instance.items.get(name);
    if (item === undefined) return this.#spoil(`core instance ${index} has no ${JSON.stringify(name)}`);
    switch (sort) {
      case "core func": scope.coreItems.func.push(item); return;
      case "core table": scope.coreItems.table.push(item); return;
      case "core memory": scope.coreItems.memory.push(item); return;
      case "core global": scope.coreItems.global.push(item); return;
      default: this.#spoil(`a ${sort} is no export of a core instance`);
    }
  }

  #outerAlias(sort: Sort, count: number, index: number, scope: Scope): void {
    let outer: Scope | null = scope;
    for (let n = count; n > 0 && outer !== null; n--) outer = outer.parent;
    if (outer === null) return this.#spoil("an alias reaches out of the component");
    if (sort === "core type") return;
    const item = sort === "type" || sort === "component" || sort === "core module" ? this.#item(outer, sort, index) : null;
    if (item === null) return this.#spoil(`a ${sort} cannot be taken from an outer component`);
    this.#add(scope, item);
  }

  #canon(canon: Canon, scope: Scope): void {
    switch (canon.kind) {
      case "lift": {
        const type = this.#funcType(scope, canon.type);
        const core = this.#at(scope.coreItems.func, canon.core, "core func", NO_CORE);
        return void scope.funcs.push({ kind: "lifted", core, type, crossing: this.#crossing(canon.options, scope) });
      }
      case "lower": {
        const func = this.#at(scope.funcs, canon.func, "func", NO_FUNC);
        return this.#make({ kind: "lowered", func, crossing: this.#crossing(canon.options, scope) }, scope);
      }
      default: return this.#make({ kind: canon.kind, resource: this.#resource(scope, canon.resource), scope: scope.id }, scope);
    }
  }

  #make(maker: Maker, scope: Scope): void {
    scope.coreItems.func.push({ kind: "made", index: this.#makers.push(maker) - 1 });
  }

  /** Equal crossings are one object, so that an instance makes one side for them. */
  #crossing(options: CanonOptions, scope: Scope): Crossing {
    const { memory, realloc, postReturn } = options;
    const key = [scope.id, options.encoding, memory, realloc, postReturn].join();
    const known = this.#crossings.get(key);
    if (known !== undefined) return known;
    const crossing: Crossing = {
      scope: scope.id,
      encoding: options.encoding,
      memory: memory === null ? null : this.#at(scope.coreItems.memory, memory, "core memory", NO_CORE),
      realloc: realloc === null ? null : this.#at(scope.coreItems.func, realloc, "core func", NO_CORE),
      postReturn: postReturn === null ? null : this.#at(scope.coreItems.func, postReturn, "core func", NO_CORE),
    };
    this.#crossings.set(key, crossing);
    return crossing;
  }

  // ---- imports -------------------------------------------------------------------------------------

  #import(name: string, type: ExternType, scope: Scope, args: Instance | null): void {
    if (args !== null) {
      const item = args.get(name);
      if (item === undefined) return this.#spoil(`a nested component is not given its import ${JSON.stringify(name)}`);
      return this.#add(scope, item);
    }
    switch (type.kind) {
      case "instance": return void scope.instances.push(this.#hostInstance(name, type.type, scope));
      case "func": return void scope.funcs.push(this.#hostFunc("", name, this.#funcType(scope, type.type)));
      case "type": return void scope.types.push(type.equal === null ? this.#hostResource("", name) : this.#at(scope.types, type.equal, "type", NO_TYPE));
      default: this.#imports.push({ interface: name, name: "", type: null }); // nobody offers it: the host will say so
    }
    if (type.kind === "component") scope.components.push({ body: [], scope });
    if (type.kind === "core module") scope.coreModules.push(0);
  }

  #hostFunc(from: string, name: string, type: FuncType): Func {
    this.#imports.push({ interface: from, name, type });
    return { kind: "host", interface: from, name, type };
  }

  #hostResource(from: string, name: string): TypeItem {
    const full = from === "" ? name : `${from.replace(/@.*$/, "")}.${name}`;
    let resource = this.#hostResources.get(full);
    if (resource === undefined) this.#hostResources.set(full, (resource = { name: full, owner: "host" }));
    return { kind: "resource", resource };
  }

  /** An imported interface as an instance of the host's functions and resources. */
  #hostInstance(from: string, index: number, outer: Scope): Instance {
    const type = this.#at(outer.types, index, "type", NO_TYPE);
    const exports = new Map<string, Item>();
    if (type.kind !== "instance") {
      this.#spoil(`the import ${JSON.stringify(from)} is not of an instance type`);
      return exports;
    }
    const scope = scopeIn(type.scope, outer.id);
    if (type.declarations.length === 0) this.#imports.push({ interface: from, name: "", type: null });
    for (const d of type.declarations) {
      if (++this.#work > MAX_WORK) this.#spoil("the types of the component are too large");
      if (this.fault !== null) break;
      if (d.kind === "type") scope.types.push(this.#type(d.type, scope));
      else if (d.kind === "alias") this.#alias(d.sort, d.target, scope);
      else if (d.kind === "export" && d.type !== null) {
        const item = this.#hostExport(from, d.name, d.type, scope);
        if (item === null) continue;
        exports.set(d.name, item);
        this.#add(scope, item);
      }
    }
    return exports;
  }

  #hostExport(from: string, name: string, type: ExternType, scope: Scope): Item | null {
    switch (type.kind) {
      case "func": return { sort: "func", value: this.#hostFunc(from, name, this.#funcType(scope, type.type)) };
      case "type": return { sort: "type", value: type.equal === null ? this.#hostResource(from, name) : this.#at(scope.types, type.equal, "type", NO_TYPE) };
      case "instance": return { sort: "instance", value: this.#hostInstance(`${from}/${name}`, type.type, scope) };
      default: this.#imports.push({ interface: `${from}/${name}`, name: "", type: null }); return null;
    }
  }

  // ---- types ---------------------------------------------------------------------------------------

  #funcType(scope: Scope, index: number): FuncType {
    const type = this.#at(scope.types, index, "type", NO_TYPE);
    if (type.kind === "func") return type.type;
    this.#spoil(`type ${index} is not a function type`);
    return { params: [], result: null };
  }

  #resource(scope: Scope, index: number): Resource {
    const type = this.#at(scope.types, index, "type", NO_TYPE);
    if (type.kind === "resource") return type.resource;
    this.#spoil(`type ${index} is not a resource`);
    return { name: "", owner: "host" };
  }

  #type(d: TypeDefinition, scope: Scope): TypeItem {
    switch (d.kind) {
      case "func": return { kind: "func", type: { params: d.params.map((p) => this.#value(p.type, scope)), result: d.result === null ? null : this.#value(d.result, scope) } };
      case "component": case "instance": return { kind: d.kind, declarations: d.declarations, scope };
      case "resource": {
        const resource: Resource = { name: `resource ${this.#guestResources++}`, owner: "guest" };
        this.#resources.push({ resource, scope: scope.id, destructor: d.destructor === null ? null : this.#at(scope.coreItems.func, d.destructor, "core func", NO_CORE) });
        return { kind: "resource", resource };
      }
      default: {
        const type = this.#valueType(d, scope);
        if (type.weight > MAX_WEIGHT || type.size > MAX_WEIGHT * 8) this.#spoil("a type is too large");
        return { kind: "value", type };
      }
    }
  }

  #value(ref: ValueRef, scope: Scope): ValType {
    if (typeof ref === "string") return primitive(ref);
    const type = this.#at(scope.types, ref, "type", NO_TYPE);
    if (type.kind === "value") return type.type;
    this.#spoil(`type ${ref} is not a value type`);
    return primitive("bool");
  }

  #valueType(d: Exclude<TypeDefinition, { kind: "func" | "component" | "instance" | "resource" }>, scope: Scope): ValType {
    const value = (ref: ValueRef) => this.#value(ref, scope);
    const perhaps = (ref: ValueRef | null) => (ref === null ? null : value(ref));
    switch (d.kind) {
      case "primitive": return primitive(d.of);
      case "record": return recordOf(d.fields.map((f) => f.name), d.fields.map((f) => value(f.type)));
      case "tuple": return recordOf([], d.of.map(value));
      case "variant": return variantOf("variant", d.cases.map((c) => c.name), d.cases.map((c) => perhaps(c.type)));
      case "enum": return variantOf("enum", d.names, d.names.map(() => null));
      case "option": return variantOf("option", ["none", "some"], [null, value(d.of)]);
      case "result": return variantOf("result", ["ok", "error"], [perhaps(d.ok), perhaps(d.err)]);
      case "list": return listOf(value(d.of));
      case "flags":
        if (d.names.length > 32) this.#spoil("flags of more than 32 names are not supported");
        return flagsOf(d.names);
      case "own": case "borrow": return handleOf(d.kind, this.#resource(scope, d.resource));
    }
  }
}
