// What came of one request: the answer that the client gets, whether it counts as good, and what is wrong with it if not. Knows no sockets.

import type { Diagnostic } from "../../../engine/index.ts";
import { denialDiagnostic } from "../../ops/network.ts";
import { finding } from "../../wasm/finding.ts";
import { fromHeaders } from "../guest-diagnostic.ts";
import type { HttpEnd, HttpOutcome, HttpResponse, Told } from "../host.ts";
import type { HostLimits } from "../limits.ts";
import { explain } from "../outcome.ts";

export interface Judged {
  readonly ok: boolean;
  /** null: the guest gave none. */
  readonly response: HttpResponse | null;
  /** What a client gets when there is no response of the guest's. */
  readonly status: number;
  readonly text: string;
  readonly diagnostics: readonly Diagnostic[];
  /** What is wrong although the answer may be good: capabilities that the guest does not have. */
  readonly remarks: readonly Diagnostic[];
  readonly usedNetwork: boolean;
  /** The failure in one line, for an incident. */
  readonly error: string | null;
}

const FAILED = "X07WASM_SERVE_REQUEST_FAILED";

export function judge(outcome: HttpOutcome, limits: HostLimits): Judged {
  const judged = judgeEnd(outcome, limits);
  const { told } = outcome;
  return told === undefined ? judged : { ...judged, remarks: remarksOf(told), usedNetwork: told.usedNetwork };
}

function remarksOf({ denials, missing }: Told): Diagnostic[] {
  const short = { ...finding("X07WASM_POLICY_OBLIGATION_UNSATISFIED", "run", "the evidence has an end before the guest does", { replay_errors: missing }), hint: "it was recorded with another component or request: record it again with --evidence-out" };
  return [...denials.map(denialDiagnostic), ...(missing.length > 0 ? [short] : [])];
}

const NO_REMARKS: readonly Diagnostic[] = [];

function judgeEnd(outcome: HttpEnd, limits: HostLimits): Judged {
  switch (outcome.kind) {
    case "refused": return failure(500, { ...finding(FAILED, "run", outcome.message), hint: "the guest must set a response and finish its body" });
    case "stopped": return failure(outcome.stop.kind === "deadline" ? 504 : 500, explain(outcome.stop, limits, FAILED).diagnostic);
    case "answered": {
      const { response } = outcome;
      if (response.status < 200) return failure(500, finding(FAILED, "run", `a final response cannot have the status ${response.status}`));
      const said = fromHeaders(response.headers);
      return { ok: said === null, remarks: NO_REMARKS, usedNetwork: false, response, status: response.status, text: "", diagnostics: said === null ? [] : [said], error: said === null ? null : `${said.code}: ${said.message}` };
    }
  }
}

/** A request whose body the host does not pass on. */
export function tooLarge(bytes: number, limit: number): Judged {
  const diagnostic = { ...finding("X07WASM_BUDGET_EXCEEDED_HTTP_REQUEST_BODY", "run", `the request body has ${bytes} bytes, the limit is ${limit}`, { bytes_len: bytes, max_request_bytes: limit }), hint: "raise --max-request-bytes" };
  return { ok: false, remarks: NO_REMARKS, usedNetwork: false, response: null, status: 413, text: "request too large", diagnostics: [diagnostic], error: diagnostic.message };
}

function failure(status: 500 | 504, diagnostic: Diagnostic): Judged {
  return { ok: false, remarks: NO_REMARKS, usedNetwork: false, response: null, status, text: status === 504 ? "timeout" : "internal error", diagnostics: [diagnostic], error: diagnostic.message };
}
