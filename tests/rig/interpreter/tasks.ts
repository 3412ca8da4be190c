// The async subset: tasks, scopes with slots, channels. Each form asks the machine to wait; the order is the machine's.
// Knows nothing of how tasks are stored or resumed.

import { inner, need, type Form, type Run, type Scope } from "./evaluate.ts";
import type { Request, Step, Task } from "./machine.ts";
import type { Expr } from "./program.ts";
import { bytes, contentOf, copyOf, failed, numberOf, okay, trap, unknown, type Value } from "./value.ts";

interface TaskScope {
  readonly children: number[];
  readonly consumed: Set<number>;
  readonly limit: number;
  /** Children that count against the limit: those that nobody has waited for. */
  running: number;
  /** Nobody may be started any more. */
  cancelled: boolean;
}
interface Channel {
  readonly items: Value[];
  readonly capacity: number;
  closed: boolean;
  readonly receivers: Task[];
  readonly senders: Task[];
}

const scopes = new WeakMap<Scope, TaskScope>();
const channels = new WeakMap<Run, Channel[]>();

function scopeOf(scope: Scope): TaskScope {
  for (let s: Scope | undefined = scope; s !== undefined; s = s.outer) {
    const found = scopes.get(s);
    if (found !== undefined) return found;
  }
  return unknown("no task scope here");
}
function channelOf(run: Run, handle: Value): Channel {
  return channels.get(run)?.[numberOf(handle) - 1] ?? trap("chan bad handle");
}

function* waitFor(ready: () => boolean, line: Task[]): Generator<Request, void, Value> {
  while (!ready()) yield { ask: "wait", ready, line };
}
const ended = (t: Task): boolean => t.result !== undefined || t.cancelled;

function* join(task: Task, empty: Value): Step {
  if (task.taken) trap("join already taken");
  yield* waitFor(() => ended(task), task.joiners);
  if (task.taken) trap("join already taken");
  task.taken = true;
  return task.result ?? empty;
}
/** How to wait for a task; `empty` is what a cancelled one gives. */
const joining = (empty: Value): Form =>
  function* (run, e, scope) {
    return yield { ask: "value", step: join(run.machine.task(numberOf(yield need(run, e[1], scope))), empty) };
  };
const NO_BYTES: Value = bytes(new Uint8Array(0));

function* joinAll(run: Run, own: TaskScope): Generator<Request, void, Value> {
  for (const handle of own.children) {
    const task = run.machine.task(handle);
    yield* waitFor(() => ended(task), task.joiners);
  }
}

function childLimit(config: Expr | undefined): number {
  const entries = Array.isArray(config) ? config : [];
  const limit = entries.find((c) => Array.isArray(c) && c[0] === "max_children");
  return Array.isArray(limit) && typeof limit[1] === "number" ? limit[1] : 1024;
}

function adopt(own: TaskScope, handle: number): number {
  if (own.cancelled) trap("X07T_SCOPE_START_AFTER_CANCEL");
  if (own.running >= own.limit) trap("X07T_SCOPE_BUDGET_CHILDREN_EXCEEDED");
  own.running++;
  own.children.push(handle);
  return handle;
}

const start: Form = function* (run, e, scope) {
  return adopt(scopeOf(scope), numberOf(yield need(run, e[1], scope)));
};

function cancelAll(run: Run, own: TaskScope): number {
  own.cancelled = true;
  return own.children.toReversed().filter((handle) => run.machine.cancel(run.machine.task(handle))).length;
}

