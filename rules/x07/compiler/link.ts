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

/** Everything that `solve` reaches, ordered by name, then solve, then the entry. */
export function link(program: ReadonlyMap<string, IrFunction>): Linked {
  const solve = program.get("solve");
  const reached = new Map<string, IrFunction>();
  const queue: string[] = ["solve"];
  const resumable = new Set<string>();
  let usesHeap = false;
  // Only programs with budgets pay for counting.
  const counted = reads([...program.values()]).globals.has("allocated");
  for (let name = queue.pop(); name !== undefined; name = queue.pop()) {
    if (reached.has(name)) continue;
    const f = program.get(name) ?? runtimeFunction(name === "rt.alloc" && counted ? "rt.alloc_counted" : name);
    if (f === undefined) continue;
    reached.set(name, f);
    if (name === "rt.alloc") {
      usesHeap = true;
      queue.push("rt.heap_reset");
    }
    callees(f.body, queue, resumable);
  }
  const names = [...reached.keys()].filter((n) => n !== "solve").sort();
  const functions = names.flatMap((n) => reached.get(n) ?? []);
  if (solve !== undefined) functions.push(solve);
  functions.push(entryPoint(usesHeap, reads(functions)));
  return layOut(functions, [...resumable].sort());
}

function callees(stmts: readonly IrStmt[], into: string[], resumable: Set<string>): void {
  visit(stmts, (e) => {
    if (e.op === "call") into.push(e.target);
    else if (e.op === "entry") {
      resumable.add(e.name);
      into.push(e.name);
    }
  }, (s) => {
    if (s.op === "call") into.push(s.target);
  });
}

interface Uses {
  readonly globals: ReadonlySet<string>;
  readonly areas: ReadonlySet<string>;
}

function reads(functions: readonly IrFunction[]): Uses {
  const globals = new Set<string>();
  const areas = new Set<string>();
  for (const f of functions) visit(f.body, (e) => {
    if (e.op === "global") globals.add(e.name);
    else if (e.op === "static") areas.add(e.name);
  });
  return { globals, areas };
}

/** x07_solve_v2(retptr, arena_ptr, arena_cap, input_ptr, input_len). Nothing of an earlier call survives it. */
function entryPoint(usesHeap: boolean, uses: Uses): IrFunction {
  const b = new FunctionBuilder(["i32", "i32", "i32", "i32", "i32"]);
  for (const name of [...uses.areas].sort()) {
    const area = staticArea(name);
    if (area?.reset === true) b.fill({ op: "static", name }, k(0), k(area.size));
  }
  if (usesHeap) b.call("rt.heap_reset", [b.param(1), b.param(2)]);
  const initial: readonly (readonly [string, IrExpr])[] = [["input_ptr", b.param(3)], ["input_len", b.param(4)], ["allocated", k(0)]];
  for (const [name, value] of initial) if (uses.globals.has(name)) b.emit({ op: "global.set", name, value });
  const [ptr, len] = b.callMany("solve", [b.param(3), b.param(4)], ["i32", "i32"]);
  const length = len ?? k(0);
  b.store(4, b.param(0), 0, { op: "cond", cond: length, a: ptr ?? k(0), b: b.param(1) });
  b.store(4, b.param(0), 4, length);
  b.ret();
  return b.finish("x07_solve_v2", [], "never");
}

function layOut(functions: readonly IrFunction[], table: readonly string[]): Linked {
  const globals: string[] = [];
  const literals = new Map<string, number>();
  const areas = new Set<string>();
  let size = 0;
  const note = (name: string): void => {
    if (!globals.includes(name)) globals.push(name);
  };
  for (const f of functions) {
    visit(f.body, (e) => {
      if (e.op === "global") note(e.name);
      else if (e.op === "static") areas.add(e.name);
      else if (e.op === "data" && !literals.has(e.bytes)) {
        literals.set(e.bytes, size);
        size += e.bytes.length;
      }
    }, (s) => {
      if (s.op === "global.set") note(s.name);
    });
  }
  const data = new Uint8Array(align(size, 16));
  for (const [bytes, at] of literals) for (let i = 0; i < bytes.length; i++) data[at + i] = bytes.charCodeAt(i);
  const statics = new Map<string, number>();
  let end = data.length;
  for (const name of [...areas].sort()) {
    statics.set(name, end);
    end += align(staticArea(name)?.size ?? 0, 16);
  }
  return { functions, table, globals, literals, statics, data, dataEnd: end };
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

