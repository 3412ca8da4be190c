// Two core modules -> one: a position-independent module is laid into a module that owns the memory. Its stack and data lie
// above the owner's heap base; its imports are bound to the owner's functions and to constants, or stay imports of the result.
// Knows the binary format and the dylink.0 convention; has never heard of guests.

import { fail, ok, type Result } from "../../engine/index.ts";
import { ByteReader, type CoreModule, type ExternKind, type Malformed, readModule, SECTION, type Section, VALTYPE } from "./read.ts";
import { readGlobalGet, readI32Const, type Renumbering, rewriteBody, rewriteConstExpr, rewriteElements } from "./rewrite.ts";
import { ByteWriter, CORE_PREAMBLE } from "./write.ts";

export interface MergeOptions {
  /** Bytes of stack for the laid-in module. */
  readonly stackBytes: number;
  /** Imports of this module name are functions that give a constant; the free memory's start is one of them. */
  readonly constantsModule: string;
  readonly constants: { readonly [name: string]: number };
  /** The constant whose value this merge decides. */
  readonly heapBaseName: string;
}

type Merged = Result<Uint8Array, Malformed>;

const refused = (message: string): { ok: false; error: Malformed } => ({ ok: false, error: { message, offset: 0 } });

/** `owner` exports memory, __heap_base and what `laid` asks of "env". The result should be validated: it is read, not judged. */
export function merge(owner: Uint8Array, laid: Uint8Array, options: MergeOptions): Merged {
  const a = readModule(owner);
  if (!a.ok) return a;
  const b = readModule(laid);
  if (!b.ok) return b;
  const bound = bind(a.value, b.value, options);
  return bound.ok ? write(a.value, b.value, bound.value) : bound;
}

// ---------------------------------------------------------------------------------------------- what becomes of what

interface Bound {
  /** Imports that stay, as they stand in the laid module: name, module and type. */
  readonly imports: readonly { readonly module: string; readonly name: string; readonly type: number }[];
  readonly constants: readonly { readonly type: number; readonly value: number }[];
  readonly owner: Renumbering;
  readonly laid: Renumbering;
  readonly layout: Layout;
  readonly memoryBaseGlobal: number;
}

interface Layout {
  readonly stackTop: number;
  readonly memoryBase: number;
  readonly heapBase: number;
}

function bind(a: CoreModule, b: CoreModule, options: MergeOptions): Result<Bound, Malformed> {
  const [foreign] = a.imports;
  if (foreign !== undefined) return refused(`the program imports ${foreign.module}.${foreign.name}`);
  const [memory] = a.memories;
  if (memory === undefined || (memory.flags & 6) !== 0) return refused("the program has no 32-bit memory of its own");
  if (a.start !== null && b.start !== null) return refused("both modules have a start function");
  if (b.sections.some((s) => s.id === SECTION.element)) return refused("the module to lay in has table elements");
  if (exportOf(b, "__wasm_apply_data_relocs", "func") !== undefined) return refused("the data of the module to lay in holds addresses");
  const layout = layOut(a, b, options.stackBytes);
  if (!layout.ok) return layout;
  if (layout.value.heapBase > memory.min * 65536) return refused(`${layout.value.heapBase} bytes of data and stack do not fit the initial memory of ${memory.min * 65536} bytes`);
  return bindImports(a, b, options, layout.value);
}

/** The numbers of the result: kept imports, functions of the owner, of the laid module, then constants. */
function bindImports(a: CoreModule, b: CoreModule, options: MergeOptions, layout: Layout): Result<Bound, Malformed> {
  const functions: ((kept: number) => number)[] = [];
  const imports: { module: string; name: string; type: number }[] = [];
  const constants: { type: number; value: number }[] = [];
  const ownGlobals: number[] = [];
  const own = b.functions.length - b.importedFunctions;
  const values: MergeOptions["constants"] = { ...options.constants, [options.heapBaseName]: layout.heapBase };
  let memoryBaseGlobal = -1;
  for (const { module, name, kind } of b.imports) {
    if (kind === "func") {
      const type = b.functions[functions.length]!;
      if (module === options.constantsModule) {
        const value = values[name];
        if (value === undefined) return refused(`nothing says what ${module}.${name} is`);
        const at = constants.push({ type, value }) - 1;
        functions.push((kept) => kept + a.functions.length + own + at);
      } else if (module === "env") {
        const target = exportOf(a, name, "func");
        if (target === undefined) return refused(`the program does not export ${name}`);
        if (!sameType(a, a.functions[target]!, b, type)) return refused(`${name} of the program is of another type`);
        functions.push((kept) => kept + target);
      } else {
        const at = imports.push({ module, name, type }) - 1;
        functions.push(() => at);
      }
    } else if (kind === "global") {
      const place = ENV_GLOBALS.indexOf(name);
      if (module !== "env" || place < 0) return refused(`it imports the global ${module}.${name}`);
      if (name === MEMORY_BASE) memoryBaseGlobal = ownGlobals.length;
      ownGlobals.push(a.globals.length + place);
    } else if (kind === "tag") return refused("it imports a tag");
  }
  const kept = imports.length;
  const shift = a.globals.length + ENV_GLOBALS.length + 1 - ownGlobals.length;
  return ok({
    imports,
    constants,
    layout,
    memoryBaseGlobal,
    owner: { func: (i) => kept + i, global: (i) => i, type: (i) => i, keepsTables: true },
    laid: {
      func: (i) => functions[i]?.(kept) ?? kept + a.functions.length + i - b.importedFunctions,
      global: (i) => ownGlobals[i] ?? shift + i,
      type: (i) => a.types.length + i,
      keepsTables: false,
    },
  });
}

