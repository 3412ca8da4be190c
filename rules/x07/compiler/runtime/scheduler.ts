// The deterministic scheduler: tasks in order of readiness, virtual time, channels. Knows records and lists, not what tasks compute.

import type { IrExpr, IrFunction } from "../ir.ts";
import { FunctionBuilder, callExpr } from "../builder.ts";
import { ONE, ZERO, add, and, cond, eq, geu, k, load, lts, ltu, ne, not, or } from "../ops.ts";
import { KINDS } from "./tables.ts";
import * as make from "../make.ts";

/** Offsets in a task's record. `wake` of a sleeper is kept in `arg`. */
export const TASK = { entry: 0, state: 4, kind: 8, arg: 12, next: 16, taken: 20, result: 24, frame: 36, pc: 40, sibling: 44, consumed: 48, size: 52 } as const;
export const STATE = { ready: 0, waiting: 1, sleeping: 2, done: 3, cancelled: 4 } as const;
/** What a task may wait for: the end of a task, room in a channel, something in a channel, a moment. */
export const WAIT = { ended: 1, room: 2, item: 3, time: 4 } as const;
const CHANNEL = { capacity: 0, length: 4, head: 8, tail: 12, closed: 16, size: 20 } as const;
const SCOPE = { count: 0, limit: 4, head: 8, tail: 12, size: 16 } as const;
const LISTS = { ready: 0, waiting: 8, sleeping: 16, now: 24, alarmSet: 28, alarm: 32 } as const;

export const SCHEDULER_AREA = { name: "scheduler", size: 40, reset: true };
const area: IrExpr = make.static("scheduler");
const list = (offset: number): IrExpr => add(area, k(offset));
const now: IrExpr = load(4, area, LISTS.now);

export const SCHEDULER: readonly (readonly [string, () => IrFunction])[] = [
  ["rt.queue_push", queuePush],
  ["rt.task_new", taskNew],
  ["rt.task", task],
  ["rt.is_ready", isReady],
  ["rt.turn", turn],
  ["rt.wake", wake],
  ["rt.requeue", requeue],
  ["rt.pass_time", passTime],
  ["rt.run_until", runUntil],
  ["rt.sleep_main", sleepMain],
  ["rt.task_take", taskTake],
  ["rt.task_cancel", taskCancel],
  ["rt.scope_new", scopeNew],
  ["rt.scope_adopt", scopeAdopt],
  ["rt.scope_pending", scopePending],
  ["rt.scope_cancel", scopeCancel],
  ["rt.scope_settle", scopeSettle],
  ["rt.scope_end", scopeEnd],
  ["rt.slot_claim", slotClaim],
  ["rt.chan_new", chanNew],
  ["rt.chan", chan],
  ["rt.chan_put", chanPut],
  ["rt.chan_close", chanClose],
  ["rt.chan_get", chanGet],
];

function define(name: string, params: number, results: number, body: (b: FunctionBuilder, p: readonly IrExpr[]) => void): IrFunction {
  const b = new FunctionBuilder(Array.from({ length: params }, () => "i32" as const));
  body(b, Array.from({ length: params }, (_, i) => b.param(i)));
  return b.finish(name, Array.from({ length: results }, () => "i32" as const), "never");
}
const P = (p: readonly IrExpr[], i: number): IrExpr => p[i] ?? ZERO;

/** queue_push(list, record): at the end of a (head, tail) list linked through TASK.next. */
function queuePush(): IrFunction {
  return define("rt.queue_push", 2, 0, (b, p) => {
    const tail = b.fresh(load(4, P(p, 0), 4));
    b.store(4, P(p, 1), TASK.next, ZERO);
    b.if(tail, () => b.store(4, tail, TASK.next, P(p, 1)), () => b.store(4, P(p, 0), 0, P(p, 1)));
    b.store(4, P(p, 0), 4, P(p, 1));
    b.ret();
  });
}

/** Takes all of a list; the list is empty afterwards. */
function takeAll(b: FunctionBuilder, offset: number): number {
  const head = b.local();
  b.set(head, load(4, area, offset));
  b.store(4, area, offset, ZERO);
  b.store(4, area, offset + 4, ZERO);
  return head;
}

/** task_new(entry, frame) -> handle of a task that is ready to start. */
function taskNew(): IrFunction {
  return define("rt.task_new", 2, 1, (b, p) => {
    const rec = b.fresh(callExpr("rt.alloc", [k(TASK.size)]));
    b.fill(rec, ZERO, k(TASK.size));
    b.store(4, rec, TASK.entry, P(p, 0));
    b.store(4, rec, TASK.frame, P(p, 1));
    b.call("rt.queue_push", [list(LISTS.ready), rec]);
    b.ret(callExpr("rt.handle_new", [k(KINDS.task), rec]));
  });
}

