// Weaves budgets into a core module: fuel counted as Wasmtime counts it, call depth, growth caps. Knows nothing of who runs the module.

import { fail, ok } from "../../engine/index.ts";
import type { Result } from "../../engine/index.ts";
import { BodyWeaver } from "./meter-body.ts";
import type { Weave } from "./meter-body.ts";
import { noPassing, planPassing } from "./meter-passing.ts";
import type { PassingPlan } from "./meter-passing.ts";
import { BULK, OP } from "./ops.ts";
import { ByteReader, SECTION, signatureOf, VALTYPE } from "./read.ts";
import type { CoreModule, Malformed } from "./read.ts";
import { sharedLayout, weaveShared } from "./meter-shared.ts";
import type { MemoryImport, SharedLayout } from "./meter-shared.ts";
import { ByteWriter, CORE_PREAMBLE } from "./write.ts";

export interface MeterOptions {
  /** Count fuel; without it code runs until it ends. */
  readonly fuel: boolean;
  /** `memory.grow` to more pages stops the guest; null leaves growth to the module's own maximum. */
  readonly maxPages: number | null;
  /** `table.grow` to more elements, or over the table's own maximum, stops the guest; null leaves growth as it is. */
  readonly maxElements: number | null;
  /**
   * The budgets are imported instead of the module's own, so that several modules share them; when the fuel is used up the
   * module asks (`Metered.refill`) for more; and its memories are made shared ones, which V8 does not hold against its
   * heap: a 128 MiB memory then no longer costs a garbage collection.
   */
  readonly shared?: boolean;
  /**
   * With shared budgets: a memory that is the module's only one becomes an import (`Metered.memory`), so that whoever runs it may
   * use memories again. The import takes a memory of `leastPages` too, which a module that never asks for the size cannot tell
   * from the declared one until it traps.
   */
  readonly importMemory?: { readonly leastPages: number };
}

/** What the meter exports, by name. All but `start` are mutable globals. */
export interface Probes {
  /** i64: fuel left. Absent from the module when fuel is not counted. */
  readonly fuel: string;
  /** i32: bytes of stack left to the next call. */
  readonly stack: string;
  /** i32: why the guest was stopped, a STOPPED value. */
  readonly reason: string;
  /** i64: the size (pages or elements) a refused growth wanted. */
  readonly detail: string;
  /** The former start function, now an export: the caller fills the tanks, then calls it. null: there is none. */
  readonly start: string | null;
}

export const STOPPED = { no: 0, fuel: 1, stack: 2, memory: 3, table: 4 } as const;

export interface Metered {
  readonly bytes: Uint8Array;
  /** Exports; with shared budgets only `start` is one. */
  readonly probes: Probes;
  /** With shared budgets: the module name of the imports stack, reason, detail (and fuel). */
  readonly tank: string;
  /** With shared budgets, and fuel counted: the exported table whose function (fuel left) -> fuel gives more or ends the guest. */
  readonly refill: string | null;
  /** The memory that became an import. */
  readonly memory: MemoryImport | null;
  /** Code of the module looks at the size of a memory, or changes it. */
  readonly asksForSize: boolean;
}

/**
 * The module with budgets woven in. It must have passed validation (it is read, not judged) and its initial
 * memory and tables must be within the caps. Custom sections are left out: their offsets would be wrong.
 *
 * Fuel: a function entry and each executed instruction cost 1; nop, drop, block, loop, else, end, return and
 * unreachable cost 0. The count is looked at on function entry and whenever control reaches a loop header,
 * nowhere else; the guest stops when nothing is left.
 */
export function meter(module: CoreModule, options: MeterOptions): Result<Metered, Malformed> {
  return weaveAll(layOut(module, options, true)) ?? weaveAll(layOut(module, options, false))!;
}

