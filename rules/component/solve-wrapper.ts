// A core module with x07_solve_v2 -> the same module with the canonical-ABI exports of x07:solve/handler added behind its own
// parts, so that `component new` can lift it. Knows the binary format and that one interface; has never heard of profiles.

import { type Diagnostic, fail, integer, ok, one, output, type Result, rule } from "../../engine/index.ts";
import { type CoreModule, type ExternKind, readModule, SECTION, signatureOf, VALTYPE, ByteReader } from "../wasm/read.ts";
import { ByteWriter, CORE_PREAMBLE } from "../wasm/write.ts";

export const SOLVE_EXPORT = "x07:solve/handler@0.1.0#solve";
const NEW_EXPORTS = ["cabi_realloc", `cabi_post_${SOLVE_EXPORT}`, SOLVE_EXPORT] as const;

const { i32 } = VALTYPE;

/** What the wrapper holds a call to: bytes of the arena, and of the longest answer. */
export interface WrapperLimits {
  readonly arenaCap: number;
  readonly maxOutput: number;
}

export const wrapSolve = rule({
  id: "component.wrap-solve",
  version: 2,
  inputs: { module: one("core-wasm"), arenaCap: integer(), maxOutput: integer() },
  outputs: { module: output("core-wasm", "solve.core.wasm") },
  run({ module, arenaCap, maxOutput }) {
    const wrapped = addSolveExports(module.bytes(), { arenaCap, maxOutput });
    return wrapped.ok ? ok({ module: wrapped.value }) : wrapped;
  },
});

function refused(why: string, hint: string): Result<never> {
  const diagnostic: Diagnostic = { code: "X07WASM_COMPONENT_WRAP_FAILED", severity: "error", stage: "link", message: `the core module cannot become a solve component: ${why}`, hint };
  return fail([diagnostic]);
}

export function addSolveExports(bytes: Uint8Array, limits: WrapperLimits): Result<Uint8Array> {
  const read = readModule(bytes);
  if (!read.ok) return refused(`${read.error.message} (at byte ${read.error.offset})`, "build it again with x07-wasm build");
  const module = read.value;
  const parts = partsOf(module);
  if (!parts.ok) return parts;
  return ok(assemble(module, parts.value, limits));
}

interface Parts {
  readonly solve: number;
  readonly heapBase: number;
}

function partsOf(module: CoreModule): Result<Parts> {
  const [first] = module.imports;
  if (first !== undefined) return refused(`it imports ${first.module}.${first.name}`, "a solve module imports nothing: build it freestanding");
  const taken = NEW_EXPORTS.find((name) => module.exports.some((e) => e.name === name));
  if (taken !== undefined) return refused(`it exports ${taken} already`, "give the module as it was built, not one that was wrapped before");
  const [memory] = module.memories;
  if (memory === undefined || (memory.flags & 6) !== 0) return refused("it has no 32-bit memory of its own", "build it for wasm32");
  const solve = indexOf(module, "x07_solve_v2", "func");
  const heapBase = indexOf(module, "__heap_base", "global");
  if (solve === undefined || heapBase === undefined) return refused(`it does not export ${solve === undefined ? "x07_solve_v2" : "__heap_base"}`, "build it with x07-wasm build");
  const signature = signatureOf(module, solve);
  if (signature?.params.length !== 5 || signature.results.length !== 0 || signature.params.some((p) => p !== i32)) return refused("x07_solve_v2 is not (i32, i32, i32, i32, i32) -> ()", "build it with x07-wasm build");
  const base = module.globals[heapBase];
  if (base?.type !== i32 || base.mutable) return refused("__heap_base is not an immutable i32 global", "build it with x07-wasm build");
  return ok({ solve, heapBase });
}

function indexOf(module: CoreModule, name: string, kind: ExternKind): number | undefined {
  return module.exports.find((e) => e.name === name && e.kind === kind)?.index;
}

// ---------------------------------------------------------------------------------------------- putting together

/** What is added to one section: so many entries and their bytes. */
interface Addition {
  readonly count: number;
  readonly entries: ByteWriter;
}

