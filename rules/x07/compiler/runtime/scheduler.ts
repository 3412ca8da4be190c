// The deterministic scheduler: tasks in order of readiness, virtual time, channels. Knows records and lists, not what tasks compute.

import type { IrExpr, IrFunction } from "../ir.ts";
import { FunctionBuilder, callExpr } from "../builder.ts";
import { ONE, ZERO, add, and, cond, eq, geu, k, load, lts, ltu, ne, not, or, sub } from "../ops.ts";
import { KINDS } from "./tables.ts";
import * as make from "../make.ts";

/** Offsets in a task's record. `wake` of a sleeper is kept in `arg`. */
export const TASK = { entry: 0, state: 4, kind: 8, arg: 12, next: 16, taken: 20, result: 24, frame: 36, pc: 40, sibling: 44, consumed: 48, joiners: 52, parent: 60, scopes: 64, size: 68 } as const;
export const STATE = { ready: 0, waiting: 1, sleeping: 2, done: 3, cancelled: 4 } as const;
/** What may be waited for: the end of a task, room in a channel or its closing, something in a channel or its closing, room alone. */
export const WAIT = { ended: 1, room: 2, item: 3, space: 4 } as const;
/** `receivers` and `senders` are lists of those that wait, as `joiners` of a task. */
const CHANNEL = { capacity: 0, length: 4, head: 8, tail: 12, closed: 16, receivers: 20, senders: 28, size: 36 } as const;
/** `count` of the children that nobody has waited for yet; `outer` is the scope of the same task around this one. */
const SCOPE = { count: 0, limit: 4, head: 8, cancelled: 12, outer: 16, size: 20 } as const;
const LISTS = { ready: 0, sleeping: 8, now: 24 } as const;

export const SCHEDULER_AREA = { name: "scheduler", size: 32, reset: true };
const area: IrExpr = make.static("scheduler");
const list = (offset: number): IrExpr => add(area, k(offset));
const now: IrExpr = load(4, area, LISTS.now);

export const SCHEDULER: readonly (readonly [string, () => IrFunction])[] = [
  ["rt.queue_push", queuePush],
  ["rt.task_new", taskNew],
  ["rt.task", task],
  ["rt.is_ready", isReady],
  ["rt.turn", turn],
  ["rt.queue_shift", queueShift],
  ["rt.waiters", waiters],
  ["rt.wake_task", wakeTask],
  ["rt.wake_first", wakeFirst],
  ["rt.wake_all", wakeAll],
  ["rt.first_sleeper", firstSleeper],
  ["rt.unqueue", unqueue],
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
    const c = b.fresh(callExpr("rt.chan", [arg]));
    const room = ltu(load(4, c, CHANNEL.length), load(4, c, CHANNEL.capacity));
    b.if(eq(kind, k(WAIT.space)), () => b.ret(room));
    b.if(load(4, c, CHANNEL.closed), () => b.ret(ONE));
    b.if(eq(kind, k(WAIT.room)), () => b.ret(room));
    b.ret(ne(load(4, c, CHANNEL.length), ZERO));
  });
}

/** turn() -> 1 when something moved: lets one ready task run until it pauses; time moves only when nobody is ready. */
function turn(): IrFunction {
  return define("rt.turn", 0, 1, (b) => {
    const rec = b.fresh(callExpr("rt.queue_shift", [list(LISTS.ready)]));
    b.if(not(rec), () => b.ret(callExpr("rt.pass_time", [])));
    b.emit(make.resume(load(4, rec, TASK.entry), [rec], []));
    const state = b.fresh(load(4, rec, TASK.state));
    b.if(not(state), () => b.call("rt.queue_push", [list(LISTS.ready), rec]));
    b.if(eq(state, k(STATE.done)), () => b.call("rt.wake_all", [add(rec, k(TASK.joiners))]));
    b.if(eq(state, k(STATE.waiting)), () => b.call("rt.queue_push", [callExpr("rt.waiters", [load(4, rec, TASK.kind), load(4, rec, TASK.arg)]), rec]));
    b.if(eq(state, k(STATE.sleeping)), () => b.call("rt.queue_push", [list(LISTS.sleeping), rec]));
    b.ret(ONE);
  });
}

/** queue_shift(list) -> the first record, taken out of the list; 0 when there is none. Cancelled ones are passed over. */
function queueShift(): IrFunction {
  return define("rt.queue_shift", 1, 1, (b, p) => {
    const rec = b.local();
    b.set(rec, load(4, P(p, 0)));
    b.while(() => b.get(rec), () => {
      const next = b.fresh(load(4, b.get(rec), TASK.next));
      b.store(4, P(p, 0), 0, next);
      b.if(not(next), () => b.store(4, P(p, 0), 4, ZERO));
      b.if(ne(load(4, b.get(rec), TASK.state), k(STATE.cancelled)), () => b.ret(b.get(rec)));
      b.set(rec, next);
    });
    b.ret(ZERO);
  });
}

