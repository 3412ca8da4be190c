// `serve`: an HTTP component from its file to answers and a report, one canary request or a listening server. Knows nothing of how hosts work.

import type { Diagnostic, FileDigest, GoalAnswer, JsonObject, OptionValues, PlanContext, Result } from "../../../engine/index.ts";
import { fail, ok } from "../../../engine/index.ts";
import { Witness } from "../../incident/record.ts";
import { incidentPlace, writeIncident } from "../../incident/write.ts";
import { evidenceBytes } from "../../ops/evidence.ts";
import { loadGrants } from "../../ops/grants.ts";
import type { Grants } from "../../ops/grants.ts";
import { writeSide } from "../../side.ts";
import { finding } from "../../wasm/finding.ts";
import type { HttpHandler, HttpJob, HttpOutcome } from "../host.ts";
import { guestLimits, manifestBeside, readComponent } from "../inputs.ts";
import { hostLimits } from "../limits.ts";
import { explainNotStarted } from "../outcome.ts";
import { canaryRequest } from "./canary.ts";
import { judge, tooLarge } from "./judge.ts";
import { Ledger } from "./ledger.ts";
import type { LedgerData, LedgerSettings } from "./ledger.ts";

const CODES = {
  read: "X07WASM_SERVE_COMPONENT_READ_FAILED",
  compile: "X07WASM_SERVE_COMPONENT_COMPILE_FAILED",
  malformed: "X07WASM_SERVE_COMPONENT_COMPILE_FAILED",
  engine: "X07WASM_WASMTIME_ENGINE_FAILED",
  world: "X07WASM_SERVE_PROXY_PRE_FAILED",
} as const;

export async function serve(outer: PlanContext, options: OptionValues): Promise<GoalAnswer> {
  outer.volatile(); // the guest has a clock and chance
  return new Serve(new Witness(outer), options).run();
}

class Serve {
  readonly #witness: Witness;
  readonly #context: PlanContext;
  readonly #o: OptionValues;
  readonly #diagnostics: Diagnostic[] = [];
  readonly #inputs: FileDigest[] = [];
  readonly #outputs: FileDigest[] = [];
  #bound: string | null = null;
  #served: LedgerData = { responses: [], diagnostics: [], incidents: [], answered: 0, usedNetwork: false };

  constructor(witness: Witness, options: OptionValues) {
    this.#witness = witness;
    this.#context = witness.context;
    this.#o = options;
  }

