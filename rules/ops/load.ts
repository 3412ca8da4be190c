// An ops profile and the files that it refers to: read, held against their forms and digests. What is used of them is the capabilities;
// the others only have to be in order. Enforces nothing.

import { isJsonArray, isJsonObject, parseJson } from "../../engine/index.ts";
import type { Diagnostic, FileDigest, JsonObject, JsonValue, PlanContext } from "../../engine/index.ts";
import { PREDICATE_TYPE } from "../contract/schemas/ops.ts";
import { RELATIVE_PATH } from "../contract/schemas/shared.ts";
import { validate } from "../contract/validate.ts";
import { finding } from "../wasm/finding.ts";
import { parseRange } from "./address.ts";
import { capabilitiesOf } from "./capabilities.ts";
import type { Capabilities } from "./capabilities.ts";

export interface LoadedOps {
  /** null: something is wrong, and `diagnostics` says what. */
  readonly capabilities: Capabilities | null;
  readonly inputs: readonly FileDigest[];
  readonly diagnostics: readonly Diagnostic[];
}

/** Nobody writes documents of this size; work on what is in them shall have a bound. */
const MAX_BYTES = 4 * 1024 * 1024;
/** Diagnostics of one file; the rest are counted. */
const MAX_TOLD = 16;

const FORMS = {
  profile: "x07-app.ops.profile.schema.json",
  capabilities: "x07-app.capabilities.schema.json",
  card: "x07-policy.card.schema.json",
  slo: "x07-slo.profile.schema.json",
} as const;

export async function loadOps(context: PlanContext, path: string): Promise<LoadedOps> {
  return new Loading(context).run(path);
}

interface Codes {
  readonly missing: string;
  readonly invalid: string;
}
const PROFILE_CODES: Codes = { missing: "X07WASM_OPS_PROFILE_READ_FAILED", invalid: "X07WASM_OPS_PROFILE_SCHEMA_INVALID" };
const REF_CODES: Codes = { missing: "X07WASM_OPS_REF_MISSING", invalid: "X07WASM_OPS_REF_SCHEMA_INVALID" };

class Loading {
  readonly #context: PlanContext;
  readonly #inputs: FileDigest[] = [];
  readonly #diagnostics: Diagnostic[] = [];

  constructor(context: PlanContext) {
    this.#context = context;
  }

  async run(path: string): Promise<LoadedOps> {
    const profile = await this.#document(path, null, FORMS.profile, PROFILE_CODES);
    if (!isJsonObject(profile)) return this.#loaded(null);
    const capabilities = await this.#capabilities(path, profile);
    const cards = profile["policy_cards"];
    for (const card of isJsonArray(cards ?? null) ? (cards as readonly JsonValue[]) : []) await this.#reference(path, "policy_cards", card, FORMS.card);
    const { slo } = profile;
    if (isJsonObject(slo)) await this.#reference(path, "slo", slo, FORMS.slo);
    this.#checkTogether(path, profile);
    return this.#loaded(capabilities);
  }

  #loaded(capabilities: Capabilities | null): LoadedOps {
    return { capabilities: this.#diagnostics.length === 0 ? capabilities : null, inputs: this.#inputs, diagnostics: this.#diagnostics };
  }

