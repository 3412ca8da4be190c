// `component run`: a command component from its file to a report, and to an incident when it failed. Knows nothing of how hosts work.

import { canonical, isJsonArray, parseJson, sha256Hex } from "../../engine/index.ts";
import type { Diagnostic, FileDigest, GoalAnswer, JsonObject, OptionValues, PlanContext, Result } from "../../engine/index.ts";
import { writeSide } from "../side.ts";
import { Witness } from "../incident/record.ts";
import { incidentPlace, writeIncident } from "../incident/write.ts";
import { incidentDir, incidentId, withNewline } from "../run/incident.ts";
import { blob, INLINE_LIMIT } from "../run/report.ts";
import { finding } from "../wasm/finding.ts";
import { fromStderr } from "./guest-diagnostic.ts";
import type { CommandJob, CommandOutcome, Ended } from "./host.ts";
import { guestLimits, manifestBeside, readComponent } from "./inputs.ts";
import { hostLimits } from "./limits.ts";
import { explain, explainNotStarted } from "./outcome.ts";

const CODES = {
  read: "X07WASM_COMPONENT_RUN_COMPONENT_READ_FAILED",
  compile: "X07WASM_COMPONENT_RUN_COMPONENT_COMPILE_FAILED",
  malformed: "X07WASM_COMPONENT_RUN_COMPONENT_COMPILE_FAILED",
  engine: "X07WASM_WASMTIME_ENGINE_FAILED",
  world: "X07WASM_COMPONENT_RUN_TRAP",
} as const;
const TRAP = "X07WASM_COMPONENT_RUN_TRAP";

const utf8 = new TextEncoder();
const NO_BYTES = new Uint8Array(0);

export async function componentRun(outer: PlanContext, options: OptionValues): Promise<GoalAnswer> {
  outer.volatile(); // the guest has a clock and chance
  return new ComponentRun(new Witness(outer), options).run();
}

type OutcomeWord = "ok" | "err" | "timeout" | "trap" | "engine_failed" | "component_compile_failed" | "linker_failed";

/** Where standard input comes from. */
interface Stdin {
  readonly bytes: Uint8Array;
  readonly json: JsonObject;
}

class ComponentRun {
  readonly #witness: Witness;
  readonly #context: PlanContext;
  readonly #o: OptionValues;
  readonly #diagnostics: Diagnostic[] = [];
  readonly #inputs: FileDigest[] = [];
  readonly #outputs: FileDigest[] = [];
  #args: readonly string[] = [];
  #stdin: Stdin = { bytes: NO_BYTES, json: blob(NO_BYTES, { kind: "none" }) };
  #stdout = NO_BYTES as Uint8Array;
  #stderr = NO_BYTES as Uint8Array;
  #usesProcess = false;

  constructor(witness: Witness, options: OptionValues) {
    this.#witness = witness;
    this.#context = witness.context;
    this.#o = options;
  }

