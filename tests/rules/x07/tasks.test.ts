// Tasks, scopes and channels: compiled programs run in the interpreter's order. Knows the asynchronous subset.

import { expect, test } from "vitest";
import { interpret } from "../../rig/interpreter/index.ts";
import type { Ast } from "./generator.ts";
import { compileFiles, instantiate } from "./rig.ts";

type Params = readonly (readonly [string, string])[];

const fa=(name: string, params: Params, body: Ast, result = "bytes"): object => ({kind:"defasync",name:"main."+name,params:params.map(([n, t]) => ({name:n,ty:t})),result,body});
const fd=(name: string, params: Params, result: string, body: Ast): object => ({kind:"defn",name:"main."+name,params:params.map(([n, t]) => ({name:n,ty:t})),result,body});
const cat=fd("cat",[["a","bytes"],["b","bytes"]],"bytes",["bytes.concat","a","b"]);
const yl=fa("y",[["b","bytes"],["n","i32"]],["begin",["for","i",0,"n",["task.yield"]],"b"]);
const PROGRAMS: readonly (readonly [string, readonly object[], Ast])[] = [
 ["nested",[cat,yl,fa("o",[["n","i32"]],["begin",["let","a",["main.y",["fmt.s32_to_dec","n"],"n"]],["let","b",["main.y",["bytes.lit","-"],2]],["main.cat",["await","a"],["await","b"]]])],["begin",["let","t",["main.o",3]],["let","u",["main.o",1]],["let","x",["await","t"]],["bytes.concat","x",["await","u"]]]],
 ["recursion",[cat,fa("r",[["n","i32"]],["if",["=","n",0],["bytes.lit","."],["begin",["let","t",["main.r",["-","n",1]]],["task.yield"],["main.cat",["await","t"],["fmt.s32_to_dec","n"]]]])],["await",["main.r",12]]],
 ["chan",[cat,fa("p",[["c","i32"],["n","i32"]],["begin",["for","i",0,"n",["chan.bytes.send","c",["fmt.s32_to_dec","i"]]],["bytes.lit","done"]]),fa("q",[["c","i32"],["n","i32"]],["begin",["let","o",["bytes.lit",""]],["let","i",0],["while",["<","i","n"],["begin",["set","o",["main.cat","o",["chan.bytes.recv","c"]]],["set","i",["+","i",1]]]],"o"])],["begin",["let","c",["chan.bytes.new",2]],["let","p",["main.p","c",9]],["let","q",["main.q","c",9]],["bytes.concat",["await","q"],["await","p"]]]],
 ["sleepmain",[cat,fa("s",[["c","i32"],["n","i32"]],["begin",["task.sleep","n"],["chan.bytes.send","c",["fmt.s32_to_dec","n"]],["bytes.lit",""]])],["begin",["let","c",["chan.bytes.new",9]],["let","a",["main.s","c",5]],["let","b",["main.s","c",2]],["let","d",["main.s","c",9]],["task.sleep",6],["let","r",["result_bytes.unwrap_or",["chan.bytes.try_recv","c"],["bytes.lit","x"]]],["set","r",["bytes.concat","r",["result_bytes.unwrap_or",["chan.bytes.try_recv","c"],["bytes.lit","x"]]]],["bytes.concat","r",["result_bytes.unwrap_or",["chan.bytes.try_recv","c"],["bytes.lit","x"]]]]],
 ["scopein",[cat,yl,fa("o",[],["task.scope_v1",["task.scope.cfg_v1",["max_children",3]],["begin",["let","s",["task.scope.async_let_bytes_v1",["main.y",["bytes.lit","p"],4]]],["let","u",["task.scope.async_let_bytes_v1",["main.y",["bytes.lit","q"],1]]],["task.scope.start_soon_v1",["main.y",["bytes.lit","z"],2]],["main.cat",["task.scope.await_slot_bytes_v1","u"],["task.scope.await_slot_bytes_v1","s"]]]])],["await",["main.o"]]],
 ["cancel",[yl],["begin",["let","t",["main.y",["bytes.lit","x"],5]],["task.yield"],["let","c",["task.cancel","t"]],["let","f",["task.is_finished","t"]],["let","r",["task.try_join.bytes","t"]],["fmt.s32_to_dec",["+",["*",100,"c"],["+",["*",10,"f"],["result_bytes.err_code","r"]]]]]],
 ["tryjoin",[yl],["begin",["let","t",["main.y",["bytes.lit","x"],2]],["let","a",["result_bytes.err_code",["task.try_join.bytes","t"]]],["task.yield"],["task.yield"],["task.yield"],["let","r",["task.try_join.bytes","t"]],["bytes.concat",["fmt.s32_to_dec","a"],["result_bytes.unwrap_or","r",["bytes.lit","none"]]]]],
 ["resb",[fa("r",[["n","i32"]],["if",["<","n",3],["result_bytes.err",["+","n",40]],["result_bytes.ok",["fmt.s32_to_dec","n"]]],"result_bytes")],["begin",["let","a",["task.join.result_bytes",["main.r",1]]],["let","b",["task.join.result_bytes",["main.r",7]]],["bytes.concat",["fmt.s32_to_dec",["result_bytes.err_code","a"]],["result_bytes.unwrap_or","b",["bytes.lit","no"]]]]],
 ["loopy",[cat,yl,fa("o",[["n","i32"]],["begin",["let","o",["bytes.lit","<"]],["for","i",0,"n",["begin",["if",["&","i",1],["task.yield"],["begin",["let","t",["main.y",["fmt.s32_to_dec","i"],"i"]],["set","o",["main.cat","o",["await","t"]]],0]],["if",["=","i",5],["return","o"],0]]],"o"])],["begin",["let","a",["main.o",4]],["let","b",["main.o",9]],["let","x",["await","b"]],["bytes.concat",["await","a"],"x"]]],
 ["closed",[],["begin",["let","c",["chan.bytes.new",1]],["chan.bytes.close","c"],["fmt.s32_to_dec",["result_bytes.err_code",["chan.bytes.try_recv","c"]]]]],
];

