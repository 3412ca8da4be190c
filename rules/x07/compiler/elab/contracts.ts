// What a contract expression may contain. Knows heads by name only.

import type { Expr } from "../ast.ts";
import { headOf } from "../ast.ts";
import { OPERATORS } from "./operators.ts";

const PURE = new Set([
  "begin", "let", "if", "bytes.lit", "bytes.view_lit", "bytes.len", "bytes.get_u8", "bytes.eq", "bytes.cmp_range", "bytes.view", "bytes.subview",
  "view.len", "view.get_u8", "view.slice", "view.eq", "view.cmp_range", "vec_u8.len", "vec_u8.get", "vec_u8.cap", "vec_u8.as_view", "codec.read_u32_le",
  "option_i32.is_some", "option_i32.unwrap_or", "option_bytes.is_some", "option_bytes_view.is_some", "result_i32.is_ok", "result_i32.err_code",
  "result_i32.unwrap_or", "result_bytes.is_ok", "result_bytes.err_code", "result_bytes_view.is_ok", "result_bytes_view.err_code", "result_result_bytes.is_ok",
  "result_result_bytes.err_code", "f64.of_i32", "f64.to_i32_trunc", "f64.add", "f64.sub", "f64.mul", "f64.div", "ty.eq", "ty.cmp", "ty.lt",
]);

/** The first head that a contract may not use; undefined when all are pure. */
export function impureHead(e: Expr): string | undefined {
  const head = headOf(e);
  if (!Array.isArray(e) || head === undefined) return undefined;
  if (!PURE.has(head) && !OPERATORS.has(head)) return head;
  for (const x of e.slice(1)) {
    const found = impureHead(x);
    if (found !== undefined) return found;
  }
  return undefined;
}
