// Ops documents as commands take them: every way in which they can be wrong has its code, and nothing is enforced by halves.

import { createHash } from "node:crypto";
import { readFileSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Workspace } from "../../rig/project.ts";
import { checkedReport, type CheckedReport } from "../../rig/report-check.ts";
import { probe } from "../host/probe.ts";
import { CARD, caps, network, ops, SLO } from "./rig.ts";

let w: Workspace;
beforeAll(async () => {
  w = new Workspace();
  w.write({ "guest.wasm": await probe("") });
});
afterAll(() => w.clean());

const serve = async (...more: string[]): Promise<CheckedReport> => checkedReport(w.tool(["serve", "--component", "guest.wasm", "--json", "--ops", "ops.json", ...more]));
const codes = (report: CheckedReport): string[] => [...new Set(report.diagnostics.map((d) => d.code))];

const sha256 = (value: unknown): string => createHash("sha256").update(JSON.stringify(value)).digest("hex");

test("whole documents pass, and are inputs of the run", async () => {
  w.write({ "ops.json": ops({ capabilities: { path: "caps.json", sha256: sha256(caps()) }, policy_cards: [{ path: "card.json" }], slo: { path: "slo.json", sha256: null }, deploy: { strategy: "canary", canary: { steps: [{ set_weight: 5 }, { pause_s: 10 }, { analysis: { kind: "slo.eval", require_decision: "promote" } }] } } }), "caps.json": caps(), "card.json": CARD, "slo.json": SLO });
  const report = await serve();
  expect([report.exit_code, report.diagnostics]).toEqual([0, []]);
  expect(report.meta.inputs.map((i) => i.path)).toEqual(["guest.wasm", "ops.json", "caps.json", "card.json", "slo.json"]);
});

test("those of docs/capabilities.md are whole", async () => {
  const text = readFileSync(new URL("../../../docs/capabilities.md", import.meta.url), "utf8");
  const [profile, capabilities] = [...text.matchAll(/```json\n([^]*?)```/g)].map((m) => m[1]!);
  w.write({ "ops.json": profile!, "arch/app/ops/caps.json": capabilities!, "data/a.txt": "a", ".x07/secrets/api-key": "only an example" });
  const report = await serve();
  expect([report.exit_code, report.diagnostics]).toEqual([0, []]);
});

const [REF, CAPS] = ["X07WASM_OPS_REF_SCHEMA_INVALID", "X07WASM_CAPS_SCHEMA_INVALID"];

