// Which actions are open and who waits for whom, in dense arrays of numbers. Knows nothing of what actions do.

import type { ActionId, Graph } from "./graph.ts";

export const UNKNOWN = 0;
export const WAITING = 1;
export const BUSY = 2;
export const DONE = 3;
export const FAILED = 4;
export type Status = typeof UNKNOWN | typeof WAITING | typeof BUSY | typeof DONE | typeof FAILED;

/**
 * The states of all actions of one graph, which may grow. An action is ready when none of its producers is open; one
 * edge is counted for each input, also where two inputs come from the same producer.
 */
export class Readiness {
  readonly #graph: Graph;
  #status = new Uint8Array(64);
  #pending = new Int32Array(64);
  /** Edges from producer to dependent as linked lists: first edge of each producer, then dependent and next edge. */
  #first = new Int32Array(64).fill(-1);
  readonly #dependent: ActionId[] = [];
  readonly #next: number[] = [];
  #ready: ActionId[] = [];

  constructor(graph: Graph) {
    this.#graph = graph;
  }

  status(action: ActionId): Status {
    return (this.#status[action] ?? UNKNOWN) as Status;
  }

  settled(action: ActionId): boolean {
    return this.#status[action]! >= DONE;
  }

  set(action: ActionId, status: Status): void {
    this.#status[action] = status;
  }

  #grow(): void {
    const size = this.#graph.actions.length;
    if (size <= this.#status.length) return;
    const room = Math.max(size, this.#status.length * 2);
    const [status, pending, first] = [new Uint8Array(room), new Int32Array(room), new Int32Array(room).fill(-1)];
    status.set(this.#status);
    pending.set(this.#pending);
    first.set(this.#first);
    [this.#status, this.#pending, this.#first] = [status, pending, first];
  }

  /** Makes these actions and all they need wait for their turn; those without open producers are ready at once. */
  enroll(wanted: readonly ActionId[]): void {
    this.#grow();
    const stack = [...wanted].reverse();
    while (stack.length > 0) {
      const id = stack.pop()!;
      if (this.#status[id] !== UNKNOWN) continue;
      this.#status[id] = WAITING;
      let open = 0;
      for (const input of this.#graph.actions[id]!.inputs) {
        const p = this.#graph.artifacts[input.artifact]!.producer;
        if (p < 0) continue;
        this.#next.push(this.#first[p]!);
        this.#first[p] = this.#dependent.push(id) - 1;
        if (!this.settled(p)) open += 1;
        if (this.#status[p] === UNKNOWN) stack.push(p);
      }
      this.#pending[id] = open;
      if (open === 0) this.#ready.push(id);
    }
  }

  /** True when a producer is open (again): the action then waits for it. */
  mustWait(action: ActionId): boolean {
    let open = 0;
    for (const input of this.#graph.actions[action]!.inputs) {
      const p = this.#graph.artifacts[input.artifact]!.producer;
      if (p >= 0 && !this.settled(p)) open += 1;
    }
    this.#pending[action] = open;
    if (open > 0) this.#status[action] = WAITING;
    return open > 0;
  }

  /** Says that an open action has ended; whoever waited for nothing else is ready. */
  end(action: ActionId, status: typeof DONE | typeof FAILED): void {
    this.#status[action] = status;
    for (let e = this.#first[action]!; e >= 0; e = this.#next[e]!) {
      const d = this.#dependent[e]!;
      if (this.#status[d] !== WAITING) continue;
      this.#pending[d]! -= 1;
      if (this.#pending[d] === 0) this.#ready.push(d);
    }
  }

  /** Puts an action in line once more. */
  again(action: ActionId): void {
    this.#status[action] = WAITING;
    this.#ready.push(action);
  }

  /** Takes all that are ready now. */
  take(): ActionId[] {
    const batch = this.#ready;
    this.#ready = [];
    return batch;
  }
}
