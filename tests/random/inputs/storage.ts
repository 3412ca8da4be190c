// What the tool wrote itself and finds again, damaged or forged: cache records, archives, journals, records of goals, incident bundles.

import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sha256Hex } from "../../../engine/index.ts";
import { cacheDesk } from "../../../engine/cache/desk.ts";
import { writeLive } from "../../../engine/cache/live.ts";
import { decodeResults, encodeResults } from "../../../engine/cache/result.ts";
import { checksum } from "../../../engine/lib/bytes.ts";
import { check, encodeRecord, openRecord } from "../../../engine/record.ts";
import { file, place, type PlanContext } from "../../../engine/index.ts";
import { listIncidents } from "../../../rules/incident/list.ts";
import { replayIncident } from "../../../rules/incident/replay.ts";
import { join as joinRule, large, include } from "../../rig/rules.ts";
import { placing, world, type World } from "../../rig/world.ts";
import { type Found, type Kinds, fault, fileOf } from "./kind.ts";
import { mutated, mutatedDocument, pick, type Random } from "./mutate.ts";

const KEY = "ab".repeat(32);
const INLINE = Buffer.from("inline");
const RECORD = encodeResults(KEY, [{
  durationMs: 3,
  discovered: [{ path: "c", sha256: "cd".repeat(32) }],
  outputs: [{ sha256: sha256Hex(INLINE), size: INLINE.length, inline: INLINE }, { sha256: "ef".repeat(32), size: 5000, inline: undefined }],
  remarks: [{ code: "TEST_ODD", severity: "warning", stage: "lint", message: "odd" }],
}]);
const GOAL_RECORD = encodeRecord({
  key: KEY,
  env: [["A", "1"]],
  replay: { goal: "all", exitCode: 0, report: undefined, reportOnStdout: false, reportOut: undefined, stderr: "", summary: "", graphReport: undefined, eventsOut: undefined },
  outputs: [["out/x", "ef".repeat(32), 6, 0]],
  small: INLINE,
  entries: [{ path: "a", kind: "source", mtimeMs: 1, ctimeMs: 2, size: 3, ino: 4, fingerprint: 5n, sha256: "" }, { path: "gone", kind: "missing", mtimeMs: 0, ctimeMs: 0, size: 0, ino: 0, fingerprint: 0n, sha256: "" }],
  stdout: Buffer.from("said\n"),
});

const FILES = { a: "A", b: "include c\ninclude gone", c: "C" };
const plan = () => placing(place(joinRule({ parts: [large({ source: file("a") }).text, include({ source: file("b") }).text], glue: "+" }).whole, "out/x"));
const desk = (w: World) => cacheDesk(w.disk, "/cache", { maxBytes: 1 << 30, now: w.now, alive: () => false });

const built = world(FILES);
const first = await built.build(plan());
writeLive(built.disk, "all", ["all"], first.run.live, true);
await (await desk(built)).export("/archive", ["all"]);
const ARCHIVE = built.disk.read("/archive");
const STATE = built.disk.filesBelow("/w/.x07-wasm").filter((p) => !p.includes("/live/"));
const RESULTS = built.disk.filesBelow("/cache").filter((p) => !p.endsWith("/usage"));

/** Into a cache that is empty, and stays so when the archive is refused. */
async function imported(archive: Uint8Array): Promise<Found> {
  const clone = world({});
  clone.write("/archive", archive);
  const taken = await (await desk(clone)).import("/archive");
  if (taken.ok) return [];
  const left = clone.disk.filesBelow("/cache").filter((p) => !p.endsWith("/usage"));
  if (left.length > 0) throw new Error(`a refused archive left ${left.join(", ")}`);
  return taken.error;
}

/** A workspace or cache with damage answers as if it were new: the same output, whatever is broken. */
async function rebuilt(paths: readonly string[], rnd: Random): Promise<Found> {
  const path = pick(paths, rnd);
  const whole = built.disk.read(path);
  built.write(path, mutated(whole, rnd));
  try {
    if (rnd(2) === 0) built.delete("out");
    const again = await built.build(plan());
    if (built.text("out/x") !== EXPECTED) throw new Error(`damage in ${path} changed the output`);
    return [...again.run.recovered, ...again.diagnostics];
  } finally {
    built.loseState();
    built.loseCache();
    await built.build(plan());
  }
}
const EXPECTED = built.text("out/x");

// ---------------------------------------------------------------------------------------------- real files

const base = mkdtempSync(join(tmpdir(), "x07-fuzz-"));
const RECORD_AT = join(base, "record");
const BUNDLES = join(base, "incidents");
mkdirSync(join(BUNDLES, "2026-01-01", "0".repeat(32)), { recursive: true });

const CONTENT = Buffer.from("content");
const REPLAY = Buffer.from(JSON.stringify({
  schema_version: "x07.wasm.incident.replay@0.1.0",
  command: "x07-wasm.run",
  tool: { version: "0.3.0" },
  argv: ["x07-wasm", "run", "--wasm", "/abs/a.wasm", "--input", "in.bin"],
  env: { X: "1" },
  stdin: { sha256: sha256Hex(CONTENT), bytes_len: 7 },
  files: [{ path: "in.bin", sha256: sha256Hex(CONTENT), bytes_len: 7 }, { path: "../up", missing: true }, { path: "/abs/a.wasm", sha256: sha256Hex(CONTENT), bytes_len: 7 }],
  expected: { exit_code: 1, ok: false, diagnostics: [], result: null },
  nondeterminism: { uses_os_time: false, uses_network: false, uses_process: false },
}));

/** Of a plan's context only what is used: reading. */
function reading(replay: Uint8Array): PlanContext {
  const asked = fileOf(replay);
  const content = fileOf(CONTENT);
  const used: Pick<PlanContext, "read" | "env" | "volatile"> = { read: (path) => (path.endsWith("replay.json") ? asked(path) : content(path)), env: () => undefined, volatile: () => undefined };
  return used as PlanContext;
}

export const STORAGE_KINDS: Kinds = {
  /** The checksum is made right again every other time, so that what stands behind it is reached. */
  "cache records": (rnd) => {
    const bytes = Buffer.from(mutated(RECORD, rnd));
    if (rnd(2) === 0 && bytes.length >= 12) bytes.writeUInt32LE(checksum(bytes.subarray(12)) >>> 0, 8);
    return decodeResults(bytes, KEY) === undefined ? fault("damaged") : [];
  },
  "cache archives": (rnd) => imported(mutated(ARCHIVE, rnd)),
  "state and cache, damaged": (rnd) => rebuilt(rnd(2) === 0 ? STATE : RESULTS, rnd),
  "records of goals": (rnd) => {
    writeFileSync(RECORD_AT, mutated(GOAL_RECORD, rnd));
    check(RECORD_AT, KEY, {});
    return openRecord(RECORD_AT) === undefined ? fault("damaged") : [];
  },
  "incident bundles": async (rnd) => (await replayIncident(reading(mutatedDocument(REPLAY, rnd)), "d", ["/nowhere/x07-wasm"], () => [])).diagnostics,
  "incident lists": (rnd) => {
    const answer = listIncidents(reading(mutatedDocument(REPLAY, rnd)), BUNDLES);
    return (answer.result as { readonly incidents: readonly { readonly replayable: boolean }[] }).incidents[0]?.replayable === true ? [] : fault("not replayable");
  },
};
