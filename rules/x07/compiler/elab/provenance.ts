// Which parameters a returned view may show: a small flow-insensitive analysis of one function and those it calls. Knows names, not types.

import type { Expr, FunctionDecl } from "../ast.ts";
import { headOf } from "../ast.ts";
import { isViewLike, type Type } from "../types.ts";

type Summary = ReadonlySet<number>;
type Find = (name: string) => FunctionDecl | undefined;

const NOTHING: Summary = new Set();

/** The summary of `decl`: what its interface tells, or from `known`, or computed to the least fixed point together with those it needs. */
export function borrowedParams(decl: FunctionDecl, find: Find, known: Map<FunctionDecl, Summary>): Summary {
  const done = told(decl) ?? known.get(decl);
  if (done !== undefined) return done;
  // Only what can be a view shows anything.
  if (typeof decl.result === "string" && !isViewLike(decl.result as Type)) return NOTHING;
  const group = new Map<FunctionDecl, Summary>([[decl, NOTHING]]);
  const ask = (name: string): Summary => {
    const callee = find(name);
    if (callee === undefined) return NOTHING;
    const summary = told(callee) ?? known.get(callee) ?? group.get(callee);
    if (summary !== undefined) return summary;
    group.set(callee, NOTHING);
    return NOTHING;
  };
  for (let changed = true; changed; ) {
    changed = false;
    const size = group.size;
    for (const member of [...group.keys()]) {
      const next = new Analysis(member, ask, find).run();
      if (next.size !== group.get(member)?.size) {
        group.set(member, next);
        changed = true;
      }
    }
    if (group.size !== size) changed = true;
  }
  for (const [member, summary] of group) known.set(member, summary);
  return known.get(decl) ?? NOTHING;
}

function told({ borrows }: FunctionDecl): Summary | undefined {
  if (borrows === undefined) return undefined;
  return borrows.length === 0 ? NOTHING : new Set(borrows);
}

class Analysis {
  private readonly decl: FunctionDecl;
  private readonly ask: (name: string) => Summary;
  private readonly find: Find;
  private readonly sources = new Map<string, Set<number>>();
  private readonly returned = new Set<number>();

  constructor(decl: FunctionDecl, ask: (name: string) => Summary, find: Find) {
    this.decl = decl;
    this.ask = ask;
    this.find = find;
    decl.params.forEach((p, i) => this.sources.set(p.name, new Set([i])));
  }

  run(): Summary {
    for (let before = -1; before !== this.size(); ) {
      before = this.size();
      for (const p of this.of(this.decl.body)) this.returned.add(p);
    }
    return this.returned;
  }

  private size(): number {
    let n = this.returned.size;
    for (const s of this.sources.values()) n += s.size;
    return n;
  }

  /** The parameters that the value of `e` may show, if it is a view. Also notes lets, sets and returns on the way. */
  private of(e: Expr): Summary {
    if (typeof e === "string") return this.sources.get(e) ?? NOTHING;
    const head = headOf(e);
    if (!Array.isArray(e) || head === undefined || head === "bytes.lit" || head === "bytes.view_lit") return NOTHING;
    const args = e.slice(1);
    if ((head === "let" || head === "set") && typeof args[0] === "string") return this.assign(args[0], this.of(args[1] ?? 0));
    const parts = args.map((a) => this.of(a));
    const last = parts.at(-1) ?? NOTHING;
    switch (head) {
      case "begin":
        return last;
      case "return":
        for (const p of last) this.returned.add(p);
        return NOTHING;
      case "if":
        return union(parts.slice(1));
      case "match":
        return union(args.slice(1).map((arm) => (Array.isArray(arm) ? this.of(arm.at(-1) ?? 0) : NOTHING)));
      case "try":
        return parts[0] ?? NOTHING;
      case "for":
      case "while":
        return NOTHING;
      case "tapp":
        return this.call(typeof args[0] === "string" ? args[0] : "", parts);
    }
    if (VIEW_HEADS.has(head)) return union(parts);
    return this.call(head, parts);
  }

  private call(name: string, parts: readonly Summary[]): Summary {
    const summary = this.ask(name);
    if (summary.size === 0) return NOTHING;
    // The arguments are the last ones: `tapp` has the types before them.
    const skip = Math.max(0, parts.length - (this.find(name)?.params.length ?? parts.length));
    return union([...summary].map((i) => parts[i + skip] ?? NOTHING));
  }

  private assign(name: string, from: Summary): Summary {
    const set = this.sources.get(name) ?? new Set<number>();
    for (const p of from) set.add(p);
    this.sources.set(name, set);
    return from;
  }
}

const VIEW_HEADS = new Set([
  "bytes.view", "bytes.subview", "view.slice", "vec_u8.as_view", "option_bytes_view.some", "option_bytes_view.unwrap_or", "result_bytes_view.ok",
  "result_bytes_view.unwrap_or", "std.brand.view_v1", "std.brand.erase_view_v1", "std.brand.cast_view_v1",
]);

function union(sets: readonly Summary[]): Summary {
  const out = new Set<number>();
  for (const s of sets) for (const p of s) out.add(p);
  return out;
}
