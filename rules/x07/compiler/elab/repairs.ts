// What would mend a mistake: the nearest known name, a conversion, a copy, as a hint and where it is safe as a patch. Knows the
// language's words and the expression at fault, not how it was checked.

import { similar } from "../../../../engine/index.ts";
import type { Expr, FunctionDecl } from "../ast.ts";
import { headOf } from "../ast.ts";
import type { Fault, FaultFacts, PatchOp } from "../errors.ts";
import { excerpt } from "../excerpt.ts";
import type { Builtin } from "./builtins.ts";
import { builtinNames } from "./builtins.ts";
import { OPTIONS } from "./builtins-options.ts";
import { FORMS } from "./forms.ts";
import { OPERATORS } from "./operators.ts";

/** How other languages spell what this one has. */
const ALIASES: ReadonlyMap<string, string> = new Map([
  ["==", "="], ["===", "="], ["<>", "!="], ["!==", "!="], ["and", "&&"], ["or", "||"], ["mod", "%"], ["rem", "%"], ["xor", "^"], ["add", "+"], ["sub", "-"],
  ["mul", "*"], ["div", "/"], ["<<", "<<u"], ["shl", "<<u"], [">>", ">>u"], [">>>", ">>u"], ["shr", ">>u"], ["do", "begin"], ["block", "begin"], ["progn", "begin"],
  ["seq", "begin"], ["let*", "let"], ["var", "let"], ["def", "let"], ["set!", "set"], ["assign", "set"], ["str", "bytes.lit"], ["string", "bytes.lit"],
  ["bytes.length", "bytes.len"], ["bytes.size", "bytes.len"], ["view.length", "view.len"], ["len", "view.len"], ["bytes.append", "bytes.concat"], ["concat", "bytes.concat"],
  ["bytes.get", "bytes.get_u8"], ["view.get", "view.get_u8"], ["bytes.set", "bytes.set_u8"],
]);

/** For an unknown head: the word most probably meant, among the language's own and `known`. */
export function nearestHead(head: string, known: Iterable<string>): string | undefined {
  const alias = ALIASES.get(head);
  return alias ?? similar(head, [...FORMS.keys(), ...OPERATORS.keys(), ...builtinNames(), ...known], 1)[0];
}

/** Where the expressions of a function begin. */
export type Roots = readonly (readonly [pointer: string, body: Expr])[];

export function rootsOf(decl: FunctionDecl): Roots {
  const clauses = [...decl.requires, ...decl.ensures, ...decl.invariant].map((c) => [c.pointer, c.expr] as const);
  return [[`${decl.pointer}/body`, decl.body], ...clauses];
}

/** The fault with the expression it is about and, where one is known and the checker gave none, what would mend it. */
export function explained(fault: Fault, roots: Roots): Fault {
  const expression = expressionAt(roots, fault.pointer);
  if (expression === undefined) return fault;
  const seen = { ...fault, expression: excerpt(expression) };
  if (fault.quickfix !== undefined) return seen;
  return { ...seen, ...(arityRepair(fault, expression) ?? moveRepair(fault, roots) ?? conversion(fault, expression)) };
}

function expressionAt(roots: Roots, pointer: string): Expr | undefined {
  const root = roots.find(([start]) => pointer === start || pointer.startsWith(`${start}/`));
  if (root === undefined) return undefined;
  let e: Expr | undefined = root[1];
  for (const step of pointer.slice(root[0].length).split("/").slice(1)) e = Array.isArray(e) ? e[Number(step)] : undefined;
  return e;
}

// ---- too many or too few operands

const ASSOCIATIVE = new Set(["+", "*", "&", "|", "^", "&&", "||"]);

function arityRepair(fault: Fault, e: Expr): FaultFacts | undefined {
  const head = headOf(e);
  if (fault.code !== "X07-ARITY-BINOP-0001" || !Array.isArray(e) || head === undefined) return undefined;
  const [, first, second, ...rest] = e;
  if (head === "-" && first !== undefined && second === undefined) return { hint: "a negative value is 0 minus it", quickfix: replace(fault, ["-", 0, first]) };
  if (first === undefined || second === undefined) return undefined;
  if (!ASSOCIATIVE.has(head)) return { hint: `nest ${head}: it takes two operands` };
  return { hint: `nest ${head}: it takes two operands`, quickfix: replace(fault, rest.reduce<Expr>((sum, item) => [head, sum, item], [head, first, second])) };
}

// ---- use after move

