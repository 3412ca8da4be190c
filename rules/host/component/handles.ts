// The table of handles of one component instance: small numbers for resources. Knows nothing of what a resource is.

import { trap } from "../stop.ts";
import type { Resource } from "./types.ts";

interface Slot {
  readonly resource: Resource;
  /** The host's object, or the number by which the defining component knows it. */
  readonly rep: unknown;
  readonly own: boolean;
  /** Borrowed out in calls that have not returned. */
  lent: number;
}

/** More handles than this and the guest is stopped: they live in the host's memory, which its limits do not bound. */
const MAX_HANDLES = 65_536;

export class Handles {
  readonly #slots: (Slot | undefined)[] = [undefined];
  readonly #free: number[] = [];
  #borrowed = 0;

  /** As new. */
  clear(): void {
    this.#slots.length = 1;
    this.#free.length = 0;
    this.#borrowed = 0;
  }

  get borrowed(): number {
    return this.#borrowed;
  }

  add(resource: Resource, rep: unknown, own: boolean): number {
    if (!own) this.#borrowed++;
    const slot: Slot = { resource, rep, own, lent: 0 };
    const index = this.#free.pop() ?? this.#slots.length;
    if (index > MAX_HANDLES) trap(`more than ${MAX_HANDLES} resource handles are open`);
    this.#slots[index] = slot;
    return index;
  }

  #slot(index: number, resource: Resource): Slot {
    const slot = this.#slots[index];
    if (slot === undefined) trap(`unknown handle index ${index}`);
    if (slot.resource !== resource) trap(`handle index ${index} used with the wrong type`);
    return slot;
  }

  /** What the handle stands for; it stays. */
  rep(index: number, resource: Resource): unknown {
    return this.#slot(index, resource).rep;
  }

  /** Takes an owned handle out of the table. */
  take(index: number, resource: Resource): unknown {
    const slot = this.#slot(index, resource);
    if (!slot.own) trap("cannot give away a borrowed resource");
    if (slot.lent > 0) trap("cannot give away a resource that is lent");
    return this.#remove(index).rep;
  }

  drop(index: number, resource: Resource): { readonly rep: unknown; readonly own: boolean } {
    const slot = this.#slot(index, resource);
    if (slot.lent > 0) trap("cannot remove owned resource while borrowed");
    return this.#remove(index);
  }

  lend(index: number, resource: Resource, by: 1 | -1): void {
    const slot = this.#slot(index, resource);
    if (slot.own) slot.lent += by;
  }

  #remove(index: number): Slot {
    const slot = this.#slots[index]!;
    this.#slots[index] = undefined;
    this.#free.push(index);
    if (!slot.own) this.#borrowed--;
    return slot;
  }
}
