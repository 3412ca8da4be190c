// Runs tasks: each is a stack of steps (generators) that ask for values, so depth is bounded by the heap and a task may
// pause anywhere. One task runs at a time; the order is fixed. Knows nothing of what the steps compute.

import { trap, type Value } from "./value.ts";

/** A computation that asks the machine for what it cannot do alone, and is answered with a value. */
export type Step = Generator<Request, Value, Value>;

export type Request =
  | { readonly ask: "value"; readonly step: Step }
  /** The asker knew the answer already (a literal, a name). */
  | { readonly ask: "known"; readonly value: Value }
  /** As "value", but a "return" from inside ends here. */
  | { readonly ask: "call"; readonly step: Step }
  | { readonly ask: "return"; readonly value: Value }
  /** Go on when `ready` holds; until then a task stands in `line`, from where it is woken. */
  | { readonly ask: "wait"; readonly ready: () => boolean; readonly line: Task[] }
  | { readonly ask: "yield" }
  | { readonly ask: "sleep"; readonly ticks: number };

interface Frame {
  readonly step: Step;
  readonly call: boolean;
}

export interface Task {
  readonly stack: Frame[];
  cancelled: boolean;
  /** Present when the task has finished. */
  result: Value | undefined;
  /** The result has been handed out; it can be taken once. */
  taken: boolean;
  /** Who waits for its end. */
  readonly joiners: Task[];
  /** How the children of its open scopes are cancelled. */
  readonly scopes: (() => void)[];
}

function taskOf(step: Step): Task {
  return { stack: [{ step, call: true }], cancelled: false, result: undefined, taken: false, joiners: [], scopes: [] };
}

/** The first in line, taken out of it. Cancelled ones are passed over. */
function next(line: Task[]): Task | undefined {
  let task = line.shift();
  while (task?.cancelled === true) task = line.shift();
  return task;
}

const DEPTH_LIMIT = 100_000;

export class Machine {
  readonly #tasks: Task[] = [];
  readonly #ready: Task[] = [];
  #sleeping: { readonly task: Task; readonly wake: number }[] = [];
  #now = 0;
  /** The task that runs; undefined while the main step does. */
  current: Task | undefined;

  /** Registers a task that is ready to start; gives its handle (1, 2, …). */
  start(step: Step): number {
    const task = taskOf(step);
    this.#ready.push(task);
    return this.#tasks.push(task);
  }

  task(handle: number): Task {
    return this.#tasks[handle - 1] ?? trap("bad task handle");
  }

  /** Runs the main step to its end; other tasks run only while it waits. */
  main(step: Step): Value {
    const main = taskOf(step);
    for (;;) {
      const pause = this.#advance(main);
      if (pause === undefined) return main.result ?? 0;
      if (pause.ask === "wait") this.#runUntil(pause.ready);
      else if (pause.ask === "yield") this.#turn();
      else this.#sleepMain(pause.ticks);
    }
  }

  /** Who wakes at the very moment stands in line when the main step goes on. */
  #sleepMain(ticks: number): void {
    const wake = this.#now + ticks;
    while (this.#now < wake) {
      if (this.#ready.length > 0) {
        // Only cancelled ones were ready, and nobody sleeps: this ends the sleep, though not the time.
        if (!this.#turn()) return;
        continue;
      }
      const first = this.#firstSleeper();
      if (first === undefined || first.wake > wake) this.#now = wake;
      else if (!this.#turn()) trap("scheduler deadlock");
    }
  }

  /** The first of the first moment; also one that was cancelled. */
  #firstSleeper(): { readonly task: Task; readonly wake: number } | undefined {
    const moment = Math.min(...this.#sleeping.map((s) => s.wake));
    return this.#sleeping.find((s) => s.wake === moment);
  }

  #runUntil(done: () => boolean): void {
    while (!done()) if (!this.#turn()) trap("scheduler deadlock");
  }

  /** Lets one ready task run until it pauses; time moves only when nobody is ready. False: nothing can move. */
  #turn(): boolean {
    const task = next(this.#ready);
    if (task === undefined) return this.#passTime();
    this.current = task;
    const pause = this.#advance(task);
    this.current = undefined;
    if (pause === undefined) this.wakeAll(task.joiners);
    else this.#park(task, pause);
    return true;
  }

  #park(task: Task, pause: Pause): void {
    if (pause.ask === "yield" || (pause.ask === "sleep" && pause.ticks === 0)) this.#ready.push(task);
    else if (pause.ask === "sleep") this.#sleeping.push({ task, wake: this.#now + pause.ticks });
    else pause.line.push(task);
  }

  /** Something has happened that is enough for one; who was cancelled meanwhile is passed over. */
  wakeFirst(line: Task[]): void {
    const task = next(line);
    if (task !== undefined) this.#ready.push(task);
  }

  wakeAll(line: Task[]): void {
    while (line.length > 0) this.wakeFirst(line);
  }

  /** Whether it had not ended. What it has started in its own scopes ends with it. */
  cancel(task: Task): boolean {
    if (task.result !== undefined || task.cancelled) return false;
    task.cancelled = true;
    for (const cancelChildren of task.scopes.toReversed()) cancelChildren();
    this.wakeAll(task.joiners);
    return true;
  }

  #passTime(): boolean {
    for (let first = this.#firstSleeper(); first !== undefined; first = this.#firstSleeper()) {
      this.#sleeping = this.#sleeping.filter((s) => s !== first);
      if (first.task.cancelled) continue;
      this.#now = first.wake;
      this.#ready.push(first.task);
      return true;
    }
    return false;
  }

  /** Runs a task until it finishes (undefined) or pauses. A pause is answered with 0 when the task goes on. */
  #advance(task: Task): Pause | undefined {
    let answer: Value = 0;
    for (;;) {
      const top = task.stack[task.stack.length - 1];
      if (top === undefined) {
        task.result = answer;
        return undefined;
      }
      const turn = top.step.next(answer);
      if (turn.done === true) {
        task.stack.pop();
        answer = turn.value;
        continue;
      }
      const request = turn.value;
      if (request.ask === "known") answer = request.value;
      else if (request.ask === "value" || request.ask === "call") {
        if (task.stack.length >= DEPTH_LIMIT) trap("call stack exhausted");
        task.stack.push({ step: request.step, call: request.ask === "call" });
        answer = 0;
      } else if (request.ask === "return") {
        while (task.stack.pop()?.call === false);
        answer = request.value;
      } else return request;
    }
  }
}

type Pause = Extract<Request, { readonly ask: "wait" | "yield" | "sleep" }>;