/** waiters(kind, arg) -> the list of those that wait for it. */
function waiters(): IrFunction {
  return define("rt.waiters", 2, 1, (b, p) => {
    const [kind, arg] = [P(p, 0), P(p, 1)];
    b.if(eq(kind, k(WAIT.ended)), () => b.ret(add(callExpr("rt.task", [arg]), k(TASK.joiners))));
    b.ret(add(callExpr("rt.chan", [arg]), cond(eq(kind, k(WAIT.room)), k(CHANNEL.senders), k(CHANNEL.receivers))));
  });
}

/** wake_task(record): to the end of the ready list, unless it was cancelled while it waited. */
function wakeTask(): IrFunction {
  return define("rt.wake_task", 1, 0, (b, p) => {
    b.if(ltu(load(4, P(p, 0), TASK.state), k(STATE.done)), () => {
      b.store(4, P(p, 0), TASK.state, k(STATE.ready));
      b.call("rt.queue_push", [list(LISTS.ready), P(p, 0)]);
    });
    b.ret();
  });
}

/** wake_first(list): what has happened is enough for one. */
function wakeFirst(): IrFunction {
  return define("rt.wake_first", 1, 0, (b, p) => {
    const rec = b.fresh(callExpr("rt.queue_shift", [P(p, 0)]));
    b.if(rec, () => b.call("rt.wake_task", [rec]));
    b.ret();
  });
}

/** wake_all(list): in the order they began to wait. */
function wakeAll(): IrFunction {
  return define("rt.wake_all", 1, 0, (b, p) => {
    const at = b.local();
    b.set(at, load(4, P(p, 0)));
    b.store(4, P(p, 0), 0, ZERO);
    b.store(4, P(p, 0), 4, ZERO);
    b.while(() => b.get(at), () => {
      const following = b.fresh(load(4, b.get(at), TASK.next));
      b.call("rt.wake_task", [b.get(at)]);
      b.set(at, following);
    });
    b.ret();
  });
}

/** first_sleeper() -> the record of the first moment, of those the first to have lain down; 0 when nobody sleeps. Also one that was cancelled. */
function firstSleeper(): IrFunction {
  return define("rt.first_sleeper", 0, 1, (b) => {
    const chosen = b.local();
    const at = b.local();
    b.set(at, load(4, area, LISTS.sleeping));
    b.set(chosen, b.get(at));
    b.while(() => b.get(at), () => {
      b.if(ltu(load(4, b.get(at), TASK.arg), load(4, b.get(chosen), TASK.arg)), () => b.set(chosen, b.get(at)));
      b.set(at, load(4, b.get(at), TASK.next));
    });
    b.ret(b.get(chosen));
  });
}

/** pass_time() -> 1 when somebody sleeps: moves time to the first moment and wakes the first sleeper of it. Cancelled ones are forgotten. */
function passTime(): IrFunction {
  return define("rt.pass_time", 0, 1, (b) => {
    const first = b.local();
    b.set(first, callExpr("rt.first_sleeper", []));
    b.while(() => b.get(first), () => {
      b.call("rt.unqueue", [list(LISTS.sleeping), b.get(first)]);
      b.if(ne(load(4, b.get(first), TASK.state), k(STATE.cancelled)), () => {
        b.store(4, area, LISTS.now, load(4, b.get(first), TASK.arg));
        b.call("rt.wake_task", [b.get(first)]);
        b.ret(ONE);
      });
      b.set(first, callExpr("rt.first_sleeper", []));
    });
    b.ret(ZERO);
  });
}

/** unqueue(list, record): takes one out of the middle. */
function unqueue(): IrFunction {
  return define("rt.unqueue", 2, 0, (b, p) => {
    const at = b.local();
    b.set(at, load(4, P(p, 0)));
    b.store(4, P(p, 0), 0, ZERO);
    b.store(4, P(p, 0), 4, ZERO);
    b.while(() => b.get(at), () => {
      const following = b.fresh(load(4, b.get(at), TASK.next));
      b.if(ne(b.get(at), P(p, 1)), () => b.call("rt.queue_push", [P(p, 0), b.get(at)]));
      b.set(at, following);
    });
    b.ret();
  });
}

/** run_until(kind, arg): how solve waits. Traps when nothing can move any more. */
function runUntil(): IrFunction {
  return define("rt.run_until", 2, 0, (b, p) => {
    b.while(() => not(callExpr("rt.is_ready", [P(p, 0), P(p, 1)])), () => b.trapIf(not(callExpr("rt.turn", []))));
    b.ret();
  });
}

/** sleep_main(ticks): solve sleeps; others run meanwhile. Who wakes at the very moment stands in line when solve goes on. */
function sleepMain(): IrFunction {
  return define("rt.sleep_main", 1, 0, (b, p) => {
    const wake = b.fresh(add(now, P(p, 0)));
    b.while(() => ltu(now, wake), () => {
      b.if(
        load(4, area, LISTS.ready),
        // Only cancelled ones were ready, and nobody sleeps: this ends the sleep, though not the time.
        () => b.if(not(callExpr("rt.turn", [])), () => b.ret()),
        () => {
          const first = b.fresh(callExpr("rt.first_sleeper", []));
          b.if(cond(first, ltu(wake, load(4, first, TASK.arg)), ONE), () => {
            b.store(4, area, LISTS.now, wake);
            b.ret();
          });
          b.trapIf(not(callExpr("rt.turn", [])));
        },
      );
    });
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
    // What it has started in its own scopes ends with it.
    const scope = b.local();
    b.set(scope, load(4, rec, TASK.scopes));
    b.while(() => b.get(scope), () => {
      b.fresh(callExpr("rt.scope_cancel", [b.get(scope)]));
      b.set(scope, load(4, b.get(scope), SCOPE.outer));
    });
    b.call("rt.wake_all", [add(rec, k(TASK.joiners))]);
    b.ret(ONE);
  });
}

