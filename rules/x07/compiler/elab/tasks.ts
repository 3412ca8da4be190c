// Tasks, task scopes and channels as the program writes them. Knows who may wait where; the order of things is the scheduler's.

import type { Expr, FunctionDecl, Place } from "../ast.ts";
import { headOf } from "../ast.ts";
import { releaseFrame, resumable, frameBytes } from "../async/machine.ts";
import { FunctionBuilder, callExpr } from "../builder.ts";
import type { IrExpr, IrFunction } from "../ir.ts";
import { ONE, ZERO, cond, eq, geu, k, load, ltu, not } from "../ops.ts";
import { CHANNEL_CAPACITY, CHANNEL_CLOSED, CHANNEL_LENGTH, STATE, TASK, WAIT } from "../runtime/scheduler.ts";
import type { Type } from "../types.ts";
import { part } from "./builtins-bytes.ts";
import type { Builtin, ParamSpec, SpecialBuiltin } from "./builtins.ts";
import type { Context } from "./context.ts";
import { child, i32, materialize, own } from "./expr.ts";
import type { FunctionRef } from "./program.ts";
import type { Value } from "./values.ts";
import { ERROR, int, value } from "./values.ts";
import * as make from "../make.ts";

// ---- asynchronous functions

/** The type of the task's first run: local 0 is the record, the parameters follow. */
export function taskBuilder(): FunctionBuilder {
  return new FunctionBuilder(["i32"]);
}

/** Ends the body of a defasync: the result goes to the record. `locals` hold it when the body's epilogue is reached. */
export function finishTask(cx: Context, decl: FunctionDecl, name: string, params: number): readonly IrFunction[] {
  const { b } = cx;
  const locals = cx.epilogue?.locals ?? [];
  const label = cx.epilogue?.label ?? 0;
  const body = b.here.splice(0);
  b.emit(make.block(label, body));
  const words = decl.result === "bytes" ? [ONE, ...locals.map((l) => b.get(l))] : locals.map((l) => b.get(l));
  const record = b.get(0);
  words.forEach((w, i) => b.store(4, record, TASK.result + i * 4, w));
  b.store(4, record, TASK.state, k(STATE.done));
  releaseFrame(b);
  b.ret();
  const saved = b.locals.length - 1;
  return [starter(name, params, saved), resumable(b, `${name}#run`)];
}

/** `name(params) -> handle`: lays the parameters into a new frame. */
function starter(name: string, params: number, saved: number): IrFunction {
  const b = new FunctionBuilder(Array.from({ length: params }, () => "i32" as const));
  const bytes = Math.max(4, frameBytes(saved));
  const frame = b.fresh(callExpr("rt.alloc", [k(bytes)]));
  b.fill(frame, ZERO, k(bytes));
  for (let i = 0; i < params; i++) b.store(4, frame, i * 4, b.param(i));
  b.ret(callExpr("rt.task_new", [make.entry(`${name}#run`), frame]));
  return b.finish(name, ["i32"], "never");
}

/** A call of a defasync: makes the task, does not run it. */
export function startTask(cx: Context, ref: FunctionRef, args: readonly Value[], at: Place): Value {
  if (cx.taskScopes.length > 0 && !cx.startingChild)
    return cx.typing("X07E_SCOPE_003", `X07E_SCOPE_003: ${JSON.stringify(ref.decl.name)} must be started by task.scope.async_let_bytes_v1 or start_soon_v1 inside a task scope`, at);
  return int(callExpr(cx.program.need(ref, new Map()), args.flatMap((a) => [...a.parts])));
}

const NOT_IN_ASYNC = new Set(["bytes.concat", "bytes.copy", "parse.u32_dec", "parse.u32_dec_at", "chan.bytes.try_send", "chan.bytes.try_recv", "task.is_finished"]);
const FAMILIES_NOT_IN_ASYNC = ["option_", "f64.", "result_i32.", "result_bytes_view."];