/** null: tail calls were found, which functions that pass their budgets must not meet. */
function weaveAll(plan: Layout): Result<Metered, Malformed> | null {
  const { module } = plan;
  const out = new ByteWriter(module.bytes.length * 2 + 1024).raw(CORE_PREAMBLE);
  let asksForSize = false;
  for (const id of SECTION_ORDER) {
    const section = module.sections.find((s) => s.id === id);
    const content = new ByteReader(module.bytes, section?.start ?? 0, section?.end ?? 0);
    let woven: ByteWriter | null;
    if (id === SECTION.code) {
      const code = weaveCode(content, plan);
      if (code === "tail calls") return content.fault ? fail(content.fault) : null;
      woven = code.bodies;
      asksForSize = code.asksForSize;
    } else woven = weaveSection(id, content, plan);
    if (content.fault) return fail(content.fault);
    if (woven) out.section(id, woven);
    else if (section) out.section(id, new ByteWriter(section.end - section.start).copy(module.bytes, section.start, section.end));
  }
  return ok({ bytes: out.view(), probes: plan.probes, tank: plan.shared?.tank ?? "", refill: plan.shared?.refill ?? null, memory: plan.shared?.memory ?? null, asksForSize });
}

/** The format's order; `start` becomes an export and is left out. */
const SECTION_ORDER = [
  SECTION.type, SECTION.import, SECTION.function, SECTION.table, SECTION.memory, SECTION.global, SECTION.export,
  SECTION.element, SECTION.dataCount, SECTION.code, SECTION.data,
] as const;

/** A function the meter adds: its type and body (locals included). */
interface Helper {
  readonly params: readonly number[];
  readonly results: readonly number[];
  readonly body: readonly number[] | Uint8Array;
}

interface Layout {
  readonly module: CoreModule;
  readonly weave: Weave;
  readonly helpers: readonly Helper[];
  readonly passing: PassingPlan;
  readonly globals: readonly number[];
  readonly exports: readonly { readonly name: string; readonly kind: number; readonly index: number }[];
  readonly probes: Probes;
  readonly shared: SharedLayout | null;
}

/** Gives every addition its place behind what the module has, so that no index of the module changes. */
function layOut(module: CoreModule, options: MeterOptions, mayPass: boolean): Layout {
  const shared = options.shared === true ? sharedLayout(module, options.fuel, options.importMemory?.leastPages) : null;
  const firstGlobal = shared?.firstGlobal ?? module.globals.length;
  const index = { stack: firstGlobal, reason: firstGlobal + 1, detail: firstGlobal + 2, fuel: firstGlobal + 3 };
  const globals: number[] = shared ? [] : [VALTYPE.i32, VALTYPE.i32, VALTYPE.i64];
  if (options.fuel && !shared) globals.push(VALTYPE.i64);
  const helpers: Helper[] = [];
  const add = (helper: Helper): number => module.functions.length + helpers.push(helper) - 1;
  const stop = { reason: index.reason, detail: index.detail };
  const refills = shared !== null;
  const overflow = add({ params: [], results: [], body: stopBody(stop.reason, STOPPED.stack) });
  const exhausted = options.fuel ? add(shared ? askForMore(shared, module.types.length + helpers.length) : { params: [VALTYPE.i64], results: [], body: exhaustedBody(index.fuel, stop.reason) }) : 0;
  const made = {
    stackGlobal: index.stack,
    fuelGlobal: options.fuel ? index.fuel : null,
    overflow,
    exhausted,
    refills,
    types: module.types,
    entryFailed: options.fuel ? add({ params: [VALTYPE.i64, VALTYPE.i64], results: [VALTYPE.i64], body: entryFailedBody(overflow, exhausted, refills) }) : 0,
    shift: shared ? { from: shared.firstGlobal, by: shared.globals.length } : null,
    growMemory: module.memories.map((_, memory) => (options.maxPages === null ? null : add(growMemory(memory, options.maxPages, stop)))),
    growTable: module.tables.map((t, table) => (options.maxElements === null ? null : add(growTable(table, t.element, Math.min(options.maxElements, t.limits.max ?? Infinity), stop)))),
  };
  const passing = options.fuel && mayPass ? planPassing(module, module.types.length + helpers.length) : noPassing(module);
  const weave: Weave = { ...made, passing: passing.functions };
  const probes = probeNames(module);
  const exports = [
    ...(shared
      ? shared.refill === null ? [] : [{ name: shared.refill, kind: 1, index: shared.table }]
      : [
          { name: probes.stack, kind: 3, index: index.stack },
          { name: probes.reason, kind: 3, index: index.reason },
          { name: probes.detail, kind: 3, index: index.detail },
          ...(options.fuel ? [{ name: probes.fuel, kind: 3, index: index.fuel }] : []),
        ]),
    ...(probes.start !== null && module.start !== null ? [{ name: probes.start, kind: 0, index: module.start }] : []),
  ];
  return { module, weave, helpers, passing, globals, exports, probes, shared };
}

