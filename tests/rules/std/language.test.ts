// What the language says, in small programs, through both executors: the interpreter is the oracle only as far as this holds.

import { describe, expect, test } from "vitest";
import { compileText } from "../../../scripts/std.mjs";
import { compiled, interpreted, type Execute } from "./execute.ts";

interface Row {
  readonly about: string;
  /** Declarations and solve, in the text of std sources. */
  readonly program: string;
  readonly runs: readonly (readonly [input: string, output: string])[];
}
const row = (about: string, program: string, ...runs: Row["runs"]): Row => ({ about, program, runs });
const dec = (e: string): string => `(fmt.s32_to_dec ${e})`;
const PUT = `(local put ((v vec_u8) (x i32)) vec_u8 (vec_u8.push (vec_u8.extend_bytes v (fmt.s32_to_dec x)) ','))`;
const list = (...es: string[]): string => `(begin (let out (vec_u8.with_capacity 8)) ${es.map((e) => `(set out (.put out ${e}))`).join(" ")} (vec_u8.into_bytes out))`;
const numbers = (about: string, body: string, es: string[], ...runs: Row["runs"]): Row => row(about, `${PUT} (solve ${body} ${list(...es)})`, ...runs);

const control: Row[] = [
  numbers("division is unsigned and never traps", "(let n (- (view.len input) 1))", ["(/ -7 2)", "(/ 7 n)", "(% 7 n)", "(% -7 n)", "(/ n 3)"], ["a", "2147483644,0,7,-7,0,"], ["", "2147483644,0,7,-7,1431655765,"].slice(0, 2) as [string, string]),
  numbers("shifts take five bits, comparison signed and unsigned", "(let m (- (view.len input) 2))", ["(<<u 1 33)", "(>>u m 28)", "(< m 1)", "(<u m 1)", "(>=u m 5)"], ["a", "2,15,1,0,1,"]),
  numbers("&& and || skip their right side", "(let n 0)", ["(&& 0 (begin (set n 9) 1))", "n", "(|| 7 (begin (set n 9) 1))", "n", "(&& 3 4)"], ["", "0,0,1,0,1,"]),
  numbers("an operand that is a name is read before later ones", "(let n 1)", ["(+ n (begin (set n 50) n))", "(+ (set n 5) n)"], ["", "51,10,"]),
  numbers("inner scopes shadow, sets reach out", "(let n 1) (if (view.len input) (begin (let n 2) (set n 3)) (begin (set n 4) 0))", ["n"], ["x", "1,"], ["", "4,"]),
  numbers("a for variable stays, and its bounds are read once", "(let s 0) (let e (view.len input)) (for i 0 e (begin (set e 0) (set s (+ s i))))", ["i", "s"], ["abc", "3,3,"], ["", "0,0,"]),
  numbers("a for loop compares unsigned", "(let s 0) (let e (- 0 (view.len input))) (for i -3 e (set s (+ s 1)))", ["s"], ["a", "2,"], ["", "0,"]),
  numbers("a body may move its variable on", "(let n (+ 7 (view.len input))) (let s 0) (for i 0 n (begin (set s (+ s 1)) (set i (+ i 2))))", ["s", "i"], ["", "3,9,"]),
  numbers("a short loop over literals ends at its last index, an empty one at its start", "(let i 0) (for i 2 6 0) (let j i) (for i 2 2 0)", ["j", "i"], ["", "5,2,"]),
  numbers("while and nested return", "(let n 0) (while 1 (begin (set n (+ n 1)) (if (> n 4) (return (bytes.lit \"out\")) 0)))", ["n"], ["", "out"]),
  row("return inside arguments of a let ends the function", `(local f ((n i32)) i32 (begin (let x (if n (return 1) 2)) (+ x 10))) (solve (bytes.concat ${dec("(.f 1)")} ${dec("(.f 0)")}))`, ["", "112"]),
  row("input is seen in functions", `(local f () i32 (view.len input)) (solve ${dec("(.f)")})`, ["abc", "3"]),
  row("recursion goes deep", `(local f ((n i32)) i32 (if n (+ 1 (.f (- n 1))) 0)) (solve ${dec("(.f 3000)")})`, ["", "3000"]),
  row("unbounded recursion traps", `(local f ((n i32)) i32 (+ 1 (.f (+ n (view.len input))))) (solve ${dec("(.f 1)")})`, ["", "trap"]),
  row("a moved name is empty the second time round", `(solve (let a (bytes.lit "xy")) (let o (bytes.alloc 0)) (for i 0 (view.len input) (set o (bytes.concat o a))) o)`, ["", ""], ["a", "xy"], ["abc", "xy"]),
];