/** Heads that the reference does not translate directly inside a defasync. */
export function refusedInAsync(head: string): boolean {
  return NOT_IN_ASYNC.has(head) || FAMILIES_NOT_IN_ASYNC.some((family) => head.startsWith(family));
}

const TAKES_IN_ASYNC = new Set(["bytes.eq", "bytes.slice", "bytes.cmp_range", "codec.read_u32_le", "vec_u8.get", "vec_u8.cap"]);

/** Builtins that move a named operand out of its name inside a defasync. */
export function takesInAsync(head: string): boolean {
  return TAKES_IN_ASYNC.has(head);
}

/** What has no translation directly inside a defasync. */
export function unsupportedInAsync(cx: Context, head: string, at: Place): Value {
  return cx.fail("Unsupported", undefined, `unsupported head in async: ${JSON.stringify(head)}`, at, { hint: "put it in a defn and call that" });
}

// ---- waiting

function mayWait(cx: Context, head: string, at: Place): boolean {
  if (cx.facts.kind !== "defn") return true;
  cx.fail("Unsupported", undefined, `${head} is only allowed in solve or defasync`, at);
  return false;
}

/** Goes on once the condition holds. Solve runs the others meanwhile; a task gives up the processor. */
function waitFor(cx: Context, kind: number, arg: IrExpr): void {
  if (cx.facts.kind === "solve") return cx.b.call("rt.run_until", [k(kind), arg]);
  const again = cx.b.label();
  const record = cx.b.get(0);
  const body = cx.b.block(() => {
    cx.b.if(not(callExpr("rt.is_ready", [k(kind), arg])), () => {
      cx.b.store(4, record, TASK.kind, k(kind));
      cx.b.store(4, record, TASK.arg, arg);
      cx.b.store(4, record, TASK.state, k(STATE.waiting));
      cx.b.emit(make.suspend());
      cx.b.br(again);
    });
  });
  cx.b.emit(make.loop(again, body));
}

function waiting(head: string, params: readonly ParamSpec[], result: Type, run: (cx: Context, args: readonly Value[]) => Value): readonly [string, Builtin] {
  return [head, { params, result, emit: (cx, args, at) => (mayWait(cx, head, at) ? run(cx, cx.force(args)) : ERROR) }];
}

function plain(head: string, params: readonly ParamSpec[], result: Type, run: (cx: Context, args: readonly Value[]) => Value): readonly [string, Builtin] {
  return [head, { params, result, emit: (cx, args) => run(cx, cx.force(args)) }];
}

function task(handle: Value | undefined): IrExpr {
  return callExpr("rt.task", [part(handle)]);
}

/** The result of a task that has ended; only once. */
function taken(cx: Context, handle: IrExpr, result: Type): Value {
  const words = cx.b.callMany("rt.task_take", [handle], ["i32", "i32", "i32"]);
  if (result !== "bytes") return value(result, words, { loose: "temp" });
  const [ok = ZERO, ptr = ZERO, len = ZERO] = words;
  // Of a cancelled task: nothing.
  return value(result, [ptr, cond(ok, len, ZERO)]);
}

function join(result: Type): (cx: Context, args: readonly Value[]) => Value {
  return (cx, [h]) => {
    cx.b.trapIf(load(4, task(h), TASK.taken));
    waitFor(cx, WAIT.ended, part(h));
    return taken(cx, part(h), result);
  };
}

