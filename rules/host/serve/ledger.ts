// What a server remembers of the requests it answered: report entries, diagnostics, incidents; bounded, however long it runs. Knows no sockets.

import { canonical, sha256Hex, ZERO_SHA256 } from "../../../engine/index.ts";
import type { Diagnostic, FileDigest, JsonObject } from "../../../engine/index.ts";
import { writeIncident } from "../../incident/write.ts";
import type { IncidentPlace } from "../../incident/write.ts";
import { incidentDir, incidentId, withNewline } from "../../run/incident.ts";
import { Confidential } from "../../ops/conceal.ts";
import type { HttpResponse } from "../host.ts";
import type { HttpRequest } from "../wasi/http.ts";
import { requestEnvelope, responseEnvelope } from "./envelope.ts";
import type { Judged } from "./judge.ts";

/** The newest responses that a report lists, and the first diagnostics; a server may run for weeks. */
const MAX_LISTED = 1_000;
const MAX_DIAGNOSTICS = 256;

export interface LedgerSettings {
  readonly component: FileDigest;
  /** The artifact manifest beside the component. */
  readonly manifest: Uint8Array | null;
  readonly budgets: JsonObject;
  readonly place: IncidentPlace;
  readonly hotPath: boolean;
  /** Values that are not to be found in anything that is written. */
  readonly confidential?: readonly string[];
}

/** What a ledger knows, as plain data: processes that serve together send theirs to the one that reports. */
export interface LedgerData {
  readonly responses: readonly JsonObject[];
  readonly diagnostics: readonly Diagnostic[];
  readonly incidents: readonly string[];
  readonly answered: number;
  /** Whether a guest spoke to others. */
  readonly usedNetwork: boolean;
}

/** Bodies up to this size are kept as they are until somebody asks: most entries are dropped before that. */
const MAX_KEPT_BODY = 16_384;

export type BodyDigest = { readonly bytes_len: number; readonly sha256: string };

interface Entry {
  readonly ok: boolean;
  readonly status: number;
  readonly body: Uint8Array | JsonObject;
  readonly wallMs: number;
}

const utf8 = new TextEncoder();

export class Ledger {
  readonly #settings: LedgerSettings;
  readonly #secrets: Confidential;
  #responses: Entry[] = [];
  readonly #diagnostics: Diagnostic[] = [];
  readonly #incidents = new Set<string>();
  #answered = 0;
  #usedNetwork = false;
  #untold = 0;

  constructor(settings: LedgerSettings) {
    this.#settings = settings;
    this.#secrets = new Confidential(settings.confidential ?? []);
  }

  get answered(): number {
    return this.#answered;
  }

  /** A request that went through the guest. */
  note(id: string, request: HttpRequest, judged: Judged, wallMs: number, sent: { readonly status: number; readonly digest?: BodyDigest } | null): void {
    this.tell(judged.remarks);
    if (judged.usedNetwork) this.#usedNetwork = true;
    this.list(judged.ok, sent?.status ?? 0, sent?.digest ?? judged.response?.body ?? null, wallMs);
    if (judged.diagnostics.length === 0) return;
    this.tell(judged.diagnostics);
    this.#incident(id, request, judged, sent);
  }

  tell(diagnostics: readonly Diagnostic[]): void {
    for (const d of diagnostics) if (this.#diagnostics.length < MAX_DIAGNOSTICS) this.#diagnostics.push(this.#secrets.diagnostic(d)); else this.#untold++;
  }

  /** An entry of the report; `body` null: there is none of the guest's. */
  list(ok: boolean, status: number, body: Uint8Array | BodyDigest | null, wallMs: number): void {
    this.#answered++;
    const kept = body !== null && !(body instanceof Uint8Array) ? { ...body } : body !== null && body.length <= MAX_KEPT_BODY ? body : this.#digest(body);
    this.#responses.push({ ok, status, body: kept, wallMs });
    if (this.#responses.length >= 2 * MAX_LISTED) this.#responses = this.#responses.slice(-MAX_LISTED);
  }

  #digest(body: Uint8Array | null): JsonObject {
    if (body === null) return { bytes_len: 0, sha256: ZERO_SHA256 };
    return { bytes_len: body.length, sha256: sha256Hex(body), ...(!this.#settings.hotPath && !this.#secrets.in(body) && { base64: Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString("base64") }) };
  }

  #incident(id: string, request: HttpRequest, judged: Judged, sent: { readonly status: number } | null): void {
    const { component, manifest, budgets, place, hotPath } = this.#settings;
    const envelope = utf8.encode(canonical(requestEnvelope(id, request, hotPath)));
    const folder = incidentDir(place.root, new Date(), incidentId(`${component.sha256}:${sha256Hex(envelope)}`));
    const bodySha = sha256Hex(request.body);
    const about = { schema_version: "x07.wasm.incident.manifest@0.1.0", kind: "serve", component: { ...component }, request: { envelope: "request.envelope.json", body_sha256: bodySha }, budgets, error: judged.error === null ? null : this.#secrets.text(judged.error) };
    // A response that has a secret in it is told of by its status.
    const answer = judged.response === null ? sent : this.#tells(judged.response) ? { status: judged.response.status } : judged.response;
    const warnings = writeIncident(place, folder, new Map([
      ["request.envelope.json", envelope],
      ["request.body.bin", request.body],
      ["request.body.sha256", utf8.encode(`${bodySha}\n`)],
      ...(answer === null ? [] : [["response.envelope.json", utf8.encode(canonical(responseEnvelope(id, answer === sent ? { status: sent.status } : answer, hotPath)))] as const]),
      ...(manifest === null ? [] : [["component.manifest.json", withNewline(manifest)] as const]),
      ["incident.manifest.json", utf8.encode(canonical(about))],
    ]));
    if (warnings.length === 0) this.#incidents.add(folder);
    this.tell(warnings);
  }

  #tells({ headers, body }: HttpResponse): boolean {
    return this.#secrets.in(body) || headers.some(({ value }) => this.#secrets.in(value));
  }

  data(): LedgerData {
    const untold: Diagnostic[] = this.#untold === 0 ? [] : [{ code: "X07WASM_SERVE_DIAGNOSTICS_OMITTED", severity: "info", stage: "run", message: `${this.#untold} further diagnostics are not listed` }];
    const responses = this.#responses.slice(-MAX_LISTED).map(({ ok, status, body, wallMs }) => ({ ok, status, body: body instanceof Uint8Array ? this.#digest(body) : body, wall_ms: Math.round(wallMs) }));
    return { responses, diagnostics: [...this.#diagnostics, ...untold], incidents: [...this.#incidents].slice(-MAX_LISTED), answered: this.#answered, usedNetwork: this.#usedNetwork };
  }
}

/** What several ledgers say together. */
export function together(parts: readonly LedgerData[]): LedgerData {
  return {
    responses: parts.flatMap((p) => p.responses).slice(-MAX_LISTED),
    diagnostics: parts.flatMap((p) => p.diagnostics),
    incidents: [...new Set(parts.flatMap((p) => p.incidents))],
    answered: parts.reduce((sum, p) => sum + p.answered, 0),
    usedNetwork: parts.some((p) => p.usedNetwork),
  };
}
