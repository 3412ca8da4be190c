// Holds a printed report against our schema and, where X07_WASM_CONFORMANCE names a folder that has it, the published one.

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import Ajv2020 from "ajv/dist/2020.js";
import { parseJson, type JsonValue } from "../../engine/index.ts";
import { validate } from "../../rules/contract/validate.ts";
import type { Ran } from "./project.ts";

const folder = process.env["X07_WASM_CONFORMANCE"];
const published = folder !== undefined && existsSync(folder) ? folder : undefined;

type Check = ((document: unknown) => boolean) & { errors?: { instancePath: string; message?: string }[] };
let schemas: { getSchema(id: string): Check | undefined } | undefined;

function theirs(file: string): Check | undefined {
  if (published === undefined) return undefined;
  if (schemas === undefined) {
    const Ajv = (Ajv2020 as unknown as { default?: typeof Ajv2020 }).default ?? Ajv2020;
    const ajv = new (Ajv as unknown as new (o: object) => { addSchema(s: object): void; getSchema(id: string): Check | undefined })({ strict: false, allErrors: true, validateFormats: false });
    for (const name of readdirSync(published).filter((n) => n.endsWith(".schema.json"))) ajv.addSchema(JSON.parse(readFileSync(join(published, name), "utf8")) as object);
    schemas = ajv;
  }
  return schemas.getSchema(`https://x07.io/spec/${file}`);
}

export interface CheckedReport {
  readonly exit_code: number;
  readonly ok: boolean;
  readonly diagnostics: readonly { readonly code: string; readonly severity: string; readonly stage: string; readonly message: string; readonly data?: { readonly [key: string]: unknown } }[];
  readonly meta: { readonly inputs: readonly { readonly path: string }[]; readonly nondeterminism: { readonly [what: string]: boolean } };
  /** Each test knows what it asked for. */
  readonly result: { readonly [key: string]: unknown };
}

/** The report on stdout; throws when it is none, breaks a schema or does not say the process's exit code. */
export async function checkedReport(ran: Ran): Promise<CheckedReport> {
  const parsed = parseJson(ran.stdout);
  if (!parsed.ok) throw new Error(`not JSON: ${ran.stdout}\n${ran.stderr}`);
  const report = JSON.parse(ran.stdout) as CheckedReport & { readonly schema_version: string };
  const file = `${report.schema_version.replace(/@.*$/, "").replace(/^x07\.wasm\./, "x07-wasm.")}.schema.json`;
  const ours = await validate(file, parsed.value as JsonValue);
  if (ours.length > 0) throw new Error(`${file}: ${ours.map((d) => d.message).join("; ")}`);
  const check = theirs(file);
  if (check !== undefined && !check(report)) throw new Error(`published ${file}: ${(check.errors ?? []).map((e) => `${e.instancePath} ${e.message ?? ""}`).join("; ")}`);
  if (report.exit_code !== ran.status) throw new Error(`the report says ${report.exit_code}, the process ended with ${ran.status}`);
  return report;
}
