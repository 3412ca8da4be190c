// `run`: one call of a solve module under limits. The call itself is a cached action; this goal words its outcome.

import {
  type Artifact,
  type Diagnostic,
  file,
  type FileDigest,
  goal,
  type GoalAnswer,
  type JsonValue,
  named,
  type OptionValues,
  place,
  type PlanContext,
  type Result,
  sha256Hex,
} from "../../engine/index.ts";
import { type Inspected, inspectModule } from "../inspect.ts";
import type { LoadedProfile } from "../contract/registry.ts";
import { type Count, resolveWasmProfile, type RuntimeLimits, type WasmProfile, withLimitOptions } from "../profile.ts";
import { type ArtifactManifest, INCIDENTS_DIR, incidentDir, type InspectedWasm, runIncident } from "../run/incident.ts";
import { placeholderRunResult, outputBlob, type RunFacts, runResult } from "../run/report.ts";
import { runCoreRule, type RunRecord, type RunSettings } from "../run/run-core.ts";
import { checkExports, checkMemory, memoryPlan, missingExports, readLdflags } from "../wasm/memory-plan.ts";
import { writeBundle } from "../run/bundle.ts";
import { runOptions } from "./options.ts";

export const run = goal({
  about: "Run a solve module on one input, within limits",
  options: runOptions,
  report: { schemaVersion: "x07.wasm.run.report@0.1.0", command: "x07-wasm.run", schemaFile: "x07-wasm.run.report.schema.json" },
  examples: ["run --wasm dist/app.wasm --input in.bin --output-out out.bin", "run --wasm dist/app.wasm --input-hex 68656c6c6f --json"],
  plan: (options, context) => new RunPlan(options, context).run(),
});

/** Where the input bytes come from; `json` is the report's account of them. */
interface Input {
  readonly artifact: Artifact | undefined;
  readonly inline: string;
  readonly json: { readonly [key: string]: JsonValue };
  readonly bytes: () => Uint8Array;
}

class RunPlan {
  readonly #o: OptionValues;
  readonly #context: PlanContext;
  readonly #inputs: FileDigest[] = [];
  readonly #outputs: FileDigest[] = [];

  constructor(options: OptionValues, context: PlanContext) {
    this.#o = options;
    this.#context = context;
  }

