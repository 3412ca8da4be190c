// Why a guest did not come to its end: the union that both hosts speak. Knows no codes and no words for people.

import type { Stop } from "../run/guest.ts";

export type GuestStop =
  | Stop
  /** The wall-clock limit passed. */
  | { readonly kind: "deadline" }
  /** The guest ended itself by wasi:cli/exit. */
  | { readonly kind: "exit"; readonly status: number }
  /** Nobody waits for its answer any more. */
  | { readonly kind: "gone" }
  /** It wrote more than a stream may hold. */
  | { readonly kind: "output"; readonly stream: string; readonly limit: number };

/** Thrown through the guest's frames to end it; the one throw of the hosts, always caught where the guest was entered. */
export class Halt {
  readonly stop: GuestStop;
  constructor(stop: GuestStop) {
    this.stop = stop;
  }
}

/** Ends the guest with a trap in these words. */
export function trap(message: string): never {
  throw new Halt({ kind: "trap", message });
}