function moveRepair(fault: Fault, roots: Roots): FaultFacts | undefined {
  const { moved } = fault;
  if (moved === undefined) return undefined;
  const by = moved.pointer.slice(0, moved.pointer.lastIndexOf("/"));
  const parent = expressionAt(roots, by);
  const statement = headOf(expressionAt(roots, by.slice(0, by.lastIndexOf("/"))) ?? 0) === "begin";
  const step = Number(by.slice(by.lastIndexOf("/") + 1));
  if (statement && step > 0 && Array.isArray(parent) && parent[1] === moved.name && GIVES_BACK.has(headOf(parent) ?? ""))
    return { hint: `${headOf(parent) ?? ""} gives the new value back: keep it with set`, quickfix: [{ op: "replace", path: by, value: ["set", moved.name, parent] }] };
  if (moved.type !== "bytes") return { hint: `it was moved at ${moved.pointer}; move it last, or make a new one` };
  return { hint: `it was moved at ${moved.pointer}; give a copy away there`, quickfix: [{ op: "replace", path: moved.pointer, value: ["view.to_bytes", ["bytes.view", moved.name]] }] };
}

/** Builtins that take their first operand and give it back changed. */
const GIVES_BACK = new Set(["vec_u8.push", "vec_u8.extend_bytes", "vec_u8.extend_bytes_range", "vec_u8.extend_zeroes", "vec_u8.set", "vec_u8.reserve_exact", "bytes.set_u8"]);

// ---- one type for another

function conversion(fault: Fault, e: Expr): FaultFacts | undefined {
  const { expected, found } = fault;
  if (expected === undefined || found === undefined) return undefined;
  const literal = Array.isArray(e) && e.length === 2 ? e[1] : undefined;
  switch (`${found} -> ${expected}`) {
    case "bytes_view -> bytes":
      if (headOf(e) === "bytes.view_lit" && literal !== undefined) return { hint: "use bytes.lit", quickfix: replace(fault, ["bytes.lit", literal]) };
      return { hint: "view.to_bytes copies a view", quickfix: replace(fault, ["view.to_bytes", e]) };
    case "bytes -> bytes_view":
      if (headOf(e) === "bytes.lit" && literal !== undefined) return { hint: "use bytes.view_lit", quickfix: replace(fault, ["bytes.view_lit", literal]) };
      if (typeof e === "string") return { hint: "bytes.view shows bytes", quickfix: replace(fault, ["bytes.view", e]) };
      return { hint: "bind the bytes to a name with let, then take bytes.view of that" };
    case "i32 -> bytes_view":
      return { hint: "fmt.s32_to_dec writes an i32 as decimal text: bind that with let, then take bytes.view of it" };
    case "vec_u8 -> bytes_view":
      if (typeof e === "string") return { hint: "vec_u8.as_view shows a vec_u8", quickfix: replace(fault, ["vec_u8.as_view", e]) };
      return { hint: "bind the vec_u8 to a name with let, then take vec_u8.as_view of that" };
    case "f64 -> i32":
      return { hint: "f64.to_i32_trunc cuts the fraction off", quickfix: replace(fault, ["f64.to_i32_trunc", e]) };
    case "i32 -> f64":
      return { hint: "f64.of_i32 makes one", quickfix: replace(fault, ["f64.of_i32", e]) };
    case "vec_u8 -> bytes":
      return { hint: "vec_u8.into_bytes ends a vec_u8", quickfix: replace(fault, ["vec_u8.into_bytes", e]) };
    case "i32 -> bytes":
      return { hint: "fmt.s32_to_dec writes an i32 as decimal text, codec.write_u32_le as 4 bytes" };
    case "bytes -> i32":
    case "bytes_view -> i32":
      return { hint: "view.len and view.get_u8 give numbers, parse.u32_dec reads decimal text, codec.read_u32_le reads 4 bytes" };
  }
  if (found === "never") return { hint: "return leaves the function and has no value: make it a statement or a branch" };
  const brand = /^bytes@(.+)$/.exec(expected)?.[1];
  if (brand !== undefined) return { hint: `make the value with ${brand}'s own functions, or name the brand where it comes from: "brand" of a parameter, "result_brand" of a function` };
  for (const maker of [`${expected}.some`, `${expected}.ok`]) if (optional(maker)?.params[0] === found) return { hint: `${maker} makes one`, quickfix: replace(fault, [maker, e]) };
  if (optional(`${found}.unwrap_or`)?.result === expected) return { hint: `${found}.unwrap_or takes the value out and wants one for the other case` };
  return undefined;
}

function optional(head: string): Builtin | undefined {
  return OPTIONS.find(([name]) => name === head)?.[1];
}

function replace(fault: Fault, value: Expr): PatchOp[] {
  return [{ op: "replace", path: fault.pointer, value }];
}