/** [tag, payload...] of a result: err 1 while the task runs, err 2 when it was cancelled. */
function tryJoin(result: Type): (cx: Context, args: readonly Value[]) => Value {
  return (cx, [h]) => {
    const locals = cx.newLocals(result);
    cx.b.trapIf(load(4, task(h), TASK.taken));
    const state = cx.b.fresh(load(4, task(h), TASK.state));
    cx.b.if(
      eq(state, k(STATE.done)),
      () => {
        const words = cx.b.callMany("rt.task_take", [part(h)], ["i32", "i32", "i32"]);
        const all = result === "result_bytes" ? [ONE, ...words.slice(1)] : [ONE, ...words];
        locals.forEach((l, i) => cx.b.set(l, all[i] ?? ZERO));
      },
      () => {
        // A cancelled one has been asked for by this, too.
        cx.b.if(eq(state, k(STATE.cancelled)), () => cx.b.store(4, task(h), TASK.taken, ONE));
        locals.forEach((l, i) => cx.b.set(l, i === locals.length - 1 ? cond(eq(state, k(STATE.cancelled)), k(2), ONE) : ZERO));
      },
    );
    return value(result, locals.map((l) => cx.b.get(l)), { loose: "temp" });
  };
}

function pause(cx: Context): Value {
  if (cx.facts.kind === "solve") {
    cx.b.fresh(callExpr("rt.turn", []));
    return int(ZERO);
  }
  cx.b.store(4, cx.b.get(0), TASK.state, k(STATE.ready));
  cx.b.emit(make.suspend());
  return int(ZERO);
}

function sleep(cx: Context, [ticks]: readonly Value[]): Value {
  if (cx.facts.kind === "solve") {
    cx.b.call("rt.sleep_main", [part(ticks)]);
    return int(ZERO);
  }
  const now: IrExpr = load(4, make.static("scheduler"), 24);
  // No time is no timer: the task stands last in the line, as after a yield.
  const idle = cx.b.fresh(part(ticks));
  cx.b.store(4, cx.b.get(0), TASK.arg, make.bin("add", now, idle));
  cx.b.store(4, cx.b.get(0), TASK.state, cond(idle, k(STATE.sleeping), k(STATE.ready)));
  cx.b.emit(make.suspend());
  return int(ZERO);
}

// ---- channels

function send(cx: Context, [c, v]: readonly Value[]): Value {
  const record = cx.b.fresh(callExpr("rt.chan", [part(c)]));
  const refuse = (): void => cx.b.trapIf(load(4, record, CHANNEL_CLOSED));
  // Solve looks once whether the channel is closed, a task whenever it looks for room.
  const solve = cx.facts.kind === "solve";
  if (solve) refuse();
  waitFor(cx, solve ? WAIT.space : WAIT.room, part(c));
  if (!solve) refuse();
  cx.b.call("rt.chan_put", [record, part(v), part(v, 1)]);
  return int(ONE);
}

function receive(cx: Context, [c]: readonly Value[]): Value {
  waitFor(cx, WAIT.item, part(c));
  return value("bytes", cx.b.callMany("rt.chan_get", [callExpr("rt.chan", [part(c)])], ["i32", "i32"]), { loose: "temp" });
}

function trySend(cx: Context, [c, v]: readonly Value[]): Value {
  const record = cx.b.fresh(callExpr("rt.chan", [part(c)]));
  const sent = cx.b.local();
  cx.b.set(sent, cond(load(4, record, CHANNEL_CLOSED), k(2), ltu(load(4, record, CHANNEL_LENGTH), load(4, record, CHANNEL_CAPACITY))));
  cx.b.if(eq(cx.b.get(sent), ONE), () => cx.b.call("rt.chan_put", [record, callExpr("rt.copy", [part(v), part(v, 1)]), part(v, 1)]));
  return int(cx.b.get(sent));
}

function tryReceive(cx: Context, [c]: readonly Value[]): Value {
  const record = cx.b.fresh(callExpr("rt.chan", [part(c)]));
  const locals = cx.newLocals("result_bytes");
  const set = (parts: readonly IrExpr[]): void => locals.forEach((l, i) => cx.b.set(l, parts[i] ?? ZERO));
  cx.b.if(
    load(4, record, CHANNEL_LENGTH),
    () => set([ONE, ...cx.b.callMany("rt.chan_get", [record], ["i32", "i32"])]),
    () => set([ZERO, ZERO, cond(load(4, record, CHANNEL_CLOSED), k(2), ONE)]),
  );
  return value("result_bytes", locals.map((l) => cx.b.get(l)), { loose: "temp" });
}

