// Every report that the tool prints, on success and on many failures, keeps to its schema: ours always, and the published
// one where X07_WASM_CONFORMANCE names a folder that has it.

import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import Ajv2020 from "ajv/dist/2020.js";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parseJson, type JsonValue } from "../../../engine/index.ts";
import { validate } from "../../../rules/contract/validate.ts";
import { ECHO_FILES, entryModule, PROJECT, Workspace } from "../../rig/project.ts";

const published = process.env["X07_WASM_CONFORMANCE"];
if (published === undefined || !existsSync(published)) console.log("SKIPPED: reports against the published schemas (X07_WASM_CONFORMANCE names no folder)");

const FILE_OF: { readonly [version: string]: string } = {
  "x07.wasm.build.report@0.2.0": "x07-wasm.build.report.schema.json",
  "x07.wasm.run.report@0.1.0": "x07-wasm.run.report.schema.json",
  "x07.wasm.doctor.report@0.1.0": "x07-wasm.doctor.report.schema.json",
  "x07.wasm.profile.validate.report@0.1.0": "x07-wasm.profile.validate.report.schema.json",
  "x07.wasm.component.profile.validate.report@0.1.0": "x07-wasm.component.profile.validate.report.schema.json",
  "x07.wasm.toolchain.validate.report@0.1.0": "x07-wasm.toolchain.validate.report.schema.json",
  "x07.wasm.cli.specrows.check.report@0.1.0": "x07-wasm.cli.specrows.check.report.schema.json",
  "x07.wasm.cli.parse.report@0.1.0": "x07-wasm.cli.parse.report.schema.json",
};

type Check = (schemaFile: string, document: unknown) => string[];
function publishedCheck(folder: string): Check {
  const Ajv = (Ajv2020 as unknown as { default?: typeof Ajv2020 }).default ?? Ajv2020;
  const ajv = new (Ajv as unknown as new (o: object) => { addSchema(s: object): void; getSchema(id: string): ((d: unknown) => boolean) & { errors?: { instancePath: string; message?: string }[] } })({ strict: false, allErrors: true, validateFormats: false });
  for (const name of readdirSync(folder).filter((n) => n.endsWith(".schema.json"))) ajv.addSchema(JSON.parse(readFileSync(join(folder, name), "utf8")) as object);
  return (file, document) => {
    const check = ajv.getSchema(`https://x07.io/spec/${file}`);
    return check(document) ? [] : (check.errors ?? []).map((e) => `${e.instancePath}: ${e.message ?? ""}`);
  };
}
const theirs = published !== undefined && existsSync(published) ? publishedCheck(published) : undefined;

let w: Workspace;
beforeAll(() => {
  w = new Workspace().write(ECHO_FILES);
  w.write({
    "bad/x07.json": PROJECT,
    "bad/src/main.x07.json": entryModule(["+", 1]),
    "notjson/x07.json": "{",
    "component.wasm": new Uint8Array([0, 97, 115, 109, 13, 0, 1, 0]),
    "junk.wasm": "junk",
    "trap/x07.json": PROJECT,
    "trap/src/main.x07.json": entryModule(["begin", ["let", "b", ["bytes.alloc", 0]], ["fmt.u32_to_dec", ["bytes.get_u8", "b", 3]]]),
    "p/unknown.json": { a: 1 },
  });
  for (const project of ["x07.json", "trap/x07.json"]) expect(w.tool(["build", "--project", project]).status).toBe(0);
});
afterAll(() => w.clean());