export const taskForms: { readonly [head: string]: Form } = {
  await: joining(NO_BYTES),
  "task.join.bytes": joining(NO_BYTES),
  "task.join.result_bytes": joining(failed(2)),
  *"task.spawn"(run, e, scope) {
    return yield need(run, e[1], scope);
  },
  *"task.yield"() {
    return yield { ask: "yield" };
  },
  *"task.sleep"(run, e, scope) {
    return yield { ask: "sleep", ticks: numberOf(yield need(run, e[1], scope)) >>> 0 };
  },
  *"task.cancel"(run, e, scope) {
    const task = run.machine.task(numberOf(yield need(run, e[1], scope)));
    return run.machine.cancel(task) ? 1 : 0;
  },
  *"task.is_finished"(run, e, scope) {
    return ended(run.machine.task(numberOf(yield need(run, e[1], scope)))) ? 1 : 0;
  },
  *"task.try_join.bytes"(run, e, scope) {
    const task = run.machine.task(numberOf(yield need(run, e[1], scope)));
    if (task.taken) trap("join already taken");
    if (!ended(task)) return failed(1);
    task.taken = true;
    return task.result === undefined ? failed(2) : okay(task.result);
  },
  *"task.scope_v1"(run, e, scope) {
    const home = inner(scope);
    const own: TaskScope = { children: [], consumed: new Set(), limit: childLimit(e[1]), running: 0, cancelled: false };
    scopes.set(home, own);
    const owner = run.machine.current;
    owner?.scopes.push(() => void cancelAll(run, own));
    const value = yield need(run, e[2], home);
    yield* joinAll(run, own);
    owner?.scopes.pop();
    return value;
  },
  "task.scope.async_let_bytes_v1": start,
  "task.scope.async_let_result_bytes_v1": start,
  *"task.scope.start_soon_v1"(run, e, scope) {
    adopt(scopeOf(scope), numberOf(yield need(run, e[1], scope)));
    return 1;
  },
  *"task.scope.await_slot_bytes_v1"(run, e, scope) {
    const slot = numberOf(yield need(run, e[1], scope));
    const own = scopeOf(scope);
    if (own.consumed.has(slot)) trap("X07T_SCOPE_SLOT_ALREADY_CONSUMED");
    own.consumed.add(slot);
    own.running--;
    return yield { ask: "value", step: join(run.machine.task(slot), NO_BYTES) };
  },
  *"task.scope.try_await_slot.bytes_v1"(run, e, scope) {
    const slot = numberOf(yield need(run, e[1], scope));
    const own = scopeOf(scope);
    if (own.consumed.has(slot)) trap("X07T_SCOPE_SLOT_ALREADY_CONSUMED");
    const task = run.machine.task(slot);
    if (!ended(task)) return failed(1);
    own.consumed.add(slot);
    own.running--;
    task.taken = true;
    return task.result === undefined ? failed(2) : okay(task.result);
  },
  *"task.scope.slot_is_finished_v1"(run, e, scope) {
    return ended(run.machine.task(numberOf(yield need(run, e[1], scope)))) ? 1 : 0;
  },
  *"task.scope.wait_all_v1"(run, _e, scope) {
    const own = scopeOf(scope);
    yield* joinAll(run, own);
    for (const slot of own.children) own.consumed.add(slot);
    const count = own.running;
    own.running = 0;
    own.cancelled = false;
    return count;
  },
  *"task.scope.cancel_all_v1"(run, _e, scope) {
    return cancelAll(run, scopeOf(scope));
  },
  *"chan.bytes.new"(run, e, scope) {
    const capacity = numberOf(yield need(run, e[1], scope));
    if (capacity < 1) trap("chan.bytes.new: no room");
    const all = channels.get(run) ?? [];
    channels.set(run, all);
    return all.push({ items: [], capacity, closed: false, receivers: [], senders: [] });
  },
  *"chan.bytes.send"(run, e, scope) {
    const channel = channelOf(run, yield need(run, e[1], scope));
    const value = yield need(run, e[2], scope);
    // The main step looks once whether the channel is closed, a task whenever it looks for room.
    const main = run.machine.current === undefined;
    const refuse = (): void => (channel.closed ? trap("chan.bytes.send closed") : undefined);
    if (main) refuse();
    yield* waitFor(() => channel.items.length < channel.capacity || (!main && channel.closed), channel.senders);
    if (!main) refuse();
    channel.items.push(value);
    run.machine.wakeFirst(channel.receivers);
    return 1;
  },
  *"chan.bytes.recv"(run, e, scope) {
    const channel = channelOf(run, yield need(run, e[1], scope));
    yield* waitFor(() => channel.items.length > 0 || channel.closed, channel.receivers);
    const item = channel.items.shift();
    if (item !== undefined) run.machine.wakeFirst(channel.senders);
    return item ?? NO_BYTES;
  },
  *"chan.bytes.try_send"(run, e, scope) {
    const channel = channelOf(run, yield need(run, e[1], scope));
    const value = yield need(run, e[2], scope, "look");
    if (channel.closed) return 2;
    if (channel.items.length >= channel.capacity) return 0;
    channel.items.push(copyOf(run.memory, contentOf(value)));
    run.machine.wakeFirst(channel.receivers);
    return 1;
  },
  *"chan.bytes.try_recv"(run, e, scope) {
    const channel = channelOf(run, yield need(run, e[1], scope));
    const item = channel.items.shift();
    if (item !== undefined) run.machine.wakeFirst(channel.senders);
    return item === undefined ? failed(channel.closed ? 2 : 1) : okay(item);
  },
  *"chan.bytes.close"(run, e, scope) {
    const channel = channelOf(run, yield need(run, e[1], scope));
    if (channel.closed) return 0;
    channel.closed = true;
    run.machine.wakeAll(channel.receivers);
    run.machine.wakeAll(channel.senders);
    return 1;
  },
};
