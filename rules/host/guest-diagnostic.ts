// The diagnostics that guests themselves report, by response header or by a line on stderr: found, checked, turned into ours.

import { asNumber, isJsonObject, parseJson } from "../../engine/index.ts";
import type { Diagnostic, JsonValue } from "../../engine/index.ts";
import { finding } from "../wasm/finding.ts";

const CODE_HEADER = "x-x07-diag-code";
const DATA_HEADER = "x-x07-diag-data-b64";
const CODE_LINE = "x07-diag-code: ";
const DATA_LINE = "x07-diag-data-b64: ";
/** Only so much of stderr is looked at. */
const SCANNED_BYTES = 8192;

/** What a guest said, each thing as often as it said it. */
interface Said {
  readonly codes: readonly string[];
  readonly data: readonly string[];
}

export function fromHeaders(headers: readonly { readonly name: string; readonly value: Uint8Array }[]): Diagnostic | null {
  const values = (name: string) => headers.filter((h) => h.name.toLowerCase() === name && h.value.every((b) => b < 0x80)).map((h) => trimmed(Buffer.from(h.value).toString("latin1")));
  return judge({ codes: values(CODE_HEADER), data: values(DATA_HEADER) }, "HTTP", "guest diagnostic via response header");
}

export function fromStderr(stderr: Uint8Array): Diagnostic | null {
  const lines = Buffer.from(stderr.subarray(0, SCANNED_BYTES)).toString("latin1").split("\n");
  const values = (prefix: string) => lines.filter((l) => l.startsWith(prefix)).map((l) => trimmed(l.slice(prefix.length).replace(/\r$/, "")));
  return judge({ codes: values(CODE_LINE), data: values(DATA_LINE) }, "CLI", "guest diagnostic via stderr sentinel");
}

function trimmed(text: string): string {
  return text.replace(/^[ \t]+|[ \t]+$/g, "");
}

function judge({ codes, data }: Said, kind: "HTTP" | "CLI", message: string): Diagnostic | null {
  if (codes.length === 0 && data.length === 0) return null;
  const wrong = (what: string, why: string): Diagnostic => ({ ...finding(`X07WASM_HOST_DIAG_${kind}_DIAG_${what}`, "run", why), hint: "a guest reports at most one code (A-Z 0-9 _) and one JSON object in base64" });
  if (codes.length > 1) return wrong("CODE_DUPLICATE", "the guest reported more than one diagnostic code");
  if (data.length > 1) return wrong("DATA_DUPLICATE", "the guest reported more than one diagnostic data object");
  const [code] = codes;
  const [encoded] = data;
  if (code === undefined) return wrong("DATA_ORPHAN", "the guest reported diagnostic data without a code");
  if (!/^[A-Z0-9_]{1,128}$/.test(code)) return wrong("CODE_INVALID", "the guest's diagnostic code is not 1 to 128 of A-Z 0-9 _");
  if (encoded === undefined) return finding(code, "run", message);
  const decoded = dataOf(encoded);
  return decoded === null ? wrong("DATA_INVALID", "the guest's diagnostic data is not a JSON object in strict base64 of at most 4096 bytes") : { ...finding(code, "run", message, decoded), ...measured(decoded) };
}

/** For people, who do not see the data: what was measured against which limit. */
function measured({ limit, measured: found }: { readonly [key: string]: JsonValue }): Partial<Diagnostic> {
  return asNumber(limit) === undefined || asNumber(found) === undefined ? {} : { notes: [`measured ${String(found)}, the limit is ${String(limit)}`] };
}

function dataOf(encoded: string): { readonly [key: string]: JsonValue } | null {
  if (encoded.length > 8192 || encoded.length % 4 !== 0) return null;
  const bytes = Buffer.from(encoded, "base64");
  if (bytes.length > 4096 || bytes.toString("base64") !== encoded) return null;
  const parsed = parseJson(bytes);
  if (!parsed.ok || !isJsonObject(parsed.value)) return null;
  return Object.fromEntries(Object.entries(parsed.value).flatMap(([k, v]) => (v === undefined ? [] : [[k, v]])));
}
