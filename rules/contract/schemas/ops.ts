// What a guest may touch, and how it is rolled out: capabilities, the ops profile that names them, policy cards, service levels. Knows
// nothing of how any of it is enforced.

import { about, boolean, document, either, integer, just, list, named, object, oneOfWords, orNull, text, withDefault } from "../schema.ts";
import type { Schema } from "../schema.ts";
import { id, relativePath, sha256, version } from "./shared.ts";

const notes = text({ max: 16384 });
const head = (title: string) => ({ schema_version: just(title), id, v: version });

/** One of these must fit besides the schema itself: members that depend on each other. */
function depending(schema: Schema, ...cases: Schema[]): Schema {
  return { ...schema, oneOf: cases };
}

// ---------------------------------------------------------------------------------------------- capabilities

const CAPABILITIES = "x07.app.capabilities@0.2.0";
export const SECRET_ID = "^[a-z0-9][a-z0-9._-]{0,127}$";

const preopen = named("preopen", object({ path: relativePath, mode: oneOfWords("ro", "rw") }));
const variable = named("variable", text({ min: 1, max: 128, pattern: "^[A-Z][A-Z0-9_]{0,127}$" }));
const secretId = named("secret_id", text({ min: 1, max: 128, pattern: SECRET_ID }));
const endpoint = named(
  "endpoint",
  object({ host: text({ min: 1, max: 253, pattern: "^[A-Za-z0-9][A-Za-z0-9.:-]{0,252}$" }), port: integer(0, 65535), proto: oneOfWords("tcp", "udp", "http", "https") }),
);
const addressRange = named("address_range", text({ min: 3, max: 64, pattern: "^[0-9A-Fa-f:.]+/[0-9]{1,3}$" }));
const hardening = object({
  deny_ip_literals: about(withDefault(boolean, true), "No host may be written as an address, unless a range below has it."),
  deny_private_ips: about(withDefault(boolean, true), "No private, local or reserved address is connected to, unless a range below has it."),
  allow_ip_cidrs: about(list(addressRange), "Ranges of addresses that the two rules above leave alone."),
});
const network = depending(
  object({ mode: oneOfWords("deny", "allowlist"), allowlist: list(endpoint), hardening }),
  { properties: { mode: just("deny"), allowlist: { maxItems: 0 } } },
  { properties: { mode: just("allowlist"), allowlist: { minItems: 1 } } },
);
const source = object({ mode: about(oneOfWords("deny", "record", "allow"), "deny: always nought; record: the host's, kept as evidence or played again from it.") });

export const capabilities = document(
  "x07-app.capabilities",
  CAPABILITIES,
  "What a guest may use of the machine; what is not named here is refused.",
  object(
    {
      ...head(CAPABILITIES),
      fs: object({ preopens: list(preopen) }),
      env: object({ allow: list(variable) }),
      secrets: object({ allow: list(secretId) }),
      network,
      clocks: source,
      random: source,
    },
    { notes },
  ),
);

// ---------------------------------------------------------------------------------------------- ops profile

const OPS_PROFILE = "x07.app.ops.profile@0.1.0";
/** The one kind of statement about provenance that can be required. */
export const PREDICATE_TYPE = "https://slsa.dev/provenance/v1";

const reference = named("reference", object({ path: relativePath }, { sha256: about(orNull(sha256), "Where it is given, the file must have this digest.") }));
const step = named(
  "deploy_step",
  either(
    object({ set_weight: integer(0, 100) }),
    object({ pause_s: integer(0, 86400) }),
    object({ analysis: object({ kind: just("slo.eval"), require_decision: oneOfWords("promote", "rollback") }) }),
  ),
);
const deploy = depending(
  object(
    { strategy: oneOfWords("canary", "blue_green") },
    { canary: orNull(object({ steps: list(step, { min: 1, max: 64 }) })), blue_green: orNull(object({ auto_promote: withDefault(boolean, false) })) },
  ),
  { properties: { strategy: just("canary") }, required: ["canary"] },
  { properties: { strategy: just("blue_green") }, required: ["blue_green"] },
);