describe("documents that are wrong", () => {
  test.each<[string, { readonly [file: string]: unknown }, string[]]>([
    ["no profile", { "ops.json": null }, ["X07WASM_OPS_PROFILE_READ_FAILED"]],
    ["a profile that is not JSON", { "ops.json": "{" }, ["X07WASM_OPS_PROFILE_SCHEMA_INVALID"]],
    ["a profile with a member too many", { "ops.json": ops({ extra: 1 }) }, ["X07WASM_OPS_PROFILE_SCHEMA_INVALID"]],
    ["a profile of another form", { "ops.json": [1] }, ["X07WASM_OPS_PROFILE_SCHEMA_INVALID"]],
    ["no capabilities", { "caps.json": null }, ["X07WASM_OPS_REF_MISSING", CAPS]],
    ["capabilities that are not JSON", { "caps.json": "nonsense" }, [REF, CAPS]],
    ["capabilities of another version", { "caps.json": caps({ schema_version: "x07.app.capabilities@0.1.0" }) }, [REF, CAPS]],
    ["capabilities with half of the network", { "caps.json": caps({ network: { mode: "deny", allowlist: [] } }) }, [REF, CAPS]],
    ["hosts allowed and denied", { "caps.json": caps({ network: { ...network([]), allowlist: [{ host: "a", port: 80, proto: "http" }] } }) }, [REF, CAPS]],
    ["an empty allowlist", { "caps.json": caps({ network: { ...network([]), mode: "allowlist" } }) }, [REF, CAPS]],
    ["a range that is none", { "caps.json": caps({ network: network([], { allow_ip_cidrs: ["10.0.0.0/8", "300.1.1.1/8"] }) }) }, [CAPS]],
    ["a prefix that is too long", { "caps.json": caps({ network: network([], { allow_ip_cidrs: ["10.0.0.0/33"] }) }) }, [CAPS]],
    ["a folder upwards", { "caps.json": caps({ fs: { preopens: [{ path: "../x", mode: "ro" }] } }) }, [REF, CAPS]],
    ["an absolute folder", { "caps.json": caps({ fs: { preopens: [{ path: "/etc", mode: "ro" }] } }) }, [REF, CAPS]],
    ["a secret id that is a path", { "caps.json": caps({ secrets: { allow: ["../key"] } }) }, [REF, CAPS]],
    ["a pinned digest that differs", { "ops.json": ops({ capabilities: { path: "caps.json", sha256: "0".repeat(64) } }) }, ["X07WASM_OPS_REF_DIGEST_MISMATCH", CAPS]],
    ["references that lead out", { "ops.json": ops({ capabilities: { path: "/etc/passwd" }, policy_cards: [{ path: "../card.json" }] }) }, ["X07WASM_OPS_PROFILE_SCHEMA_INVALID", REF, CAPS]],
    ["no card", { "ops.json": ops({ policy_cards: [{ path: "none.json" }] }) }, ["X07WASM_OPS_REF_MISSING"]],
    ["a card that asserts nothing", { "ops.json": ops({ policy_cards: [{ path: "card.json" }] }), "card.json": { ...CARD, rules: [{ id: "a", target: "app_pack", effect: "deny", assertions: [{ op: "eq", path: "/a" }], patches: [] }] } }, [REF]],
    ["a service level of another kind", { "ops.json": ops({ slo: { path: "slo.json" } }), "slo.json": { ...SLO, indicators: [{ id: "a", kind: "availability", metric: "m", window_s: 1, objective: { max: 1 } }] } }, [REF]],
    ["an analysis without service levels", { "ops.json": ops({ deploy: { strategy: "canary", canary: { steps: [{ analysis: { kind: "slo.eval", require_decision: "promote" } }] } } }) }, ["X07WASM_OPS_DEPLOY_STRATEGY_INVALID"]],
    ["a strategy without its steps", { "ops.json": ops({ deploy: { strategy: "blue_green" } }) }, ["X07WASM_OPS_PROFILE_SCHEMA_INVALID"]],
    ["a provenance that nobody can give", { "ops.json": ops({ provenance: { require_attestation: true, predicate_type: "https://example.com/p", verify_on_serve: true, verify_on_deploy: true } }) }, ["X07WASM_OPS_PROFILE_SCHEMA_INVALID", "X07WASM_OPS_PROVENANCE_REQUIREMENTS_INVALID"]],
  ])("%s", async (_, files, expected) => {
    const written = { "ops.json": ops(), "caps.json": caps(), ...files };
    for (const [file, content] of Object.entries(written)) if (content === null) w.remove(file); else w.write({ [file]: content as object });
    const report = await serve();
    expect(report.exit_code).toBe(3);
    expect(codes(report)).toEqual(expected);
    expect(report.result["responses"]).toEqual([]);
    for (const d of report.diagnostics) expect(d.message).not.toMatch(/at .*:\d+:\d+\)|undefined/);
  });

  test("a flood of mistakes, and ranges without number, take no more than a moment", async () => {
    w.write({ "ops.json": ops(), "caps.json": caps({ network: network([], { allow_ip_cidrs: Array.from({ length: 100_000 }, (_, i) => `10.${(i >> 16) & 255}.${(i >> 8) & 255}.${i & 255}/32`) }) }) });
    const began = performance.now();
    expect((await serve()).exit_code).toBe(0);
    w.write({ "caps.json": caps({ network: network([], { allow_ip_cidrs: Array.from({ length: 150_000 }, () => "x") }) }) });
    const report = await serve();
    expect(report.exit_code).toBe(3);
    expect(report.diagnostics.length).toBeLessThan(20);
    expect(performance.now() - began).toBeLessThan(20_000);
  });
});

