// `http serve`: requests through a reducer, one after another, with effects performed. Knows nothing of sockets.

import { canonical, parseJson, pretty, sha256Hex } from "../../engine/index.ts";
import type { Diagnostic, FileDigest, GoalAnswer, JsonObject, JsonValue, OptionValues, PlanContext, Result } from "../../engine/index.ts";
import { validate } from "../contract/validate.ts";
import { Witness } from "../incident/record.ts";
import { incidentPlace, writeIncident } from "../incident/write.ts";
import type { Host } from "../run/choose-host.ts";
import { NetworkRules } from "../ops/network.ts";
import type { Capabilities } from "../ops/capabilities.ts";
import { finding } from "../wasm/finding.ts";
import { SCHEMAS, traceOf } from "./documents.ts";
import type { Step } from "./documents.ts";
import { Effects } from "./effects.ts";
import { ALLOW_VARIABLE, allowedHosts } from "./fetch.ts";
import { incidentBytes, serveIncident } from "./incident.ts";
import type { HttpIncident } from "./incident.ts";
import { handle } from "./loop.ts";
import type { Handled, LoopLimits } from "./loop.ts";
import { readPayload } from "./payload.ts";
import { hostFacts, openReducer } from "./reducer.ts";
import type { ReducerFacts } from "./reducer.ts";
import { writeSide } from "../side.ts";

const CANARY: JsonObject = { schema_version: "x07.http.request.envelope@0.1.0", id: "req0", method: "GET", path: "/", headers: [], body: { bytes_len: 0 } };

const utf8 = new TextEncoder();

export async function httpServe(outer: PlanContext, options: OptionValues, stdin: () => Result<Uint8Array, string>): Promise<GoalAnswer> {
  outer.volatile();
  return new Serving(new Witness(outer), options).run(stdin);
}

class Serving {
  readonly #witness: Witness;
  readonly #o: OptionValues;
  #effects: Effects | undefined;
  readonly #diagnostics: Diagnostic[] = [];
  readonly #inputs: FileDigest[] = [];
  readonly #outputs: FileDigest[] = [];
  readonly #steps: Step[] = [];
  readonly #responses: JsonObject[] = [];
  readonly #summaries: JsonObject[] = [];
  readonly #incidents: HttpIncident[] = [];
  #host: Host | undefined;

  constructor(witness: Witness, options: OptionValues) {
    this.#witness = witness;
    this.#o = options;
  }

  /** `capabilities` null: without an ops profile, hosts are named by a variable. */
  #effectsFor(capabilities: Capabilities | null): Effects {
    const { context } = this.#witness;
    const allowed = capabilities === null ? allowedHosts(context.env(ALLOW_VARIABLE)) : new NetworkRules(capabilities.network);
    return new Effects({
      fetch: { allowed, timeoutMs: this.#count("fetch-timeout-ms", 10_000), maxBodyBytes: this.#count("max-fetch-bytes", 1 << 20) },
      now: () => Date.now(),
      clock: capabilities?.clocks !== "deny",
      say: (line) => context.say(line),
      failuresAreErrors: this.#o["fail-on-effect-error"] === true,
    });
  }

  /** undefined: the ops profile cannot be used. */
  async #capabilities(): Promise<Capabilities | null | undefined> {
    const path = this.#o["ops"];
    if (typeof path !== "string") return null;
    const { capabilities, inputs, diagnostics } = await (await import("../ops/load.ts")).loadOps(this.#witness.context, path);
    this.#inputs.push(...inputs);
    this.#diagnostics.push(...diagnostics);
    return capabilities ?? undefined;
  }

  async run(stdin: () => Result<Uint8Array, string>): Promise<GoalAnswer> {
    const { facts, ...opened } = await openReducer(this.#witness, this.#o, "HTTP_SERVE");
    this.#inputs.push(...facts.inputs);
    this.#host = opened.host;
    this.#diagnostics.push(...(opened.host?.remarks ?? []));
    if (opened.session === undefined) this.#diagnostics.push(...opened.diagnostics);
    const capabilities = await this.#capabilities();
    if (opened.session === undefined) return this.#answer(facts, 0);
    try {
      if (capabilities === undefined) return this.#answer(facts, 0);
      const effects = (this.#effects = this.#effectsFor(capabilities));
      const requests = this.#o["mode"] === "canary" ? [CANARY] : await this.#requests(stdin());
      for (const request of requests) this.#note(facts, request, await handle(opened.session, request, effects, this.#limits()));
      this.#sideFiles(facts, requests.length);
      return this.#answer(facts, requests.length);
    } finally {
      await opened.session.close();
    }
  }

  #limits(): LoopLimits {
    const bytes = this.#o["max-effect-results-bytes"];
    return { maxSteps: this.#count("max-effect-steps", 64), maxResultBytes: typeof bytes === "bigint" ? bytes : 1_048_576n };
  }

  #count(option: string, otherwise: number): number {
    const value = this.#o[option];
    return typeof value === "bigint" ? Number(value) : otherwise;
  }

  /** The request envelopes on standard input, one a line; a bad line is told and skipped. */
  async #requests(read: Result<Uint8Array, string>): Promise<JsonObject[]> {
    if (!read.ok) {
      this.#diagnostics.push({ ...finding("X07WASM_HTTP_SERVE_STDIN_IO_FAILED", "run", `standard input cannot be read: ${read.error}`), hint: "pipe request envelopes in, or use --mode canary" });
      return [];
    }
    const input = read.value;
    this.#witness.stdin = input;
    this.#inputs.push({ path: "<stdin>", sha256: sha256Hex(input), bytes_len: input.length });
    const requests: JsonObject[] = [];
    for (const [index, line] of splitLines(input).entries()) {
      if (isBlank(line)) continue;
      const request = await this.#request(line, index + 1);
      if (request !== undefined) requests.push(request);
    }
    return requests;
  }

