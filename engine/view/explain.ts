// Why actions ran, and what came of it, in words for people. Reads events and outcomes; decides nothing.

import type { Traffic } from "../cache/farther.ts";
import type { ActionOutcome, Counts, Reason } from "../event.ts";

const WORDS: { readonly [K in Reason["kind"]]: string } = {
  first: "",
  input: "input changed:",
  input_added: "new input:",
  input_removed: "input gone:",
  parameter: "parameter changed:",
  tool: "tool changed:",
  rule: "rule changed:",
  env: "environment changed:",
  discovered: "file it read changed:",
  forced: "forced by",
  lost: "lost:",
  output: "output was not as built:",
  dependency_failed: "not started:",
};

export function reasonText(r: Reason): string {
  if (r.kind === "output" && r.old === undefined) return `output was not there: ${r.what}`;
  const change = r.old !== undefined && r.new !== undefined ? ` (${brief(r.old)} -> ${brief(r.new)})` : r.new !== undefined ? ` (now ${brief(r.new)})` : r.old !== undefined ? ` (was ${brief(r.old)})` : "";
  return `${WORDS[r.kind]} ${r.what}${change}`.trim();
}

/** Digests are shown by their first 12 digits; long values by their beginning. */
function brief(value: string): string {
  if (/^[0-9a-f]{64}$/.test(value)) return value.slice(0, 12);
  return value.length > 80 ? `${value.slice(0, 77)}...` : value;
}

export function explainText(actions: readonly ActionOutcome[]): string {
  const told = actions.filter((a) => a.state !== "fresh");
  if (told.length === 0) return `nothing to do: all ${actions.length} actions are fresh\n`;
  return told.map((a) => `${a.state} ${a.rule} ${a.label}\n${a.reasons.map((r) => `    ${reasonText(r)}\n`).join("")}`).join("");
}

/** `2 ran, 1 restored, 5 fresh (0.12 s)` */
export function summaryText(c: Counts, elapsedMs: number): string {
  const parts = [
    [c.failed, "failed"],
    [c.ran, "ran"],
    [c.restored, "restored"],
    [c.cut_off, "cut off"],
    [c.fresh, "fresh"],
  ] as const;
  const said = parts.filter(([n]) => n > 0).map(([n, word]) => `${n} ${word}`);
  return `${said.length === 0 ? "no actions" : said.join(", ")} (${(elapsedMs / 1000).toFixed(2)} s)`;
}

/** `shared cache: 12 hits, 3 misses, 1.2 MB received, 0.3 MB sent` */
export function trafficText(t: Traffic): string {
  const failed = t.failures === 0 ? "" : `, ${t.failures} failures`;
  return `shared cache: ${t.hits} hits, ${t.misses} misses, ${megabytes(t.downloadedBytes)} received, ${megabytes(t.uploadedBytes)} sent${failed}\n`;
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(2)} MB`;
}