test.each(PROGRAMS)("%s", (_name, decls, solve) => {
  const program = { schema_version: "x07.x07ast@0.9.0", kind: "entry", module_id: "main", imports: [], decls, solve };
  const outcome = compileFiles({ "src/main.x07.json": program });
  if (!outcome.ok) throw new Error(JSON.stringify(outcome.errors));
  const wanted = interpret({ entry: program, modules: {} }, new Uint8Array());
  const got = instantiate(outcome.wasm).run(new Uint8Array(), 1 << 16);
  expect(got === "trap" ? got : Buffer.from(got).toString()).toBe("trap" in wanted ? "trap" : Buffer.from(wanted.output).toString());
});

test.each([
  ["await in a defn", [fd("f", [], "bytes", ["await", ["main.y", ["bytes.lit", "a"], 0]]), yl], ["main.f"], "await is only allowed"],
  ["match in a defasync", [fa("f", [], ["begin", ["match", "x", ["main.E.A", 1]], ["bytes.lit", ""]])], ["await", ["main.f"]], "unsupported head in async"],
  ["a child started by a plain call", [yl], ["task.scope_v1", ["task.scope.cfg_v1", ["max_children", 2]], ["begin", ["let", "t", ["main.y", ["bytes.lit", "a"], 0]], ["await", "t"]]], "X07E_SCOPE_003"],
] satisfies [string, object[], Ast, string][])("refuses %s", (_name, decls, solve, message) => {
  const outcome = compileFiles({ "src/main.x07.json": { schema_version: "x07.x07ast@0.9.0", kind: "entry", module_id: "main", imports: [], decls, solve } });
  expect(outcome.ok ? "" : outcome.errors.map((e) => e.message).join()).toContain(message);
});

