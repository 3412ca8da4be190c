// What `wasm-tools component new` does, for modules without imports whose world is a plain one: the module whole, and around it
// what lifts its exports. What is not of that kind is refused in silence, for wasm-tools to do.

import { ByteReader, type CoreModule, type FuncType as CoreFuncType, readModule, SECTION, signatureOf, VALTYPE } from "../wasm/read.ts";
import { ByteWriter, CORE_PREAMBLE } from "../wasm/write.ts";
import { WORLD_SECTION, worldOf } from "./embed-world.ts";
import { liftingOf, type NamedFunc, type PlainExport, type PlainWorld } from "./plain-world.ts";
import { producers, PRODUCERS_SECTION } from "./producers.ts";
import { type CanonOption, SectionWriter, SORT, type Space } from "./sections.ts";
import { TypeTable } from "./type-table.ts";
import type { FuncType } from "./types.ts";

const { i32 } = VALTYPE;
const MEMORY = "memory";
const REALLOC = "cabi_realloc";
/** Names by which a module asks for more than is done here: another naming of exports, code to run first, asynchrony. */
const BEYOND = /^(?:cm32p2|_initialize$|\[)/;

/** The component; undefined where this module or its world is not of the kind. */
export function liftCore(bytes: Uint8Array): Uint8Array | undefined {
  const world = worldOf(bytes);
  const read = readModule(bytes);
  if (world === undefined || !read.ok || !isLiftable(read.value, world)) return undefined;
  const core = withoutWorld(read.value);
  // A module with a fault in its code becomes no component; wasm-tools says what the fault is.
  return core === undefined || !WebAssembly.validate(core) ? undefined : new Lift(read.value).component(core, world);
}

/** `ns:package/interface@version#name`, or the plain name of a function at the top. */
function coreName(face: string | undefined, name: string): string {
  return face === undefined ? name : `${face}#${name}`;
}

function postName(core: string): string {
  return `cabi_post_${core}`;
}

function isLiftable(module: CoreModule, world: PlainWorld): boolean {
  if (module.imports.length > 0 || module.exports.some((e) => BEYOND.test(e.name)) || module.memories.some((m) => m.flags > 1)) return false;
  return world.exports.every((e) => (e.kind === "func" ? hasFunc(module, coreName(undefined, e.name), e.type) : e.funcs.every(([name, type]) => hasFunc(module, coreName(e.name, name), type))));
}

function hasFunc(module: CoreModule, name: string, type: FuncType): boolean {
  const lifting = liftingOf(type);
  const memory = module.exports.some((e) => e.name === MEMORY && e.kind === "memory");
  return (
    isFunc(module, name, lifting) &&
    (!has(module, postName(name)) || isFunc(module, postName(name), { params: lifting.results, results: [] })) &&
    (!lifting.memory || memory) &&
    (lifting.realloc ? isFunc(module, REALLOC, REALLOC_TYPE) : !has(module, REALLOC) || isFunc(module, REALLOC, REALLOC_TYPE))
  );
}

const REALLOC_TYPE: CoreFuncType = { params: [i32, i32, i32, i32], results: [i32] };

function has(module: CoreModule, name: string): boolean {
  return module.exports.some((e) => e.name === name);
}

function isFunc(module: CoreModule, name: string, { params, results }: CoreFuncType): boolean {
  const found = module.exports.find((e) => e.name === name && e.kind === "func");
  const type = found && signatureOf(module, found.index);
  return type != null && type.params.join() === params.join() && type.results.join() === results.join();
}

/** The module without its world, and with a word on who made it; undefined where somebody has said so before. */
function withoutWorld({ bytes, sections }: CoreModule): Uint8Array | undefined {
  const out = new ByteWriter(bytes.length + 64).raw(CORE_PREAMBLE);
  for (const s of sections) {
    const name = s.id === SECTION.custom ? new ByteReader(bytes, s.start, s.end).name() : "";
    if (name === PRODUCERS_SECTION) return undefined;
    if (!name.startsWith(WORLD_SECTION)) out.u8(s.id).u32(s.end - s.start).copy(bytes, s.start, s.end);
  }
  return out.section(SECTION.custom, producers()).bytes();
}

// ---------------------------------------------------------------------------------------------- the component

/** Names for people: indices in one space, and what is there. */
type Names = [index: number, name: string][];

class Lift {
  readonly #w = new SectionWriter();
  readonly #types = new TypeTable((bytes) => this.#w.type(bytes));
  readonly #module: CoreModule;
  readonly #names: { readonly [space in Space]: Names } = { coreFunc: [], coreMemory: [], coreModule: [], coreInstance: [], func: [], component: [], instance: [] };
  #main = 0;
  #memory: number | undefined;
  #realloc: number | undefined;

  constructor(module: CoreModule) {
    this.#module = module;
  }

  component(core: Uint8Array, world: PlainWorld): Uint8Array {
    this.#named("coreModule", this.#w.coreModule(core), "main");
    this.#main = this.#named("coreInstance", this.#w.coreInstance(0), "main");
    if (has(this.#module, MEMORY)) this.#memory = this.#named("coreMemory", this.#w.coreAlias("coreMemory", this.#main, MEMORY), MEMORY);
    for (const e of world.exports) {
      if (e.kind === "func") this.#named("func", this.#w.exportFunc(e.name, this.#lift(undefined, [e.name, e.type])), e.name);
      else this.#interface(e);
    }
    this.#w.custom(this.#nameSection());
    this.#w.custom(producers());
    return this.#w.bytes();
  }

  #named(space: Space, index: number, name: string): number {
    this.#names[space].push([index, name]);
    return index;
  }

  #lift(face: string | undefined, [name, type]: NamedFunc): number {
    const index = this.#types.func(type, face);
    const core = coreName(face, name);
    const lifting = liftingOf(type);
    const func = this.#coreFunc(core);
    const options: CanonOption[] = [];
    if (lifting.memory) options.push([3, this.#memory!]);
    if (lifting.realloc) options.push([4, (this.#realloc ??= this.#coreFunc(REALLOC))]);
    if (lifting.strings) options.push([0]);
    if (has(this.#module, postName(core))) options.push([5, this.#coreFunc(postName(core))]);
    return this.#named("func", this.#w.lift(func, options, index), name);
  }

  #coreFunc(name: string): number {
    return this.#named("coreFunc", this.#w.coreAlias("coreFunc", this.#main, name), name);
  }

  /** An instance can be made of functions only by a component that passes them on. */
  #interface({ name, funcs }: Extract<PlainExport, { kind: "interface" }>): void {
    const lifted = funcs.map((f) => [`import-func-${f[0]}`, this.#lift(name, f)] as const);
    const shim = this.#named("component", this.#w.component(passing(funcs)), `${name}-shim-component`);
    const instance = this.#named("instance", this.#w.instance(shim, lifted), `${name}-shim-instance`);
    this.#named("instance", this.#w.exportInstance(name, instance), name);
  }

  #nameSection(): ByteWriter {
    const out = new ByteWriter(512).name("component-name");
    // Instances are named twice, as wasm-tools does.
    for (const space of ["coreFunc", "coreMemory", "coreModule", "coreInstance", "instance", "func", "component", "instance"] as const) {
      const names = this.#names[space];
      if (names.length === 0) continue;
      const w = new ByteWriter(256).raw(SORT[space]).u32(names.length);
      for (const [index, name] of names) w.u32(index).name(name);
      out.u8(1).sized(w.view());
    }
    return out;
  }
}

/** A component that imports functions and exports them under their own names. */
function passing(funcs: readonly NamedFunc[]): Uint8Array {
  const w = new SectionWriter();
  const define = (bytes: Uint8Array) => w.type(bytes);
  const [given, said] = [new TypeTable(define), new TypeTable(define)];
  const imported = funcs.map(([name, type]) => w.importFunc(`import-func-${name}`, given.func(type)));
  funcs.forEach(([name, type], i) => w.exportFunc(name, imported[i]!, said.func(type)));
  return w.bytes();
}
