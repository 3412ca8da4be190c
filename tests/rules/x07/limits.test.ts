// Sources beyond all measure are compiled or refused with a code, never a crash or a hang: deep nesting, megabytes, long import chains.

import { expect, test } from "vitest";
import { moduleDocument } from "../../bench/project.mjs";
import { compileFiles } from "./rig.ts";

const VERSION = "x07.x07ast@0.5.0";

function entry(solve: unknown, imports: readonly string[] = []): object {
  return { schema_version: VERSION, kind: "entry", module_id: "main", imports, decls: [], solve };
}

test.each([
  ["lists", `${"[".repeat(100_000)}${"]".repeat(100_000)}`],
  ["objects", `${'{"a":'.repeat(100_000)}1${"}".repeat(100_000)}`],
  ["an expression", JSON.stringify(entry("DEEP")).replace('"DEEP"', `${'["bytes.concat","input",'.repeat(100_000)}"input"${"]".repeat(100_000)}`)],
  ["an expression that is never closed", JSON.stringify(entry("DEEP")).replace('"DEEP"', '["bytes.concat",'.repeat(100_000))],
])("%s nested 100,000 deep are refused", (_what, text) => {
  const made = compileFiles({ "src/main.x07.json": text });
  expect(made.ok ? [] : made.errors.map((e) => e.kind)).toContain("Parse");
});

test("a module of ten megabytes is compiled", () => {
  const [, ...patterns] = (moduleDocument(0, 8) as { decls: object[] }).decls;
  const functions = Array.from({ length: 20_000 }, (_, n) => ({ ...patterns[n % 8], name: `app.m0.f${n}` }));
  const module = { schema_version: VERSION, kind: "module", module_id: "app.m0", imports: [], decls: [{ kind: "export", names: functions.map((f) => f.name) }, ...functions] };
  expect(JSON.stringify(module).length).toBeGreaterThan(10_000_000);
  const made = compileFiles({ "src/main.x07.json": entry(["codec.write_u32_le", ["app.m0.f7", "input", 7]], ["app.m0"]), "src/app/m0.x07.json": module });
  expect(made.ok ? [] : made.errors).toEqual([]);
}, 240_000);

test("an import chain of 3,000 modules is followed to its end", () => {
  const files: { [path: string]: unknown } = { "src/main.x07.json": entry(["codec.write_u32_le", ["c0.f"]], ["c0"]) };
  for (let n = 0; n < 3000; n++) {
    const body = n === 2999 ? 1 : [`c${n + 1}.f`];
    files[`src/c${n}.x07.json`] = { schema_version: VERSION, kind: "module", module_id: `c${n}`, imports: n === 2999 ? [] : [`c${n + 1}`], decls: [{ kind: "export", names: [`c${n}.f`] }, { kind: "defn", name: `c${n}.f`, params: [], result: "i32", body }] };
  }
  const made = compileFiles(files);
  expect(made.ok ? [] : made.errors).toEqual([]);
}, 60_000);
