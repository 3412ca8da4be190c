// Makes IR nodes. All expressions have one of four shapes and all statements one of four others: whoever walks a body meets few, which
// saves a tenth of a whole compile. So nobody else writes nodes down or spreads them. Knows the IR's fields, not what they mean.

import type { BinOp, IrExpr, IrFunction, IrStmt, Scalar, UnOp } from "./ir.ts";

type Expr<Op extends IrExpr["op"]> = Extract<IrExpr, { op: Op }>;
type Stmt<Op extends IrStmt["op"]> = Extract<IrStmt, { op: Op }>;
type Size = 1 | 2 | 4 | 8;
type Exprs = readonly IrExpr[];
type Stmts = readonly IrStmt[];

// ---- the shapes: fields that an operator does not have are undefined

function leaf(op: IrExpr["op"], local: number | undefined, type: Scalar | undefined, value: number | string | undefined, name: string | undefined, bytes: string | undefined): unknown {
  return { op, local, type, value, name, bytes };
}

function operation(op: IrExpr["op"], kind: BinOp | UnOp, a: IrExpr, b: IrExpr | undefined): unknown {
  return { op, kind, a, b };
}

function memory(op: IrExpr["op"], size: Size, addr: IrExpr, offset: number): unknown {
  return { op, size, addr, offset };
}

function branch(op: IrExpr["op"], cond: IrExpr | undefined, a: IrExpr | undefined, b: IrExpr | undefined, target: string | undefined, args: Exprs | undefined, type: Scalar | undefined): unknown {
  return { op, cond, a, b, target, args, type };
}

function assignment(op: IrStmt["op"], local: number | undefined, name: string | undefined, value: IrExpr): unknown {
  return { op, local, name, value };
}

function writing(op: IrStmt["op"], size: Size | undefined, addr: IrExpr | undefined, offset: number | undefined, dst: IrExpr | undefined, src: IrExpr | undefined, value: IrExpr | undefined, len: IrExpr | undefined): unknown {
  return { op, size, addr, offset, dst, src, value, len };
}

function transfer(op: IrStmt["op"], target: string | undefined, index: IrExpr | undefined, args: Exprs | undefined, dests: readonly number[] | undefined, values: Exprs | undefined): unknown {
  return { op, target, index, args, dests, values };
}

function control(op: IrStmt["op"], cond: IrExpr | undefined, then: Stmts | undefined, otherwise: Stmts | undefined, label: number | undefined, body: Stmts | undefined): unknown {
  return { op, cond, then, else: otherwise, label, body };
}

export function fn(name: string, params: readonly Scalar[], results: readonly Scalar[], locals: readonly Scalar[], body: Stmts, inline: IrFunction["inline"]): IrFunction {
  return { name, params, results, locals, body, inline };
}

/** The same function with another body. */
export function withBody(f: IrFunction, body: Stmts, locals: readonly Scalar[] = f.locals): IrFunction {
  return fn(f.name, f.params, f.results, locals, body, f.inline);
}

// ---- expressions

function constant(value: number): Expr<"const"> {
  return leaf("const", undefined, undefined, value, undefined, undefined) as Expr<"const">;
}

export function const64(value: string): Expr<"const64"> {
  return leaf("const64", undefined, undefined, value, undefined, undefined) as Expr<"const64">;
}

/** Reads of the first locals are the most frequent nodes: one of each serves all functions. */
const READS: readonly Expr<"get">[] = Array.from({ length: 256 }, (_, local) => newGet(local, "i32"));

function newGet(local: number, type: Scalar): Expr<"get"> {
  return leaf("get", local, type, undefined, undefined, undefined) as Expr<"get">;
}

export function get(local: number, type: Scalar): Expr<"get"> {
  return (type === "i32" ? READS[local] : undefined) ?? newGet(local, type);
}

export function global(name: string): Expr<"global"> {
  return leaf("global", undefined, undefined, undefined, name, undefined) as Expr<"global">;
}

export function data(bytes: string): Expr<"data"> {
  return leaf("data", undefined, undefined, undefined, undefined, bytes) as Expr<"data">;
}

function staticArea(name: string): Expr<"static"> {
  return leaf("static", undefined, undefined, undefined, name, undefined) as Expr<"static">;
}

export function entry(name: string): Expr<"entry"> {
  return leaf("entry", undefined, undefined, undefined, name, undefined) as Expr<"entry">;
}

export function bin(kind: BinOp, a: IrExpr, b: IrExpr): Expr<"bin"> {
  return operation("bin", kind, a, b) as Expr<"bin">;
}

export function un(kind: UnOp, a: IrExpr): Expr<"un"> {
  return operation("un", kind, a, undefined) as Expr<"un">;
}

export function load(size: Size, addr: IrExpr, offset: number): Expr<"load"> {
  return memory("load", size, addr, offset) as Expr<"load">;
}

export function cond(test: IrExpr, a: IrExpr, b: IrExpr): Expr<"cond"> {
  return branch("cond", test, a, b, undefined, undefined, undefined) as Expr<"cond">;
}

export function callExpr(target: string, args: Exprs, type: Scalar): Expr<"call"> {
  return branch("call", undefined, undefined, undefined, target, args, type) as Expr<"call">;
}

// ---- statements

