// What a bundle keeps so that its command can be run again elsewhere: the words, the files it looked at, what it answered. Knows nothing of any command.

import { statSync } from "node:fs";
import { canonical, isJsonArray, isJsonObject, parentOf, parseJson, sha256Hex } from "../../engine/index.ts";
import type { JsonObject, JsonValue, PlanContext } from "../../engine/index.ts";
import { Confidential } from "../ops/conceal.ts";

export const REPLAY_FILE = "replay.json";
export const REPLAY_VERSION = "x07.wasm.incident.replay@0.1.0";

const utf8 = new TextEncoder();
/** Larger ones are no part of a bundle. */
const MAX_GUEST_FILE = 16 * 1024 * 1024;

/** A plan's context that remembers which files and variables were asked for. */
export class Witness {
  readonly context: PlanContext;
  readonly #asked = new Set<string>();
  readonly #folders = new Set<string>();
  readonly #withheld = new Set<string>();
  readonly #env = new Map<string, string | undefined>();
  /** What is asked through this one is not kept: the program of a tool is not. */
  readonly outer: PlanContext;
  /** What came in on standard input, where the command reads it. */
  stdin: Uint8Array | undefined;
  /** Which secrets the command had; a rerun must be given them, for a bundle never holds one. */
  secrets: readonly { readonly id: string; readonly source: "env" | "file" }[] = [];
  confidential = new Confidential([]);
  /** What clocks and chance told the guest: a rerun is told the same. */
  evidence: Uint8Array | undefined;

  constructor(context: PlanContext) {
    this.outer = context;
    this.context = {
      ...context,
      read: (path) => (this.#asked.add(path), context.read(path)),
      look: (path) => (this.#asked.add(path), context.look(path)),
      env: (name) => {
        const value = context.env(name);
        this.#env.set(name, value);
        return value;
      },
    };
  }

  /** A file, or a folder, that a guest of the command used. */
  alsoFile(path: string): void {
    if ((statSync(path, { throwIfNoEntry: false })?.size ?? 0) > MAX_GUEST_FILE) this.#withheld.add(path);
    else this.#asked.add(path);
  }
  alsoFolder(path: string): void {
    this.#folders.add(path);
  }

  /** A path that could not be written: what is in its way belongs to the bundle, to be in the way again. */
  blocked(path: string): void {
    for (let at = path; at !== "" && at !== "/"; at = parentOf(at)) {
      const there = this.outer.probe(at);
      if (there === "missing") continue;
      if (there !== "dir") this.#asked.add(at);
      else if (at === path) this.#folders.add(at);
      return;
    }
  }

  /** The bundle's part for a rerun: `replay.json`, and each file under the digest of its content. */
  files(reportBytes: Uint8Array): Map<string, Uint8Array> {
    const stored = new Map<string, Uint8Array>();
    const keep = (bytes: Uint8Array): JsonObject => {
      const sha256 = sha256Hex(bytes);
      stored.set(`files/${sha256}`, bytes);
      return { sha256, bytes_len: bytes.length };
    };
    const files = [...this.#asked].sort().map((path): JsonObject => {
      const read = this.outer.read(path);
      if (!read.ok) return { path, missing: true };
      return this.confidential.in(read.bytes) ? { path, withheld: true } : { path, ...keep(read.bytes) };
    });
    for (const path of [...this.#withheld].sort()) files.push({ path, withheld: true });
    for (const path of [...this.#folders].sort()) files.push({ path, folder: true });
    const report = parsed(reportBytes);
    const meta = isJsonObject(report["meta"]) ? report["meta"] : {};
    const stdin = this.stdin === undefined ? null : keep(this.stdin);
    stored.set(REPLAY_FILE, utf8.encode(canonical({
      schema_version: REPLAY_VERSION,
      command: report["command"] ?? "",
      tool: { version: (isJsonObject(meta["tool"]) ? meta["tool"]["version"] : undefined) ?? "" },
      argv: meta["argv"] ?? [],
      env: Object.fromEntries([...this.#env].filter(([name, value]) => name !== "PATH" && value !== undefined)) as JsonObject,
      stdin,
      ...(this.evidence !== undefined && { evidence: keep(this.evidence) }),
      ...(this.secrets.length > 0 && { secrets: this.secrets.map((secret) => ({ ...secret })) }),
      files,
      expected: outcomeOf(report),
      nondeterminism: meta["nondeterminism"] ?? {},
    })));
    return stored;
  }
}

function parsed(bytes: Uint8Array): JsonObject {
  const report = parseJson(bytes);
  return report.ok && isJsonObject(report.value) ? report.value : {};
}

/** The part of a report that a rerun must give again, byte for byte. */
export function outcomeOf(report: JsonObject): JsonObject {
  const { exit_code, ok, diagnostics, result } = report;
  return { exit_code: exit_code ?? null, ok: ok ?? null, diagnostics: diagnostics ?? [], result: steady(result ?? null) };
}

/** What tells of the moment only is set to a fixed value: dates in incident folders, times, an address that the system chose. */
function steady(value: JsonValue, key = ""): JsonValue {
  if (key === "wall_ms") return 0;
  if (key === "bound" && typeof value === "string") return "";
  if (typeof value === "string") return key.startsWith("incident") ? value.replace(/\/\d{4}-\d{2}-\d{2}\//, "/date/") : value;
  if (isJsonArray(value)) return value.map((item) => steady(item, key));
  if (!isJsonObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, member === undefined ? undefined : steady(member, name)]));
}
