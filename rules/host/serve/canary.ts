// The one request that `serve --mode canary` repeats: read from options, checked, made. Knows nothing of guests.

import type { Diagnostic, OptionValues, PlanContext, Result } from "../../../engine/index.ts";
import { fail, ok } from "../../../engine/index.ts";
import { strictBase64 } from "../../http/payload.ts";
import { finding } from "../../wasm/finding.ts";
import type { Header, HttpRequest } from "../wasi/http.ts";

const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
/** What a request target may hold: visible ASCII without what a URI must encode. */
const TARGET = /^[!-;=?-[\]_a-z~|^]*$/;

export function canaryRequest(context: PlanContext, options: OptionValues): Result<HttpRequest> {
  const wrong: Diagnostic[] = [];
  const body = readBody(context, String(options["request-body"] ?? ""));
  if (!body.ok) wrong.push(...body.error);
  const method = String(options["method"]);
  if (!TOKEN.test(method)) wrong.push({ ...finding("X07WASM_SERVE_METHOD_INVALID", "parse", `${JSON.stringify(method)} is not an HTTP method`), hint: "e.g. --method POST" });
  const target = readTarget(String(options["path"]));
  if (target === null) wrong.push({ ...finding("X07WASM_SERVE_PATH_INVALID", "parse", `${JSON.stringify(options["path"])} is not a request target`), hint: "percent-encode what is not visible ASCII, e.g. --path /a%20b?x=1" });
  if (wrong.length > 0 || target === null || !body.ok) return fail(wrong);
  return ok({ method, ...target, body: body.value });
}

interface Target {
  readonly pathWithQuery: string;
  readonly authority: string | null;
  readonly headers: readonly Header[];
}

/** A full URL is taken whole; anything else is a path on localhost. */
function readTarget(path: string): Target | null {
  const url = /^([A-Za-z][A-Za-z0-9+.-]*):\/\/([^/?#]+)([^#]*)$/.exec(path);
  if (path.includes("://") && url === null) return null;
  const rest = url === null ? path : url[3]!;
  const target = rest.startsWith("/") ? rest : `/${rest}`;
  if (!TARGET.test(target) || target.length > 65_536) return null;
  const authority = url === null ? "localhost" : url[2]!;
  return { pathWithQuery: target, authority, headers: url === null ? [{ name: "host", value: Buffer.from(authority) }] : [] };
}

function readBody(context: PlanContext, text: string): Result<Uint8Array> {
  const wrong = (message: string): Result<never> => fail([{ ...finding("X07WASM_SERVE_REQUEST_BODY_INVALID", "parse", message), hint: "hex:…, b64:… (padded standard base64), @path, or nothing" }]);
  if (text === "") return ok(new Uint8Array(0));
  if (text.startsWith("hex:")) {
    const digits = text.slice(4).trim();
    return digits.length % 2 === 0 && /^[0-9a-fA-F]*$/.test(digits) ? ok(Buffer.from(digits, "hex")) : wrong("--request-body hex: is not an even number of hex digits");
  }
  if (text.startsWith("b64:")) {
    const bytes = strictBase64(text.slice(4).trim());
    return bytes === undefined ? wrong("--request-body b64: is not padded standard base64") : ok(bytes);
  }
  if (!text.startsWith("@")) return wrong("--request-body does not say what it is");
  const read = context.read(text.slice(1));
  return read.ok ? ok(read.bytes) : wrong(`failed to read request body: ${text.slice(1)}: ${read.error}`);
}