export function set(local: number, value: IrExpr): Stmt<"set"> {
  return assignment("set", local, undefined, value) as Stmt<"set">;
}

export function setGlobal(name: string, value: IrExpr): Stmt<"global.set"> {
  return assignment("global.set", undefined, name, value) as Stmt<"global.set">;
}

export function store(size: Size, addr: IrExpr, offset: number, value: IrExpr): Stmt<"store"> {
  return writing("store", size, addr, offset, undefined, undefined, value, undefined) as Stmt<"store">;
}

export function copy(dst: IrExpr, src: IrExpr, len: IrExpr): Stmt<"copy"> {
  return writing("copy", undefined, undefined, undefined, dst, src, undefined, len) as Stmt<"copy">;
}

export function fill(dst: IrExpr, value: IrExpr, len: IrExpr): Stmt<"fill"> {
  return writing("fill", undefined, undefined, undefined, dst, undefined, value, len) as Stmt<"fill">;
}

export function call(target: string, args: Exprs, dests: readonly number[]): Stmt<"call"> {
  return transfer("call", target, undefined, args, dests, undefined) as Stmt<"call">;
}

export function resume(index: IrExpr, args: Exprs, dests: readonly number[]): Stmt<"resume"> {
  return transfer("resume", undefined, index, args, dests, undefined) as Stmt<"resume">;
}

function ret(values: Exprs): Stmt<"return"> {
  return transfer("return", undefined, undefined, undefined, undefined, values) as Stmt<"return">;
}

function choose(test: IrExpr, then: Stmts, otherwise: Stmts): Stmt<"if"> {
  return control("if", test, then, otherwise, undefined, undefined) as Stmt<"if">;
}

export function loop(label: number, body: Stmts): Stmt<"loop"> {
  return control("loop", undefined, undefined, undefined, label, body) as Stmt<"loop">;
}

export function block(label: number, body: Stmts): Stmt<"block"> {
  return control("block", undefined, undefined, undefined, label, body) as Stmt<"block">;
}

/** The same loop or block around another body. */
export function around(s: Stmt<"loop"> | Stmt<"block">, body: Stmts): Stmt<"loop"> | Stmt<"block"> {
  return s.op === "loop" ? loop(s.label, body) : block(s.label, body);
}

export function br(label: number, test: IrExpr | undefined): Stmt<"br"> {
  return control("br", test, undefined, undefined, label, undefined) as Stmt<"br">;
}

export function trapIf(test: IrExpr): Stmt<"trapIf"> {
  return control("trapIf", test, undefined, undefined, undefined, undefined) as Stmt<"trapIf">;
}

export function trap(): Stmt<"trap"> {
  return control("trap", undefined, undefined, undefined, undefined, undefined) as Stmt<"trap">;
}

export function suspend(): Stmt<"suspend"> {
  return control("suspend", undefined, undefined, undefined, undefined, undefined) as Stmt<"suspend">;
}

export { choose as if, constant as const, ret as return, staticArea as static };

// ---- what was text

/** A function that was read from JSON, in the shapes of those that are made here. */
export function anew(f: IrFunction): IrFunction {
  return withBody(f, f.body.map(stmtAnew));
}

function stmtAnew(s: IrStmt): IrStmt {
  switch (s.op) {
    case "set":
      return set(s.local, exprAnew(s.value));
    case "global.set":
      return setGlobal(s.name, exprAnew(s.value));
    case "store":
      return store(s.size, exprAnew(s.addr), s.offset, exprAnew(s.value));
    case "copy":
      return copy(exprAnew(s.dst), exprAnew(s.src), exprAnew(s.len));
    case "fill":
      return fill(exprAnew(s.dst), exprAnew(s.value), exprAnew(s.len));
    case "call":
      return call(s.target, s.args.map(exprAnew), s.dests);
    case "resume":
      return resume(exprAnew(s.index), s.args.map(exprAnew), s.dests);
    case "if":
      return choose(exprAnew(s.cond), s.then.map(stmtAnew), s.else.map(stmtAnew));
    case "loop":
    case "block":
      return around(s, s.body.map(stmtAnew));
    case "br":
      return br(s.label, s.cond === undefined ? undefined : exprAnew(s.cond));
    case "trapIf":
      return trapIf(exprAnew(s.cond));
    case "trap":
      return trap();
    case "return":
      return ret(s.values.map(exprAnew));
    case "suspend":
      return suspend();
  }
}

function exprAnew(e: IrExpr): IrExpr {
  switch (e.op) {
    case "const":
      return constant(e.value);
    case "const64":
      return const64(e.value);
    case "get":
      return get(e.local, e.type);
    case "global":
      return global(e.name);
    case "data":
      return data(e.bytes);
    case "static":
      return staticArea(e.name);
    case "entry":
      return entry(e.name);
    case "bin":
      return bin(e.kind, exprAnew(e.a), exprAnew(e.b));
    case "un":
      return un(e.kind, exprAnew(e.a));
    case "load":
      return load(e.size, exprAnew(e.addr), e.offset);
    case "cond":
      return cond(exprAnew(e.cond), exprAnew(e.a), exprAnew(e.b));
    case "call":
      return callExpr(e.target, e.args.map(exprAnew), e.type);
  }
}