// ---- scopes

const DEFAULT_CHILDREN = 1024;

function scopeForm(cx: Context, e: Expr[], at: Place): Value {
  if (!mayWait(cx, "task.scope_v1", at)) return ERROR;
  const config = e[1];
  if (e.length !== 3 || !Array.isArray(config) || config[0] !== "task.scope.cfg_v1") return cx.fail("Parse", undefined, "task.scope_v1 form: (task.scope_v1 (task.scope.cfg_v1 ...) <body>)", at);
  let limit = DEFAULT_CHILDREN;
  for (let i = 1; i < config.length; i++) {
    const entry = config[i];
    if (Array.isArray(entry) && entry[0] === "max_children" && typeof entry[1] === "number") limit = entry[1];
    else return cx.fail("Unsupported", undefined, `task scope setting ${JSON.stringify(entry ?? null)} is not supported`, child(child(at, 1), i), { hint: "max_children is" });
  }
  const owner = cx.facts.kind === "defasync" ? cx.b.get(0) : ZERO;
  const scope = cx.b.fresh(callExpr("rt.scope_new", [k(limit), owner]));
  cx.taskScopes.push(scope);
  cx.openScope();
  const body = cx.frame(() => materialize(cx, own(cx, e[2] ?? 0, child(at, 2))));
  const v = cx.settle(cx.closeScope(body, body.type === "never"));
  cx.taskScopes.pop();
  if (v.type !== "never") {
    waitForAll(cx, scope);
    cx.b.call("rt.scope_end", [scope, owner]);
  }
  return v;
}

function waitForAll(cx: Context, scope: IrExpr): void {
  const pending = cx.b.local();
  cx.b.while(
    () => {
      cx.b.set(pending, callExpr("rt.scope_pending", [scope]));
      return cx.b.get(pending);
    },
    () => waitFor(cx, WAIT.ended, cx.b.get(pending)),
  );
}

function currentScope(cx: Context, head: string, at: Place): IrExpr | undefined {
  const scope = cx.taskScopes.at(-1);
  if (scope === undefined) cx.typing(undefined, `${head} is only allowed inside task.scope_v1`, at);
  return scope;
}

/** Starts a child from an immediate call of a defasync. */
function startChild(wanted: Type | undefined): SpecialBuiltin {
  return (cx, e, at) => {
    const head = String(e[0]);
    const scope = currentScope(cx, head, at);
    const callee = headOf(e[1] ?? 0);
    const target = callee === undefined ? undefined : cx.program.resolve(callee, cx.facts.module);
    const decl = target?.kind === "function" ? target.ref.decl : undefined;
    if (e.length !== 2 || decl?.async !== true) return cx.typing(undefined, `${head} expects an immediate call of a defasync`, child(at, 1));
    if (wanted !== undefined && decl.result !== wanted) return cx.typing("X07-TYPE-CALL-0002", `${head} expects a defasync that returns ${wanted}`, child(at, 1), { expected: wanted, found: String(decl.result) });
    cx.startingChild = true;
    const handle = cx.frame(() => i32(cx, e, 1, at, () => undefined));
    cx.startingChild = false;
    if (scope === undefined) return ERROR;
    const slot = cx.b.fresh(callExpr("rt.scope_adopt", [scope, part(handle)]));
    return int(wanted === undefined ? ONE : slot);
  };
}

function onScope(head: string, run: (cx: Context, scope: IrExpr) => IrExpr): readonly [string, SpecialBuiltin] {
  return [
    head,
    (cx, e, at) => {
      if (e.length !== 1) return cx.fail("Parse", "X07-TYPE-CALL-0003", `${head} expects 0 args`, at);
      if (!mayWait(cx, head, at)) return ERROR;
      const scope = currentScope(cx, head, at);
      if (scope === undefined) return ERROR;
      return int(run(cx, scope));
    },
  ];
}

