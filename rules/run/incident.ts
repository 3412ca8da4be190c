// What is kept of a failed run so that it can be looked into and repeated: names and bytes of the bundle. Writes nothing itself.

import { canonical, sha256Hex } from "../../engine/index.ts";
import type { Diagnostic, JsonObject, Result } from "../../engine/index.ts";
import { isGrowable } from "../wasm/memory-plan.ts";
import type { WasmFacts } from "../wasm/inspect.ts";
import type { FileDigest, ProfileRef } from "./report.ts";

export { INCIDENTS_DIR } from "../incident/options.ts";

const utf8 = new TextEncoder();

/** An incident's id: the first 32 hex digits of the SHA-256 of `text`. */
export function incidentId(text: string): string {
  return sha256Hex(text).slice(0, 32);
}

/** The id of a run: module and input decide it. */
export function runId(wasmSha256: string, inputSha256: string): string {
  return incidentId(`${wasmSha256}:${inputSha256}`);
}

/** `<root>/<UTC date>/<id>`. */
export function incidentDir(root: string, now: Date, id: string): string {
  return `${root}/${now.toISOString().slice(0, 10)}/${id}`;
}

/** The trap and every message on a line of its own; null when there is nothing to say. */
export function stderrText(trap: string | null, diagnostics: readonly Diagnostic[]): string | null {
  const lines = [...(trap === null ? [] : [trap]), ...diagnostics.map((d) => d.message)];
  const text = lines.map((line) => `${line}\n`).join("");
  return text.trim() === "" ? null : text;
}

/** The file `<wasm path>.manifest.json` as it was found beside the module. */
export type ArtifactManifest =
  | { readonly kind: "absent"; readonly path: string }
  | { readonly kind: "unreadable"; readonly path: string; readonly error: string }
  | { readonly kind: "read"; readonly path: string; readonly bytes: Uint8Array };

/** The module as far as it is known. */
export type InspectedWasm =
  | { readonly kind: "inspected"; readonly facts: WasmFacts }
  | { readonly kind: "undecodable"; readonly error: string }
  | { readonly kind: "unreadable"; readonly error: string };

export function inspectedWasm(facts: Result<WasmFacts, { readonly message: string }>): InspectedWasm {
  return facts.ok ? { kind: "inspected", facts: facts.value } : { kind: "undecodable", error: facts.error.message };
}

export interface RunIncident {
  readonly profile: ProfileRef;
  /** As in the report's result. */
  readonly wasm: FileDigest;
  readonly inspected: InspectedWasm;
  readonly artifactManifest: ArtifactManifest;
  readonly input: Uint8Array;
  /** The report, canonical, one line. */
  readonly report: string;
  readonly trap: string | null;
  readonly diagnostics: readonly Diagnostic[];
}

/** A bundle: its id, and its files by name. */
export interface IncidentBundle {
  readonly id: string;
  readonly files: ReadonlyMap<string, Uint8Array>;
}

export function runIncident(incident: RunIncident): IncidentBundle {
  const files = new Map<string, Uint8Array>([
    ["input.bin", incident.input],
    ["run.report.json", utf8.encode(incident.report)],
    ["wasm.manifest.json", manifestBytes(incident)],
  ]);
  const stderr = stderrText(incident.trap, incident.diagnostics);
  if (stderr !== null) files.set("stderr.txt", utf8.encode(stderr));
  return { id: runId(incident.wasm.sha256, sha256Hex(incident.input)), files };
}

function manifestBytes(incident: RunIncident): Uint8Array {
  const { artifactManifest } = incident;
  return artifactManifest.kind === "read" ? withNewline(artifactManifest.bytes) : utf8.encode(canonical(synthesizedManifest(incident)));
}

/** A copy of a text file's bytes that ends in a newline. */
export function withNewline(bytes: Uint8Array): Uint8Array {
  return bytes.at(-1) === 0x0a ? bytes : new Uint8Array(Buffer.concat([bytes, Uint8Array.of(0x0a)]));
}

/** Stands in for the artifact manifest that the module does not have. */
export function synthesizedManifest(incident: Pick<RunIncident, "profile" | "wasm" | "inspected" | "artifactManifest">): JsonObject {
  const { artifactManifest: found } = incident;
  return {
    schema_version: "x07.wasm.incident.manifest@0.1.0",
    profile: { ...incident.profile },
    wasm: { ...incident.wasm },
    artifact_manifest: { path: found.path, present: found.kind !== "absent", read_error: found.kind === "unreadable" ? found.error : null },
    ...wasmFields(incident.inspected),
  };
}

function wasmFields(inspected: InspectedWasm): JsonObject {
  switch (inspected.kind) {
    case "undecodable": return { inspect_error: inspected.error };
    case "unreadable": return { wasm_read_error: inspected.error };
    case "inspected": {
      const { exports, memory } = inspected.facts;
      return {
        exports: exports.map((e) => e.name).sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b))),
        memory: memory && { initial_bytes: memory.initial_bytes, max_bytes: memory.max_bytes, growable: isGrowable(memory) },
      };
    }
  }
}