/** Export names that the module does not use itself. */
function probeNames(module: CoreModule): Probes {
  const taken = new Set(module.exports.map((e) => e.name));
  const free = (wish: string): string => {
    let name = wish;
    while (taken.has(name)) name += "'";
    return name;
  };
  return {
    fuel: free("meter.fuel"), stack: free("meter.stack"), reason: free("meter.reason"), detail: free("meter.detail"),
    start: module.start === null ? null : free("meter.start"),
  };
}

/** The new content of a section; null where the old one stays. */
function weaveSection(id: number, r: ByteReader, plan: Layout): ByteWriter | null {
  const share = plan.shared === null ? null : weaveShared(id, r, plan.shared, plan.exports);
  if (share !== null) return share;
  switch (id) {
    case SECTION.type: {
      const added = [...plan.helpers, ...plan.passing.types];
      return extended(r, added.length, (w) => added.forEach((t) => w.u8(0x60).sized(Uint8Array.from(t.params)).sized(Uint8Array.from(t.results))));
    }
    case SECTION.function: return functions(plan);
    case SECTION.global: return extended(r, plan.globals.length, (w) => plan.globals.forEach((type) => w.raw([type, 1, type === VALTYPE.i64 ? OP.i64Const : OP.i32Const, 0, OP.end])));
    case SECTION.export: return extended(r, plan.exports.length, (w) => plan.exports.forEach((e) => w.name(e.name).u8(e.kind).u32(e.index)));
    default: return null;
  }
}

/** A vector section with `count` more items behind those it has (an absent section is an empty vector). */
function extended(r: ByteReader, count: number, append: (w: ByteWriter) => void): ByteWriter {
  const had = r.more ? r.u32() : 0;
  const w = new ByteWriter(r.end - r.pos + 256).u32(had + count).copy(r.bytes, r.pos, r.end);
  append(w);
  return w;
}

function functions({ module, passing, helpers }: Layout): ByteWriter {
  const own = module.functions.slice(module.importedFunctions);
  const w = new ByteWriter(own.length * 2 + 64).u32(own.length + helpers.length);
  own.forEach((type, i) => w.u32(passing.functions[module.importedFunctions + i]?.type ?? type));
  helpers.forEach((_, i) => w.u32(module.types.length + i));
  return w;
}

function weaveCode(r: ByteReader, plan: Layout): { readonly bodies: ByteWriter; readonly asksForSize: boolean } | "tail calls" {
  const { module, weave, helpers } = plan;
  const bodies = r.more ? r.u32() : 0;
  const w = new ByteWriter((r.end - r.pos) * 2 + 256).u32(bodies + helpers.length);
  const weaver = new BodyWeaver(weave);
  for (let i = 0; i < bodies && !r.fault; i++) {
    const body = r.slice(r.u32());
    const index = module.importedFunctions + i;
    const type = signatureOf(module, index);
    if (!type) body.spoil("function body without a type");
    else weaver.append(body, index, type.params.length, w);
    if (body.fault) r.spoil(body.fault.message, body.fault.offset);
  }
  if (weaver.tailCalls && plan.passing.types.length > 0) return "tail calls";
  for (const helper of helpers) w.sized(Uint8Array.from(helper.body));
  return { bodies: w, asksForSize: weaver.asksForSize };
}

function stopBody(reasonGlobal: number, reason: number): Uint8Array {
  return new ByteWriter(16).u8(0).u8(OP.i32Const).s32(reason).u8(OP.globalSet).u32(reasonGlobal).u8(OP.unreachable).u8(OP.end).bytes();
}

