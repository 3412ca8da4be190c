// Whole commands over a workspace in memory in which one file is broken: always a report that satisfies its schema, with a code for what is wrong.

import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isJsonArray, isJsonObject, parseJson } from "../../../engine/index.ts";
import { runCli } from "../../../engine/cli.ts";
import { commandsOf } from "../../../engine/load.ts";
import { validate } from "../../../rules/contract/validate.ts";
import { treeDigest } from "../../../rules/wit/files.ts";
import x07wasm from "../../../x07wasm.graph.ts";
import { world } from "../../rig/world.ts";
import { dummy } from "../../rules/component/kit.ts";
import { guestComponent } from "../../rules/host/rig.ts";
import { compileFiles } from "../../rules/x07/rig.ts";
import { type Found, type Kind, type Kinds, fileOf, read } from "./kind.ts";
import { mutated, mutatedDocument, nudged, pick, type Random } from "./mutate.ts";

const COMMANDS = commandsOf(x07wasm);
const INCIDENTS = join(mkdtempSync(join(tmpdir(), "x07-fuzz-")), "incidents");

const text = (path: string): string => Buffer.from(read(path)).toString("utf8");
/** The release profile, small enough that a broken module ends soon. */
const SMALL_PROFILE = text("arch/wasm/profiles/wasm_release.json").replaceAll("134217728", "2097152").replaceAll("67108864", "65536").replace(/"max_fuel":\s*\d+/, '"max_fuel": 50000');
const REDUCER = "examples/http_reducer_echo";
const SMALL = { initialBytes: 2097152, maxBytes: 2097152 };

function reducer(): Uint8Array {
  const path = "src/main.x07.json";
  const compiled = compileFiles({ [path]: text(`${REDUCER}/src/main.x07.json`) }, path, ["src"], SMALL);
  if (!compiled.ok) throw new Error(compiled.errors.map((e) => e.message).join("\n"));
  return compiled.wasm;
}

const WIT = text("wit/x07/solve/0.1.0/handler.wit");
const PIN = treeDigest({ packaged: false, read: fileOf(Buffer.from(WIT)), list: () => Promise.resolve(undefined), artifact: () => { throw new Error("not asked"); } }, "wit/solve", ["handler.wit"]);

const FILES: { readonly [path: string]: string | Uint8Array } = {
  "arch/wasm/index.x07wasm.json": JSON.stringify({ schema_version: "x07.arch.wasm.index@0.1.0", profiles: [{ id: "wasm_release", path: "arch/wasm/profiles/wasm_release.json" }], defaults: { default_profile_id: "wasm_release" } }),
  "arch/wasm/profiles/wasm_release.json": SMALL_PROFILE,
  "arch/wasm/component/index.x07wasm.component.json": JSON.stringify({ schema_version: "x07.arch.wasm.component.index@0.1.0", profiles: [{ id: "component_release", path: "arch/wasm/component/profiles/component_release.json" }], defaults: { default_profile_id: "component_release" } }),
  "arch/wasm/component/profiles/component_release.json": text("arch/wasm/component/profiles/component_release.json"),
  "arch/wit/index.x07wit.json": JSON.stringify({ schema_version: "x07.arch.wit.index@0.1.0", packages: [{ id: "x07:solve@0.1.0", path: "wit/solve", kind: "vendored", sha256_tree: PIN }] }),
  "wit/solve/handler.wit": WIT,
  "x07.json": text(`${REDUCER}/x07.json`),
  "src/main.x07.json": text(`${REDUCER}/src/main.x07.json`),
  "reducer.wasm": reducer(),
  "solve.wasm": await dummy("x07:solve@0.1.0", "solve"),
  "cli-adapter.wasm": read("dist/guest/cli-adapter.component.wasm"),
  "command.wasm": await guestComponent("cli-many"),
  "proxy.wasm": await guestComponent("http-echo"),
  "spec/fixtures/http/trace.min.json": text("spec/fixtures/http/trace.min.json"),
  "rows.json": JSON.stringify({ schema_version: "x07cli.specrows@0.1.0", app: { name: "x07-wasm", version: "1.0.0" }, rows: [["root", "help", "-h", "--help", "help"], ["root", "version", "", "--version", "v"], ["root", "flag", "", "--cli-specrows", "cli.specrows", "rows"]] }),
  "incident/incident.json": JSON.stringify({ v: 1, kind: "x07.http.incident", error: "e", trace: JSON.parse(text("spec/fixtures/http/trace.min.json")) as unknown, failed: { case: "c", step: 0, env: {}, expected_frame: {}, actual_frame: {} } }),
};