function awaitSlot(result: Type): (cx: Context, args: readonly Value[]) => Value {
  return (cx, [slot]) => {
    cx.b.call("rt.slot_claim", [part(slot)]);
    waitFor(cx, WAIT.ended, part(slot));
    return taken(cx, part(slot), result);
  };
}

/** As a join that does not wait; a slot whose child has ended is used up by it. */
function tryAwaitSlot(result: Type): (cx: Context, args: readonly Value[]) => Value {
  return (cx, args) => {
    const slot = args[0];
    cx.b.trapIf(load(4, task(slot), TASK.consumed));
    cx.b.if(geu(load(4, task(slot), TASK.state), k(STATE.done)), () => cx.b.call("rt.slot_claim", [part(slot)]));
    return tryJoin(result)(cx, args);
  };
}

const finished = (_cx: Context, [h]: readonly Value[]): Value => int(geu(load(4, task(h), TASK.state), k(STATE.done)));

export const TASKS: readonly (readonly [string, Builtin | SpecialBuiltin])[] = [
  waiting("await", ["i32"], "bytes", join("bytes")),
  waiting("task.join.bytes", ["i32"], "bytes", join("bytes")),
  waiting("task.join.result_bytes", ["i32"], "result_bytes", join("result_bytes")),
  plain("task.try_join.bytes", ["i32"], "result_bytes", tryJoin("result_bytes")),
  plain("task.try_join.result_bytes", ["i32"], "result_result_bytes", tryJoin("result_result_bytes")),
  plain("task.spawn", ["i32"], "i32", (_cx, [h]) => h ?? ERROR),
  plain("task.is_finished", ["i32"], "i32", finished),
  plain("task.cancel", ["i32"], "i32", (_cx, [h]) => int(callExpr("rt.task_cancel", [part(h)]))),
  waiting("task.yield", [], "i32", pause),
  waiting("task.sleep", ["i32"], "i32", sleep),
  ["task.scope_v1", scopeForm],
  ["task.scope.async_let_bytes_v1", startChild("bytes")],
  ["task.scope.async_let_result_bytes_v1", startChild("result_bytes")],
  ["task.scope.start_soon_v1", startChild(undefined)],
  waiting("task.scope.await_slot_bytes_v1", ["i32"], "bytes", awaitSlot("bytes")),
  waiting("task.scope.await_slot_result_bytes_v1", ["i32"], "result_bytes", awaitSlot("result_bytes")),
  waiting("task.scope.try_await_slot.bytes_v1", ["i32"], "result_bytes", tryAwaitSlot("result_bytes")),
  waiting("task.scope.try_await_slot.result_bytes_v1", ["i32"], "result_result_bytes", tryAwaitSlot("result_result_bytes")),
  plain("task.scope.slot_is_finished_v1", ["i32"], "i32", finished),
  onScope("task.scope.wait_all_v1", (cx, scope) => {
    waitForAll(cx, scope);
    return callExpr("rt.scope_settle", [scope]);
  }),
  onScope("task.scope.cancel_all_v1", (_cx, scope) => callExpr("rt.scope_cancel", [scope])),
  plain("chan.bytes.new", ["i32"], "i32", (_cx, [cap]) => int(callExpr("rt.chan_new", [part(cap)]))),
  waiting("chan.bytes.send", ["i32", "bytes"], "i32", send),
  waiting("chan.bytes.recv", ["i32"], "bytes", receive),
  plain("chan.bytes.try_send", ["i32", "any"], "i32", trySend),
  plain("chan.bytes.try_recv", ["i32"], "result_bytes", tryReceive),
  plain("chan.bytes.close", ["i32"], "i32", (_cx, [c]) => int(callExpr("rt.chan_close", [callExpr("rt.chan", [part(c)])]))),
];