/** task(handle) -> record */
function task(): IrFunction {
  return define("rt.task", 1, 1, (b, p) => b.ret(callExpr("rt.handle_get", [k(KINDS.task), P(p, 0)])));
}

/** is_ready(kind, arg) -> 0/1 */
function isReady(): IrFunction {
  return define("rt.is_ready", 2, 1, (b, p) => {
    const [kind, arg] = [P(p, 0), P(p, 1)];
    b.if(eq(kind, k(WAIT.ended)), () => b.ret(geu(load(4, callExpr("rt.task", [arg]), TASK.state), k(STATE.done))));
    b.if(eq(kind, k(WAIT.time)), () => b.ret(geu(now, arg)));
    const c = b.fresh(callExpr("rt.chan", [arg]));
    b.if(load(4, c, CHANNEL.closed), () => b.ret(ONE));
    b.if(eq(kind, k(WAIT.room)), () => b.ret(ltu(load(4, c, CHANNEL.length), load(4, c, CHANNEL.capacity))));
    b.ret(ne(load(4, c, CHANNEL.length), ZERO));
  });
}

/** turn() -> 1 when something moved: lets one ready task run until it pauses; time moves only when nobody is ready. */
function turn(): IrFunction {
  return define("rt.turn", 0, 1, (b) => {
    const rec = b.fresh(load(4, area, LISTS.ready));
    b.if(not(rec), () => b.ret(callExpr("rt.pass_time", [])));
    const next = b.fresh(load(4, rec, TASK.next));
    b.store(4, area, LISTS.ready, next);
    b.if(not(next), () => b.store(4, area, LISTS.ready + 4, ZERO));
    b.if(ne(load(4, rec, TASK.state), k(STATE.cancelled)), () => {
      b.emit(make.resume(load(4, rec, TASK.entry), [rec], []));
      const state = b.fresh(load(4, rec, TASK.state));
      b.if(not(state), () => b.call("rt.queue_push", [list(LISTS.ready), rec]));
      b.if(eq(state, k(STATE.done)), () => b.call("rt.wake", []));
      b.if(eq(state, k(STATE.waiting)), () => b.call("rt.queue_push", [list(LISTS.waiting), rec]));
      b.if(eq(state, k(STATE.sleeping)), () => b.call("rt.queue_push", [list(LISTS.sleeping), rec]));
    });
    b.ret(ONE);
  });
}

/** wake(): what has just happened may be what tasks wait for; those go to the end of the ready list, in the order they began to wait. */
function wake(): IrFunction {
  return define("rt.wake", 0, 0, (b) => {
    const at = takeAll(b, LISTS.waiting);
    b.while(() => b.get(at), () => {
      const following = b.fresh(load(4, b.get(at), TASK.next));
      const go = callExpr("rt.is_ready", [load(4, b.get(at), TASK.kind), load(4, b.get(at), TASK.arg)]);
      b.call("rt.requeue", [b.get(at), go, list(LISTS.waiting)]);
      b.set(at, following);
    });
    b.ret();
  });
}

/** requeue(record, go, list): to the ready list when `go`, else back. A cancelled task keeps its state. */
function requeue(): IrFunction {
  return define("rt.requeue", 3, 0, (b, p) => {
    const rec = P(p, 0);
    b.if(P(p, 1), () => {
      b.if(ne(load(4, rec, TASK.state), k(STATE.cancelled)), () => b.store(4, rec, TASK.state, k(STATE.ready)));
      b.call("rt.queue_push", [list(LISTS.ready), rec]);
    }, () => b.call("rt.queue_push", [P(p, 2), rec]));
    b.ret();
  });
}

/**
 * pass_time() -> 1 when somebody sleeps: moves time to the first moment that anybody waits for. One sleeper goes on, the first to have lain
 * down; others of that moment follow when all are idle again. Solve goes before all.
 */
function passTime(): IrFunction {
  return define("rt.pass_time", 0, 1, (b) => {
    const first = b.local();
    const chosen = b.local();
    const at = b.local();
    const alarmed = b.fresh(load(4, area, LISTS.alarmSet));
    b.set(first, load(4, area, LISTS.alarm));
    b.set(chosen, ZERO);
    b.set(at, load(4, area, LISTS.sleeping));
    b.if(not(or(b.get(at), alarmed)), () => b.ret(ZERO));
    b.while(() => b.get(at), () => {
      const moment = b.fresh(load(4, b.get(at), TASK.arg));
      b.if(cond(or(b.get(chosen), alarmed), ltu(moment, b.get(first)), ONE), () => {
        b.set(first, moment);
        b.set(chosen, b.get(at));
      });
      b.set(at, load(4, b.get(at), TASK.next));
    });
    b.store(4, area, LISTS.now, b.get(first));
    b.if(not(b.get(chosen)), () => b.ret(ONE));
    const s = takeAll(b, LISTS.sleeping);
    b.while(() => b.get(s), () => {
      const following = b.fresh(load(4, b.get(s), TASK.next));
      b.call("rt.requeue", [b.get(s), eq(b.get(s), b.get(chosen)), list(LISTS.sleeping)]);
      b.set(s, following);
    });
    b.ret(ONE);
  });
}