  async #request(line: Uint8Array, number: number): Promise<JsonObject | undefined> {
    const parsed = parseJson(line);
    const hint = "each line is one request envelope, x07.http.request.envelope@0.1.0";
    if (!parsed.ok) {
      this.#diagnostics.push({ ...finding("X07WASM_HTTP_SERVE_STDIN_JSON_INVALID", "parse", `stdin line ${number} is not JSON: ${parsed.error.message} at column ${parsed.error.column}`, { line: number }), hint });
      return undefined;
    }
    const faults = await validate(SCHEMAS.request, parsed.value, `stdin line ${number}`);
    if (faults.length === 0) return parsed.value as JsonObject;
    this.#diagnostics.push({ ...finding("X07WASM_HTTP_SERVE_REQUEST_ENVELOPE_SCHEMA_INVALID", "parse", `stdin line ${number} is not a request envelope`, { line: number }), hint }, ...faults);
    return undefined;
  }

  #note(facts: ReducerFacts, request: JsonObject, handled: Handled): void {
    this.#diagnostics.push(...handled.diagnostics);
    this.#steps.push(...handled.steps);
    const { response } = handled;
    if (response === null) {
      this.#summaries.push({ status: 500, headers_count: 0, body_bytes: 0 });
      this.#responses.push({ schema_version: "x07.http.response.envelope@0.1.0", request_id: request["id"], status: 500, headers: [], body: { bytes_len: 0 } });
      this.#incidents.push(incidentOf(facts, request, handled));
      return;
    }
    this.#responses.push(response);
    const body = readPayload(response["body"]);
    if (!body.ok) this.#diagnostics.push({ code: "X07WASM_HTTP_SERVE_RESPONSE_BODY_INVALID", severity: "warning", stage: "run", message: `the body of the response to ${String(request["id"])} cannot be read: ${body.error}`, hint: "bytes_len must be the length of the decoded base64 or of the text" });
    this.#summaries.push({ status: response["status"], headers_count: (response["headers"] as readonly JsonValue[]).length, body_bytes: body.ok ? body.value.length : 0 });
  }

  #sideFiles(facts: ReducerFacts, requests: number): void {
    const trace = this.#o["trace-out"];
    if (typeof trace === "string") this.#side(trace, pretty(traceOf(this.#steps, { component: { ...facts.component }, requests })), "X07WASM_HTTP_SERVE_TRACE_WRITE_FAILED");
    const responses = this.#o["responses-out"];
    if (typeof responses === "string") this.#side(responses, this.#responses.map((r) => canonical(r)).join(""), "X07WASM_HTTP_SERVE_RESPONSES_WRITE_FAILED");
  }

  #side(path: string, text: string, code: string): void {
    const written = writeSide(path, utf8.encode(text), code);
    if (written.ok) this.#outputs.push(written.value);
    else this.#diagnostics.push(...written.error);
  }

  #answer(facts: ReducerFacts, requests: number): GoalAnswer {
    const place = incidentPlace(this.#o);
    const folders = this.#incidents.map(({ group, id }) => `${place.root}/${group}/${id}`);
    const trace = this.#o["trace-out"];
    const { tool, uses_process } = hostFacts(this.#host);
    const traced = typeof trace === "string" && this.#outputs.some(({ path }) => path === trace);
    return {
      result: {
        mode: this.#o["mode"] === "canary" ? "canary" : "listen",
        component: { ...facts.component },
        runtime_limits: facts.limits,
        requests,
        responses: this.#summaries,
        trace_path: traced ? trace : null,
        incident_dir: folders[0] ?? null,
      },
      diagnostics: this.#diagnostics,
      inputs: this.#inputs,
      outputs: this.#outputs,
      nondeterminism: { uses_os_time: this.#effects?.usesTime === true, uses_network: this.#effects?.usesNetwork === true, uses_process },
      ...(tool && { tool }),
      human: this.#summaries.map((s, i) => `response ${i}: ${String(s["status"])}, ${String(s["headers_count"])} headers, ${String(s["body_bytes"])} bytes`),
      afterReport: (report) => this.#incidents.flatMap((incident, i) => writeIncident(place, folders[i] as string, new Map([["incident.json", incidentBytes(incident)], ...this.#witness.files(report)]))),
    };
  }
}

function incidentOf(facts: ReducerFacts, request: JsonObject, handled: Handled): HttpIncident {
  const worst = handled.diagnostics.filter((d) => d.severity === "error").at(-1);
  const failed = { case: String(request["id"]), step: Math.max(0, handled.steps.length - (handled.steps.at(-1)?.env === handled.failedEnv ? 1 : 0)), env: handled.failedEnv ?? null, expected_frame: null, actual_frame: null };
  return serveIncident(facts.component, request, utf8.encode(canonical(request)), worst === undefined ? "no response" : `${worst.code}: ${worst.message}`, traceOf(handled.steps), failed);
}

function splitLines(bytes: Uint8Array): Uint8Array[] {
  const lines: Uint8Array[] = [];
  let from = 0;
  for (let at = bytes.indexOf(10); at >= 0; at = bytes.indexOf(10, from)) {
    lines.push(bytes.subarray(from, at));
    from = at + 1;
  }
  lines.push(bytes.subarray(from));
  return lines;
}

function isBlank(line: Uint8Array): boolean {
  return line.every((byte) => byte === 0x20 || byte === 0x09 || byte === 0x0d);
}