  async run(): Promise<GoalAnswer> {
    const path = String(this.#o["component"]);
    const component = await readComponent(this.#context, path, CODES);
    this.#diagnostics.push(...(component.ok ? [] : component.diagnostics));
    if (component.ok) this.#inputs.push(component.digest);
    const args = this.#readArgs();
    const stdin = this.#readStdin();
    if (!component.ok) return this.#answer(component.digest, "component_compile_failed", null, false);
    if (!args.ok || !stdin.ok) return this.#answer(component.digest, "err", null, false);
    const { limits, warnings } = await guestLimits(this.#context, this.#o);
    this.#diagnostics.push(...warnings);
    const job: CommandJob = { component: component.bytes, path, args: this.#args, stdin: this.#stdin.bytes, maxOutput: this.#number("max-output-bytes") ?? 16_777_216, limits, wallMs: this.#number("max-wall-ms") };
    return this.#finish(component.digest, job, await this.#execute(job));
  }

  async #execute(job: CommandJob): Promise<CommandOutcome> {
    if (this.#o["host"] === "wasmtime") {
      this.#usesProcess = true;
      return (await import("./wasmtime.ts")).runCommand(this.#context, job);
    }
    return (await import("./v8-run.ts")).runCommand(job);
  }

  #number(option: string): number | null {
    const value = this.#o[option];
    return typeof value === "bigint" ? Number(value) : null;
  }

  #readArgs(): Result<void> {
    const parsed = parseJson(utf8.encode(String(this.#o["args-json"])));
    const texts = parsed.ok && isJsonArray(parsed.value) && parsed.value.every((a) => typeof a === "string") ? (parsed.value as readonly string[]) : null;
    const tooLong = texts?.findIndex((a) => [...a].length > 4096) ?? -1;
    if (texts !== null && tooLong < 0) {
      this.#args = texts;
      return { ok: true, value: undefined };
    }
    const why = texts === null ? "--args-json is not a JSON array of texts" : `argument ${tooLong} is longer than 4096 characters`;
    return this.#refuse("X07WASM_COMPONENT_RUN_ARGS_JSON_INVALID", why, "e.g. --args-json '[\"one\",\"two\"]'");
  }

  #readStdin(): Result<void> {
    const path = this.#o["stdin"];
    const base64 = this.#o["stdin-b64"];
    if (typeof path === "string") {
      const read = this.#context.read(path);
      if (!read.ok) return this.#refuse("X07WASM_COMPONENT_RUN_STDIN_READ_FAILED", `failed to read stdin: ${path}: ${read.error}`, path.startsWith("@") ? "give the path alone, without `@`" : "name a readable file with --stdin");
      this.#inputs.push(read.digest);
      this.#stdin = { bytes: read.bytes, json: blob(read.bytes, { kind: "file", path }) };
    } else if (typeof base64 === "string") {
      const bytes = Buffer.from(base64.trim(), "base64");
      if (bytes.toString("base64") !== base64.trim()) return this.#refuse("X07WASM_COMPONENT_RUN_STDIN_BASE64_INVALID", "--stdin-b64 is not padded standard base64", "use the standard alphabet with padding");
      this.#stdin = { bytes, json: blob(bytes, { kind: "inline" }) };
    }
    return { ok: true, value: undefined };
  }

  #refuse(code: string, message: string, hint: string): Result<never> {
    const diagnostic: Diagnostic = { ...finding(code, "parse", message), hint };
    this.#diagnostics.push(diagnostic);
    return { ok: false, error: [diagnostic] };
  }

  // ---- the outcome ---------------------------------------------------------------------------------

  #finish(component: FileDigest, job: CommandJob, outcome: CommandOutcome): GoalAnswer {
    if (outcome.kind === "not-started") {
      this.#diagnostics.push(explainNotStarted(outcome.why, CODES));
      const word = outcome.why.kind === "malformed" ? "component_compile_failed" : outcome.why.kind === "engine" ? "engine_failed" : "trap";
      return this.#answer(component, word, outcome.why.kind === "world" ? outcome.why.message : null, outcome.why.kind === "world");
    }
    this.#stdout = outcome.stdout;
    this.#stderr = outcome.stderr;
    this.#write("stdout-out", outcome.stdout, "X07WASM_COMPONENT_RUN_STDOUT_WRITE_FAILED");
    this.#write("stderr-out", outcome.stderr, "X07WASM_COMPONENT_RUN_STDERR_WRITE_FAILED");
    const { word, trap } = this.#judge(outcome.ended, job);
    const said = fromStderr(outcome.stderr);
    if (said !== null) this.#diagnostics.push(said);
    return this.#answer(component, word, trap, this.#diagnostics.some((d) => d.severity === "error"));
  }

  #judge(ended: Ended, job: CommandJob): { readonly word: OutcomeWord; readonly trap: string | null } {
    switch (ended.kind) {
      case "ok": return { word: "ok", trap: null };
      case "err":
        this.#diagnostics.push({ ...finding("X07WASM_COMPONENT_RUN_EXIT_FAILURE", "run", "the guest ended with a failure"), hint: "what it wrote to stderr may say why: --stderr-out" });
        return { word: "err", trap: null };
      case "stopped": {
        const { diagnostic, text, budget } = explain(ended.stop, hostLimits(job.limits, job.wallMs), TRAP);
        const full = [this.#stdout, this.#stderr].some((s) => s.length > 0 && s.length === job.maxOutput);
        const output = ended.stop.kind === "output" || (full && !budget);
        if (output && ended.stop.kind !== "output") this.#diagnostics.push(explain({ kind: "output", stream: this.#stdout.length === job.maxOutput ? "stdout" : "stderr", limit: job.maxOutput }, hostLimits(job.limits, job.wallMs), TRAP).diagnostic);
        this.#diagnostics.push(diagnostic);
        if (ended.stop.kind === "output") this.#diagnostics.push(finding(TRAP, "run", `the guest was stopped: ${text}`));
        return { word: ended.stop.kind === "deadline" ? "timeout" : "trap", trap: text };
      }
    }
  }

  #write(option: string, bytes: Uint8Array, code: string): void {
    const path = this.#o[option];
    if (typeof path !== "string") return;
    const written = writeSide(path, bytes, code);
    if (written.ok) this.#outputs.push(written.value);
    else {
      this.#witness.blocked(path);
      this.#diagnostics.push(...written.error);
    }
  }

  // ---- the answer ----------------------------------------------------------------------------------

  #answer(component: FileDigest, outcome: OutcomeWord, trap: string | null, incident: boolean): GoalAnswer {
    const place = incidentPlace(this.#o);
    const stdinSha = sha256Hex(this.#stdin.bytes);
    const dir = incident ? incidentDir(place.root, new Date(), incidentId(`${component.sha256}:${stdinSha}`)) : null;
    const wall = this.#number("max-wall-ms");
    const result: JsonObject = {
      component: { ...component },
      args: this.#args,
      stdin: this.#stdin.json,
      stdout: this.#blobOf("stdout-out", this.#stdout),
      stderr: this.#blobOf("stderr-out", this.#stderr),
      run: { outcome, ...(wall !== null && { max_wall_ms: wall }), ...(trap !== null && { trap: trap.slice(0, 16384) }) },
      incident_dir: dir,
    };
    return {
      result,
      diagnostics: this.#diagnostics,
      inputs: this.#inputs,
      outputs: this.#outputs,
      nondeterminism: { uses_os_time: dir !== null, uses_network: false, uses_process: this.#usesProcess },
      passOn: { stdout: typeof this.#o["stdout-out"] === "string" ? NO_BYTES : this.#stdout, stderr: typeof this.#o["stderr-out"] === "string" ? NO_BYTES : this.#stderr },
      ...(dir !== null && { afterReport: (report: Uint8Array) => writeIncident(place, dir, this.#bundle(component, report)) }),
    };
  }

  /** In its file, or small enough for the report. */
  #blobOf(option: string, bytes: Uint8Array): JsonObject {
    const path = this.#o[option];
    if (this.#outputs.some((o) => o.path === path)) return blob(bytes, { kind: "file", path: String(path) });
    return blob(bytes, { kind: bytes.length > 0 && bytes.length <= INLINE_LIMIT ? "inline" : "none" });
  }

  #bundle(component: FileDigest, report: Uint8Array): Map<string, Uint8Array> {
    const manifest = { schema_version: "x07.wasm.incident.manifest@0.1.0", kind: "component-run", component: { path: component.path, sha256: component.sha256 }, stdin: this.#stdin.json, args: this.#args };
    const beside = manifestBeside(this.#context, component.path);
    return new Map([
      ["incident.manifest.json", utf8.encode(canonical(manifest))],
      ["stdin.bin", this.#stdin.bytes],
      ...(this.#stdout.length > 0 ? [["stdout.bin", this.#stdout] as const] : []),
      ...(this.#stderr.length > 0 ? [["stderr.bin", this.#stderr] as const] : []),
      ...(beside === null ? [] : [["component.manifest.json", withNewline(beside)] as const]),
      ["component.run.report.json", report],
      ...this.#witness.files(report),
    ]);
  }
}
