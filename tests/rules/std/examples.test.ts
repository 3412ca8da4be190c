// The example programs, interpreted and compiled: each does what its README says, and the recorded HTTP traces follow from
// their reducers step by step.

import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { globSync } from "tinyglobby";
import { compiled, interpreted, type Execute } from "./execute.ts";

const examples = new URL("../../../examples/", import.meta.url);
const traces = new URL("../../../spec/fixtures/http/", import.meta.url);

/** The modules of an example by id, the entry as "main". */
function modulesOf(name: string): { [id: string]: unknown } {
  const src = fileURLToPath(new URL(`${name}/src/`, examples));
  const modules: { [id: string]: unknown } = {};
  for (const file of globSync("**/*.x07.json", { cwd: src })) {
    modules[file.slice(0, -".x07.json".length).replaceAll("/", ".")] = JSON.parse(readFileSync(src + file, "utf8"));
  }
  return modules;
}
function fixture(name: string, file: string): Buffer {
  return readFileSync(new URL(`${name}/tests/${file}`, examples));
}
const none = new Uint8Array(0);
const text = (s: string): Uint8Array => new TextEncoder().encode(s);

interface Step {
  readonly env: unknown;
  readonly frame: unknown;
}

for (const [executor, prepare] of Object.entries({ interpreted, compiled })) {
  const prepared = new Map<string, Execute>();
  const run = (name: string, input: Uint8Array): string => {
    const { main, ...modules } = modulesOf(name);
    const execute = prepared.get(name) ?? prepare(main as object, modules);
    prepared.set(name, execute);
    return execute(input);
  };

  describe(`examples, ${executor}`, () => {
    for (const which of ["empty", "hello", "binary"]) {
      test(`solve_pure_echo gives back ${which}`, () => {
        const input = fixture("solve_pure_echo", `fixtures/in_${which}.bin`);
        expect(run("solve_pure_echo", input)).toBe(fixture("solve_pure_echo", `fixtures/out_${which}.bin`).toString("latin1"));
      });
    }

    test("solve_pure_spin counts, and does nothing for short or negative input", () => {
      const small = fixture("solve_pure_spin", "fixtures/in_small.bin");
      expect(run("solve_pure_spin", small)).toBe(fixture("solve_pure_spin", "fixtures/out_small.bin").toString("latin1"));
      expect(fixture("solve_pure_spin", "fixtures/in.bin").readInt32LE()).toBe(50_000_000);
      expect(run("solve_pure_spin", none)).toBe("\0\0\0\0");
      expect(run("solve_pure_spin", Uint8Array.of(255, 255, 255, 255))).toBe("\0\0\0\0");
    });

    test.each(["json_patch", "task_sched"])("%s gives its expected bytes", (name) => {
      expect(run(name, none)).toBe(fixture(name, "expected.bin").toString("latin1"));
    });

    test("http_hello always answers hello", () => {
      const answer = JSON.parse(run("http_hello", none)) as { status: number; body: { base64: string; bytes_len: number } };
      expect(answer.status).toBe(200);
      expect(Buffer.from(answer.body.base64, "base64")).toEqual(fixture("http_hello", "fixtures/response_body.bin"));
      expect(answer.body.bytes_len).toBe(6);
    });

    test("http_echo answers with the body it got, and 500 when there is none", () => {
      const body = fixture("http_echo", "fixtures/request_body.bin");
      const request = { id: "req7", method: "POST", path: "/", body: { bytes_len: body.length, base64: body.toString("base64") } };
      expect(JSON.parse(run("http_echo", text(JSON.stringify(request))))).toEqual({
        schema_version: "x07.http.response.envelope@0.1.0",
        request_id: "req7",
        status: 200,
        headers: [],
        body: { bytes_len: body.length, base64: fixture("http_echo", "fixtures/response_body.bin").toString("base64") },
      });
      expect(JSON.parse(run("http_echo", text('{"body":{"bytes_len":5}}')))).toMatchObject({ status: 500, body: { bytes_len: 0, base64: "" } });
      expect(JSON.parse(run("http_echo", none))).toMatchObject({ status: 500, request_id: "req0" });
    });

    test("report_service writes its report in three forms", () => {
      const forms = [["access.log", "report.txt"], ["access_markdown.log", "report.md"], ["access_json.log", "report.json"]] as const;
      // One form is enough of the slow executor.
      for (const [log, report] of executor === "compiled" ? forms : forms.slice(0, 1)) {
        const got = run("report_service", fixture("report_service", `fixtures/${log}`));
        expect(got).toBe(fixture("report_service", `fixtures/${report}`).toString("latin1"));
      }
    });

    test("report_service reports on nothing, and counts what it cannot read", () => {
      expect(run("report_service", none)).toMatch(/requests +0\nskipped lines +0\n/);
      const lines = ["2026-02-29T00:00:00 GET / 200 1 1", "2026-02-28T24:00:00Z GET / 200 1 1", "2026-02-28T00:00:00Z GET / 99 1 1", "a b c d e f", "2026-02-28T00:00:00Z PATCH /x 200 1023 7"];
      const json = JSON.parse(run("report_service", text(`# format=json\n${lines.join("\r\n")}`))) as { title: string; rows: string[][] }[];
      expect(json[0]?.rows.slice(0, 2)).toEqual([["requests", "1", ""], ["skipped lines", "4", ""]]);
      expect(json[2]).toEqual({ title: "Methods", rows: [["other", "1", "100.0%"]] });
      expect(json[0]?.rows[4]).toEqual(["traffic", "1023 B", ""]);
    });

    test("http_bad_response is no JSON", () => expect(run("http_bad_response", none)).toBe("not json\n"));

    test("the effect reducers answer 500 to what is no dispatch", () => {
      for (const name of ["http_reducer_effect_kv", "http_reducer_effect_http"]) {
        expect(JSON.parse(run(name, text("{")))).toMatchObject({ response: { status: 500 }, effects: [] });
      }
    });
  });

  describe(`recorded HTTP traces, ${executor}`, () => {
    const reducers = { trace: "http_reducer_echo", "trace.effect_kv": "http_reducer_effect_kv", "trace.effect_http": "http_reducer_effect_http" };
    for (const [file, reducer] of Object.entries(reducers)) {
      test(`${file}.min.json follows from ${reducer}`, () => {
        const trace = JSON.parse(readFileSync(new URL(`${file}.min.json`, traces), "utf8")) as { steps: Step[] };
        expect(trace.steps.length).toBeGreaterThan(0);
        for (const step of trace.steps) expect(JSON.parse(run(reducer, text(JSON.stringify(step.env))))).toEqual(step.frame);
      });
    }
  });
}

const conformance = process.env["X07_WASM_CONFORMANCE"] ?? "";
const schemas = [conformance, `${conformance}/schemas`].find((f) => existsSync(`${f}/x07-http.frame.schema.json`));
describe.runIf(schemas !== undefined)("published schemas", () => {
  test("the HTTP fixtures are valid", async () => {
    const { Ajv2020 } = await import("ajv/dist/2020.js");
    const ajv = new Ajv2020({ strict: false });
    const names = ["request.envelope", "response.envelope", "effect", "dispatch", "frame", "trace"];
    for (const n of names) ajv.addSchema(JSON.parse(readFileSync(`${schemas}/x07-http.${n}.schema.json`, "utf8")) as object, n);
    for (const [file, schema] of [["dispatch.min", "dispatch"], ["frame.min", "frame"], ["trace.min", "trace"], ["trace.effect_kv.min", "trace"], ["trace.effect_http.min", "trace"]]) {
      const valid = ajv.validate(schema ?? "", JSON.parse(readFileSync(new URL(`${file}.json`, traces), "utf8")));
      expect(valid, `${file}: ${ajv.errorsText()}`).toBe(true);
    }
  });
});
