// Results of run reports and incident bundles: shapes, digests, ids, texts.

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Ajv2020 } from "ajv/dist/2020.js";
import { expect, test } from "vitest";
import { sha256Hex } from "../../../engine/lib/digest.ts";
import { runCore } from "../../../rules/run/core-host.ts";
import { incidentDir, inspectedWasm, runId, runIncident, stderrText, synthesizedManifest } from "../../../rules/run/incident.ts";
import { blob, fileDigest, outputBlob, placeholderRunResult, runResult, zeroDigest } from "../../../rules/run/report.ts";
import { inspect } from "../../../rules/wasm/inspect.ts";
import { memoryPlan, readLdflags } from "../../../rules/wasm/memory-plan.ts";
import { ECHO, solveModule } from "../wasm/kit.ts";

const hello = new TextEncoder().encode("hello");
const text = (bytes: Uint8Array | undefined): string => new TextDecoder().decode(bytes);
const PROFILE = { id: "wasm_debug", v: 3 };

async function resultOf(code: readonly number[]): Promise<ReturnType<typeof runResult>> {
  const module = solveModule(code);
  const facts = inspect(module);
  const plan = memoryPlan(readLdflags(["--stack-first"]), facts.ok ? facts.value.memory : null);
  const outcome = await runCore({ module, input: hello, arenaCap: 100, maxOutput: 100, plan, limits: { maxFuel: 1000, maxMemoryBytes: null, maxTableElements: null, maxWasmStackBytes: null } });
  return runResult({
    profile: PROFILE, wasm: fileDigest("dist/a.wasm", module), input: blob(hello, { kind: "none" }), arenaCap: 100, plan, outcome,
    output: outputBlob(outcome.output ?? new Uint8Array(), null, true),
  });
}

test("a success: addresses, output inline", async () => {
  expect(await resultOf(ECHO)).toMatchObject({
    profile: PROFILE,
    input: { bytes_len: 5, sha256: "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824" },
    output: { base64: "aGVsbG8=", bytes_len: 5, sha256: "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824" },
    trap: null,
    memory: { heap_base: 16, data_end: 0, retptr: 16, input_ptr: 24, arena_ptr: 32, plan: { stack_first: true, initial_memory_bytes: 65536 } },
  });
});

test("a failed call: no output, base and end only", async () => {
  const result = await resultOf([0x00]);
  expect(result).toMatchObject({ output: { bytes_len: 0, sha256: "0".repeat(64) }, trap: "wasm trap: wasm `unreachable` instruction executed" });
  expect(Object.keys(result["memory"] ?? {}).sort()).toEqual(["data_end", "heap_base", "plan"]);
});

test("blobs: in a file, inline when small, else by digest alone", () => {
  expect(outputBlob(hello, "out.bin", true)).toEqual({ bytes_len: 5, sha256: sha256Hex(hello), path: "out.bin" });
  expect(outputBlob(hello, null, false)).toEqual({ bytes_len: 5, sha256: sha256Hex(hello) });
  expect(outputBlob(new Uint8Array(4096), null, true)).toHaveProperty("base64");
  expect(outputBlob(new Uint8Array(4097), null, true)).not.toHaveProperty("base64");
  expect(blob(new Uint8Array(5000), { kind: "inline" })).toHaveProperty("base64");
});

test("the placeholder names the module that was wanted", () => {
  expect(placeholderRunResult("x.wasm")).toMatchObject({ profile: { id: "wasm_release", v: 1 }, wasm: zeroDigest("x.wasm"), input: { bytes_len: 0 }, arena_cap_bytes: 0 });
  expect(placeholderRunResult(null)).toMatchObject({ wasm: zeroDigest("dist/unknown.wasm") });
});

const SCHEMAS = process.env["X07_WASM_CONFORMANCE"] ?? "";
const runSchema = join(SCHEMAS, "x07-wasm.run.report.schema.json");