function assemble(module: CoreModule, parts: Parts, limits: WrapperLimits): Uint8Array {
  const added = new Map<number, Addition>([
    [SECTION.type, types()],
    [SECTION.function, functions(module)],
    [SECTION.global, globals()],
    [SECTION.export, exported(module)],
    [SECTION.code, bodies(module, parts, limits)],
  ]);
  const out = new ByteWriter(module.bytes.length + 1024).raw(CORE_PREAMBLE);
  for (const section of module.sections) {
    if (section.id === SECTION.custom) continue;
    const addition = added.get(section.id);
    if (addition === undefined) out.section(section.id, new ByteWriter().copy(module.bytes, section.start, section.end));
    else out.section(section.id, extended(module.bytes, section.start, section.end, addition));
  }
  for (const s of module.sections) if (s.id === SECTION.custom) out.section(s.id, new ByteWriter().copy(module.bytes, s.start, s.end));
  return out.bytes();
}

function extended(bytes: Uint8Array, start: number, end: number, addition: Addition): ByteWriter {
  const r = new ByteReader(bytes, start, end);
  const count = r.u32();
  return new ByteWriter(end - start + 512).u32(count + addition.count).copy(bytes, r.pos, end).raw(addition.entries.view());
}

/** Four i32 -> i32 (realloc), i32 -> () (post-return), two i32 -> i32 (solve), () -> () (init). */
function types(): Addition {
  const entries = new ByteWriter();
  const type = (params: number, results: number) => entries.u8(0x60).u32(params).raw(new Array<number>(params).fill(i32)).u32(results).raw(new Array<number>(results).fill(i32));
  type(4, 1);
  type(1, 0);
  type(2, 1);
  type(0, 0);
  return { count: 4, entries };
}

function functions(module: CoreModule): Addition {
  const entries = new ByteWriter();
  for (let i = 0; i < 4; i++) entries.u32(module.types.length + i);
  return { count: 4, entries };
}

/** Bump pointer, start of what calls may use, return area: 0 until the first call. */
function globals(): Addition {
  const entries = new ByteWriter();
  for (let i = 0; i < 3; i++) entries.raw([i32, 1, 0x41, 0, 0x0b]);
  return { count: 3, entries };
}

function exported(module: CoreModule): Addition {
  const entries = new ByteWriter();
  NEW_EXPORTS.forEach((name, i) => entries.name(name).u8(0).u32(module.functions.length + i));
  return { count: NEW_EXPORTS.length, entries };
}

// ---------------------------------------------------------------------------------------------- code

/** Code of one function under construction; the few instructions that the wrapper needs. */
class Code {
  readonly #out = new ByteWriter();
  constructor(extraLocals = 0) {
    if (extraLocals === 0) this.#out.u32(0);
    else this.#out.u32(1).u32(extraLocals).u8(i32);
  }
  op(...bytes: number[]): this {
    this.#out.raw(bytes);
    return this;
  }
  get(local: number): this {
    this.#out.u8(0x20).u32(local);
    return this;
  }
  set(local: number): this {
    this.#out.u8(0x21).u32(local);
    return this;
  }
  tee(local: number): this {
    this.#out.u8(0x22).u32(local);
    return this;
  }
  globalGet(index: number): this {
    this.#out.u8(0x23).u32(index);
    return this;
  }
  globalSet(index: number): this {
    this.#out.u8(0x24).u32(index);
    return this;
  }
  i32(value: number): this {
    this.#out.u8(0x41).s32(value | 0);
    return this;
  }
  call(index: number): this {
    this.#out.u8(0x10).u32(index);
    return this;
  }
  /** i32.load of the address on the stack. */
  load(offset: number): this {
    this.#out.raw([0x28, 2]).u32(offset);
    return this;
  }
  /** Traps when the i32 on the stack is not 0. */
  trapIf(): this {
    return this.op(OP.if, OP.empty, OP.unreachable, OP.end);
  }
  body(): Uint8Array {
    return this.#out.u8(OP.end).bytes();
  }
}

const OP = {
  unreachable: 0x00, if: 0x04, end: 0x0b, return: 0x0f, select: 0x1b, empty: 0x40, eqz: 0x45, ltS: 0x48, ltU: 0x49, gtU: 0x4b,
  add: 0x6a, sub: 0x6b, and: 0x71, i64ExtendU: 0xad, i64Add: 0x7c, i64GtU: 0x56, i64Store: 0x37, i64Const: 0x42,
} as const;
const MEMORY_COPY = [0xfc, 10, 0, 0] as const;

