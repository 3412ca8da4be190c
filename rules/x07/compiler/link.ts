// Functions of a program -> the set that is needed, in a fixed order, with static memory laid out. Knows what functions refer to, not
// what they are: IR for the C back end, code with open names for wasm.

import type { IrExpr, IrFunction } from "./ir.ts";
import { FunctionBuilder } from "./builder.ts";
import { k } from "./ops.ts";
import { visit } from "./optimise/walk.ts";
import { runtimeFunction, staticArea } from "./runtime/index.ts";
import { FIRST_AREA } from "./runtime/memory.ts";
import * as make from "./make.ts";

export interface Linked<F> {
  /** In emission order; the last is the exported entry. */
  readonly functions: readonly F[];
  /** Functions reached by `resume`, in table order. */
  readonly table: readonly string[];
  /** Mutable i32 globals in order. */
  readonly globals: readonly string[];
  readonly literals: ReadonlyMap<string, number>;
  readonly statics: ReadonlyMap<string, number>;
  /** Content of static memory from `dataStart`; all else up to dataEnd is zero. */
  readonly data: Uint8Array;
  readonly dataStart: number;
  readonly dataEnd: number;
}

/** What one function refers to, each name once, in order of first use. */
export interface Summary {
  readonly callees: readonly string[];
  readonly entries: readonly string[];
  readonly globals: readonly string[];
  readonly areas: readonly string[];
  readonly literals: readonly string[];
}

export interface Reached<F> {
  readonly f: F;
  readonly summary: Summary;
}

/** Finds a function by name for one that is reached already; the runtime's functions too. */
export type Find<F> = (name: string, by: F | undefined) => Reached<F> | undefined;

/** Everything that `solve` reaches, ordered by name, then solve, then the entry, which `finish` turns into a function like the others. */
export function link<F extends { readonly name: string }>(find: Find<F>, finish: (entry: IrFunction) => Reached<F>): Linked<F> {
  // Only programs with budgets pay for counting what they allocate.
  let reached = reach(find, false);
  if (uses(reached, "allocated")) reached = reach(find, true);
  const names = [...reached.keys()].filter((n) => n !== "solve").sort();
  const ordered: Reached<F>[] = [];
  for (const n of [...names, "solve"]) {
    const r = reached.get(n);
    if (r !== undefined) ordered.push(r);
  }
  ordered.push(finish(entryPoint(reached)));
  return layOut(ordered);
}

/** Links functions that are IR still. */
export function linkIr(program: ReadonlyMap<string, IrFunction>): Linked<IrFunction> {
  const reached = (f: IrFunction): Reached<IrFunction> => ({ f, summary: summarise(f) });
  return link<IrFunction>((name) => {
    const f = program.get(name) ?? runtimeFunction(name);
    return f === undefined ? undefined : reached(f);
  }, reached);
}

function reach<F extends { readonly name: string }>(find: Find<F>, counted: boolean): Map<string, Reached<F>> {
  const reached = new Map<string, Reached<F>>();
  const queue: { name: string; by: F | undefined }[] = [{ name: "solve", by: undefined }];
  for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
    const { name, by } = next;
    if (reached.has(name)) continue;
    const found = find(name === "rt.alloc" && counted ? "rt.alloc_counted" : name, by);
    if (found === undefined) continue;
    // The counting one stands under the name that callers know.
    reached.set(name, counted && name === "rt.alloc" ? { ...found, f: { ...found.f, name } } : found);
    if (name === "rt.alloc") queue.push({ name: "rt.heap_reset", by });
    for (const c of found.summary.callees) if (!reached.has(c)) queue.push({ name: c, by: found.f });
    for (const c of found.summary.entries) if (!reached.has(c)) queue.push({ name: c, by: found.f });
  }
  return reached;
}

function uses<F>(reached: ReadonlyMap<string, Reached<F>>, global: string): boolean {
  for (const r of reached.values()) if (r.summary.globals.includes(global)) return true;
  return false;
}

export function summarise(f: IrFunction): Summary {
  const [callees, entries, globals, areas, literals] = [new Set<string>(), new Set<string>(), new Set<string>(), new Set<string>(), new Set<string>()];
  visit(f.body, (e) => {
    if (e.op === "call") callees.add(e.target);
    else if (e.op === "data") literals.add(e.bytes);
    else if (e.op === "global") globals.add(e.name);
    else if (e.op === "static") areas.add(e.name);
    else if (e.op === "entry") entries.add(e.name);
  }, (s) => {
    if (s.op === "call") callees.add(s.target);
    else if (s.op === "global.set") globals.add(s.name);
  });
  return { callees: [...callees], entries: [...entries], globals: [...globals], areas: [...areas], literals: [...literals] };
}

/** x07_solve_v2(retptr, arena_ptr, arena_cap, input_ptr, input_len). Nothing of an earlier call survives it. */
function entryPoint<F>(reached: ReadonlyMap<string, Reached<F>>): IrFunction {
  const b = new FunctionBuilder(["i32", "i32", "i32", "i32", "i32"]);
  const areas = new Set<string>();
  for (const r of reached.values()) for (const a of r.summary.areas) areas.add(a);
  for (const name of [...areas].sort()) {
    const area = staticArea(name);
    if (area?.reset === true) b.fill(make.static(name), k(0), k(area.size));
  }
  if (reached.has("rt.alloc")) b.call("rt.heap_reset", [b.param(1), b.param(2)]);
  const initial: readonly (readonly [string, IrExpr])[] = [["input_ptr", b.param(3)], ["input_len", b.param(4)], ["allocated", k(0)]];
  for (const [name, value] of initial) if (uses(reached, name)) b.emit(make.setGlobal(name, value));
  const [ptr, len] = b.callMany("solve", [b.param(3), b.param(4)], ["i32", "i32"]);
  const length = len ?? k(0);
  b.store(4, b.param(0), 0, make.cond(length, ptr ?? k(0), b.param(1)));
  b.store(4, b.param(0), 4, length);
  b.ret();
  return b.finish("x07_solve_v2", [], "never");
}

function layOut<F>(functions: readonly Reached<F>[]): Linked<F> {
  const globals = new Set<string>();
  const literals = new Map<string, number>();
  const areas = new Set<string>();
  const table = new Set<string>();
  for (const { summary } of functions) {
    for (const g of summary.globals) globals.add(g);
    for (const a of summary.areas) areas.add(a);
    for (const e of summary.entries) table.add(e);
  }
  const statics = new Map<string, number>();
  const place = (name: string, at: number): number => {
    statics.set(name, at);
    return at + align(staticArea(name)?.size ?? 0, 16);
  };
  const dataStart = areas.has(FIRST_AREA) ? place(FIRST_AREA, 0) : 0;
  let end = dataStart;
  for (const { summary } of functions) {
    for (const bytes of summary.literals) {
      if (literals.has(bytes)) continue;
      literals.set(bytes, end);
      end += bytes.length;
    }
  }
  const data = new Uint8Array(end - dataStart);
  for (const [bytes, at] of literals) for (let i = 0; i < bytes.length; i++) data[at - dataStart + i] = bytes.charCodeAt(i);
  end = align(end, 16);
  for (const name of [...areas].sort()) if (name !== FIRST_AREA) end = place(name, end);
  return { functions: functions.map((r) => r.f), table: [...table].sort(), globals: [...globals], literals, statics, data, dataStart, dataEnd: end };
}

function align(n: number, to: number): number {
  return Math.ceil(n / to) * to;
}