const WASM_PROFILE = ["arch/wasm/index.x07wasm.json", "arch/wasm/profiles/wasm_release.json"];
const COMPONENT_PROFILE = ["arch/wasm/component/index.x07wasm.component.json", "arch/wasm/component/profiles/component_release.json"];
const WIT_FILES = ["arch/wit/index.x07wit.json", "wit/solve/handler.wit"];

/** A command line and the files that it reads. */
const LINES: readonly (readonly [words: string, ...files: readonly string[]])[] = [
  ["profile validate", ...WASM_PROFILE],
  ["component profile validate --strict", ...COMPONENT_PROFILE],
  ["wit validate", ...WIT_FILES],
  ["cli specrows check --in rows.json", "rows.json"],
  ["build --provider embedded --no-manifest", "x07.json", "src/main.x07.json", ...WASM_PROFILE],
  ["run --wasm reducer.wasm --input-hex 6869", "reducer.wasm", ...WASM_PROFILE],
  ["http contracts validate --strict", "spec/fixtures/http/trace.min.json"],
  ["http serve --mode canary --component reducer.wasm", "reducer.wasm", ...WASM_PROFILE],
  ["http test --component reducer.wasm --trace spec/fixtures/http/trace.min.json", "reducer.wasm", "spec/fixtures/http/trace.min.json"],
  ["component targets --component solve.wasm --wit wit/solve/handler.wit --world solve --provider embedded", "solve.wasm", ...WIT_FILES, ...COMPONENT_PROFILE],
  ["component compose --adapter cli --solve solve.wasm --adapter-component cli-adapter.wasm --out cli.wasm --provider embedded", "solve.wasm", "cli-adapter.wasm", ...COMPONENT_PROFILE],
  ["component run --component command.wasm --max-wall-ms 2000", "command.wasm", ...WASM_PROFILE],
  ["serve --component proxy.wasm --max-wall-ms-per-request 2000", "proxy.wasm", ...WASM_PROFILE],
];
/** Goals that write bundles whatever comes of it get a folder of their own for them. */
const LEAVE_INCIDENTS = new Set(["run", "http serve", "http test", "component run", "serve"]);

const w = world({});
for (const [path, content] of Object.entries(FILES)) w.write(path, content);

async function command(line: (typeof LINES)[number], rnd: Random): Promise<Found> {
  const [words, ...files] = line;
  const path = pick(files, rnd);
  const whole = FILES[path]!;
  if (rnd(40) === 0) w.delete(path);
  else w.write(path, path.endsWith(".json") ? mutatedDocument(Buffer.from(whole), rnd) : rnd(2) === 0 ? nudged(Buffer.from(whole), rnd) : mutated(Buffer.from(whole), rnd));
  try {
    return await reported(words.split(" "));
  } finally {
    w.write(path, whole);
    w.loseState();
  }
}

async function reported(words: readonly string[]): Promise<Found> {
  let [out, err] = ["", ""];
  const name = COMMANDS.map((c) => c.name).filter((n) => words.join(" ").startsWith(n)).sort((a, b) => b.length - a.length)[0]!;
  const more = LEAVE_INCIDENTS.has(name) ? ["--incidents-dir", INCIDENTS, "--incidents-keep", "2"] : [];
  const as = (data: string | Uint8Array): string => (typeof data === "string" ? data : Buffer.from(data).toString("utf8"));
  const code = await runCli({
    app: x07wasm.app,
    commands: COMMANDS,
    argv: ["x07-wasm", ...words, ...more, "--json"],
    cwd: w.disk.root,
    stdout: { write: (data) => (out += as(data)) },
    stderr: { write: (data) => (err += as(data)) },
    elapsed: () => 1,
    buildGoal: async (asked, options, engine) => (await w.session({ provider: engine.provider, noCache: true, env: {} }).run(asked.name, (context) => x07wasm.goals[asked.name]!.plan(options, context))).answer,
    schemaText: x07wasm.schemaText,
    specrows: () => x07wasm.specrows(x07wasm.goals),
    checkReport: (schemaFile, report) => validate(schemaFile, report),
  });
  const report = parseJson(out);
  if (!report.ok || !isJsonObject(report.value)) throw new Error(`exit code ${code}, no report: ${words.join(" ")}\n${err}`);
  const { diagnostics, ok } = report.value;
  const found = (isJsonArray(diagnostics ?? null) ? diagnostics : []) as unknown as (Found[number] & { readonly severity: string })[];
  if ((ok === true) !== (code === 0) || (code !== 0 && !found.some((d) => d.severity === "error"))) throw new Error(`exit code ${code} without an error: ${words.join(" ")}`);
  return found;
}

/** One kind for each command, so that each has its share. */
export const COMMAND_KINDS: Kinds = Object.fromEntries(LINES.map((line): [string, Kind] => [`command: ${line[0]}`, (rnd) => command(line, rnd)]));