function bodies(module: CoreModule, { solve, heapBase }: Parts, { arenaCap, maxOutput }: WrapperLimits): Addition {
  const init = module.functions.length + 3;
  const bump = module.globals.length;
  const room = bump + 1;
  const area = bump + 2;
  const entries = new ByteWriter();
  for (const body of [reallocBody(init, bump), postBody(room, bump), solveBody({ solve, init, bump, area, arenaCap, maxOutput }), initBody({ heapBase, bump, room, area })]) entries.sized(body);
  return { count: 4, entries };
}

/** realloc(ptr, old, align, new): bumps; what it gave out is taken back by the post-return of the call. */
function reallocBody(init: number, bump: number): Uint8Array {
  const [ptr, old, align, wanted, at] = [0, 1, 2, 3, 4];
  const c = new Code(1);
  c.get(wanted).op(OP.eqz, OP.if, OP.empty).get(align).op(OP.return, OP.end);
  c.get(align).op(OP.eqz).trapIf();
  c.call(init);
  // at = (bump + align - 1) & -align
  c.globalGet(bump).get(align).op(OP.add).i32(1).op(OP.sub).i32(0).get(align).op(OP.sub, OP.and).tee(at);
  c.get(wanted).op(OP.add).globalSet(bump);
  // an address beyond 4 GiB has wrapped around
  c.globalGet(bump).get(at).op(OP.ltU).trapIf();
  c.get(ptr).op(OP.if, OP.empty).get(at).get(ptr);
  c.get(old).get(wanted).get(old).get(wanted).op(OP.ltU, OP.select, ...MEMORY_COPY, OP.end);
  return c.get(at).body();
}

/** After the answer was copied out: the next call finds all room free again. */
function postBody(room: number, bump: number): Uint8Array {
  return new Code().globalGet(room).globalSet(bump).body();
}

interface SolveParts {
  readonly solve: number;
  readonly init: number;
  readonly bump: number;
  readonly area: number;
  readonly arenaCap: number;
  readonly maxOutput: number;
}

/**
 * solve(ptr, len) -> the return area, which holds address and length of the answer. The arena begins behind the input: what a
 * call touches lies together at the low end of the memory, which hosts reserve and clean more cheaply.
 */
function solveBody({ solve, init, bump, area, arenaCap, maxOutput }: SolveParts): Uint8Array {
  const [ptr, len, out, outLen, arena] = [0, 1, 2, 3, 4];
  const c = new Code(3);
  c.get(len).i32(0).op(OP.ltS).trapIf();
  c.call(init);
  c.globalGet(area).op(OP.i64Const, 0, OP.i64Store, 2, 0);
  c.globalGet(bump).i32(7).op(OP.add).i32(-8).op(OP.and).tee(arena);
  // whatever is allocated before the answer was taken lies behind the arena; its end beyond 4 GiB has wrapped around
  c.i32(arenaCap).op(OP.add).globalSet(bump);
  c.globalGet(bump).get(arena).op(OP.ltU).trapIf();
  c.globalGet(area).get(arena).i32(arenaCap).get(ptr).get(len).call(solve);
  c.globalGet(area).load(0).set(out);
  c.globalGet(area).load(4).set(outLen);
  c.get(outLen).i32(maxOutput).op(OP.gtU).trapIf();
  c.get(out).get(arena).op(OP.ltU).trapIf();
  c.get(out).op(OP.i64ExtendU).get(outLen).op(OP.i64ExtendU, OP.i64Add);
  c.get(arena).op(OP.i64ExtendU).i32(arenaCap).op(OP.i64ExtendU, OP.i64Add, OP.i64GtU).trapIf();
  return c.globalGet(area).body();
}

interface InitParts {
  readonly heapBase: number;
  readonly bump: number;
  readonly room: number;
  readonly area: number;
}

/** Once for an instance: the return area above what the program occupies; inputs and the arena of a call follow. */
function initBody({ heapBase, bump, room, area }: InitParts): Uint8Array {
  const c = new Code();
  c.globalGet(room).op(OP.if, OP.empty, OP.return, OP.end);
  c.globalGet(heapBase).i32(7).op(OP.add).i32(-8).op(OP.and).globalSet(area);
  c.globalGet(area).i32(8).op(OP.add).globalSet(room);
  return c.globalGet(room).globalSet(bump).body();
}
