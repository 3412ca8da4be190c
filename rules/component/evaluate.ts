// A component's declarations -> its type: what each import and export is, with resources told apart. Nested components are
// worked through with the arguments that they are given. Checks no function body and needs no memory beyond a limit.

import { fail, ok, type Result } from "../../engine/index.ts";
import type { Malformed } from "../wasm/read.ts";
import { readComponent } from "./binary.ts";
import type { RawAlias, RawDecl, RawExtern, RawItem, RawReference, RawType, RawValue, Sort } from "./raw.ts";
import { type ComponentType, type Extern, type Externs, type FuncType, primitive, type Resource, type ValueType } from "./types.ts";

/** Declarations looked at, at most: a component that instantiates itself again and again ends here. */
const MOST_STEPS = 1_000_000;
const DEEPEST_VALUE = 100;
const DEEPEST_COMPONENT = 40;

/** A type at some level: what an index of the type space stands for. */
type TypeEntity =
  | { readonly kind: "value"; readonly type: ValueType }
  | { readonly kind: "resource"; readonly resource: Resource }
  | { readonly kind: "func"; readonly type: FuncType }
  | { readonly kind: "instance" | "component"; readonly decls: readonly RawDecl[]; readonly scope: Scope };

/** A component that can be instantiated: one that is written here, or one whose type alone is known. */
type ComponentEntity = { readonly kind: "nested"; readonly start: number; readonly end: number; readonly scope: Scope } | { readonly kind: "known"; readonly type: ComponentType };

/** The index spaces of one level. */
interface Scope {
  readonly outer: Scope | undefined;
  readonly types: TypeEntity[];
  readonly funcs: FuncType[];
  readonly instances: Externs[];
  readonly components: ComponentEntity[];
}

/** The type of a component, or the first thing that makes no sense. */
export function componentType(bytes: Uint8Array): Result<ComponentType, Malformed> {
  const evaluation = new Evaluation(bytes);
  const type = evaluation.component(0, bytes.length, undefined, undefined);
  return evaluation.fault === undefined ? ok(type) : fail(evaluation.fault);
}

/** The types of components that a component exports, by name: how worlds are written down. */
export function namedComponentTypes(bytes: Uint8Array): Result<ReadonlyMap<string, ComponentType>, Malformed> {
  const evaluation = new Evaluation(bytes);
  const found = evaluation.definitions(bytes.length);
  return evaluation.fault === undefined ? ok(found) : fail(evaluation.fault);
}

/** What a level was given from outside, and what it is still to be given. */
interface Ports {
  readonly imports: Map<string, Extern>;
  readonly exports: Map<string, Extern>;
  readonly given: Externs | undefined;
}

class Evaluation {
  readonly #bytes: Uint8Array;
  readonly #read = new Map<number, readonly RawItem[]>();
  readonly #depths = new Map<ValueType, number>();
  #steps = 0;
  #nested = 0;
  fault: Malformed | undefined;
  #offset = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  #spoil(message: string): void {
    this.fault ??= { message, offset: this.#offset };
  }

  #step(): boolean {
    if (++this.#steps > MOST_STEPS) this.#spoil(`more than ${MOST_STEPS} declarations to look at`);
    return this.fault === undefined;
  }

