// IR functions of a program -> the set that is needed, in a fixed order, with static memory laid out. Knows no wasm encoding.

import type { IrExpr, IrFunction, IrStmt } from "./ir.ts";
import { FunctionBuilder } from "./builder.ts";
import { k } from "./ops.ts";
import { runtimeFunction, staticArea } from "./runtime/index.ts";

export interface Linked {
  /** In emission order; the last is the exported entry. */
  readonly functions: readonly IrFunction[];
  /** Functions reached by `resume`, in table order. */
  readonly table: readonly string[];
  /** Mutable i32 globals in order. */
  readonly globals: readonly string[];
  readonly literals: ReadonlyMap<string, number>;
  readonly statics: ReadonlyMap<string, number>;
  /** Content of static memory from address 0; what follows up to dataEnd is zero. */
  readonly data: Uint8Array;
  readonly dataEnd: number;
}

/** What one function refers to. */
interface Summary {
  readonly callees: ReadonlySet<string>;
  readonly entries: ReadonlySet<string>;
  readonly globals: ReadonlySet<string>;
  readonly areas: ReadonlySet<string>;
  /** Distinct literals in order of first use. */
  readonly literals: ReadonlySet<string>;
}

/** Everything that `solve` reaches, ordered by name, then solve, then the entry. */
export function link(program: ReadonlyMap<string, IrFunction>): Linked {
  // Only programs with budgets pay for counting what they allocate.
  let reached = reach(program, false);
  if (uses(reached, "allocated")) reached = reach(program, true);
  const names = [...reached.keys()].filter((n) => n !== "solve").sort();
  const ordered = [...names, "solve"].flatMap((n) => reached.get(n) ?? []);
  const start = entryPoint(reached);
  ordered.push({ f: start, summary: summarise(start) });
  return layOut(ordered);
}

interface Reached {
  readonly f: IrFunction;
  readonly summary: Summary;
}

function reach(program: ReadonlyMap<string, IrFunction>, counted: boolean): Map<string, Reached> {
  const reached = new Map<string, Reached>();
  const queue: string[] = ["solve"];
  for (let name = queue.pop(); name !== undefined; name = queue.pop()) {
    if (reached.has(name)) continue;
    const f = program.get(name) ?? runtimeFunction(name === "rt.alloc" && counted ? "rt.alloc_counted" : name);
    if (f === undefined) continue;
    const summary = summarise(f);
    reached.set(name, { f, summary });
    if (name === "rt.alloc") queue.push("rt.heap_reset");
    for (const c of summary.callees) if (!reached.has(c)) queue.push(c);
    for (const c of summary.entries) if (!reached.has(c)) queue.push(c);
  }
  return reached;
}

function uses(reached: ReadonlyMap<string, Reached>, global: string): boolean {
  for (const r of reached.values()) if (r.summary.globals.has(global)) return true;
  return false;
}

function summarise(f: IrFunction): Summary {
  const summary = { callees: new Set<string>(), entries: new Set<string>(), globals: new Set<string>(), areas: new Set<string>(), literals: new Set<string>() };
  visit(f.body, (e) => {
    if (e.op === "call") summary.callees.add(e.target);
    else if (e.op === "data") summary.literals.add(e.bytes);
    else if (e.op === "global") summary.globals.add(e.name);
    else if (e.op === "static") summary.areas.add(e.name);
    else if (e.op === "entry") summary.entries.add(e.name);
  }, (s) => {
    if (s.op === "call") summary.callees.add(s.target);
    else if (s.op === "global.set") summary.globals.add(s.name);
  });
  return summary;
}

