// The plan of `run`: the call itself is a cached action; what came of it is worded here.

import {
  type Artifact,
  type Diagnostic,
  file,
  type FileDigest,
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
import { Witness } from "../incident/record.ts";
import { incidentPlace, writeIncident } from "../incident/write.ts";
import { readCacheConfig, withCache } from "../run/cache-config.ts";
import { chooseHost, type WasmtimeHost } from "../run/choose-host.ts";
import { type ArtifactManifest, incidentDir, type InspectedWasm, runIncident } from "../run/incident.ts";
import { placeholderRunResult, outputBlob, type RunFacts, runResult } from "../run/report.ts";
import { coreRequest, recordOf, runCoreRule, type RunRecord, type RunSettings } from "../run/run-core.ts";
import { WEAVE_FROM_BYTES, weaveRule } from "../run/weave.ts";
import { checkExports, checkMemory, memoryPlan, missingExports, readLdflags } from "../wasm/memory-plan.ts";
import { unwritten } from "./unwritten.ts";

/** Where the input bytes come from; `json` is the report's account of them. */
interface Input {
  readonly artifact: Artifact | undefined;
  readonly inline: string;
  readonly json: { readonly [key: string]: JsonValue };
  readonly bytes: () => Uint8Array;
}

/** What a run gave, and the artifact that it is, where it is one. */
interface Output {
  readonly artifact: Artifact | undefined;
  readonly bytes: Uint8Array;
}

export function runModule(options: OptionValues, context: PlanContext): Promise<GoalAnswer> {
  return new RunPlan(options, context).run();
}

class RunPlan {
  readonly #o: OptionValues;
  readonly #context: PlanContext;
  readonly #inputs: FileDigest[] = [];
  readonly #outputs: FileDigest[] = [];
  readonly #remarks: Diagnostic[] = [];
  #wasmtime: WasmtimeHost | undefined;

  readonly #witness: Witness;

  constructor(options: OptionValues, context: PlanContext) {
    this.#o = options;
    this.#witness = new Witness(context);
    this.#context = this.#witness.context;
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
    return this.#call(facts, input, module, limits.cacheConfig, settingsOf(arenaCap, countOf(this.#o["max-output-bytes"]) ?? profile.value.maxOutputBytes, limits, plan, this.#o["max-wall-ms"]));
  }

  async #call(facts: RunFacts, input: Input, module: InspectedWasm, cacheConfig: string | null, settings: RunSettings): Promise<GoalAnswer> {
    const host = await chooseHost(this.#witness.outer, String(this.#o["host"] ?? "v8"));
    if (!host.ok) return this.#failed(facts, input, module, null, host.error, runResult(facts));
    this.#remarks.push(...host.value.remarks);
    // Only Wasmtime uses it, but a profile that is wrong is wrong on every host.
    const cache = readCacheConfig(this.#context, cacheConfig);
    if (!cache.ok) return this.#failed(facts, input, module, null, cache.error, runResult(facts));
    if (host.value.kind === "wasmtime") return this.#callInWasmtime(host.value, facts, input, module, cache.value, settings);
    const target = moduleAt(facts.wasm.path);
    const woven = facts.wasm.bytes_len < WEAVE_FROM_BYTES ? undefined : weaveRule({ module: target, settings: { countFuel: settings.maxFuel !== null, maxMemoryBytes: settings.maxMemoryBytes, maxTableElements: settings.maxTableElements } }, { label: facts.wasm.path });
    const node = runCoreRule({ module: target, woven: woven ? [woven.woven] : [], facts: woven ? [woven.facts] : [], file: input.artifact === undefined ? [] : [input.artifact], inline: input.inline, settings }, { label: facts.wasm.path });
    const record = await this.#context.need(node.record);
    if (!record.ok) return this.#answer(runResult(facts), record.error);
    const ran: RunFacts = { ...facts, engine: { name: "v8" } };
    if (!record.value.succeeded) return this.#called(ran, input, module, record.value, null);
    const bytes = await this.#context.need(node.output);
    return bytes.ok ? this.#called(ran, input, module, record.value, { artifact: node.output, bytes: bytes.value }) : this.#answer(runResult(facts), bytes.error);
  }

  /** A run in Wasmtime is there to be compared: it is made every time. */
  async #callInWasmtime(host: WasmtimeHost, facts: RunFacts, input: Input, module: InspectedWasm, cache: Uint8Array | null, settings: RunSettings): Promise<GoalAnswer> {
    this.#context.volatile();
    this.#wasmtime = host;
    if (this.#context.engine.dryRun) return this.#answer(runResult(facts), [{ code: "GRAPH_DRY_RUN", severity: "info", stage: "run", message: `a dry run does not run ${facts.wasm.path} in Wasmtime` }]);
    const { runCoreInWasmtime } = await import("../run/wasmtime/host.ts");
    const outcome = await runCoreInWasmtime(host.program, withCache(coreRequest(settings, this.#bytesOf(facts.wasm.path), input.bytes()), cache));
    const ran: RunFacts = { ...facts, engine: { name: "wasmtime", version: host.version } };
    return this.#called(ran, input, module, recordOf(outcome), outcome.output === null ? null : { artifact: undefined, bytes: outcome.output });
  }

  async #called(facts: RunFacts, input: Input, module: InspectedWasm, outcome: RunRecord, output: Output | null): Promise<GoalAnswer> {
    if (!outcome.repeatable) this.#context.volatile();
    const called = { ...facts, outcome: { ...outcome, output: output?.bytes ?? null, fuelUsed: null } };
    return output === null ? this.#failed(called, input, module, outcome.trap, outcome.diagnostics, runResult(called)) : this.#succeeded(called, input, module, outcome, output);
  }

  async #succeeded(facts: RunFacts, input: Input, module: InspectedWasm, outcome: RunRecord, output: Output): Promise<GoalAnswer> {
    const path = this.#o["output-out"];
    const { bytes } = output;
    if (typeof path !== "string") return { ...this.#answer(runResult({ ...facts, output: outputBlob(bytes, null, true) }), []), stdout: bytes };
    const errors = await this.#placeOutput(output, path);
    if (errors.length === 0) {
      this.#outputs.push({ path, sha256: sha256Hex(bytes), bytes_len: bytes.length });
      return this.#answer(runResult({ ...facts, output: outputBlob(bytes, path, true) }), []);
    }
    this.#witness.blocked(path);
    const kept = { ...facts, output: outputBlob(bytes, null, true) };
    return this.#failed(kept, input, module, outcome.trap, errors, runResult(kept));
  }

  async #placeOutput({ artifact, bytes }: Output, path: string): Promise<readonly Diagnostic[]> {
    const codes = { folder: "X07WASM_OUTPUT_IO_FAILED", file: "X07WASM_OUTPUT_WRITE_FAILED" };
    if (artifact === undefined) {
      const { writeSide } = await import("../side.ts");
      const written = writeSide(path, bytes, "GRAPH_OUTPUT_WRITE_FAILED");
      return written.ok ? [] : written.error.map((d) => unwritten(this.#context, d, path, codes));
    }
    const placed = await this.#context.build([place(artifact, path)]);
    return placed.ok ? [] : placed.error.map((d) => unwritten(this.#context, d, path, codes));
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
    const native = this.#wasmtime;
    return {
      result, diagnostics: [...this.#remarks, ...diagnostics], inputs: this.#inputs, outputs: this.#outputs,
      nondeterminism: { uses_os_time: false, uses_network: false, uses_process: native !== undefined },
      ...(native && { tool: { wasmtime: native.line } }),
    };
  }

  /** A failed run leaves an incident bundle: its input, its report and what is known of the module. A dry run leaves nothing. */
  #failed(facts: RunFacts, input: Input, inspected: InspectedWasm, trap: string | null, diagnostics: readonly Diagnostic[], result: JsonValue): GoalAnswer {
    const afterReport = (report: Uint8Array): Diagnostic[] => {
      const bundle = runIncident({ profile: facts.profile, wasm: facts.wasm, inspected, artifactManifest: this.#manifestBeside(facts.wasm.path), input: input.bytes(), report: new TextDecoder().decode(report), trap, diagnostics });
      const at = incidentPlace(this.#o);
      return writeIncident(at, incidentDir(at.root, new Date(), bundle.id), new Map([...bundle.files, ...this.#witness.files(report)]));
    };
    return { ...this.#answer(result, diagnostics), ...(!this.#context.engine.dryRun && { afterReport }) };
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

function settingsOf(arenaCap: Count, maxOutput: Count, limits: RuntimeLimits, plan: RunSettings["plan"], wall: OptionValues[string]): RunSettings {
  const t = (c: Count | null) => (c === null ? null : String(c));
  return { arenaCap: String(arenaCap), maxOutput: String(maxOutput), maxFuel: t(limits.maxFuel), maxMemoryBytes: t(limits.maxMemoryBytes), maxTableElements: t(limits.maxTableElements), maxWasmStackBytes: t(limits.maxWasmStackBytes), maxWallMs: typeof wall === "bigint" ? Number(wall) : null, instanceAllocator: limits.instanceAllocator, plan };
}