/** run_until(kind, arg): how solve waits. Traps when nothing can move any more. */
function runUntil(): IrFunction {
  return define("rt.run_until", 2, 0, (b, p) => {
    b.while(() => not(callExpr("rt.is_ready", [P(p, 0), P(p, 1)])), () => b.trapIf(not(callExpr("rt.turn", []))));
    b.ret();
  });
}

/** sleep_main(ticks): solve sleeps; others run meanwhile. */
function sleepMain(): IrFunction {
  return define("rt.sleep_main", 1, 0, (b, p) => {
    const wake = b.fresh(add(now, P(p, 0)));
    b.store(4, area, LISTS.alarmSet, ONE);
    b.store(4, area, LISTS.alarm, wake);
    b.call("rt.run_until", [k(WAIT.time), wake]);
    b.store(4, area, LISTS.alarmSet, ZERO);
    b.ret();
  });
}

/** task_take(handle) -> the three result words of an ended task, once; error 2 of a cancelled one. Traps if taken before. */
function taskTake(): IrFunction {
  return define("rt.task_take", 1, 3, (b, p) => {
    const rec = b.fresh(callExpr("rt.task", [P(p, 0)]));
    b.trapIf(load(4, rec, TASK.taken));
    b.store(4, rec, TASK.taken, ONE);
    b.if(ne(load(4, rec, TASK.state), k(STATE.done)), () => b.ret(ZERO, ZERO, k(2)));
    b.ret(load(4, rec, TASK.result), load(4, rec, TASK.result + 4), load(4, rec, TASK.result + 8));
  });
}

/** task_cancel(handle) -> 1 when the task had not ended. */
function taskCancel(): IrFunction {
  return define("rt.task_cancel", 1, 1, (b, p) => {
    const rec = b.fresh(callExpr("rt.task", [P(p, 0)]));
    b.if(geu(load(4, rec, TASK.state), k(STATE.done)), () => b.ret(ZERO));
    b.store(4, rec, TASK.state, k(STATE.cancelled));
    b.call("rt.wake", []);
    b.ret(ONE);
  });
}

// ---- scopes: [count, limit, first child, last child]; children are linked by handle through TASK.sibling

function scopeNew(): IrFunction {
  return define("rt.scope_new", 1, 1, (b, p) => {
    const s = b.fresh(callExpr("rt.alloc", [k(SCOPE.size)]));
    b.fill(s, ZERO, k(SCOPE.size));
    b.store(4, s, SCOPE.limit, P(p, 0));
    b.ret(s);
  });
}

/** scope_adopt(scope, handle) -> handle; traps beyond the limit. */
function scopeAdopt(): IrFunction {
  return define("rt.scope_adopt", 2, 1, (b, p) => {
    const [s, handle] = [P(p, 0), P(p, 1)];
    b.trapIf(geu(load(4, s, SCOPE.count), load(4, s, SCOPE.limit)));
    b.store(4, s, SCOPE.count, add(load(4, s, SCOPE.count), ONE));
    const tail = b.fresh(load(4, s, SCOPE.tail));
    b.if(tail, () => b.store(4, callExpr("rt.task", [tail]), TASK.sibling, handle), () => b.store(4, s, SCOPE.head, handle));
    b.store(4, s, SCOPE.tail, handle);
    b.ret(handle);
  });
}

function eachChild(b: FunctionBuilder, scope: IrExpr, run: (handle: IrExpr, rec: IrExpr) => void): void {
  const at = b.local();
  b.set(at, load(4, scope, SCOPE.head));
  b.while(() => b.get(at), () => {
    const rec = b.fresh(callExpr("rt.task", [b.get(at)]));
    run(b.get(at), rec);
    b.set(at, load(4, rec, TASK.sibling));
  });
}

/** scope_pending(scope) -> the first child that has not ended, or 0. */
function scopePending(): IrFunction {
  return define("rt.scope_pending", 1, 1, (b, p) => {
    eachChild(b, P(p, 0), (handle, rec) => b.if(ltu(load(4, rec, TASK.state), k(STATE.done)), () => b.ret(handle)));
    b.ret(ZERO);
  });
}