// ---- scopes: children are linked by handle through TASK.sibling, the last before the others

/** scope_new(limit, owner): `owner` is the record of the task whose scope it is, 0 for solve. */
function scopeNew(): IrFunction {
  return define("rt.scope_new", 2, 1, (b, p) => {
    const [limit, owner] = [P(p, 0), P(p, 1)];
    const s = b.fresh(callExpr("rt.alloc", [k(SCOPE.size)]));
    b.fill(s, ZERO, k(SCOPE.size));
    b.store(4, s, SCOPE.limit, limit);
    b.if(owner, () => {
      b.store(4, s, SCOPE.outer, load(4, owner, TASK.scopes));
      b.store(4, owner, TASK.scopes, s);
    });
    b.ret(s);
  });
}

/** scope_adopt(scope, handle) -> handle; traps beyond the limit, and after the scope was cancelled. */
function scopeAdopt(): IrFunction {
  return define("rt.scope_adopt", 2, 1, (b, p) => {
    const [s, handle] = [P(p, 0), P(p, 1)];
    b.trapIf(or(load(4, s, SCOPE.cancelled), geu(load(4, s, SCOPE.count), load(4, s, SCOPE.limit))));
    b.store(4, s, SCOPE.count, add(load(4, s, SCOPE.count), ONE));
    const rec = b.fresh(callExpr("rt.task", [handle]));
    b.store(4, rec, TASK.parent, s);
    b.store(4, rec, TASK.sibling, load(4, s, SCOPE.head));
    b.store(4, s, SCOPE.head, handle);
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

/** scope_cancel(scope) -> how many children had not ended. No more may be started. */
function scopeCancel(): IrFunction {
  return define("rt.scope_cancel", 1, 1, (b, p) => {
    const count = b.local();
    b.set(count, ZERO);
    eachChild(b, P(p, 0), (handle) => b.set(count, add(b.get(count), callExpr("rt.task_cancel", [handle]))));
    b.store(4, P(p, 0), SCOPE.cancelled, ONE);
    b.ret(b.get(count));
  });
}

/** scope_settle(scope) -> how many children there were: after all have ended, their slots are used up and there is room for others. */
function scopeSettle(): IrFunction {
  return define("rt.scope_settle", 1, 1, (b, p) => {
    const count = b.fresh(load(4, P(p, 0), SCOPE.count));
    eachChild(b, P(p, 0), (_handle, rec) => b.store(4, rec, TASK.consumed, ONE));
    b.store(4, P(p, 0), SCOPE.count, ZERO);
    b.store(4, P(p, 0), SCOPE.cancelled, ZERO);
    b.ret(count);
  });
}

/** scope_end(scope, owner): results that nobody took are freed, and the scope. */
function scopeEnd(): IrFunction {
  return define("rt.scope_end", 2, 0, (b, p) => {
    b.if(P(p, 1), () => b.store(4, P(p, 1), TASK.scopes, load(4, P(p, 0), SCOPE.outer)));
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

/** slot_claim(handle): a slot is awaited once; then there is room for another child. */
function slotClaim(): IrFunction {
  return define("rt.slot_claim", 1, 0, (b, p) => {
    const rec = b.fresh(callExpr("rt.task", [P(p, 0)]));
    b.trapIf(load(4, rec, TASK.consumed));
    b.store(4, rec, TASK.consumed, ONE);
    const scope = b.fresh(load(4, rec, TASK.parent));
    b.if(scope, () => b.store(4, scope, SCOPE.count, sub(load(4, scope, SCOPE.count), ONE)));
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
    b.call("rt.wake_first", [add(c, k(CHANNEL.receivers))]);
    b.ret();
  });
}

/** chan_close(channel record) -> 1 when it was open. */
function chanClose(): IrFunction {
  return define("rt.chan_close", 1, 1, (b, p) => {
    const open = b.fresh(not(load(4, P(p, 0), CHANNEL.closed)));
    b.store(4, P(p, 0), CHANNEL.closed, ONE);
    b.call("rt.wake_all", [add(P(p, 0), k(CHANNEL.receivers))]);
    b.call("rt.wake_all", [add(P(p, 0), k(CHANNEL.senders))]);
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
    b.call("rt.wake_first", [add(c, k(CHANNEL.senders))]);
    b.ret(ptr, len);
  });
}

export const CHANNEL_CLOSED = CHANNEL.closed;
export const CHANNEL_LENGTH = CHANNEL.length;
export const CHANNEL_CAPACITY = CHANNEL.capacity;
