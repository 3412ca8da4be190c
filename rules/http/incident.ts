// What is kept of a request or a trace that failed, so that it can be looked into and become a test. Writes nothing itself.

import { pretty, sha256Hex } from "../../engine/index.ts";
import type { FileDigest, JsonObject, JsonValue } from "../../engine/index.ts";
import { incidentId } from "../run/incident.ts";

export interface HttpFailure {
  readonly case: string;
  readonly step: number;
  readonly env: JsonValue;
  readonly expected_frame: JsonValue;
  readonly actual_frame: JsonValue;
}

export interface HttpIncident {
  /** Folder below the root. */
  readonly group: "http-test" | "http-serve";
  readonly id: string;
  readonly document: JsonObject;
}

export function testIncident(component: FileDigest, trace: JsonValue, traceBytes: Uint8Array, failed: HttpFailure): HttpIncident {
  return {
    group: "http-test",
    id: incidentId(`http-test:${sha256Hex(traceBytes)}:${failed.step}`),
    document: documentOf("http test failure", component, trace, failed),
  };
}

/** `trace`: the steps that were completed before the request failed. */
export function serveIncident(component: FileDigest, request: JsonObject, requestBytes: Uint8Array, error: string, trace: JsonObject, failed: HttpFailure): HttpIncident {
  return {
    group: "http-serve",
    id: incidentId(`http-serve:${component.sha256}:${sha256Hex(requestBytes)}`),
    document: { ...documentOf(error, component, trace, failed), request },
  };
}

function documentOf(error: string, component: FileDigest, trace: JsonValue, failed: HttpFailure): JsonObject {
  return { v: 1, kind: "x07.http.incident", error, inputs: { component: { ...component } }, trace, failed: { ...failed } };
}

export function incidentBytes(incident: HttpIncident): Uint8Array {
  return new TextEncoder().encode(pretty(incident.document));
}