function exhaustedBody(fuelGlobal: number, reasonGlobal: number): Uint8Array {
  return new ByteWriter(24).u8(0).u8(OP.localGet).u32(0).u8(OP.globalSet).u32(fuelGlobal)
    .u8(OP.i32Const).s32(STOPPED.fuel).u8(OP.globalSet).u32(reasonGlobal).u8(OP.unreachable).u8(OP.end).bytes();
}

function entryFailedBody(overflow: number, exhausted: number, refills: boolean): Uint8Array {
  const body = new ByteWriter(40).u8(0).u8(OP.localGet).u32(0).u8(OP.i64Const).s32(0).u8(OP.i64LtS).u8(OP.if).u8(0x40).u8(OP.call).u32(overflow).u8(OP.end);
  body.u8(OP.localGet).u32(1).u8(OP.i64Const).s32(1).u8(OP.i64Add).u8(OP.call).u32(exhausted);
  if (refills) body.u8(OP.i64Const).s32(1).u8(OP.i64Sub);
  else body.u8(OP.unreachable);
  return body.u8(OP.end).bytes();
}

/** (fuel left) -> fuel: calls the function in the refill table, whose type is this one's own. */
function askForMore(shared: SharedLayout, type: number): Helper {
  const body = new ByteWriter(24).u8(0).u8(OP.localGet).u32(0).u8(OP.i32Const).s32(0).u8(OP.callIndirect).u32(type).u32(shared.table).u8(OP.end);
  return { params: [VALTYPE.i64], results: [VALTYPE.i64], body: body.bytes() };
}

interface StopGlobals {
  readonly reason: number;
  readonly detail: number;
}

function growMemory(memory: number, cap: number, stop: StopGlobals): Helper {
  const body = new ByteWriter(64).u8(1).u32(1).u8(VALTYPE.i64);
  refuseAbove(body, { delta: 0, wanted: 1, cap, reason: STOPPED.memory, stop }, (w) => w.u8(OP.memorySize).u32(memory));
  body.u8(OP.localGet).u32(0).u8(OP.memoryGrow).u32(memory).u8(OP.end);
  return { params: [VALTYPE.i32], results: [VALTYPE.i32], body: body.bytes() };
}

function growTable(table: number, element: number, cap: number, stop: StopGlobals): Helper {
  const body = new ByteWriter(64).u8(1).u32(1).u8(VALTYPE.i64);
  refuseAbove(body, { delta: 1, wanted: 2, cap, reason: STOPPED.table, stop }, (w) => w.u8(OP.bulk).u32(BULK.tableSize).u32(table));
  body.u8(OP.localGet).u32(0).u8(OP.localGet).u32(1).u8(OP.bulk).u32(BULK.tableGrow).u32(table).u8(OP.end);
  return { params: [element, VALTYPE.i32], results: [VALTYPE.i32], body: body.bytes() };
}

interface Refusal {
  /** Local that holds how much more is wanted. */
  readonly delta: number;
  /** i64 local for the wanted size. */
  readonly wanted: number;
  readonly cap: number;
  readonly reason: number;
  readonly stop: StopGlobals;
}

/** wanted = size + delta; if wanted > cap, say so and stop. */
function refuseAbove(w: ByteWriter, refusal: Refusal, size: (w: ByteWriter) => void): void {
  const { delta, wanted, cap, reason, stop } = refusal;
  size(w);
  w.u8(OP.i64ExtendI32U).u8(OP.localGet).u32(delta).u8(OP.i64ExtendI32U).u8(OP.i64Add).u8(OP.localTee).u32(wanted);
  w.u8(OP.i64Const).s64(BigInt(cap)).u8(OP.i64GtU).u8(OP.if).u8(0x40);
  w.u8(OP.localGet).u32(wanted).u8(OP.globalSet).u32(stop.detail);
  w.u8(OP.i32Const).s32(reason).u8(OP.globalSet).u32(stop.reason).u8(OP.unreachable).u8(OP.end);
}