  get #listening(): boolean {
    return this.#o["mode"] === "listen";
  }

  #number(option: string): number {
    return Number(this.#o[option] as bigint);
  }

  async run(): Promise<GoalAnswer> {
    const path = String(this.#o["component"]);
    const component = await readComponent(this.#context, path, CODES);
    if (component.ok) this.#inputs.push(component.digest);
    else this.#diagnostics.push(...component.diagnostics);
    const loaded = await loadGrants(this.#witness, this.#o);
    this.#inputs.push(...loaded.inputs);
    if (!loaded.ok) this.#diagnostics.push(...loaded.diagnostics);
    if (!component.ok || !loaded.ok) return this.#answer(component.digest);
    const { grants } = loaded;
    const { limits, warnings } = await guestLimits(this.#context, this.#o);
    this.#diagnostics.push(...warnings);
    const job: HttpJob = { component: component.bytes, path, limits, wallMs: this.#number("max-wall-ms-per-request"), maxResponse: this.#number("max-response-bytes"), grants };
    const settings: LedgerSettings = { component: component.digest, manifest: manifestBeside(this.#context, path), budgets: this.#budgets(), place: incidentPlace(this.#o), hotPath: this.#o["hot-path"] === true, confidential: grants?.confidential ?? [] };
    const done = this.#listening ? await this.#listen(job, settings) : await this.#canary(job, settings);
    if (!done.ok) this.#diagnostics.push(...done.error);
    return this.#answer(component.digest);
  }

  async #open(job: HttpJob): Promise<Result<HttpHandler>> {
    const opened = this.#o["host"] === "wasmtime" ? await (await import("../wasmtime-serve.ts")).openWasmtime(this.#context, job) : (await import("../v8.ts")).openV8(job);
    return opened.ok ? opened : fail([explainNotStarted(opened.error, CODES)]);
  }

  async #canary(job: HttpJob, settings: LedgerSettings): Promise<Result<void>> {
    const request = canaryRequest(this.#context, this.#o);
    if (!request.ok) return request;
    const ledger = new Ledger(settings);
    if (request.value.body.length > this.#number("max-request-bytes")) {
      const refused = tooLarge(request.value.body.length, this.#number("max-request-bytes"));
      ledger.note("req0", request.value, refused, 0, refused);
      this.#served = ledger.data();
      return ok(undefined);
    }
    const handler = await this.#open(job);
    if (!handler.ok) return handler;
    const limits = hostLimits(job.limits, job.wallMs);
    for (let n = this.#number("stop-after"); n > 0; n--) {
      const began = performance.now();
      const outcome = await handler.value.answer(request.value);
      this.#keepTold(outcome, job.grants ?? null);
      const judged = judge(outcome, limits);
      ledger.note("req0", request.value, judged, performance.now() - began, judged.response);
    }
    await handler.value.close();
    this.#served = ledger.data();
    return ok(undefined);
  }

  /** Evidence where it was asked for, and with the files that the guest had open in the bundle of a failure. */
  #keepTold({ told }: HttpOutcome, grants: Grants | null): void {
    for (const file of told?.files ?? []) this.#witness.alsoFile(file);
    const path = this.#o["evidence-out"];
    if (typeof path !== "string" || grants === null || !told?.evidence) return;
    const evidence = (this.#witness.evidence = evidenceBytes(told.evidence, grants.secrets));
    const written = writeSide(path, evidence, "X07WASM_POLICY_OBLIGATION_UNSATISFIED");
    if (written.ok) this.#outputs.push(written.value);
    else this.#diagnostics.push(...written.error);
  }

  async #listen(job: HttpJob, settings: LedgerSettings): Promise<Result<void>> {
    const address = parseAddress(String(this.#o["addr"]));
    if (address === null) return fail([{ ...finding("X07WASM_SERVE_ADDR_INVALID", "parse", `${JSON.stringify(this.#o["addr"])} is not IP:PORT`), hint: "e.g. --addr 127.0.0.1:8080, or [::1]:0 for any free port" }]);
    const handler = await this.#open(job);
    if (!handler.ok) return handler;
    const { sideProgram } = await import("../side.ts");
    const program = this.#o["host"] !== "wasmtime" && this.#number("stop-after") === 0 ? sideProgram() : null;
    const outcome = await this.#context.attend((stop) => (program === null ? this.#alone(address, handler.value, job, settings, stop) : this.#together(program, address, job, settings, stop)));
    await handler.value.close();
    return outcome;
  }

  #orders(address: Address) {
    return {
      address,
      stopAfter: this.#number("stop-after"),
      maxRequest: this.#number("max-request-bytes"),
      maxConcurrent: this.#number("max-concurrent"),
      headerTimeoutMs: this.#number("header-timeout-ms"),
      bodyTimeoutMs: this.#number("body-timeout-ms"),
      idleTimeoutMs: this.#number("idle-timeout-ms"),
    };
  }

  #ready(bound: string): void {
    this.#bound = bound;
    this.#context.say(`listening on http://${bound}`, { event: "listening", addr: bound, url: `http://${bound}` });
  }

  /** In this process: for a server that counts its requests, and for one that others compute for. */
  async #alone(address: Address, handler: HttpHandler, job: HttpJob, settings: LedgerSettings, stop: AbortSignal): Promise<Result<void>> {
    const { listen } = await import("./listen.ts");
    const side = this.#o["host"] === "wasmtime" ? null : (await import("../side.ts")).sideProgram();
    const threads = side === null ? null : new (await import("./threads.ts")).Threads(side, job);
    const ledger = new Ledger(settings);
    const outcome = await listen({ ...this.#orders(address), handler, threads, ledger, limits: hostLimits(job.limits, job.wallMs), ready: (bound) => this.#ready(bound), stop });
    this.#served = ledger.data();
    return outcome;
  }

  async #together(program: string, address: Address, job: HttpJob, settings: LedgerSettings, stop: AbortSignal): Promise<Result<void>> {
    const { serveTogether } = await import("./cluster.ts");
    const { ledger, outcome } = await serveTogether(program, { job, settings, listen: this.#orders(address) }, (bound) => this.#ready(bound), stop);
    this.#served = ledger;
    return outcome;
  }

  // ---- the answer ----------------------------------------------------------------------------------

  #budgets(): JsonObject {
    return { max_request_bytes: this.#number("max-request-bytes"), max_response_bytes: this.#number("max-response-bytes"), max_wall_ms_per_request: this.#number("max-wall-ms-per-request") };
  }

  #answer(component: FileDigest): GoalAnswer {
    const { responses, diagnostics, incidents } = this.#served;
    const place = incidentPlace(this.#o);
    const result: JsonObject = {
      mode: this.#listening ? "listen" : "canary",
      component: { ...component },
      addr: { requested: String(this.#o["addr"]).slice(0, 128) || "-", bound: this.#bound },
      stop_after: this.#number("stop-after"),
      budgets: { ...this.#budgets(), max_concurrent: this.#number("max-concurrent") },
      responses,
      incidents,
    };
    return {
      result,
      diagnostics: [...this.#diagnostics, ...diagnostics],
      inputs: this.#inputs,
      outputs: this.#outputs,
      nondeterminism: { uses_os_time: incidents.length > 0, uses_network: this.#listening || this.#served.usedNetwork, uses_process: this.#o["host"] === "wasmtime" },
      human: this.#human(),
      ...(incidents.length > 0 && { afterReport: (report: Uint8Array) => incidents.flatMap((folder) => writeIncident(place, folder, new Map([["serve.report.json", report], ...this.#witness.files(report)]))) }),
    };
  }

  #human(): string[] {
    const { responses, incidents, answered } = this.#served;
    if (this.#listening) return this.#bound === null ? [] : [`${answered} requests answered`, ...incidents.map((dir) => `incident: ${dir}`)];
    const lines = responses.map((r) => `status ${String(r["status"])}, ${String((r["body"] as JsonObject)["bytes_len"])} bytes, ${String(r["wall_ms"])} ms${r["ok"] === true ? "" : ", failed"}`);
    return [...lines, ...incidents.map((dir) => `incident: ${dir}`)];
  }
}

export interface Address {
  readonly host: string;
  readonly port: number;
}

/** IPv4:port or [IPv6]:port; no names. */
export function parseAddress(text: string): Address | null {
  const match = /^(?:(\d{1,3}(?:\.\d{1,3}){3})|\[([0-9A-Fa-f:.]+)\]):(\d{1,5})$/.exec(text);
  if (match === null) return null;
  const host = match[1] ?? match[2]!;
  const port = Number(match[3]);
  if (port > 65_535 || (match[1] !== undefined && match[1].split(".").some((part) => Number(part) > 255))) return null;
  return { host, port };
}
