// What the parser takes and refuses: each measured rule of the reference's command line, and our own options.
import { describe, expect, test } from "vitest";
import { parseArgv, scanRaw } from "../../../engine/argv.ts";
import { checkCommands, checkOptions } from "../../../engine/option.ts";
import { app, commands } from "./rig.ts";

const parse = (...words: string[]) => parseArgv(app.name, commands, words);

function parsed(...words: string[]) {
  const result = parse(...words);
  if (result.kind !== "parsed") throw new Error(`not parsed: ${JSON.stringify(result)}`);
  return result;
}

function refused(...words: string[]): string {
  const result = parse(...words);
  if (result.kind !== "error") throw new Error(`not refused: ${JSON.stringify(result.kind)}`);
  expect(result.stage).toBe("clap");
  return result.message;
}

describe("values", () => {
  test("--opt value and --opt=value are the same", () => {
    expect(parsed("build", "--project", "a.json").options["project"]).toBe("a.json");
    expect(parsed("build", "--project=a.json").options["project"]).toBe("a.json");
  });
  test("a value that starts with a dash needs the equals sign", () => {
    expect(refused("build", "--profile", "-x")).toContain("a value is required for '--profile <STR>'");
    expect(parsed("build", "--profile=-x").options["profile"]).toBe("-x");
    expect(parsed("build", "--project", "-").options["project"]).toBe("-");
  });
  test("paths are not empty, texts may be", () => {
    expect(refused("build", "--project=")).toContain("a path cannot be empty");
    expect(parsed("run", "--wasm", "m.wasm", "--input-hex", "").options["input-hex"]).toBe("");
  });
  test("numbers are unsigned decimal within their range and exact", () => {
    expect(parsed("run", "--wasm=m", "--max-fuel", "18446744073709551615").options["max-fuel"]).toBe(18446744073709551615n);
    expect(parsed("run", "--wasm=m", "--max-fuel", "007").options["max-fuel"]).toBe(7n);
    for (const bad of ["", " 1", "1.0", "1e3", "0x10", "18446744073709551616", "1_000", "９"]) expect(refused("run", "--wasm=m", `--max-fuel=${bad}`)).toContain("invalid value");
    expect(refused("run", "--wasm=m", "--max-table-elements=4294967296")).toContain("0 to 4294967295");
    expect(refused("run", "--wasm=m", `--max-fuel=${"9".repeat(100_000)}`)).toContain("invalid value");
  });
  test("true and false, enums, flags without values", () => {
    expect(parsed("build", "--check-exports", "false").options["check-exports"]).toBe(false);
    expect(refused("build", "--check-exports", "no")).toContain("true, false");
    expect(refused("build", "--check-exports")).toContain("a value is required");
    expect(refused("build", "--no-manifest=true")).toContain("unexpected value 'true'");
    expect(refused("component", "build", "--emit", "htpp")).toContain("tip: a similar value exists: 'http'");
  });
  test("defaults fill in", () => {
    expect(parsed("build").options).toEqual({ project: "x07.json", profile: undefined, "profile-file": undefined, "check-exports": true, "no-manifest": false });
    expect(parsed("component", "profile", "validate").options["profile"]).toEqual([]);
  });
});

describe("names", () => {
  test("subcommands, hyphenated aliases, other aliases", () => {
    for (const words of [["component", "profile", "validate"], ["component-profile-validate"]]) expect(parsed(...words).command?.name).toBe("component profile validate");
    for (const words of [["cli", "specrows", "check"], ["cli-specrows-check"], ["cli", "validate-specrows"]]) expect(parsed(...words).command?.name).toBe("cli specrows check");
    expect(parsed("component", "compose", "--target", "http").options["adapter"]).toBe("http");
  });
  test("no abbreviations, but suggestions", () => {
    expect(refused("buil")).toContain("tip: a similar subcommand exists: 'build'");
    expect(refused("build", "--projec", "x")).toContain("tip: a similar argument exists: '--project'");
    expect(refused("build", "--wasm", "x")).toContain("'run --wasm' exists");
    expect(refused("--project", "x", "build")).toContain("'build --project' exists");
  });
  test("no positional arguments", () => {
    expect(refused("build", "x")).toContain("unexpected argument 'x' found");
    expect(refused("build", "--", "--json")).toContain("unexpected argument '--json' found");
    expect(parsed("build", "--").command?.name).toBe("build");
  });
  test("a group alone lists what it holds", () => {
    expect(refused("component")).toMatch(/requires a subcommand[\s\S]*build[\s\S]*profile/);
    expect(refused("component", "profile")).toContain("validate");
  });
  test("help and version", () => {
    expect(parse("build", "--help")).toEqual({ kind: "help", path: ["build"] });
    expect(parse("help", "component", "build")).toEqual({ kind: "help", path: ["component", "build"] });
    expect(parse("run", "-h", "--json")).toEqual({ kind: "help", path: ["run"] });
    expect(parse("-V").kind).toBe("version");
    expect(refused("build", "-V")).toContain("'-V'");
    expect(refused("help", "biuld")).toContain("'build'");
  });
});