const MEMORY_BASE = "__memory_base";
/** Globals of "env" that position-independent code uses; they stand behind the owner's own, followed by the new heap base. */
const ENV_GLOBALS = ["__stack_pointer", MEMORY_BASE, "__table_base"];

function sameType(a: CoreModule, ofA: number, b: CoreModule, ofB: number): boolean {
  const shape = (m: CoreModule, type: number) => JSON.stringify(m.types[type]);
  return shape(a, ofA) === shape(b, ofB);
}

function exportOf(module: CoreModule, name: string, kind: ExternKind): number | undefined {
  return module.exports.find((e) => e.name === name && e.kind === kind)?.index;
}

/** The owner up to its heap base, then stack, data, and the heap that is left. */
function layOut(a: CoreModule, b: CoreModule, stackBytes: number): Result<Layout, Malformed> {
  const global = exportOf(a, "__heap_base", "global");
  const heapBase = global === undefined ? null : constantGlobal(a, global);
  if (heapBase === null) return refused("the program does not export the constant __heap_base");
  const data = dataNeeds(b);
  if (data === null) return refused("the module to lay in is not position-independent");
  const up = (at: number, align: number) => Math.ceil(at / align) * align;
  const stackTop = up(heapBase, 16) + up(stackBytes, 16);
  const memoryBase = up(stackTop, 2 ** data.align);
  return ok({ stackTop, memoryBase, heapBase: up(memoryBase + data.size, 16) });
}

function sectionReader(module: CoreModule, id: number): ByteReader {
  const section = module.sections.find((s) => s.id === id);
  return new ByteReader(module.bytes, section?.start ?? 0, section?.end ?? 0);
}

/** The value of an i32 global that is a constant. */
function constantGlobal(module: CoreModule, index: number): number | null {
  const r = sectionReader(module, SECTION.global);
  let value: number | null = null;
  const count = r.more ? r.u32() : 0;
  for (let i = 0; i < count && i <= index && !r.fault; i++) {
    const type = r.u8();
    const mutable = r.u8();
    value = readI32Const(r);
    if (type !== VALTYPE.i32 || mutable !== 0) value = null;
  }
  return index < count && !r.fault ? value : null;
}

/** Size and alignment (a power of two) of the module's data, by the first entry of dylink.0. */
function dataNeeds(module: CoreModule): { readonly size: number; readonly align: number } | null {
  for (const section of module.sections) {
    if (section.id !== SECTION.custom) continue;
    const r = new ByteReader(module.bytes, section.start, section.end);
    if (r.name() !== "dylink.0" || r.u8() !== 1) continue;
    r.u32();
    const size = r.u32();
    const align = r.u32();
    return r.fault ? null : { size, align };
  }
  return null;
}

// ---------------------------------------------------------------------------------------------- putting together

type SectionWriter = (a: CoreModule, b: CoreModule, bound: Bound) => Result<ByteWriter | null, Malformed>;

function write(a: CoreModule, b: CoreModule, bound: Bound): Merged {
  const out = new ByteWriter(a.bytes.length + b.bytes.length + 4096).raw(CORE_PREAMBLE);
  for (const [id, of] of SECTIONS) {
    const content = of(a, b, bound);
    if (!content.ok) return content;
    if (content.value !== null) out.section(id, content.value);
  }
  return ok(out.bytes());
}

/** As the owner has it. */
function kept(id: number): SectionWriter {
  return (a) => {
    const section = a.sections.find((s) => s.id === id);
    return ok(section === undefined ? null : copyOf(a, section));
  };
}

function copyOf(module: CoreModule, section: Section): ByteWriter {
  return new ByteWriter(section.end - section.start + 1).copy(module.bytes, section.start, section.end);
}

const types: SectionWriter = (a, b) => {
  const w = new ByteWriter().u32(a.types.length + b.types.length);
  for (const module of [a, b]) {
    const r = sectionReader(module, SECTION.type);
    if (r.more) r.u32();
    w.copy(r.bytes, r.pos, r.end);
  }
  return ok(w);
};

const imports: SectionWriter = (_a, _b, { imports: all, laid }) => {
  const w = new ByteWriter().u32(all.length);
  for (const { module, name, type } of all) w.name(module).name(name).u8(0).u32(laid.type(type));
  return ok(w);
};

const functions: SectionWriter = (a, b, { laid, constants }) => {
  const own = b.functions.slice(b.importedFunctions);
  const w = new ByteWriter().u32(a.functions.length + own.length + constants.length);
  for (const type of a.functions) w.u32(type);
  for (const type of own) w.u32(laid.type(type));
  for (const { type } of constants) w.u32(laid.type(type));
  return ok(w);
};