function scopeCancel(): IrFunction {
  return define("rt.scope_cancel", 1, 0, (b, p) => {
    eachChild(b, P(p, 0), (_handle, rec) => b.if(ltu(load(4, rec, TASK.state), k(STATE.done)), () => b.store(4, rec, TASK.state, k(STATE.cancelled))));
    b.call("rt.wake", []);
    b.ret();
  });
}

/** scope_settle(scope): after all children have ended, their slots are used up and there is room for others. */
function scopeSettle(): IrFunction {
  return define("rt.scope_settle", 1, 0, (b, p) => {
    eachChild(b, P(p, 0), (_handle, rec) => b.store(4, rec, TASK.consumed, ONE));
    b.store(4, P(p, 0), SCOPE.count, ZERO);
    b.ret();
  });
}

/** scope_end(scope): results that nobody took are freed, and the scope. */
function scopeEnd(): IrFunction {
  return define("rt.scope_end", 1, 0, (b, p) => {
    eachChild(b, P(p, 0), (_handle, rec) => {
      b.if(and(eq(load(4, rec, TASK.state), k(STATE.done)), not(load(4, rec, TASK.taken))), () => {
        b.store(4, rec, TASK.taken, ONE);
        b.call("rt.free", [load(4, rec, TASK.result + 4)]);
      });
    });
    b.call("rt.free", [P(p, 0)]);
    b.ret();
  });
}

/** slot_claim(handle): a slot is awaited once. */
function slotClaim(): IrFunction {
  return define("rt.slot_claim", 1, 0, (b, p) => {
    const rec = b.fresh(callExpr("rt.task", [P(p, 0)]));
    b.trapIf(load(4, rec, TASK.consumed));
    b.store(4, rec, TASK.consumed, ONE);
    b.ret();
  });
}

// ---- channels: items are (next, ptr, len) nodes

function chanNew(): IrFunction {
  return define("rt.chan_new", 1, 1, (b, p) => {
    b.trapIf(lts(P(p, 0), ONE));
    const c = b.fresh(callExpr("rt.alloc", [k(CHANNEL.size)]));
    b.fill(c, ZERO, k(CHANNEL.size));
    b.store(4, c, CHANNEL.capacity, P(p, 0));
    b.ret(callExpr("rt.handle_new", [k(KINDS.channel), c]));
  });
}

function chan(): IrFunction {
  return define("rt.chan", 1, 1, (b, p) => b.ret(callExpr("rt.handle_get", [k(KINDS.channel), P(p, 0)])));
}

/** chan_put(channel record, ptr, len) */
function chanPut(): IrFunction {
  return define("rt.chan_put", 3, 0, (b, p) => {
    const c = P(p, 0);
    const node = b.fresh(callExpr("rt.alloc", [k(12)]));
    b.store(4, node, 0, ZERO);
    b.store(4, node, 4, P(p, 1));
    b.store(4, node, 8, P(p, 2));
    const tail = b.fresh(load(4, c, CHANNEL.tail));
    b.if(tail, () => b.store(4, tail, 0, node), () => b.store(4, c, CHANNEL.head, node));
    b.store(4, c, CHANNEL.tail, node);
    b.store(4, c, CHANNEL.length, add(load(4, c, CHANNEL.length), ONE));
    b.call("rt.wake", []);
    b.ret();
  });
}

/** chan_close(channel record) -> 1 when it was open. */
function chanClose(): IrFunction {
  return define("rt.chan_close", 1, 1, (b, p) => {
    const open = b.fresh(not(load(4, P(p, 0), CHANNEL.closed)));
    b.store(4, P(p, 0), CHANNEL.closed, ONE);
    b.call("rt.wake", []);
    b.ret(open);
  });
}

/** chan_get(channel record) -> (ptr, len) of the first item; empty when there is none, as the channel is closed then. */
function chanGet(): IrFunction {
  return define("rt.chan_get", 1, 2, (b, p) => {
    const c = P(p, 0);
    const node = b.fresh(load(4, c, CHANNEL.head));
    b.if(not(node), () => b.ret(ZERO, ZERO));
    const next = b.fresh(load(4, node));
    b.store(4, c, CHANNEL.head, next);
    b.if(not(next), () => b.store(4, c, CHANNEL.tail, ZERO));
    b.store(4, c, CHANNEL.length, add(load(4, c, CHANNEL.length), k(-1)));
    const ptr = b.fresh(load(4, node, 4));
    const len = b.fresh(load(4, node, 8));
    b.call("rt.free", [node]);
    b.call("rt.wake", []);
    b.ret(ptr, len);
  });
}

export const CHANNEL_CLOSED = CHANNEL.closed;
export const CHANNEL_LENGTH = CHANNEL.length;
export const CHANNEL_CAPACITY = CHANNEL.capacity;