  /** `given`: arguments by the names of its imports; undefined for the outermost component, whose imports are unknown. */
  component(start: number, end: number, outer: Scope | undefined, given: Externs | undefined): ComponentType {
    const ports: Ports = { imports: new Map(), exports: new Map(), given };
    if (this.#nested >= DEEPEST_COMPONENT) this.#spoil(`components are nested more than ${DEEPEST_COMPONENT} deep`);
    const items = this.fault === undefined ? this.#items(start, end) : [];
    const offset = this.#offset;
    this.#nested++;
    const scope: Scope = { outer, types: [], funcs: [], instances: [], components: [] };
    for (const item of items) {
      this.#offset = start;
      if (!this.#step()) break;
      this.#item(item, scope, ports);
    }
    this.#nested--;
    this.#offset = offset;
    return ports;
  }

  definitions(end: number): ReadonlyMap<string, ComponentType> {
    const found = new Map<string, ComponentType>();
    for (const [name, extern] of this.component(0, end, undefined, undefined).exports) {
      const entity = extern.kind === "definition" ? (extern.definition as TypeEntity) : undefined;
      if (entity?.kind === "component") found.set(name, this.#declared(entity.decls, entity.scope, undefined));
    }
    return found;
  }

  #items(start: number, end: number): readonly RawItem[] {
    const known = this.#read.get(start);
    if (known !== undefined) return known;
    const read = readComponent(this.#bytes, start, end);
    if (!read.ok) this.fault ??= read.error;
    const items = read.ok ? read.value : [];
    this.#read.set(start, items);
    return items;
  }

  #item(item: RawItem, scope: Scope, ports: Ports): void {
    switch (item.item) {
      case "type":
        return void scope.types.push(this.#typeOf(item.type, scope));
      case "alias":
        return this.#alias(item.alias, scope);
      case "import":
        return this.#import(item.name, item.extern, scope, ports);
      case "export":
        return this.#export(item.name, this.#ascribed(this.#referenced(item.what, scope), item.as, scope), scope, ports.exports);
      case "component":
        return void scope.components.push({ kind: "nested", start: item.start, end: item.end, scope });
      case "instantiate":
        return void scope.instances.push(this.#instantiate(item, scope));
      case "instance": {
        const exports = new Map<string, Extern>();
        for (const e of item.exports) this.#put(exports, e.name, this.#referenced(e, scope));
        return void scope.instances.push(exports);
      }
      case "lift":
        return void scope.funcs.push(this.#func(item.type, scope));
      case "value":
        return;
    }
  }

  #put(into: Map<string, Extern>, name: string, extern: Extern): void {
    if (into.has(name)) this.#spoil(`${JSON.stringify(name)} is there twice`);
    into.set(name, extern);
  }

  // ---- imports, exports, instances -----------------------------------------------------------------

  #import(name: string, raw: RawExtern, scope: Scope, ports: Ports): void {
    const given = ports.given?.get(name);
    if (ports.given !== undefined && given === undefined) this.#spoil(`a nested component is not given its import ${JSON.stringify(name)}`);
    const extern = this.#extern(raw, name, scope, given);
    this.#put(ports.imports, name, extern);
    this.#bind(extern, scope);
  }

  #export(name: string, extern: Extern, scope: Scope, into: Map<string, Extern>): void {
    this.#put(into, name, extern);
    this.#bind(extern, scope);
  }

  /** Imports and exports are new members of the index spaces. */
  #bind(extern: Extern, scope: Scope): void {
    switch (extern.kind) {
      case "func":
        return void scope.funcs.push(extern.type);
      case "type":
        return void scope.types.push({ kind: "value", type: extern.type });
      case "resource":
        return void scope.types.push(extern);
      case "definition":
        return void scope.types.push(extern.definition as TypeEntity);
      case "instance":
        return void scope.instances.push(extern.exports);
      case "component":
        return void scope.components.push({ kind: "known", type: extern.type });
      default:
        return;
    }
  }

  #instantiate(item: Extract<RawItem, { item: "instantiate" }>, scope: Scope): Externs {
    const component = scope.components[item.component];
    if (component === undefined) return this.#nothing(`there is no component ${item.component}`, new Map());
    if (component.kind === "known") return component.type.exports;
    const given = new Map<string, Extern>();
    for (const a of item.arguments) this.#put(given, a.name, this.#referenced(a, scope));
    return this.component(component.start, component.end, component.scope, given).exports;
  }