const data: Row[] = [
  row("set_u8 keeps the low byte and is in place", `(solve (let b (view.to_bytes input)) (set b (bytes.set_u8 b 0 (+ 256 (bytes.get_u8 b 1)))) b)`, ["ab", "bb"], ["a", "trap"], ["", "trap"]),
  row("slices check unsigned bounds", `(solve (bytes.slice input (codec.read_u32_le input 0) (codec.read_u32_le input 4)))`, ["\x08\0\0\0\x01\0\0\0x", "x"], ["\x09\0\0\0\0\0\0\0x", ""], ["\x0a\0\0\0\0\0\0\0x", "trap"], ["\xff\xff\xff\xff\x01\0\0\0x", "trap"], ["\0\0\0\0\xff\xff\xff\xffx", "trap"]),
  row("cmp_range is unsigned and then by length", `${PUT} (solve (let n (view.len input)) ${list(`(view.cmp_range input 0 n (bytes.view_lit "ab") 0 2)`)})`, ["ab", "0,"], ["a", "-1,"], ["abc", "1,"], ["\xff", "1,"], ["", "-1,"]),
  row("reading a number needs four bytes", `(solve ${dec("(codec.read_u32_le input 1)")})`, ["aaaaa", "1633771873"], ["aaaa", "trap"], ["", "trap"]),
  numbers("vec capacities", "(let v (vec_u8.with_capacity 0)) (let a (vec_u8.cap v)) (set v (vec_u8.push v 1)) (let b (vec_u8.cap v)) (set v (vec_u8.extend_bytes v (bytes.view_lit \"abcd\"))) (let c (vec_u8.cap v)) (set v (vec_u8.reserve_exact v 4)) (let d (vec_u8.cap v)) (set v (vec_u8.clear v))", ["a", "b", "c", "d", "(vec_u8.cap v)", "(vec_u8.len v)"], ["", "0,1,8,9,9,0,"]),
  row("bytes.copy writes over the start", `(solve (bytes.copy (view.to_bytes input) (bytes.lit "wxyz")))`, ["ab", "abyz"], ["abcd", "abcd"], ["abcde", "trap"]),
  row("parse.u32_dec traps on what is no number", `(solve ${dec("(parse.u32_dec input)")})`, ["0042", "42"], ["4294967295", "-1"], ["4294967296", "trap"], ["", "trap"], ["1 ", "trap"], ["-1", "trap"]),
  row("a literal is fresh each time", `(local f () bytes (bytes.set_u8 (bytes.lit "ab") 0 'X')) (solve (let a (.f)) (bytes.concat a (bytes.lit "ab")))`, ["", "Xbab"]),
  row("f64 truncates towards zero and saturates to the least number", `${PUT} (solve (let h (f64.div (f64.of_i32 (- (view.len input) 8)) (f64.of_i32 2))) ${list("(f64.to_i32_trunc h)", "(f64.to_i32_trunc (f64.mul h (f64.of_i32 -2147483648)))", "(f64.to_i32_trunc (f64.add (f64.sub h h) (f64.of_i32 3)))")})`, ["a", "-3,-2147483648,3,"]),
];

const kinds: Row[] = [
  row("options", `(local f ((v bytes_view)) option_bytes (if (view.len v) (option_bytes.some (view.to_bytes v)) (option_bytes.none))) (solve (let o (.f input)) (let n ${dec("(option_bytes.is_some o)")}) (bytes.concat n (option_bytes.unwrap_or o (bytes.lit "-"))))`, ["", "0-"], ["ab", "1ab"]),
  row("try hands the error on", `(local f ((n i32)) result_i32 (if (> n 2) (result_i32.err n) (result_i32.ok (* n 2)))) (local g ((n i32)) result_i32 (begin (let x (try (.f n))) (result_i32.ok (+ x 1)))) ${PUT} (solve (let r (.g (view.len input))) ${list("(result_i32.is_ok r)", "(result_i32.err_code r)", "(result_i32.unwrap_or r -1)")})`, ["ab", "1,0,5,"], ["abc", "0,3,-1,"]),
  row("try_doc gives the payload or returns the document", `(local f ((d bytes_view)) bytes (begin (let p (try_doc (view.to_bytes d))) (bytes.concat p (bytes.lit "!")))) (solve (.f input))`, ["\x01ab", "ab!"], ["\x02ab", "\x02ab"], ["", ""]),
  row("records are their fields", `(record P (x i32) (y u32)) (solve (let p (.P.make (view.len input) 7)) (let s ${dec("(- (.P.x p) (.P.y p))")}) (bytes.concat s p))`, ["abc", "-4\x03\0\0\0\x07\0\0\0"]),
  row("match goes by the variant", `(enum E (A) (B i32) (C u32)) ${PUT} (solve (let e (if (view.len input) (.E.B (view.len input)) (.E.A))) ${list("(match e (.E.C x (+ x 100)) (.E.A -1) (.E.B k (* k 10)))", "(match (.E.C 5) (.E.A 1) (.E.B k k) (.E.C x (+ x 100)))")})`, ["", "-1,105,"], ["ab", "20,105,"]),
  row("generics by type", `(local (least (T orderable)) ((a (t T)) (b (t T))) (t T) (if (ty.lt (t T) a b) a b)) ${PUT} (solve (let n (- 0 (view.len input))) ${list("(tapp .least (tys i32) n 1)", "(tapp .least (tys u32) n 1)")})`, ["ab", "-2,1,"], ["", "0,0,"]),
  numbers("maps and sets behind handles", "(let m (map_u32.new 2)) (let s (set_u32.new 2)) (let k (view.len input))", ["(map_u32.set m k 5)", "(map_u32.set m k 6)", "(map_u32.get m k 0)", "(map_u32.get m 99 -1)", "(map_u32.len m)", "(map_u32.remove m k)", "(map_u32.remove m k)", "(set_u32.add s k)", "(set_u32.add s k)", "(set_u32.contains s k)"], ["a", "1,0,6,-1,1,1,0,1,0,1,"]),
  row("a full map traps, and so does a capacity that is no power of two", `(solve (let m (map_u32.new (view.len input))) (map_u32.set m 1 1) (map_u32.set m 2 1) (map_u32.set m 3 1) ${dec("(map_u32.len m)")})`, ["abcd", "3"], ["ab", "trap"], ["abc", "trap"], ["", "trap"]),
  row("a budget counts what is allocated inside", `(solve (budget.scope_v1 (budget.cfg_v1 (mode trap_v1) (label (bytes.lit "b")) (alloc_bytes 64)) (bytes.alloc (* 16 (view.len input)))))`, ["a", "\0".repeat(16)], ["abcdef", "trap"]),
];