const digits = fa("k", [["k", "i32"]], ["fmt.u32_to_dec", "k"]);
const relay = fa("relay", [["c", "i32"], ["d", "i32"]], ["begin", ["chan.bytes.send", "c", ["chan.bytes.recv", "d"]], ["bytes.lit", ""]]);
const late = fa("late", [["d", "i32"], ["n", "i32"]], ["begin", ["task.sleep", "n"], ["chan.bytes.send", "d", ["bytes.lit", "b"]], ["bytes.lit", ""]]);
const idle = fa("idle", [["c", "i32"]], ["begin", ["task.sleep", 0], ["chan.bytes.send", "c", ["bytes.lit", "z"]], ["bytes.lit", ""]]);
const idler = fa("idler", [], ["begin", ["task.yield"], ["task.yield"], ["bytes.lit", ""]]);
const nap = fa("nap", [["n", "i32"]], ["begin", ["task.sleep", "n"], ["bytes.lit", ""]]);
const shut = fa("shut", [["c", "i32"]], ["begin", ["task.yield"], ["chan.bytes.close", "c"], ["let", "v", ["chan.bytes.recv", "c"]], "v"]);
const parent = fa("parent", [], ["task.scope_v1", ["task.scope.cfg_v1", ["max_children", 2]], ["begin", ["task.scope.start_soon_v1", ["main.nap", 3]], ["task.yield"], ["bytes.lit", "p"]]]);
const C: Ast = ["let", "c", ["chan.bytes.new", 2]];
const D: Ast = ["let", "d", ["chan.bytes.new", 2]];
const got: Ast = ["result_bytes.unwrap_or", ["chan.bytes.try_recv", "c"], ["bytes.lit", "none"]];
const inScope = (limit: number, ...steps: Ast[]): Ast => ["task.scope_v1", ["task.scope.cfg_v1", ["max_children", limit]], ["begin", ...steps]];
const child = (name: string, n: number): Ast => ["let", name, ["task.scope.async_let_bytes_v1", ["main.k", n]]];
const tried = (name: string): Ast => ["task.scope.try_await_slot.bytes_v1", name];
const slot = (name: string): Ast => ["task.scope.await_slot_bytes_v1", name];

