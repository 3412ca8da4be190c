// Sees that the memories of finished guests are given back in time. They are shared ones (see the meter), which V8 frees with
// its garbage but does not count as a reason to look for any.

import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

/** How much the process may have grown since it was last cleaned. */
const GROWTH_BYTES = 256 * 1024 * 1024;
/** Guests between two looks, and milliseconds: nobody dirties more than a few hundred MiB in so short a time. */
const GUESTS = 512;
const INTERVAL_MS = 50;

let collect: (() => void) | undefined;
let settled = 0;
let guests = 0;
let looked = 0;

/** Called after each guest. */
export function guestEnded(): void {
  const time = performance.now();
  if (++guests < GUESTS && time - looked < INTERVAL_MS) return;
  guests = 0;
  looked = time;
  const now = process.memoryUsage.rss();
  if (settled === 0 || now < settled) settled = now;
  if (now - settled < GROWTH_BYTES) return;
  if (collect === undefined) {
    // A minor collection that is a whole one: it frees beside the running program, where a "full" one stops it for that.
    setFlagsFromString("--expose-gc");
    const gc = runInNewContext("gc") as (how: { readonly type: "minor" }) => void;
    collect = () => {
      setFlagsFromString("--gc-global");
      gc({ type: "minor" });
      setFlagsFromString("--no-gc-global");
    };
  }
  collect();
  settled = process.memoryUsage.rss();
}
