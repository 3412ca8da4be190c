// One IR function -> one C function. Knows C's statements, and which jumps are `break` or `continue`.

import type { IrExpr, IrFunction, IrStmt } from "../compiler/ir.ts";
import { isPure } from "../compiler/ir.ts";
import { not } from "../compiler/ops.ts";
import { countReads, leaves } from "../compiler/optimise/walk.ts";
import { declaredAtSet } from "../compiler/optimise/births.ts";
import { Expressions, type FileNames } from "./expressions.ts";
import { C_TYPE } from "./terms.ts";
import * as make from "../compiler/make.ts";

/** From here on `goto` replaces braces: compilers limit how deep they nest. */
const DEEPEST = 60;

export function prototype(f: IrFunction, names: FileNames): string {
  const result = f.results.length > 1 ? names.results(f.results) : f.results[0] === undefined ? "void" : C_TYPE[f.results[0]];
  const params = f.params.map((t, i) => `${C_TYPE[t]} p${i}`).join(", ");
  return `static ${result} ${names.function(f.name)}(${params === "" ? "void" : params})`;
}

/** The definition, lines without the last line feed; `first` are lines to begin the body with. */
export function definition(f: IrFunction, names: FileNames, first: readonly string[] = []): string {
  return new FunctionPrinter(f, names).print(first);
}

interface Target {
  /** `loop`: a jump goes to its start; `block`: a jump goes behind its end. */
  readonly kind: "loop" | "block";
  /** The C loop whose `continue` or `break` does the same, where there is one. */
  cLoop: number | undefined;
  /** The label, once somebody needs it. */
  name: string | undefined;
}

class FunctionPrinter extends Expressions {
  private readonly f: IrFunction;
  private readonly reads: Int32Array;
  private readonly bornAtSet: readonly boolean[];
  private readonly declared = new Set<number>();
  private readonly targets = new Map<number, Target>();
  /** C loops around here, outermost first. */
  private readonly loops: number[] = [];
  private counter = 0;
  private labels = 0;

  constructor(f: IrFunction, names: FileNames) {
    super(names);
    this.f = f;
    this.reads = new Int32Array(f.locals.length);
    countReads(f.body, this.reads);
    this.bornAtSet = declaredAtSet(f);
  }

  print(first: readonly string[]): string {
    for (const text of first) this.line(text);
    this.declareLocals();
    this.stmts(this.f.body);
    // Control never gets here; the compiler wants to be told.
    if (this.f.results.length > 0 && !leaves(this.f.body)) this.line("__builtin_trap();");
    return `/* ${this.f.name.replaceAll("*/", "* /")} */\n${prototype(this.f, this.names)} {\n${this.lines.join("\n")}\n}`;
  }

  protected override localName(local: number): string {
    return local < this.f.params.length ? `p${local}` : `v${local}`;
  }

  private declareLocals(): void {
    for (const type of ["i32", "i64", "f64"] as const) {
      const names: string[] = [];
      for (let i = this.f.params.length; i < this.f.locals.length; i++) {
        if (this.f.locals[i] === type && this.isRead(i) && this.bornAtSet[i] !== true) names.push(`${this.localName(i)} = 0`);
      }
      if (names.length > 0) this.line(`${C_TYPE[type]} ${names.join(", ")};`);
    }
  }

  private isRead(local: number): boolean {
    return (this.reads[local] ?? 0) > 0;
  }

  private stmts(list: readonly IrStmt[]): void {
    for (const s of list) this.stmt(s);
  }

  private inner(list: readonly IrStmt[]): void {
    this.indent++;
    this.stmts(list);
    this.indent--;
  }

  private stmt(s: IrStmt): void {
    switch (s.op) {
      case "set":
        return this.set(s.local, s.value);
      case "global.set":
        return this.line(`${this.names.global(s.name)} = ${this.term(s.value).text};`);
      case "store": {
        const address: IrExpr = s.offset === 0 ? s.addr : make.bin("add", s.addr, make.const(s.offset));
        return this.effect(this.use(`store${s.size * 8}`), [address, s.value]);
      }
      case "copy":
        return this.effect(this.use("copy"), [s.dst, s.src, s.len]);
      case "fill":
        return this.effect(this.use("fill"), [s.dst, s.value, s.len]);
      case "call":
        return this.call(s.target, s.args, s.dests);
      case "resume": {
        const [index, ...args] = this.inOrder([s.index, ...s.args]);
        return this.line(`tasks[${index?.text ?? ""}](${args.map((a) => a.text).join(", ")});`);
      }
      case "if":
        return this.if(s.cond, s.then, s.else);
      case "loop":
        return this.loop(s.label, s.body);
      case "block":
        return this.block(s.label, s.body);
      case "br":
        return this.br(s.label, s.cond);
      case "trapIf":
        return this.line(`if (${this.term(s.cond).text}) __builtin_trap();`);
      case "trap":
        return this.line("__builtin_trap();");
      case "return":
        return this.return(s.values);
      case "suspend":
        return;
    }
  }

  /** A call of the prelude for its effect. */
  private effect(helper: string, args: readonly IrExpr[]): void {
    this.line(`${helper}(${this.inOrder(args).map((a) => a.text).join(", ")});`);
  }

  private set(local: number, value: IrExpr): void {
    if (this.isRead(local)) return this.assign(local, this.term(value).text);
    if (!isPure(value)) this.line(`(void)(${this.term(value).text});`);
  }

  private assign(local: number, text: string): void {
    const type = this.bornAtSet[local] === true && !this.declared.has(local) ? `${C_TYPE[this.f.locals[local] ?? "i32"]} ` : "";
    this.declared.add(local);
    this.line(`${type}${this.localName(local)} = ${text};`);
  }

