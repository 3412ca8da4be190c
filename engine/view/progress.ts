// What runs right now, on one line of a terminal that is drawn over itself. A reader of events; decides nothing.

import type { BuildEvent, EventSink } from "../event.ts";

export interface Progress {
  readonly sink: EventSink;
  /** Wipes the line; must be called before anything else is printed. */
  readonly clear: () => void;
}

const REDRAW_MS = 50;

/** `columns` is asked at every redraw; nothing is drawn in the first `REDRAW_MS`, so that quick builds stay silent. */
export function progress(write: (text: string) => void, columns: () => number, now: () => number): Progress {
  const running = new Map<string, number>();
  const started = now();
  let done = 0;
  let drawn = false;
  let last = started;

  const draw = () => {
    if (now() - last < REDRAW_MS) return;
    last = now();
    const names = [...running.keys()].join(", ");
    const line = `[${done} done, ${running.size} running, ${((now() - started) / 1000).toFixed(1)} s] ${names}`;
    write(`\r\u001b[2K${line.slice(0, Math.max(20, columns() - 1))}`);
    drawn = true;
  };
  const clear = () => {
    if (drawn) write("\r\u001b[2K");
    drawn = false;
  };
  const sink = (event: BuildEvent) => {
    if (event.type === "action_started") running.set(`${event.rule} ${event.label}`, now());
    else if (event.type === "action_ended") {
      running.delete(`${event.rule} ${event.label}`);
      done += 1;
    } else return;
    draw();
  };
  return { sink, clear };
}
