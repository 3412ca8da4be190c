// IR expressions -> C terms, and before them the statements that keep the IR's order of evaluation where C leaves it open.
// Knows no statements of the IR.

import type { IrExpr, Scalar } from "../compiler/ir.ts";
import { typeOf } from "../compiler/ir.ts";
import { add, k } from "../compiler/ops.ts";
import { atom, binary, call, choice, constant, C_TYPE, load, type Term, unary, variable } from "./terms.ts";

/** What the rest of the file calls things; asking for a name also asks for its definition. */
export interface FileNames {
  function(name: string): string;
  literal(bytes: string): string;
  area(name: string): string;
  global(name: string): string;
  /** Index of a resumable function in the table. */
  entry(name: string): number;
  /** A function of the prelude. */
  helper(name: string): string;
  /** The struct in which a function returns several results. */
  results(types: readonly Scalar[]): string;
}

/** Half of what compilers take as a matter of course. */
const DEEPEST = 100;

export class Expressions {
  protected readonly names: FileNames;
  protected readonly use: (helper: string) => string;
  /** Finished lines, indented. */
  protected lines: string[] = [];
  protected indent = 1;
  private temporaries = 0;

  constructor(names: FileNames) {
    this.names = names;
    this.use = (helper) => names.helper(helper);
  }

  protected line(text: string): void {
    this.lines.push("  ".repeat(this.indent) + text);
  }

  /** The lines that `make` writes, held back, and what it returns. */
  protected held<T>(make: () => T): { readonly lines: string[]; readonly made: T } {
    const outer = this.lines;
    this.lines = [];
    const made = make();
    const { lines } = this;
    this.lines = outer;
    return { lines, made };
  }

  protected localName(local: number): string {
    return `v${local}`;
  }

  protected term(e: IrExpr): Term {
    const t = this.plain(e);
    return t.depth > DEEPEST ? this.spill(t, typeOf(e)) : t;
  }

  private plain(e: IrExpr): Term {
    switch (e.op) {
      case "const":
        return constant(e.value);
      case "const64":
        return atom(`UINT64_C(0x${BigInt.asUintN(64, BigInt(e.value)).toString(16)})`);
      case "get":
        return atom(this.localName(e.local));
      case "data":
        return atom(`${this.use("address")}(${this.names.literal(e.bytes)})`);
      case "static":
        return atom(`${this.use("address")}(${this.names.area(e.name)})`);
      case "entry":
        return constant(this.names.entry(e.name));
      case "global":
        return variable(this.names.global(e.name));
      case "un":
        return unary(e.kind, this.term(e.a), this.use);
      case "bin": {
        const [a, b] = this.inOrder([e.a, e.b]);
        return binary(e.kind, a ?? constant(0), b ?? constant(0), this.use);
      }
      case "load":
        return load(e.size, this.term(e.offset === 0 ? e.addr : add(e.addr, k(e.offset))), this.use);
      case "call":
        return call(this.names.function(e.target), this.inOrder(e.args));
      case "cond":
        return this.cond(e);
    }
  }

  /** Terms that may stand side by side in one C expression: at most one of them minds the order. Expressions may be deep, so no closures. */
  protected inOrder(list: readonly IrExpr[]): Term[] {
    const terms: Term[] = [];
    const before: string[][] = [];
    const outer = this.lines;
    let last = -1;
    for (const e of list) {
      this.lines = [];
      const t = this.term(e);
      if (this.lines.length > 0 || t.calls) last = terms.length;
      before.push(this.lines);
      terms.push(t);
    }
    this.lines = outer;
    return last === -1 ? terms : this.apart(list, terms, before, last);
  }

  /** Writes the lines before each term; what stands before the last one that acts, or is overtaken by it, goes into a temporary. */
  private apart(list: readonly IrExpr[], terms: readonly Term[], before: readonly string[][], last: number): Term[] {
    return terms.map((t, i) => {
      this.lines.push(...(before[i] ?? []));
      const e = list[i];
      const passed = i < last && t.unstable;
      const overtaken = i === last && t.calls && terms.some((later, j) => j > i && later.unstable);
      return e !== undefined && (passed || overtaken) ? this.spill(t, typeOf(e)) : t;
    });
  }

  /** A temporary that holds the value from here on. */
  private spill(t: Term, type: Scalar): Term {
    const name = this.temporary();
    this.line(`${C_TYPE[type]} ${name} = ${t.text};`);
    return atom(name);
  }

  protected temporary(): string {
    return `t${this.temporaries++}`;
  }

  /** Only the chosen side may be evaluated, so a side that needs statements makes the whole an `if`. */
  private cond(e: IrExpr & { readonly op: "cond" }): Term {
    const c = this.term(e.cond);
    this.indent++;
    const a = this.held(() => this.term(e.a));
    const b = this.held(() => this.term(e.b));
    this.indent--;
    if (a.lines.length === 0 && b.lines.length === 0) return choice(c, a.made, b.made);
    const name = this.temporary();
    this.line(`${C_TYPE[typeOf(e)]} ${name};`);
    this.line(`if (${c.text}) {`);
    this.lines.push(...a.lines);
    this.line(`  ${name} = ${a.made.text};`);
    this.line("} else {");
    this.lines.push(...b.lines);
    this.line(`  ${name} = ${b.made.text};`);
    this.line("}");
    return atom(name);
  }
}