  #wrong(code: string, message: string, file: string, data?: { readonly [key: string]: JsonValue }, hint?: string): void {
    this.#diagnostics.push({ ...finding(code, "parse", message, data), ...(hint !== undefined && { hint }), place: { file } });
  }

  async #capabilities(profilePath: string, profile: JsonObject): Promise<Capabilities | null> {
    const before = this.#diagnostics.length;
    const document = await this.#reference(profilePath, "capabilities", profile["capabilities"] ?? null, FORMS.capabilities);
    const path = pathOf(profile["capabilities"] ?? null) ?? profilePath;
    if (document === null || this.#diagnostics.length > before) {
      this.#wrong("X07WASM_CAPS_SCHEMA_INVALID", `${path} holds no capabilities that could be enforced`, path, undefined, "deny-by-default needs a whole document: correct what is said of it above");
      return null;
    }
    const capabilities = capabilitiesOf(document);
    const bad = capabilities.network.allowIpCidrs.filter((range) => parseRange(range) === null);
    if (bad.length > 0) this.#wrong("X07WASM_CAPS_SCHEMA_INVALID", `${path}: ${JSON.stringify(bad[0])} in network.hardening.allow_ip_cidrs is not a range of addresses${bad.length > 1 ? `, nor are ${bad.length - 1} others` : ""}`, path, { ranges: bad.slice(0, MAX_TOLD) }, "an address, a slash, and how many bits of it count, e.g. 10.0.0.0/8 or fd00::/8");
    return bad.length > 0 ? null : capabilities;
  }

  /** What stands in one place and is wrong because of what stands in another. */
  #checkTogether(path: string, profile: JsonObject): void {
    const canary = isJsonObject(profile["deploy"]) ? profile["deploy"]["canary"] : undefined;
    const steps = isJsonObject(canary) ? canary["steps"] : undefined;
    const analyses = isJsonArray(steps ?? null) && (steps as readonly JsonValue[]).some((s) => isJsonObject(s) && s["analysis"] !== undefined);
    if (analyses && !isJsonObject(profile["slo"])) this.#wrong("X07WASM_OPS_DEPLOY_STRATEGY_INVALID", `${path}#/deploy/canary/steps: a step analyses service levels, but slo is null`, path, undefined, "name a service level profile under slo, or leave the analysis out");
    const type = isJsonObject(profile["provenance"]) ? profile["provenance"]["predicate_type"] : undefined;
    if (typeof type === "string" && type !== PREDICATE_TYPE) this.#wrong("X07WASM_OPS_PROVENANCE_REQUIREMENTS_INVALID", `${path}#/provenance/predicate_type: ${JSON.stringify(type.slice(0, 200))} cannot be required`, path, { predicate_type: type.slice(0, 1024), supported: PREDICATE_TYPE }, `the one that can is ${PREDICATE_TYPE}`);
  }

  async #reference(from: string, name: string, reference: JsonValue, form: string): Promise<JsonValue> {
    const path = pathOf(reference);
    if (path === null) {
      this.#wrong(REF_CODES.invalid, `${from}#/${name}: there is no path below the working directory in it`, from);
      return null;
    }
    const sha256 = isJsonObject(reference) ? reference["sha256"] : undefined;
    return this.#document(path, typeof sha256 === "string" ? sha256 : null, form, REF_CODES);
  }

  /** null: it cannot be had, or is no JSON. What else is wrong with it is told. */
  async #document(path: string, pinned: string | null, form: string, codes: Codes): Promise<JsonValue> {
    const read = this.#context.read(path);
    if (!read.ok) {
      this.#wrong(codes.missing, `failed to read ${path}: ${read.error}`, path, undefined, "paths in ops documents are relative to the working directory");
      return null;
    }
    this.#inputs.push(read.digest);
    if (pinned !== null && pinned !== read.digest.sha256) {
      this.#wrong("X07WASM_OPS_REF_DIGEST_MISMATCH", `${path} is not the file that is pinned: its sha256 is ${read.digest.sha256}, not ${pinned}`, path, { expected_sha256: pinned, actual_sha256: read.digest.sha256 }, "review the change, then pin the new digest");
    }
    if (read.bytes.length > MAX_BYTES) {
      this.#wrong(codes.invalid, `${path} has ${read.bytes.length} bytes; more than ${MAX_BYTES} are not read`, path, { bytes_len: read.bytes.length, max_bytes: MAX_BYTES });
      return null;
    }
    const parsed = parseJson(read.bytes);
    if (!parsed.ok) {
      this.#wrong(codes.invalid, `${path} is not JSON: ${parsed.error.message} at line ${parsed.error.line}, column ${parsed.error.column}`, path);
      return null;
    }
    this.#tell(await validate(form, parsed.value, path, codes.invalid), path, codes.invalid);
    return parsed.value;
  }

  #tell(faults: readonly Diagnostic[], path: string, code: string): void {
    for (const fault of faults.slice(0, MAX_TOLD)) this.#diagnostics.push({ ...fault, place: { file: path } });
    if (faults.length > MAX_TOLD) this.#wrong(code, `${path}: ${faults.length - MAX_TOLD} more mistakes are not listed`, path);
  }
}

/** What leads out of the working directory is not even looked at. */
function pathOf(reference: JsonValue): string | null {
  const path = isJsonObject(reference) ? reference["path"] : undefined;
  return typeof path === "string" && path.trim() !== "" && new RegExp(RELATIVE_PATH).test(path) ? path : null;
}
