// --watch: after an answer, waits until something it depended on changes, says what, and asks again.

import type { Tool } from "./entry.ts";
import type { Stat } from "./host/disk.ts";
import { utf8 } from "./lib/bytes.ts";

const POLL_MS = 200;

/** Runs until the tool is stopped. Polls stats: the one way that works on every file system and sees what the engine sees. */
export async function watch(tool: Tool): Promise<void> {
  for (;;) {
    const changed = await nextChange(tool);
    if (changed === undefined) return;
    tool.stderr.show(utf8(`changed: ${changed.slice(0, 5).join(", ")}${changed.length > 5 ? ` and ${changed.length - 5} more` : ""}\n`));
    tool.stdout.chunks.length = 0;
    tool.stderr.chunks.length = 0;
    await tool.once();
    const { explainText } = await import("./view/explain.ts");
    const did = tool.last?.run.actions.filter((a) => a.state !== "fresh") ?? [];
    if (did.length > 0) tool.stderr.show(utf8(explainText(did)));
  }
}

async function nextChange(tool: Tool): Promise<string[] | undefined> {
  const paths = tool.last!.run.watched;
  const before = new Map(paths.map((p) => [p, stamp(tool.disk.stat(p))]));
  while (!tool.stop.signal.aborted) {
    await pause(tool.stop.signal);
    const changed = paths.filter((p) => stamp(tool.disk.stat(p)) !== before.get(p));
    if (changed.length > 0) return changed;
  }
  return undefined;
}

/** Waits one poll, or until the tool is stopped. */
function pause(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, POLL_MS);
    signal.addEventListener("abort", done);
  });
}

function stamp(s: Stat | undefined): string {
  return s === undefined ? "missing" : `${s.mtimeMs} ${s.ctimeMs} ${s.size} ${s.ino}`;
}