describe("together", () => {
  test("twice at one level is an error, repeatable ones gather, a later level overrides", () => {
    expect(refused("build", "--project=a", "--project=b")).toContain("cannot be used multiple times");
    expect(refused("build", "--no-manifest", "--no-manifest")).toContain("cannot be used multiple times");
    expect(refused("component", "compose", "--adapter=http", "--target=cli")).toContain("cannot be used multiple times");
    expect(parsed("component", "profile", "validate", "--profile", "a", "--profile=b").options["profile"]).toEqual(["a", "b"]);
    expect(parsed("--json=pretty", "build", "--json").machine.json).toBe("");
    expect(refused("build", "--json", "--json")).toContain("cannot be used multiple times");
  });
  test("conflicts, required options, --quiet-json", () => {
    expect(refused("build", "--profile-file=a", "--profile=b")).toContain("cannot be used with");
    expect(refused("run")).toContain("--wasm <PATH>");
    expect(refused("run", "--json-schema-id")).toContain("required arguments");
    expect(refused("build", "--json", "--quiet-json")).toContain("'--report-out <PATH>'");
  });
  test("--json takes a mode only when it is not an option", () => {
    expect(parsed("--json", "build").machine.json).toBe("build");
    expect(parsed("--json", "build").command).toBeUndefined();
    expect(parsed("build", "--json", "pretty").machine.json).toBe("pretty");
    expect(parsed("build", "--json", "").machine.json).toBe("");
    expect(parsed("build", "--json=").machine.json).toBe("");
    expect(parsed("build", "--json= pretty ").machine.json).toBe("pretty");
    expect(parsed("build", "--json", "--project=a").machine.json).toBe("");
    expect(parsed("build", "--report-json").machine.json).toBe("");
    expect(parsed("build").machine.json).toBeUndefined();
  });
  test("engine options, before and after the goal", () => {
    const { engine } = parsed("-j4", "--explain", "build", "--provider", "embedded", "--cache-dir=c", "--keep-going");
    expect(engine).toMatchObject({ jobs: 4, explain: true, provider: "embedded", cacheDir: "c", keepGoing: true, force: false, watch: false });
    expect(parsed("build", "-j", "2").engine.jobs).toBe(2);
    expect(parsed("build", "--jobs=3").engine.jobs).toBe(3);
    expect(refused("build", "-j", "many")).toContain("invalid value");
    expect(refused("build", "-x")).toContain("'-x'");
    expect(refused("build", "--provider=none")).toContain("auto, native, embedded");
  });
});

test("the raw scan finds emission wherever it stands", () => {
  expect(scanRaw(["--", "--json"])).toEqual({ json: true, reportOut: undefined, quiet: false });
  expect(scanRaw(["--report-json=x", "--report-out", "f", "--quiet-json"])).toEqual({ json: true, reportOut: "f", quiet: true });
  expect(scanRaw(["--report-out=f"])).toEqual({ json: false, reportOut: "f", quiet: false });
  expect(scanRaw(["--jsonx", "--report-out"])).toEqual({ json: false, reportOut: undefined, quiet: false });
});

test("tables that make no sense are told", () => {
  expect(checkCommands(commands)).toEqual([]);
  expect(checkOptions([
    { long: "json", key: "a", kind: "flag", about: "" },
    { long: "mode", key: "Mode", kind: "ENUM", about: "" },
    { long: "n", key: "n", kind: "U32", about: "", default: "x", conflicts: ["gone"] },
    { long: "r", key: "r", kind: "flag", about: "", required: true },
  ])).toEqual([
    "--json: the name is taken",
    "--mode: the key Mode is not a key",
    "--mode: an ENUM needs values",
    "--n: the default x is not a U32",
    "--r: a flag is neither required nor repeated",
    "--n: conflicts with --gone, which does not exist",
  ]);
});
