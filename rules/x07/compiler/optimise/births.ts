// Which locals have no life before the statement that first sets them. Knows the IR's scopes.

import type { IrExpr, IrFunction, IrStmt } from "../ir.ts";
import { visitExpr } from "./walk.ts";

interface List {
  readonly parent: List | undefined;
  readonly depth: number;
}

interface Local {
  /** The innermost list that holds every mention. */
  home: List;
  /** The list in which it is set before any other mention; undefined when its first mention reads it. */
  readonly birth: List | undefined;
}

/**
 * For every local whether its first `set` may declare it: nothing outside that statement list mentions it and nothing inside
 * does so earlier. Control cannot get past the `set` within the list, for jumps leave whole blocks only.
 */
export function declaredAtSet(f: IrFunction): readonly boolean[] {
  const locals: (Local | undefined)[] = [];
  const mention = (local: number, here: List, sets: boolean): void => {
    const known = locals[local];
    if (known === undefined) locals[local] = { home: here, birth: sets ? here : undefined };
    else known.home = common(known.home, here);
  };
  const walk = (stmts: readonly IrStmt[], here: List): void => {
    for (const s of stmts) {
      for (const e of operands(s)) visitExpr(e, (x) => x.op === "get" && mention(x.local, here, false));
      if (s.op === "set") mention(s.local, here, true);
      else if (s.op === "call" || s.op === "resume") for (const d of s.dests) mention(d, here, true);
      const inner = (list: readonly IrStmt[]): void => walk(list, { parent: here, depth: here.depth + 1 });
      if (s.op === "if") {
        inner(s.then);
        inner(s.else);
      } else if (s.op === "loop" || s.op === "block") inner(s.body);
    }
  };
  walk(f.body, { parent: undefined, depth: 0 });
  return f.locals.map((_, i) => i >= f.params.length && locals[i] !== undefined && locals[i].birth === locals[i].home);
}

function common(a: List, b: List): List {
  let x = a;
  let y = b;
  while (x !== y) {
    if (x.depth >= y.depth && x.parent !== undefined) x = x.parent;
    else if (y.parent !== undefined) y = y.parent;
  }
  return x;
}

/** The expressions that a statement evaluates itself, in order. */
function operands(s: IrStmt): readonly IrExpr[] {
  switch (s.op) {
    case "set":
    case "global.set":
      return [s.value];
    case "store":
      return [s.addr, s.value];
    case "copy":
      return [s.dst, s.src, s.len];
    case "fill":
      return [s.dst, s.value, s.len];
    case "call":
      return s.args;
    case "resume":
      return [...s.args, s.index];
    case "if":
    case "trapIf":
      return [s.cond];
    case "br":
      return s.cond === undefined ? [] : [s.cond];
    case "return":
      return s.values;
    default:
      return [];
  }
}