  private call(target: string, args: readonly IrExpr[], dests: readonly number[]): void {
    const text = `${this.names.function(target)}(${this.inOrder(args).map((a) => a.text).join(", ")})`;
    const used = dests.filter((d) => this.isRead(d));
    const [only] = used;
    if (only === undefined) return this.line(`${text};`);
    if (dests.length === 1) return this.assign(only, text);
    const name = `r${this.counter++}`;
    this.line(`${this.names.results(dests.map((d) => this.f.locals[d] ?? "i32"))} ${name} = ${text};`);
    dests.forEach((d, i) => this.isRead(d) && this.assign(d, `${name}.r${i}`));
  }

  private return(values: readonly IrExpr[]): void {
    if (values.length === 0) return this.line("return;");
    const terms = this.inOrder(values).map((t) => t.text);
    this.line(values.length === 1 ? `return ${terms[0] ?? ""};` : `return (${this.names.results(this.f.results)}){${terms.join(", ")}};`);
  }

  // ---- control

  private if(cond: IrExpr, then: readonly IrStmt[], otherwise: readonly IrStmt[]): void {
    if (then.length === 0 && otherwise.length === 0) {
      if (!isPure(cond)) this.line(`(void)(${this.term(cond).text});`);
      return;
    }
    if (then.length === 0) return this.if(not(cond), otherwise, []);
    if (this.indent > DEEPEST) return this.ifByJumps(cond, then, otherwise);
    this.line(`if (${this.term(cond).text}) {`);
    this.inner(then);
    this.otherwise(otherwise);
  }

  /** `else` with what follows, as a chain where the next statement is an `if` that needs nothing before it. */
  private otherwise(list: readonly IrStmt[]): void {
    const only = list[0];
    if (only === undefined) return this.line("}");
    if (list.length === 1 && only.op === "if" && only.then.length > 0) {
      const cond = this.held(() => this.term(only.cond));
      if (cond.lines.length === 0) {
        this.line(`} else if (${cond.made.text}) {`);
        this.inner(only.then);
        return this.otherwise(only.else);
      }
    }
    this.line("} else {");
    this.inner(list);
    this.line("}");
  }

  private ifByJumps(cond: IrExpr, then: readonly IrStmt[], otherwise: readonly IrStmt[]): void {
    const no = this.label("else");
    this.line(`if (${this.term(not(cond)).text}) goto ${no};`);
    this.stmts(then);
    if (otherwise.length === 0) return this.line(`${no}:;`);
    const end = this.label("end");
    this.line(`goto ${end};`);
    this.line(`${no}:;`);
    this.stmts(otherwise);
    this.line(`${end}:;`);
  }

  /** `for (;;)` and never `while (condition)`: C lets a compiler assume that the latter ends. */
  private loop(label: number, body: readonly IrStmt[]): void {
    if (this.indent > DEEPEST) return this.loopByJumps(label, body);
    const cLoop = this.counter++;
    this.loops.push(cLoop);
    const target: Target = { kind: "loop", cLoop, name: undefined };
    this.line("for (;;) {");
    this.indent++;
    const { lines } = this.held(() => this.within(label, target, () => this.rounds(label, body)));
    if (target.name !== undefined) this.line(`${target.name}:;`);
    this.lines.push(...lines);
    this.indent--;
    this.line("}");
    this.loops.pop();
  }

  /** The body without the jump back at its end, and with the way out that falling off the end is. */
  private rounds(label: number, body: readonly IrStmt[]): void {
    const last = body.at(-1);
    if (last?.op !== "br" || last.label !== label) {
      this.stmts(body);
      if (!leaves(body)) this.line("break;");
      return;
    }
    this.stmts(body.slice(0, -1));
    if (last.cond !== undefined) this.line(`if (${this.term(not(last.cond)).text}) break;`);
  }

  private loopByJumps(label: number, body: readonly IrStmt[]): void {
    const target: Target = { kind: "loop", cLoop: undefined, name: this.label("again") };
    this.line(`${target.name ?? ""}:;`);
    this.within(label, target, () => this.stmts(body));
  }

  private block(label: number, body: readonly IrStmt[]): void {
    const target: Target = { kind: "block", cLoop: undefined, name: undefined };
    const last = body.at(-1);
    // Behind a loop that ends the block is behind the block.
    if (last?.op === "loop" && this.indent <= DEEPEST) {
      this.within(label, target, () => this.stmts(body.slice(0, -1)));
      target.cLoop = this.counter;
      this.within(label, target, () => this.stmt(last));
    } else this.within(label, target, () => this.stmts(body));
    if (target.name !== undefined) this.line(`${target.name}:;`);
  }

  private within(label: number, target: Target, print: () => void): void {
    const outer = this.targets.get(label);
    this.targets.set(label, target);
    print();
    if (outer === undefined) this.targets.delete(label);
    else this.targets.set(label, outer);
  }

  private br(label: number, cond: IrExpr | undefined): void {
    const jump = this.jump(label);
    this.line(cond === undefined ? jump : `if (${this.term(cond).text}) ${jump}`);
  }

  private jump(label: number): string {
    const target = this.targets.get(label);
    if (target === undefined) return "__builtin_trap();";
    if (target.cLoop !== undefined && target.cLoop === this.loops.at(-1)) return target.kind === "loop" ? "continue;" : "break;";
    target.name ??= this.label(target.kind === "loop" ? "again" : "end");
    return `goto ${target.name};`;
  }

  private label(what: string): string {
    return `${what}_${this.labels++}`;
  }
}