  #referenced({ sort, index }: RawReference, scope: Scope): Extern {
    switch (sort) {
      case "func": {
        const type = scope.funcs[index];
        return type === undefined ? this.#nothing(`there is no function ${index}`, { kind: "module" }) : { kind: "func", type };
      }
      case "type":
        return this.#typeExtern(scope.types[index], index);
      case "instance": {
        const exports = scope.instances[index];
        return exports === undefined ? this.#nothing(`there is no instance ${index}`, { kind: "module" }) : { kind: "instance", exports };
      }
      case "component": {
        const component = scope.components[index];
        if (component === undefined) return this.#nothing(`there is no component ${index}`, { kind: "module" });
        return { kind: "component", type: component.kind === "known" ? component.type : this.component(component.start, component.end, component.scope, undefined) };
      }
      default:
        return { kind: "module" };
    }
  }

  #typeExtern(entity: TypeEntity | undefined, index: number): Extern {
    if (entity === undefined) return this.#nothing(`there is no type ${index}`, { kind: "module" });
    if (entity.kind === "value") return { kind: "type", type: entity.type };
    return entity.kind === "resource" ? entity : { kind: "definition", of: entity.kind, definition: entity };
  }

  #nothing<T>(message: string, instead: T): T {
    this.#spoil(message);
    return instead;
  }

  /** What a declaration says of a thing, with the resources of the thing itself where one is given. */
  #extern(raw: RawExtern, name: string, scope: Scope, given: Extern | undefined): Extern {
    switch (raw.kind) {
      case "func":
        return { kind: "func", type: this.#func(raw.index, scope) };
      case "instance":
        return { kind: "instance", exports: this.#instanceOf(raw.index, scope, given?.kind === "instance" ? given.exports : undefined) };
      case "component":
        return { kind: "component", type: this.#componentOf(raw.index, scope) };
      case "module":
        return { kind: "module" };
      case "value":
        return { kind: "value", type: raw.type === undefined ? primitive("bool") : this.#value(raw.type, scope) };
      case "type":
        return this.#typeExtern(scope.types[raw.eq], raw.eq);
      case "resource":
        return given?.kind === "resource" ? given : { kind: "resource", resource: { name } };
    }
  }

  #ascribed(what: Extern, as: RawExtern | undefined, scope: Scope): Extern {
    return as === undefined ? what : this.#extern(as, "", scope, what);
  }

  #instanceOf(index: number, scope: Scope, given: Externs | undefined): Externs {
    const entity = scope.types[index];
    if (entity?.kind !== "instance") return this.#nothing(`type ${index} is not that of an instance`, new Map());
    return this.#declared(entity.decls, entity.scope, given).exports;
  }

  #componentOf(index: number, scope: Scope): ComponentType {
    const entity = scope.types[index];
    if (entity?.kind !== "component") return this.#nothing(`type ${index} is not that of a component`, { imports: new Map(), exports: new Map() });
    return this.#declared(entity.decls, entity.scope, undefined);
  }

  /** The body of the type of an instance or a component. */
  #declared(decls: readonly RawDecl[], outer: Scope, given: Externs | undefined): ComponentType {
    const scope: Scope = { outer, types: [], funcs: [], instances: [], components: [] };
    const ports: Ports = { imports: new Map(), exports: new Map(), given: undefined };
    for (const d of decls) {
      if (!this.#step()) break;
      if (d.decl === "type") scope.types.push(this.#typeOf(d.type, scope));
      else if (d.decl === "alias") this.#alias(d.alias, scope);
      else if (d.decl === "import") this.#import(d.name, d.extern, scope, ports);
      else if (d.decl === "export") this.#export(d.name, this.#extern(d.extern, d.name, scope, given?.get(d.name)), scope, ports.exports);
    }
    return ports;
  }

  #alias(alias: RawAlias, scope: Scope): void {
    if (alias.from === "core" || alias.sort === "core") return;
    if (alias.from === "outer") return this.#aliasOuter(alias.sort, alias.count, alias.index, scope);
    const exports = scope.instances[alias.instance];
    const found = exports?.get(alias.name);
    if (found === undefined) return this.#spoil(exports === undefined ? `there is no instance ${alias.instance}` : `instance ${alias.instance} has no export ${JSON.stringify(alias.name)}`);
    this.#bind(found, scope);
  }

  #aliasOuter(sort: Sort, count: number, index: number, scope: Scope): void {
    let from: Scope | undefined = scope;
    for (let i = 0; i < count && i <= DEEPEST_COMPONENT * 2; i++) from = from?.outer;
    const type = sort === "type" ? from?.types[index] : undefined;
    const component = sort === "component" ? from?.components[index] : undefined;
    if (type !== undefined) scope.types.push(type);
    else if (component !== undefined) scope.components.push(component);
    else this.#spoil(`there is no ${sort} ${index} ${count} levels out`);
  }

  // ---- types ---------------------------------------------------------------------------------------

  #typeOf(raw: RawType, scope: Scope): TypeEntity {
    switch (raw.form) {
      case "func":
        return { kind: "func", type: { async: raw.async, params: raw.params.map((p) => ({ name: p.name, type: this.#value(p.type, scope) })), result: this.#maybe(raw.result, scope) } };
      case "instance":
      case "component":
        return { kind: raw.form, decls: raw.decls, scope };
      case "resource":
        return { kind: "resource", resource: { name: "" } };
      case "value":
        return { kind: "value", type: primitive(raw.type) };
      default:
        return { kind: "value", type: this.#built(raw, scope) };
    }
  }

  #built(raw: Exclude<RawType, { readonly form: "func" | "instance" | "component" | "resource" | "value" }>, scope: Scope): ValueType {
    switch (raw.form) {
      case "record":
        return this.#deep({ kind: "record", fields: raw.fields.map((f) => ({ name: f.name, type: this.#value(f.type, scope) })) }, (t) => t.fields.map((f) => f.type));
      case "variant":
        return this.#deep({ kind: "variant", cases: raw.cases.map((c) => ({ name: c.name, type: this.#maybe(c.type, scope) })) }, (t) => t.cases.map((c) => c.type));
      case "list":
        return this.#deep({ kind: "list", element: this.#value(raw.element, scope), length: raw.length }, (t) => [t.element]);
      case "map":
        return this.#deep({ kind: "map", key: this.#value(raw.key, scope), value: this.#value(raw.value, scope) }, (t) => [t.key, t.value]);
      case "tuple":
        return this.#deep({ kind: "tuple", items: raw.items.map((i) => this.#value(i, scope)) }, (t) => t.items);
      case "option":
        return this.#deep({ kind: "option", some: this.#value(raw.some, scope) }, (t) => [t.some]);
      case "result":
        return this.#deep({ kind: "result", ok: this.#maybe(raw.ok, scope), error: this.#maybe(raw.error, scope) }, (t) => [t.ok, t.error]);
      case "future":
      case "stream":
        return this.#deep({ kind: raw.form, element: this.#maybe(raw.element, scope) }, (t) => [t.element]);
      case "own":
      case "borrow":
        return { kind: raw.form, resource: this.#resource(raw.resource, scope) };
      default:
        return { kind: raw.form, names: raw.names };
    }
  }

  /** Refuses types inside types inside types … */
  #deep<T extends ValueType>(type: T, parts: (type: T) => readonly (ValueType | undefined)[]): T {
    const depth = 1 + parts(type).reduce((most, p) => Math.max(most, p === undefined ? 0 : (this.#depths.get(p) ?? 0)), 0);
    if (depth > DEEPEST_VALUE) this.#spoil(`types are nested more than ${DEEPEST_VALUE} deep`);
    this.#depths.set(type, depth);
    return type;
  }

  #value(raw: RawValue, scope: Scope): ValueType {
    if (typeof raw === "string") return primitive(raw);
    const entity = scope.types[raw];
    return entity?.kind === "value" ? entity.type : this.#nothing(`type ${raw} is not that of a value`, primitive("bool"));
  }

  #maybe(raw: RawValue | undefined, scope: Scope): ValueType | undefined {
    return raw === undefined ? undefined : this.#value(raw, scope);
  }

  #resource(index: number, scope: Scope): Resource {
    const entity = scope.types[index];
    return entity?.kind === "resource" ? entity.resource : this.#nothing(`type ${index} is not a resource`, { name: "" });
  }

  #func(index: number, scope: Scope): FuncType {
    const entity = scope.types[index];
    return entity?.kind === "func" ? entity.type : this.#nothing(`type ${index} is not that of a function`, { async: false, params: [], result: undefined });
  }
}