describe("what capabilities name must be there", () => {
  const CASES: readonly [string, object, string][] = [
    ["a folder that is not there", { fs: { preopens: [{ path: "none", mode: "ro" }] } }, "X07WASM_CAPS_FS_DENIED"],
    ["a folder that is a file", { fs: { preopens: [{ path: "guest.wasm", mode: "ro" }] } }, "X07WASM_CAPS_FS_DENIED"],
    ["a folder that a link leads out of", { fs: { preopens: [{ path: "outside", mode: "rw" }] } }, "X07WASM_CAPS_FS_DENIED"],
    ["a secret that is nowhere", { secrets: { allow: ["api_key"] } }, "X07WASM_CAPS_SECRET_MISSING"],
    ["a secret that is a folder", { secrets: { allow: ["folder"] } }, "X07WASM_CAPS_PROFILE_READ_FAILED"],
    ["a secret that is no text", { secrets: { allow: ["binary"] } }, "X07WASM_CAPS_PROFILE_READ_FAILED"],
    ["clocks to record, and no evidence", { clocks: { mode: "record" } }, "X07WASM_POLICY_OBLIGATION_UNSATISFIED"],
    ["chance to record, and no evidence", { random: { mode: "record" } }, "X07WASM_POLICY_OBLIGATION_UNSATISFIED"],
  ];
  test.each(CASES)("%s", async (_, more, code) => {
    w.write({ "ops.json": ops(), "caps.json": caps(more as never), ".x07/secrets/folder/a": "", ".x07/secrets/binary": Uint8Array.of(0xff, 0xfe) });
    w.remove("outside");
    symlinkSync("/", join(w.dir, "outside"));
    const report = await serve();
    expect([codes(report), report.exit_code, report.diagnostics[0]?.stage]).toEqual([[code], 3, "parse"]);
  });
});

describe("evidence", () => {
  const OBLIGATION = "X07WASM_POLICY_OBLIGATION_UNSATISFIED";
  const EVIDENCE = { schema_version: "x07.wasm.caps.evidence@0.1.0", v: 1, clocks: { wall_clock_now_ns: [], monotonic_clock_now_ns: [] }, random: { secure_random_bytes_b64: "", insecure_random_bytes_b64: "", insecure_seed_u128: "" }, secrets: { provided: [] } };

  test("needs --ops, a canary, and one request", async () => {
    w.write({ "ops.json": ops(), "caps.json": caps(), "e.json": EVIDENCE });
    const bare = await checkedReport(w.tool(["serve", "--component", "guest.wasm", "--json", "--evidence-out", "e"]));
    expect([codes(bare), bare.exit_code]).toEqual([[OBLIGATION], 3]);
    for (const more of [["--mode", "listen"], ["--stop-after", "2"], ["--stop-after", "0"]]) {
      for (const option of ["--evidence-out", "--evidence-in"]) {
        const report = await serve(option, "e.json", ...more);
        expect([codes(report), report.exit_code]).toEqual([[OBLIGATION], 3]);
      }
    }
    expect((await serve("--evidence-in", "e.json")).exit_code).toBe(0);
    expect(w.tool(["serve", "--component", "guest.wasm", "--ops", "ops.json", "--evidence-in", "a", "--evidence-out", "b"]).status).toBe(3);
  });

  test.each<[string, unknown]>([
    ["not there", null],
    ["not JSON", "junk"],
    ["of another form", { ...EVIDENCE, v: 0 }],
    ["with times before all time", { ...EVIDENCE, clocks: { wall_clock_now_ns: [-1], monotonic_clock_now_ns: [] } }],
    ["with bytes that are none", { ...EVIDENCE, random: { ...EVIDENCE.random, secure_random_bytes_b64: "%%" } }],
    ["with a seed that is no number", { ...EVIDENCE, random: { ...EVIDENCE.random, insecure_seed_u128: "0x1" } }],
    ["with a seed that is too large", { ...EVIDENCE, random: { ...EVIDENCE.random, insecure_seed_u128: "9".repeat(39) } }],
  ])("that is %s is refused", async (_, content) => {
    w.write({ "ops.json": ops(), "caps.json": caps() });
    if (content === null) w.remove("e.json"); else w.write({ "e.json": content as object });
    const report = await serve("--evidence-in", "e.json");
    expect([codes(report), report.exit_code, report.diagnostics[0]?.stage]).toEqual([[OBLIGATION], 3, "parse"]);
  });
});
