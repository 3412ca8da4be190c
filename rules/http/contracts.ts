// `http contracts validate`: which document forms are known and which fixtures keep to them. Knows nothing of reducers.

import { isJsonObject, parseJson } from "../../engine/index.ts";
import type { Diagnostic, FileDigest, GoalAnswer, JsonObject, JsonValue, OptionValues, PlanContext } from "../../engine/index.ts";
import { idOf } from "../contract/schema.ts";
import { validate } from "../contract/validate.ts";
import { finding } from "../wasm/finding.ts";
import { checkContinuity, SCHEMAS } from "./documents.ts";

const FIXTURES = "spec/fixtures/http";

/** In the order in which reports list them. */
const FORMS = [
  SCHEMAS.request, SCHEMAS.response, SCHEMAS.effect, SCHEMAS.dispatch, SCHEMAS.frame, SCHEMAS.trace,
  "x07-wasm.http.contracts.validate.report.schema.json", "x07-wasm.http.serve.report.schema.json",
  "x07-wasm.http.test.report.schema.json", "x07-wasm.http.regress.from.incident.report.schema.json",
];

export async function httpContracts(context: PlanContext, options: OptionValues): Promise<GoalAnswer> {
  const { DOCUMENTS } = await import("../contract/schemas/index.ts");
  const diagnostics: Diagnostic[] = [];
  const schemas = FORMS.map((file) => {
    const known = DOCUMENTS.find((d) => d.file === file);
    if (known === undefined) diagnostics.push(finding("X07WASM_HTTP_SCHEMA_MISSING", "run", `the schema ${file} is not part of this tool`));
    return { id: known === undefined ? file : idOf(known), ok: known !== undefined };
  });
  const inputs: FileDigest[] = [];
  const fixtures: JsonObject[] = [];
  for (const artifact of await context.glob("*.json", FIXTURES, "names")) {
    if (!("source" in artifact.origin)) continue;
    const path = artifact.origin.source;
    const found = await checkFixture(context, path, inputs);
    diagnostics.push(...found);
    fixtures.push({ path, ok: !found.some((d) => d.severity === "error" || options["strict"] === true) });
  }
  return {
    result: { schemas, fixtures },
    diagnostics: options["strict"] === true ? diagnostics.map((d) => (d.severity === "warning" ? { ...d, severity: "error" as const } : d)) : diagnostics,
    inputs,
    outputs: [],
    nondeterminism: { uses_os_time: false, uses_network: false, uses_process: false },
    human: fixtures.map((f) => `${f["ok"] === true ? "ok     " : "not ok "} ${String(f["path"])}`),
  };
}

async function checkFixture(context: PlanContext, path: string, inputs: FileDigest[]): Promise<Diagnostic[]> {
  const failed = (stage: "parse" | "run", message: string): Diagnostic => ({ ...finding("X07WASM_HTTP_FIXTURE_VALIDATE_FAILED", stage, message), place: { file: path } });
  const read = context.read(path);
  if (!read.ok) return [failed("parse", `failed to read ${path}: ${read.error}`), failed("run", `${path} was not checked`)];
  inputs.push(read.digest);
  const parsed = parseJson(read.bytes);
  if (!parsed.ok) return [failed("run", `${path} is not JSON: ${parsed.error.message} at line ${parsed.error.line}, column ${parsed.error.column}`)];
  const schema = schemaFor(parsed.value);
  if (schema === undefined) return [{ ...finding("X07WASM_HTTP_FIXTURE_SCHEMA_UNKNOWN", "parse", `${path} is no HTTP document that this tool knows`), hint: "give it a `kind` (x07.http.dispatch, x07.http.frame, x07.http.trace) or the `schema_version` of an envelope", place: { file: path } }];
  const faults = await validate(schema, parsed.value, path);
  return schema === SCHEMAS.trace ? [...faults, ...checkContinuity(parsed.value, path)] : faults;
}

const BY_KIND: { readonly [kind: string]: string } = { "x07.http.dispatch": SCHEMAS.dispatch, "x07.http.frame": SCHEMAS.frame, "x07.http.trace": SCHEMAS.trace };
const BY_VERSION: { readonly [version: string]: string } = { "x07.http.request.envelope@0.1.0": SCHEMAS.request, "x07.http.response.envelope@0.1.0": SCHEMAS.response };

/** By `kind`; envelopes, which have none, by their version, and effects by being one. */
function schemaFor(document: JsonValue): string | undefined {
  if (!isJsonObject(document)) return undefined;
  const { kind, schema_version: version, type } = document;
  if (typeof kind === "string") return Object.hasOwn(BY_KIND, kind) ? BY_KIND[kind] : undefined;
  if (typeof version === "string") return Object.hasOwn(BY_VERSION, version) ? BY_VERSION[version] : undefined;
  return typeof type === "string" ? SCHEMAS.effect : undefined;
}