test.runIf(SCHEMAS !== "" && existsSync(runSchema))("results fit the published schema", async () => {
  const { properties: _, required: __, ...schema } = JSON.parse(readFileSync(runSchema, "utf8")) as Record<string, unknown>;
  const validate = new Ajv2020({ strict: false }).compile({ ...schema, $id: "run-result", allOf: undefined, additionalProperties: true, $ref: "#/$defs/result" });
  expect(validate({ ...placeholderRunResult(null), trap: 1 })).toBe(false);
  for (const result of [await resultOf(ECHO), await resultOf([0x00]), placeholderRunResult(null)]) {
    validate(result);
    expect(validate.errors).toBeNull();
  }
});

test("the run id and its directory", () => {
  expect(runId("a".repeat(64), "b".repeat(64))).toBe(sha256Hex(`${"a".repeat(64)}:${"b".repeat(64)}`).slice(0, 32));
  expect(incidentDir(".x07-wasm/incidents", new Date("2026-02-03T23:59:59.999Z"), "id")).toBe(".x07-wasm/incidents/2026-02-03/id");
});

test("stderr: the trap, then every message, each on a line; nothing when blank", () => {
  const d = { code: "A", severity: "error", stage: "run", message: "one" } as const;
  expect(stderrText("trap", [d, { ...d, message: "two" }])).toBe("trap\none\ntwo\n");
  expect(stderrText(null, [])).toBeNull();
  expect(stderrText(null, [{ ...d, message: " " }])).toBeNull();
});

function incident(change: Partial<Parameters<typeof runIncident>[0]> = {}): ReturnType<typeof runIncident> {
  const module = solveModule(ECHO);
  return runIncident({
    profile: PROFILE, wasm: fileDigest("a.wasm", module), inspected: inspectedWasm(inspect(module)), artifactManifest: { kind: "absent", path: "a.wasm.manifest.json" },
    input: hello, report: "{}\n", trap: null, diagnostics: [{ code: "A", severity: "error", stage: "run", message: "bad" }], ...change,
  });
}

test("a bundle has the input, the report, a manifest and what was said", () => {
  const { id, files } = incident();
  expect(id).toBe(runId(sha256Hex(solveModule(ECHO)), sha256Hex(hello)));
  expect([...files.keys()].sort()).toEqual(["input.bin", "run.report.json", "stderr.txt", "wasm.manifest.json"]);
  expect(text(files.get("stderr.txt"))).toBe("bad\n");
  const module = fileDigest("a.wasm", solveModule(ECHO));
  expect(text(files.get("wasm.manifest.json"))).toBe(
    `{"artifact_manifest":{"path":"a.wasm.manifest.json","present":false,"read_error":null},"exports":["__data_end","__heap_base","memory","x07_solve_v2"],` +
    `"memory":{"growable":false,"initial_bytes":65536,"max_bytes":65536},"profile":{"id":"wasm_debug","v":3},"schema_version":"x07.wasm.incident.manifest@0.1.0",` +
    `"wasm":{"bytes_len":${module.bytes_len},"path":"a.wasm","sha256":"${module.sha256}"}}\n`,
  );
});

test("a manifest that is there is copied, with a newline at its end", () => {
  const copy = (content: string): string => text(incident({ artifactManifest: { kind: "read", path: "m", bytes: new TextEncoder().encode(content) } }).files.get("wasm.manifest.json"));
  expect(copy('{"a":1}')).toBe('{"a":1}\n');
  expect(copy("{}\n")).toBe("{}\n");
});

test("a module that cannot be read or decoded leaves its error", () => {
  const base = { profile: PROFILE, wasm: zeroDigest("a.wasm"), artifactManifest: { kind: "unreadable", path: "m", error: "EACCES" } } as const;
  expect(synthesizedManifest({ ...base, inspected: { kind: "unreadable", error: "ENOENT" } })).toMatchObject({ wasm_read_error: "ENOENT", artifact_manifest: { present: true, read_error: "EACCES" } });
  expect(synthesizedManifest({ ...base, inspected: inspectedWasm(inspect(new Uint8Array())) })).toHaveProperty("inspect_error");
});
