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
  /** Go on when `ready` holds. */
  | { readonly ask: "wait"; readonly ready: () => boolean }
  | { readonly ask: "yield" }
  | { readonly ask: "sleep"; readonly ticks: number };

interface Frame {
  readonly step: Step;
  readonly call: boolean;
}

interface Waiting {
  readonly task: Task;
  readonly ready: () => boolean;
}

export interface Task {
  readonly stack: Frame[];
  cancelled: boolean;
  /** Present when the task has finished. */
  result: Value | undefined;
  /** The result has been handed out; it can be taken once. */
  taken: boolean;
}

const DEPTH_LIMIT = 100_000;

export class Machine {
  readonly #tasks: Task[] = [];
  readonly #ready: Task[] = [];
  #waiting: Waiting[] = [];
  #sleeping: { readonly task: Task; readonly wake: number }[] = [];
  #now = 0;

  /** Registers a task that is ready to start; gives its handle (1, 2, …). */
  start(step: Step): number {
    const task: Task = { stack: [{ step, call: true }], cancelled: false, result: undefined, taken: false };
    this.#ready.push(task);
    return this.#tasks.push(task);
  }

  task(handle: number): Task {
    return this.#tasks[handle - 1] ?? trap("bad task handle");
  }

  /** Runs the main step to its end; other tasks run only while it waits. */
  main(step: Step): Value {
    const main: Task = { stack: [{ step, call: true }], cancelled: false, result: undefined, taken: false };
    for (;;) {
      const pause = this.#advance(main);
      if (pause === undefined) return main.result ?? 0;
      if (pause.ask === "wait") this.#runUntil(pause.ready);
      else if (pause.ask === "yield") this.#turn();
      else this.#sleepMain(pause.ticks);
    }
  }

  #sleepMain(ticks: number): void {
    const wake = this.#now + ticks;
    const alarm: Task = { stack: [], cancelled: false, result: 0, taken: true };
    this.#sleeping.push({ task: alarm, wake });
    this.#runUntil(() => this.#now >= wake);
  }

  #runUntil(done: () => boolean): void {
    while (!done()) if (!this.#turn()) trap("scheduler deadlock");
  }

  /** Lets one ready task run until it pauses; time moves only when nobody is ready. False: nothing can move. */
  #turn(): boolean {
    const task = this.#ready.shift();
    if (task === undefined) return this.#passTime();
    if (task.cancelled) return true;
    const pause = this.#advance(task);
    if (pause === undefined) this.wake();
    else this.#park(task, pause);
    return true;
  }

  #park(task: Task, pause: Pause): void {
    if (pause.ask === "yield" || (pause.ask === "sleep" && pause.ticks === 0)) this.#ready.push(task);
    else if (pause.ask === "sleep") this.#sleeping.push({ task, wake: this.#now + pause.ticks });
    else this.#waiting.push({ task, ready: pause.ready });
  }

  /** To be called when something has happened that tasks may wait for: those stand last in the line at once. */
  wake(): void {
    const still: Waiting[] = [];
    for (const w of this.#waiting) {
      if (w.ready()) this.#ready.push(w.task);
      else still.push(w);
    }
    this.#waiting = still;
  }

  #passTime(): boolean {
    if (this.#sleeping.length === 0) return false;
    this.#now = Math.min(...this.#sleeping.map((s) => s.wake));
    const due = this.#sleeping.filter((s) => s.wake <= this.#now);
    // The main step goes before all; then one sleeper, and the others of this moment when all are idle again.
    const chosen = due.find((s) => s.task.stack.length === 0) ?? due[0];
    this.#sleeping = this.#sleeping.filter((s) => s !== chosen);
    if (chosen !== undefined && chosen.task.stack.length > 0) this.#ready.push(chosen.task);
    return true;
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