const globals: SectionWriter = (a, b, { layout, laid }) => {
  const mine = sectionReader(a, SECTION.global);
  const theirs = sectionReader(b, SECTION.global);
  const had = mine.more ? mine.u32() : 0;
  const own = theirs.more ? theirs.u32() : 0;
  const w = new ByteWriter().u32(had + ENV_GLOBALS.length + 1 + own).copy(mine.bytes, mine.pos, mine.end);
  const constant = (mutable: number, value: number) => w.raw([VALTYPE.i32, mutable, 0x41]).s32(value | 0).u8(0x0b);
  constant(1, layout.stackTop);
  constant(0, layout.memoryBase);
  constant(0, 0);
  constant(0, layout.heapBase);
  for (let i = 0; i < own && !theirs.fault; i++) {
    w.u8(theirs.u8()).u8(theirs.u8());
    rewriteConstExpr(theirs, w, laid);
  }
  return theirs.fault ? fail(theirs.fault) : ok(w);
};

const KIND: { readonly [kind in ExternKind]: number } = { func: 0, table: 1, memory: 2, global: 3, tag: 4 };

/** All of both; the heap base is the new one. */
const exported: SectionWriter = (a, b, { owner, laid }) => {
  const heapBase = a.globals.length + ENV_GLOBALS.length;
  const taken = b.exports.find((e) => a.exports.some((other) => other.name === e.name));
  if (taken !== undefined) return refused(`both modules export ${taken.name}`);
  const w = new ByteWriter().u32(a.exports.length + b.exports.length);
  for (const [all, how] of [[a.exports, owner], [b.exports, laid]] as const) {
    for (const { name, kind, index } of all) {
      const renumbered = kind === "func" ? how.func(index) : kind === "global" ? how.global(index) : index;
      w.name(name).u8(KIND[kind]).u32(name === "__heap_base" ? heapBase : renumbered);
    }
  }
  return ok(w);
};

const start: SectionWriter = (a, b, { owner, laid }) => {
  if (a.start !== null) return ok(new ByteWriter().u32(owner.func(a.start)));
  return ok(b.start === null ? null : new ByteWriter().u32(laid.func(b.start)));
};

const elements: SectionWriter = (a, _b, { owner }) => {
  const r = sectionReader(a, SECTION.element);
  if (!r.more) return ok(null);
  const w = rewriteElements(r, owner);
  return r.fault ? fail(r.fault) : ok(w);
};

const dataCount: SectionWriter = (a, b) => ok(a.sections.some((s) => s.id === SECTION.dataCount) ? new ByteWriter().u32(segments(a) + segments(b)) : null);

function segments(module: CoreModule): number {
  const r = sectionReader(module, SECTION.data);
  return r.more ? r.u32() : 0;
}

const code: SectionWriter = (a, b, { owner, laid, constants }) => {
  const w = new ByteWriter(a.bytes.length + b.bytes.length).u32(a.functions.length + b.functions.length - b.importedFunctions + constants.length);
  for (const [module, how] of [[a, owner], [b, laid]] as const) {
    const r = sectionReader(module, SECTION.code);
    for (let n = r.more ? r.u32() : 0; n > 0 && !r.fault; n--) {
      const body = r.slice(r.u32());
      w.sized(rewriteBody(body, how).view());
      if (body.fault) return fail(body.fault);
    }
    if (r.fault) return fail(r.fault);
  }
  for (const { value } of constants) w.sized(new ByteWriter().raw([0, 0x41]).s32(value | 0).u8(0x0b).view());
  return ok(w);
};

/** The owner's segments as they are; the laid module's at its place. */
const data: SectionWriter = (a, b, { layout, memoryBaseGlobal }) => {
  const mine = sectionReader(a, SECTION.data);
  const theirs = sectionReader(b, SECTION.data);
  const had = mine.more ? mine.u32() : 0;
  const own = theirs.more ? theirs.u32() : 0;
  const w = new ByteWriter(a.bytes.length + b.bytes.length).u32(had + own).copy(mine.bytes, mine.pos, mine.end);
  for (let i = 0; i < own && !theirs.fault; i++) {
    if (theirs.u32() !== 0 || readGlobalGet(theirs) !== memoryBaseGlobal) return refused("the module to lay in has data at a place of its own");
    const size = theirs.u32();
    const from = theirs.pos;
    theirs.skip(size);
    w.raw([0, 0x41]).s32(layout.memoryBase | 0).u8(0x0b).u32(size).copy(theirs.bytes, from, theirs.pos);
  }
  return theirs.fault ? fail(theirs.fault) : ok(w);
};

const SECTIONS: readonly (readonly [number, SectionWriter])[] = [
  [SECTION.type, types], [SECTION.import, imports], [SECTION.function, functions], [SECTION.table, kept(SECTION.table)],
  [SECTION.memory, kept(SECTION.memory)], [SECTION.global, globals], [SECTION.export, exported], [SECTION.start, start],
  [SECTION.element, elements], [SECTION.dataCount, dataCount], [SECTION.code, code], [SECTION.data, data],
];