  async run(): Promise<GoalAnswer> {
    const wasmPath = this.#o["wasm"] as string;
    const { inputs, profile } = await resolveWasmProfile((path) => this.#context.read(path), this.#o);
    if (!profile.ok) return this.#answer(placeholderRunResult(wasmPath), profile.error);
    this.#inputs.push(...inputs);
    const input = this.#input();
    if (!input.ok) return this.#answer(placeholderRunResult(wasmPath), input.error);
    const wasm = this.#context.look(wasmPath);
    if (!wasm.ok) return this.#unreadable(wasmPath, wasm.error, input.value);
    this.#inputs.push(wasm.digest);
    const inspected = await this.#context.need(inspectModule({ module: moduleAt(wasmPath) }, { label: wasmPath }).facts);
    if (!inspected.ok) return this.#answer(placeholderRunResult(wasmPath), inspected.error);
    return this.#inspected(profile.value, input.value, wasm.digest, inspected.value);
  }

  #input(): Result<Input> {
    const wrong = (code: string, message: string, hint: string): Result<never> => ({ ok: false, error: [{ code, severity: "error", stage: "parse", message, hint }] });
    const path = this.#o["input"];
    if (typeof path === "string") {
      const looked = this.#context.look(path);
      if (!looked.ok) return wrong("X07WASM_INPUT_READ_FAILED", `failed to read input: ${path}: ${looked.error}`, "name a readable file with --input");
      this.#inputs.push(looked.digest);
      return { ok: true, value: { artifact: file(path), inline: "", json: { bytes_len: looked.digest.bytes_len, sha256: looked.digest.sha256, path }, bytes: () => this.#bytesOf(path) } };
    }
    const hex = this.#o["input-hex"];
    if (typeof hex === "string") {
      const digits = hex.trim();
      if (digits.length % 2 !== 0 || !/^[0-9a-fA-F]*$/.test(digits)) return wrong("X07WASM_INPUT_HEX_INVALID", "--input-hex is not an even number of hex digits", "two digits a byte, e.g. --input-hex 68656c6c6f");
      return inline(Buffer.from(digits, "hex"), false);
    }
    const base64 = this.#o["input-base64"];
    if (typeof base64 !== "string") return wrong("X07WASM_INPUT_MISSING", "one of --input, --input-hex, --input-base64 is needed", "for an empty input use --input-hex \"\"");
    const bytes = Buffer.from(base64.trim(), "base64");
    if (bytes.toString("base64") !== base64.trim()) return wrong("X07WASM_INPUT_BASE64_INVALID", "--input-base64 is not padded standard base64", "use the standard alphabet with padding");
    return inline(bytes, true);
  }

  #bytesOf(path: string): Uint8Array {
    const read = this.#context.read(path);
    return read.ok ? read.bytes : new Uint8Array(0);
  }

  async #inspected(profile: LoadedProfile<WasmProfile>, input: Input, wasm: FileDigest, inspected: Inspected): Promise<GoalAnswer> {
    const arenaCap = countOf(this.#o["arena-cap-bytes"]) ?? profile.value.arenaCapBytes;
    const want = readLdflags(profile.value.ldflags);
    const plan = memoryPlan(want, inspected.ok ? inspected.facts.memory : null);
    const facts: RunFacts = { profile: profile.ref, wasm, input: input.json, arenaCap, plan, outcome: null, output: {} };
    if (!inspected.ok) {
      const error: Diagnostic = { code: "X07WASM_WASM_INSPECT_FAILED", severity: "error", stage: "run", message: `${wasm.path} is not a decodable module: ${inspected.message} (at offset ${inspected.offset})`, hint: "build the module again" };
      return this.#failed(facts, input, { kind: "undecodable", error: inspected.message }, null, [error], runResult(facts));
    }
    const module: InspectedWasm = { kind: "inspected", facts: inspected.facts };
    const problems = [...checkMemory(want, inspected.facts.memory, "run"), ...checkExports(missingExports(inspected.facts), "run")];
    if (problems.length > 0) return this.#failed(facts, input, module, null, problems, runResult(facts));
    const limits = withLimitOptions(profile.value.limits, this.#o);
    return this.#call(facts, input, module, settingsOf(arenaCap, countOf(this.#o["max-output-bytes"]) ?? profile.value.maxOutputBytes, limits, plan));
  }

  async #call(facts: RunFacts, input: Input, module: InspectedWasm, settings: RunSettings): Promise<GoalAnswer> {
    const node = runCoreRule({ module: moduleAt(facts.wasm.path), file: input.artifact === undefined ? [] : [input.artifact], inline: input.inline, settings }, { label: facts.wasm.path });
    const record = await this.#context.need(node.record);
    if (!record.ok) return this.#answer(runResult(facts), record.error);
    const outcome = record.value;
    if (!outcome.repeatable) this.#context.volatile();
    const called = { ...facts, outcome: { ...outcome, output: null as Uint8Array | null, fuelUsed: null } };
    if (!outcome.succeeded) return this.#failed(called, input, module, outcome.trap, outcome.diagnostics, runResult(called));
    const bytes = await this.#context.need(node.output);
    if (!bytes.ok) return this.#answer(runResult(facts), bytes.error);
    return this.#succeeded({ ...called, outcome: { ...called.outcome, output: bytes.value } }, input, module, outcome, node.output, bytes.value);
  }

  async #succeeded(facts: RunFacts, input: Input, module: InspectedWasm, outcome: RunRecord, output: Artifact, bytes: Uint8Array): Promise<GoalAnswer> {
    const path = this.#o["output-out"];
    if (typeof path !== "string") {
      const result = runResult({ ...facts, output: outputBlob(bytes, null, true) });
      return { ...this.#answer(result, []), stdout: bytes };
    }
    const placed = await this.#context.build([place(output, path)]);
    if (placed.ok) {
      this.#outputs.push({ path, sha256: sha256Hex(bytes), bytes_len: bytes.length });
      return this.#answer(runResult({ ...facts, output: outputBlob(bytes, path, true) }), []);
    }
    const errors = placed.error.map((d): Diagnostic => (d.code === "GRAPH_OUTPUT_WRITE_FAILED" ? { ...d, code: "X07WASM_OUTPUT_WRITE_FAILED" } : d));
    return this.#failed({ ...facts, output: outputBlob(bytes, null, true) }, input, module, outcome.trap, errors, runResult({ ...facts, output: outputBlob(bytes, null, true) }));
  }

  // ---- answers -----------------------------------------------------------------------------------

  #unreadable(path: string, error: string, input: Input): GoalAnswer {
    const d: Diagnostic = { code: "X07WASM_WASM_READ_FAILED", severity: "error", stage: "parse", message: `failed to read wasm: ${path}: ${error}`, hint: "name a module with --wasm; `x07-wasm build` makes one", place: { file: path } };
    const result = placeholderRunResult(path);
    const wasm = result["wasm"] as unknown as FileDigest;
    const facts = { profile: result["profile"], wasm } as unknown as RunFacts;
    return this.#failed(facts, input, { kind: "unreadable", error }, null, [d], result);
  }