const Y = `(async y ((b bytes) (n i32)) bytes (begin (for i 0 n (task.yield)) b))`;
const P = `(async p ((c i32) (n i32) (b bytes)) bytes (begin (for i 0 n (begin (chan.bytes.send c (bytes.lit "p")) (task.yield))) b))`;
const tasks: Row[] = [
  row("await runs a task to its end", `${Y} (solve (let t (.y (view.to_bytes input) 3)) (await t))`, ["ab", "ab"], ["", ""]),
  row("a second await traps", `${Y} (solve (let t (.y (bytes.lit "v") 0)) (let a (await t)) (await t))`, ["", "trap"]),
  row("slots come in the order of their awaits", `${Y} (solve (task.scope_v1 (task.scope.cfg_v1 (max_children 2)) (begin (let a (task.scope.async_let_bytes_v1 (.y (bytes.lit "a") 5))) (let b (task.scope.async_let_bytes_v1 (.y (bytes.lit "b") 1))) (let y (task.scope.await_slot_bytes_v1 b)) (let x (task.scope.await_slot_bytes_v1 a)) (bytes.concat y x))))`, ["", "ba"]),
  row("more children than allowed trap", `${Y} (solve (task.scope_v1 (task.scope.cfg_v1 (max_children 1)) (begin (let a (task.scope.async_let_bytes_v1 (.y (bytes.lit "a") 0))) (let b (task.scope.async_let_bytes_v1 (.y (bytes.lit "b") 0))) (bytes.alloc 0))))`, ["", "trap"]),
  row("a full channel lets the receiver run first", `${P} (solve (let c (chan.bytes.new 1)) (let t (.p c 3 (bytes.lit "end"))) (task.spawn t) (let x (chan.bytes.recv c)) (let y (chan.bytes.recv c)) (let z (chan.bytes.recv c)) (let e (await t)) (bytes.concat (bytes.concat x y) (bytes.concat z e)))`, ["", "pppend"]),
  row("everybody waiting is a trap", `(solve (let c (chan.bytes.new 1)) (chan.bytes.recv c))`, ["", "trap"]),
  row("is_finished and try_join", `${Y} ${PUT} (solve (let t (.y (bytes.lit "v") 1)) (task.spawn t) (let before (task.is_finished t)) (let early (task.try_join.bytes t)) (task.yield) (task.yield) (task.yield) (let after (task.is_finished t)) ${list("before", "(result_bytes.err_code early)", "after")})`, ["", "0,1,1,"]),
  row("try_recv: nothing there, then something", `${PUT} (solve (let c (chan.bytes.new 2)) (let a (chan.bytes.try_recv c)) (chan.bytes.send c (bytes.lit "m")) (let b (chan.bytes.try_recv c)) (let n ${list("(result_bytes.err_code a)", "(result_bytes.is_ok b)")}) (bytes.concat n (result_bytes.unwrap_or b (bytes.alloc 0))))`, ["", "1,1,m"]),
  row("a task may call functions and await others", `${Y} (local z ((b bytes)) bytes (bytes.concat b (bytes.lit "z"))) (async w ((n i32)) bytes (begin (let t (.y (bytes.lit "q") n)) (let b (await t)) (.z b))) (solve (let t (.w (view.len input))) (await t))`, ["", "qz"], ["abc", "qz"]),
];

const executors: { readonly [name: string]: (program: object) => Execute } = { interpreted, compiled };
for (const [executor, prepare] of Object.entries(executors)) {
  describe.each(Object.entries({ control, data, kinds, tasks }))(`%s, ${executor}`, (_group, rows) => {
    test.each(rows)("$about", ({ program, runs }) => {
      const execute = prepare(compileText(`(module main 0.9.0) ${program}`));
      for (const [input, output] of runs) expect(execute(Buffer.from(input, "latin1")), JSON.stringify(input)).toBe(output);
    });
  });
}