/** x07_solve_v2(retptr, arena_ptr, arena_cap, input_ptr, input_len). Nothing of an earlier call survives it. */
function entryPoint(reached: ReadonlyMap<string, Reached>): IrFunction {
  const b = new FunctionBuilder(["i32", "i32", "i32", "i32", "i32"]);
  const areas = new Set([...reached.values()].flatMap((r) => [...r.summary.areas]));
  for (const name of [...areas].sort()) {
    const area = staticArea(name);
    if (area?.reset === true) b.fill({ op: "static", name }, k(0), k(area.size));
  }
  if (reached.has("rt.alloc")) b.call("rt.heap_reset", [b.param(1), b.param(2)]);
  const initial: readonly (readonly [string, IrExpr])[] = [["input_ptr", b.param(3)], ["input_len", b.param(4)], ["allocated", k(0)]];
  for (const [name, value] of initial) if (uses(reached, name)) b.emit({ op: "global.set", name, value });
  const [ptr, len] = b.callMany("solve", [b.param(3), b.param(4)], ["i32", "i32"]);
  const length = len ?? k(0);
  b.store(4, b.param(0), 0, { op: "cond", cond: length, a: ptr ?? k(0), b: b.param(1) });
  b.store(4, b.param(0), 4, length);
  b.ret();
  return b.finish("x07_solve_v2", [], "never");
}

function layOut(functions: readonly Reached[]): Linked {
  const globals = new Set<string>();
  const literals = new Map<string, number>();
  const areas = new Set<string>();
  const table = new Set<string>();
  let size = 0;
  for (const { summary } of functions) {
    for (const g of summary.globals) globals.add(g);
    for (const a of summary.areas) areas.add(a);
    for (const e of summary.entries) table.add(e);
    for (const bytes of summary.literals) {
      if (literals.has(bytes)) continue;
      literals.set(bytes, size);
      size += bytes.length;
    }
  }
  const data = new Uint8Array(align(size, 16));
  for (const [bytes, at] of literals) for (let i = 0; i < bytes.length; i++) data[at + i] = bytes.charCodeAt(i);
  const statics = new Map<string, number>();
  let end = data.length;
  for (const name of [...areas].sort()) {
    statics.set(name, end);
    end += align(staticArea(name)?.size ?? 0, 16);
  }
  return { functions: functions.map((r) => r.f), table: [...table].sort(), globals: [...globals], literals, statics, data, dataEnd: end };
}

function align(n: number, to: number): number {
  return Math.ceil(n / to) * to;
}

/** Calls back for every expression, inner ones first, and every statement. */
export function visit(stmts: readonly IrStmt[], onExpr: (e: IrExpr) => void, onStmt?: (s: IrStmt) => void): void {
  for (const s of stmts) {
    switch (s.op) {
      case "set":
      case "global.set":
        visitExpr(s.value, onExpr);
        break;
      case "store":
        visitExpr(s.addr, onExpr);
        visitExpr(s.value, onExpr);
        break;
      case "copy":
        visitExpr(s.dst, onExpr);
        visitExpr(s.src, onExpr);
        visitExpr(s.len, onExpr);
        break;
      case "fill":
        visitExpr(s.dst, onExpr);
        visitExpr(s.value, onExpr);
        visitExpr(s.len, onExpr);
        break;
      case "call":
        for (const a of s.args) visitExpr(a, onExpr);
        break;
      case "resume":
        for (const a of s.args) visitExpr(a, onExpr);
        visitExpr(s.index, onExpr);
        break;
      case "if":
        visitExpr(s.cond, onExpr);
        visit(s.then, onExpr, onStmt);
        visit(s.else, onExpr, onStmt);
        break;
      case "loop":
      case "block":
        visit(s.body, onExpr, onStmt);
        break;
      case "br":
        if (s.cond !== undefined) visitExpr(s.cond, onExpr);
        break;
      case "trapIf":
        visitExpr(s.cond, onExpr);
        break;
      case "return":
        for (const v of s.values) visitExpr(v, onExpr);
        break;
      case "trap":
      case "suspend":
        break;
    }
    onStmt?.(s);
  }
}

export function visitExpr(e: IrExpr, onExpr: (e: IrExpr) => void): void {
  switch (e.op) {
    case "bin":
      visitExpr(e.a, onExpr);
      visitExpr(e.b, onExpr);
      break;
    case "un":
      visitExpr(e.a, onExpr);
      break;
    case "load":
      visitExpr(e.addr, onExpr);
      break;
    case "cond":
      visitExpr(e.cond, onExpr);
      visitExpr(e.a, onExpr);
      visitExpr(e.b, onExpr);
      break;
    case "call":
      for (const a of e.args) visitExpr(a, onExpr);
      break;
  }
  onExpr(e);
}

