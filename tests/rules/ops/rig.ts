// Ops documents for tests: whole ones, with parts replaced.

export const PREDICATE = "https://slsa.dev/provenance/v1";

type Json = { readonly [name: string]: unknown };

const HARDENED = { deny_ip_literals: true, deny_private_ips: true, allow_ip_cidrs: [] as string[] };

/** Capabilities that give nothing, with `more` in place of parts. */
export function caps(more: Json = {}): Json {
  return {
    schema_version: "x07.app.capabilities@0.2.0", id: "caps_test", v: 1,
    fs: { preopens: [] }, env: { allow: [] }, secrets: { allow: [] },
    network: { mode: "deny", allowlist: [], hardening: HARDENED },
    clocks: { mode: "deny" }, random: { mode: "deny" },
    ...more,
  };
}

export function network(allowlist: readonly Json[], hardening: Json = {}): Json {
  return { mode: allowlist.length === 0 ? "deny" : "allowlist", allowlist, hardening: { ...HARDENED, ...hardening } };
}

/** A profile for `caps.json`, with `more` in place of parts. */
export function ops(more: Json = {}): Json {
  return {
    schema_version: "x07.app.ops.profile@0.1.0", id: "ops_test", v: 1,
    capabilities: { path: "caps.json" }, policy_cards: [], slo: null,
    provenance: { require_attestation: false, predicate_type: PREDICATE, verify_on_serve: false, verify_on_deploy: false },
    deploy: { strategy: "canary", canary: { steps: [{ set_weight: 100 }] }, blue_green: null },
    ...more,
  };
}

export const CARD: Json = {
  schema_version: "x07.policy.card@0.1.0", id: "card_test", v: 1,
  rules: [{ id: "weights", target: "deploy_plan", effect: "warn", assertions: [{ op: "eq", path: "/id", value: "a" }, { op: "exists", path: "/v" }], patches: [{ op: "replace", path: "/id", value: "a" }] }],
};

export const SLO: Json = {
  schema_version: "x07.slo.profile@0.1.0", id: "slo_test", v: 1, service: "test",
  indicators: [{ id: "errors", kind: "error_rate", metric: "http.errors", window_s: 60, objective: { max: 0.01 } }],
};