  #answer(result: JsonValue, diagnostics: readonly Diagnostic[]): GoalAnswer {
    return { result, diagnostics, inputs: this.#inputs, outputs: this.#outputs, nondeterminism: { uses_os_time: false, uses_network: false, uses_process: false } };
  }

  /** A failed run leaves an incident bundle: its input, its report and what is known of the module. */
  #failed(facts: RunFacts, input: Input, inspected: InspectedWasm, trap: string | null, diagnostics: readonly Diagnostic[], result: JsonValue): GoalAnswer {
    const afterReport = (report: Uint8Array): Diagnostic[] => {
      const bundle = runIncident({ profile: facts.profile, wasm: facts.wasm, inspected, artifactManifest: this.#manifestBeside(facts.wasm.path), input: input.bytes(), report: new TextDecoder().decode(report), trap, diagnostics });
      return writeBundle(incidentDir(INCIDENTS_DIR, new Date(), bundle.id), bundle.files);
    };
    return { ...this.#answer(result, diagnostics), afterReport };
  }

  #manifestBeside(wasm: string): ArtifactManifest {
    const path = `${wasm}.manifest.json`;
    const read = this.#context.read(path);
    if (read.ok) return { kind: "read", path, bytes: read.bytes };
    return read.code === "ENOENT" ? { kind: "absent", path } : { kind: "unreadable", path, error: read.error };
  }
}

/** A module file under the name that a build gives it too, so that both share what was found in it. */
function moduleAt(path: string) {
  return named(file(path, "core-wasm"), "module.wasm");
}

function inline(bytes: Buffer, shown: boolean): Result<Input> {
  const base64 = bytes.toString("base64");
  const json = { bytes_len: bytes.length, sha256: sha256Hex(bytes), ...(shown ? { base64 } : {}) };
  return { ok: true, value: { artifact: undefined, inline: base64, json, bytes: () => bytes } };
}

function countOf(value: OptionValues[string]): Count | undefined {
  return typeof value === "bigint" ? (value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : value) : undefined;
}

function settingsOf(arenaCap: Count, maxOutput: Count, limits: RuntimeLimits, plan: RunSettings["plan"]): RunSettings {
  const t = (c: Count | null) => (c === null ? null : String(c));
  return { arenaCap: String(arenaCap), maxOutput: String(maxOutput), maxFuel: t(limits.maxFuel), maxMemoryBytes: t(limits.maxMemoryBytes), maxTableElements: t(limits.maxTableElements), maxWasmStackBytes: t(limits.maxWasmStackBytes), instanceAllocator: limits.instanceAllocator, plan };
}