export const opsProfile = document(
  "x07-app.ops.profile",
  OPS_PROFILE,
  "How an application is run and rolled out: its capabilities, policy cards and service levels by file, its provenance, its steps.",
  object(
    {
      ...head(OPS_PROFILE),
      capabilities: about(reference, `A file of the form ${CAPABILITIES}.`),
      policy_cards: list(reference),
      slo: about(orNull(reference), "Service levels; null: nothing is measured."),
      provenance: object({
        require_attestation: withDefault(boolean, true),
        predicate_type: just(PREDICATE_TYPE),
        verify_on_serve: withDefault(boolean, true),
        verify_on_deploy: withDefault(boolean, true),
      }),
      deploy,
    },
    { notes },
  ),
);

// ---------------------------------------------------------------------------------------------- policy card

const POLICY_CARD = "x07.policy.card@0.1.0";

const pointer = named("pointer", text({ min: 1, max: 2048, pattern: "^/[^\\s]*$" }));
const any: Schema = {};
const assertion = named(
  "assertion",
  depending(
    object({ op: oneOfWords("eq", "neq", "exists", "not_exists", "matches", "in", "nin"), path: pointer }, { value: any }),
    { properties: { op: oneOfWords("eq", "neq", "matches", "in", "nin") }, required: ["value"] },
    { properties: { op: oneOfWords("exists", "not_exists") }, not: { required: ["value"] } },
  ),
);
const patch = named(
  "patch",
  depending(
    object({ op: oneOfWords("add", "remove", "replace", "move", "copy", "test"), path: pointer }, { from: pointer, value: any }),
    { properties: { op: just("remove") } },
    { properties: { op: oneOfWords("move", "copy") }, required: ["from"] },
    { properties: { op: oneOfWords("add", "replace", "test") }, required: ["value"] },
  ),
);
const rule = named(
  "rule",
  object(
    {
      id,
      target: oneOfWords("ops_profile", "capabilities", "slo_profile", "deploy_plan", "app_pack", "provenance_attestation"),
      effect: oneOfWords("deny", "warn", "require"),
      assertions: list(assertion, { min: 1, max: 64 }),
      patches: list(patch, { max: 64 }),
    },
    { reason: text({ max: 4096 }) },
  ),
);

export const policyCard = document(
  "x07-policy.card",
  POLICY_CARD,
  "Rules that documents of an application must keep.",
  object(
    { ...head(POLICY_CARD), rules: list(rule, { min: 1, max: 256 }) },
    { meta: object({}, { title: text({ min: 1, max: 256 }), owner: text({ min: 1, max: 256 }), description: notes }) },
  ),
);

// ---------------------------------------------------------------------------------------------- service levels

const SLO = "x07.slo.profile@0.1.0";

const ratio: Schema = { type: "number", minimum: 0, maximum: 1 };
const objective = (kind: string, form: Schema): Schema => ({ properties: { kind: just(kind), objective: form } });
const indicator = named(
  "indicator",
  depending(
    object({
      id,
      kind: oneOfWords("error_rate", "latency_p95_ms", "availability"),
      metric: text({ min: 1, max: 128, pattern: "^[A-Za-z0-9][A-Za-z0-9._:-]*$" }),
      window_s: integer(1, 31536000),
      objective: any,
    }),
    objective("error_rate", object({ max: ratio })),
    objective("availability", object({ min: ratio })),
    objective("latency_p95_ms", object({ max_ms: integer() })),
  ),
);

export const sloProfile = document(
  "x07-slo.profile",
  SLO,
  "Which figures of a service must keep within which bounds.",
  object({ ...head(SLO), service: text({ min: 1, max: 256 }), indicators: list(indicator, { min: 1, max: 64 }) }, { notes }),
);