test.each([
  ["a task that nobody waits for", [digits], ["begin", ["let", "h", ["main.k", 1]], ["task.spawn", "h"], ["bytes.lit", "x"]], "x"],
  ["await of a cancelled task: nothing", [digits], ["begin", ["let", "h", ["main.k", 1]], ["task.cancel", "h"], ["bytes.concat", ["await", "h"], ["bytes.lit", "."]]], "."],
  ["await of a cancelled task, twice", [digits], ["begin", ["let", "h", ["main.k", 1]], ["task.cancel", "h"], ["bytes.concat", ["await", "h"], ["await", "h"]]], "trap"],
  ["join of a cancelled task with a result: error 2", [fa("r", [], ["result_bytes.ok", ["bytes.lit", "a"]], "result_bytes")], ["begin", ["let", "h", ["main.r"]], ["task.cancel", "h"], ["fmt.s32_to_dec", ["result_bytes.err_code", ["task.join.result_bytes", "h"]]]], "2"],
  ["a closed channel: sending is refused, receiving gives nothing", [], ["begin", C, ["chan.bytes.close", "c"], ["let", "s", ["chan.bytes.try_send", "c", ["bytes.lit", "a"]]], ["let", "q", ["chan.bytes.close", "c"]], ["bytes.concat", ["chan.bytes.recv", "c"], ["fmt.s32_to_dec", ["+", ["*", 10, "s"], "q"]]]], "20"],
  ["a channel without room", [], ["begin", ["let", "c", ["chan.bytes.new", 0]], ["bytes.lit", ""]], "trap"],
  ["waiting for all uses up the slots", [digits], inScope(2, child("s", 4), ["task.scope.wait_all_v1"], slot("s")), "trap"],
  ["waiting for all makes room for more", [digits], inScope(1, child("s", 4), ["task.scope.wait_all_v1"], child("t", 5), slot("t")), "5"],
  ["the slot of a cancelled child gives nothing", [digits], inScope(1, child("s", 4), ["task.scope.cancel_all_v1"], ["bytes.concat", slot("s"), ["bytes.lit", "!"]]), "!"],
  ["a message from solve wakes at once", [relay], ["begin", C, D, ["main.relay", "c", "d"], ["task.sleep", 5], ["chan.bytes.try_send", "d", ["bytes.lit", "S"]], ["task.yield"], got], "S"],
  ["a message wakes before the sender stands in line again", [relay, late], ["begin", C, D, ["main.late", "d", 1], ["main.relay", "c", "d"], ["let", "h", ["main.late", "d", 1]], ["await", "h"], got], "b"],
  ["sleeping for no time is a yield", [idle, idler], ["begin", C, ["let", "h", ["main.idler"]], ["main.idle", "c"], ["await", "h"], got], "z"],
  ["a cancelled sleeper moves no time, and nobody else does", [nap], ["begin", ["let", "h", ["main.nap", 2]], ["task.yield"], ["task.cancel", "h"], ["task.sleep", 5], ["bytes.lit", "x"]], "trap"],
  ["a sleep that ends before a cancelled sleeper's moment", [nap], ["begin", ["let", "h", ["main.nap", 9]], ["task.yield"], ["task.cancel", "h"], ["task.sleep", 5], ["bytes.lit", "x"]], "x"],
  ["a cancelled task in line is passed over", [nap, digits], ["begin", ["let", "h", ["main.nap", 0]], ["let", "g", ["main.k", 7]], ["task.cancel", "h"], ["task.yield"], ["fmt.s32_to_dec", ["task.is_finished", "g"]]], "1"],
  ["what was put for a cancelled receiver wakes the next", [relay], ["begin", C, D, ["let", "h", ["main.relay", "c", "d"]], ["main.relay", "c", "d"], ["task.yield"], ["task.yield"], ["task.cancel", "h"], ["chan.bytes.try_send", "d", ["bytes.lit", "S"]], ["task.yield"], got], "S"],
  ["who wakes when solve does stands in line before those who start then", [late, digits], ["begin", C, D, ["main.late", "d", 3], ["task.sleep", 3], ["let", "g", ["main.k", 1]], ["task.yield"], ["fmt.s32_to_dec", ["task.is_finished", "g"]]], "0"],
  ["a cancelled task is asked for once", [digits], ["begin", ["let", "h", ["main.k", 1]], ["task.cancel", "h"], ["let", "r", ["task.try_join.bytes", "h"]], ["await", "h"]], "trap"],
  ["solve that waits for room sends although the channel is closed meanwhile", [shut], ["begin", ["let", "c", ["chan.bytes.new", 1]], ["main.shut", "c"], ["chan.bytes.send", "c", ["bytes.lit", "a"]], ["chan.bytes.send", "c", ["bytes.lit", "b"]], ["chan.bytes.recv", "c"]], "b"],
  ["a slot that was waited for makes room", [digits], inScope(1, child("s", 4), ["let", "v", slot("s")], child("t", 5), slot("t")), "5"],
  ["a slot may be tried before its child has ended", [digits], inScope(1, child("s", 4), ["let", "a", tried("s")], ["task.yield"], ["let", "b", tried("s")], ["fmt.s32_to_dec", ["+", ["*", 10, ["result_bytes.err_code", "a"]], ["result_bytes.is_ok", "b"]]]), "11"],
  ["and is used up when it has", [digits], inScope(1, child("s", 4), ["task.yield"], ["let", "b", tried("s")], child("t", 5), slot("s")), "trap"],
  ["a slot of a cancelled child", [digits], inScope(1, child("s", 4), ["task.scope.cancel_all_v1"], ["fmt.s32_to_dec", ["result_bytes.err_code", tried("s")]]), "2"],
  ["nobody starts after all were cancelled", [digits], inScope(3, child("s", 4), ["task.scope.cancel_all_v1"], child("t", 5), ["bytes.lit", "x"]), "trap"],
  ["until all were waited for", [digits], inScope(3, child("s", 4), ["task.scope.cancel_all_v1"], ["task.scope.wait_all_v1"], child("t", 5), slot("t")), "5"],
  ["counts of children", [digits], inScope(3, child("s", 4), ["let", "a", ["task.scope.start_soon_v1", ["main.k", 1]]], ["let", "n", ["task.scope.cancel_all_v1"]], ["let", "w", ["task.scope.wait_all_v1"]], ["fmt.s32_to_dec", ["+", ["*", 100, "a"], ["+", ["*", 10, "n"], "w"]]]), "122"],
  ["who is cancelled takes the children of its scopes along", [nap, parent, relay], ["begin", C, D, ["let", "h", ["main.parent"]], ["task.yield"], ["task.yield"], ["task.yield"], ["task.cancel", "h"], ["task.sleep", 5], ["bytes.lit", "x"]], "trap"],
] satisfies [string, object[], Ast, string][])("%s", (_name, decls, solve, answer) => {
  const program = { schema_version: "x07.x07ast@0.9.0", kind: "entry", module_id: "main", imports: [], decls, solve };
  const outcome = compileFiles({ "src/main.x07.json": program });
  if (!outcome.ok) throw new Error(JSON.stringify(outcome.errors));
  const output = instantiate(outcome.wasm).run(new Uint8Array(), 1 << 16);
  expect(output === "trap" ? output : Buffer.from(output).toString()).toBe(answer);
  const wanted = interpret({ entry: program, modules: {} }, new Uint8Array());
  expect("trap" in wanted ? "trap" : Buffer.from(wanted.output).toString()).toBe(answer);
});