const RUN = ["run", "--wasm", "dist/app.wasm"];
const cases: readonly (readonly [string, readonly string[], number])[] = [
  ["build", ["build"], 0],
  ["build, pretty", ["build", "--json=pretty"], 0],
  ["build again", ["build"], 0],
  ["build without manifest", ["build", "--no-manifest", "--out", "other/app.wasm"], 0],
  ["build of a missing project", ["build", "--project", "none/x07.json"], 3],
  ["build of what is not JSON", ["build", "--project", "notjson/x07.json"], 3],
  ["build that does not compile", ["build", "--project", "bad/x07.json"], 1],
  ["build with an unknown profile", ["build", "--profile", "nope"], 3],
  ["build with a bad profile file", ["build", "--profile-file", "p/unknown.json"], 3],
  ["build with an unknown back end", ["build", "--codegen-backend", "nope"], 3],
  ["build where nothing can be written", ["build", "--out", "/proc/nope/app.wasm"], 2],
  ["run", [...RUN, "--input-hex", "6869"], 0],
  ["run from a file to a file", [...RUN, "--input", "x07.json", "--output-out", "o/out.bin"], 0],
  ["run of nothing", RUN, 3],
  ["run of bad hex", [...RUN, "--input-hex", "6"], 3],
  ["run of bad base64", [...RUN, "--input-base64", "a"], 3],
  ["run of a missing module", ["run", "--wasm", "none.wasm", "--input-hex", ""], 3],
  ["run of junk", ["run", "--wasm", "junk.wasm", "--input-hex", ""], 1],
  ["run of a component", ["run", "--wasm", "component.wasm", "--input-hex", ""], 1],
  ["run over the output cap", [...RUN, "--input-hex", "6869", "--max-output-bytes", "1"], 4],
  ["run out of fuel", [...RUN, "--input-hex", "6869", "--max-fuel", "1"], 4],
  ["run with an arena that does not fit", [...RUN, "--input-hex", "6869", "--arena-cap-bytes", "4294967295"], 4],
  ["run with an arena beyond 32 bits", [...RUN, "--input-hex", "6869", "--arena-cap-bytes", "18446744073709551615"], 3],
  ["run that traps", ["run", "--wasm", "trap/dist/trap.wasm", "--input-hex", ""], 1],
  ["run with another profile's memory", [...RUN, "--input-hex", "", "--profile", "wasm_debug"], 1],
  ["run with every limit", [...RUN, "--input-hex", "00", "--max-fuel", "1000000", "--max-memory-bytes", "0", "--max-table-elements", "0", "--max-wasm-stack-bytes", "65536"], 0],
  ["profile validate without a registry", ["profile", "validate"], 3],
  ["profile validate of a file", ["profile", "validate", "--profile-file", "p/unknown.json"], 3],
  ["component profile validate without a registry", ["component", "profile", "validate"], 3],
  ["specrows check", ["cli", "specrows", "check"], 0],
  ["specrows check of junk", ["cli", "specrows", "check", "--in", "junk.wasm"], 3],
  ["doctor", ["doctor"], 0],
  ["unknown option", ["build", "--projct", "x"], 3],
  ["no command", [], 3],
  
];

describe("reports", () => {
  test.each(cases)("%s", async (_name, words, status) => {
    const ran = w.tool([...words, ...(words.some((x) => x.startsWith("--json")) ? [] : ["--json"])]);
    expect(ran.status, ran.stdout + ran.stderr).toBe(status);
    const parsed = parseJson(ran.stdout);
    if (!parsed.ok) throw new Error(`not JSON: ${ran.stdout}`);
    const report = parsed.value as { schema_version: string; exit_code: number; ok: boolean };
    expect(report.exit_code).toBe(status);
    expect(report.ok).toBe(status === 0);
    const file = FILE_OF[report.schema_version];
    expect(file, report.schema_version).toBeDefined();
    expect(await validate(file!, parsed.value as JsonValue)).toEqual([]);
    if (theirs !== undefined) expect(theirs(file!, JSON.parse(ran.stdout))).toEqual([]);
  });

  test("people get words, whatever happens", () => {
    for (const [name, words, status] of cases) {
      if (words.some((x) => x.startsWith("--"+"json")) || status === 0) continue;
      const ran = w.tool(words);
      expect(ran.status, name).toBe(status);
      expect(ran.stderr.trim(), name).not.toBe("");
      expect(ran.stderr, name).not.toMatch(/\n {4}at /);
    }
  });

  test("the graph report is written on every path and adds up", async () => {
    for (const [name, words] of cases) {
      if (words[0] !== "build" && words[0] !== "run") continue;
      if (name.includes("unknown option") || name.includes("quiet")) continue;
      const { graph } = w.graph(words);
      const { total, fresh, cut_off, restored, ran, failed } = graph.counts;
      expect(fresh + cut_off + restored + ran + failed, name).toBe(total);
      expect(graph.actions, name).toHaveLength(total);
      expect(await validate("x07-wasm.graph.report.schema.json", graph as unknown as JsonValue), name).toEqual([]);
    }
  });

  test("incident bundles hold input, report and manifest", () => {
    const ran = w.tool([...RUN, "--input-hex", "6869", "--max-output-bytes", "1", "--json"]);
    const days = readdirSync(join(w.dir, ".x07-wasm/incidents"));
    const report = JSON.parse(ran.stdout) as { result: { wasm: { sha256: string }; input: { sha256: string } } };
    const id = createHash("sha256").update(`${report.result.wasm.sha256}:${report.result.input.sha256}`).digest("hex").slice(0, 32);
    const bundle = join(".x07-wasm/incidents", days[0]!, id);
    expect(w.read(join(bundle, "input.bin")).toString()).toBe("hi");
    expect(JSON.parse(w.read(join(bundle, "run.report.json")).toString())).toMatchObject({ exit_code: 4 });
    expect(w.read(join(bundle, "wasm.manifest.json")).equals(w.read("dist/app.wasm.manifest.json"))).toBe(true);
    expect(w.read(join(bundle, "stderr.txt")).toString()).toContain("output");
  });
});

