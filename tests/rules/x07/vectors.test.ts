// Every measured program: compile, run each input, compare; or compare the refusal. Knows the vector format only.

import { readFileSync, readdirSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { compileFiles, instantiate } from "./rig.ts";

interface Vector {
  readonly name: string;
  readonly program: { readonly modules: { readonly [path: string]: unknown } };
  readonly project: { readonly entry: string; readonly module_roots: readonly string[] };
  readonly cases?: readonly { readonly input_b64: string; readonly output_b64?: string; readonly trap?: boolean }[];
  readonly compile_error?: { readonly code: string; readonly message: string; readonly lint: readonly { readonly code: string; readonly ptr: string | null }[] };
}

const folder = new URL("../../cases/x07/", import.meta.url);
const vectors = readdirSync(folder).filter((f) => f.endsWith(".json")).map((f): Vector => JSON.parse(readFileSync(new URL(f, folder), "utf8")) as Vector);

// The reference runs out of fuel there, which is the host's limit and no property of the module.
const HOST_LIMIT = new Set(["mem_fuel_limit"]);
// The linter's stand-in code for "the compiler said no", and its stage that rewrites instead of telling.
const STAND_IN = new Set(["X07-TOOL-EXEC-0001", "X07-TAPP-ELAB-0001"]);

describe("programs", () => {
  for (const v of vectors.filter((x) => x.cases !== undefined && !HOST_LIMIT.has(x.name))) {
    test(v.name, () => {
      const outcome = compileFiles(v.program.modules, v.project.entry, v.project.module_roots);
      if (!outcome.ok) throw new Error(JSON.stringify(outcome.errors, null, 1));
      const solver = instantiate(outcome.wasm);
      v.cases?.forEach((c, i) => {
        const got = solver.run(Buffer.from(c.input_b64, "base64"));
        const want = c.trap === true ? "trap" : (c.output_b64 ?? "");
        expect(got === "trap" ? got : Buffer.from(got).toString("base64"), `case ${i}`).toBe(want);
      });
    });
  }
});

describe("refusals", () => {
  for (const v of vectors.filter((x) => x.compile_error !== undefined && x.compile_error.code !== "Project")) {
    test(v.name, () => {
      const outcome = compileFiles(v.program.modules, v.project.entry, v.project.module_roots);
      if (outcome.ok) throw new Error("compiled");
      const wanted = v.compile_error;
      expect(outcome.errors.map((e) => e.kind)).toContain(wanted?.code);
      for (const lint of wanted?.lint ?? []) {
        if (STAND_IN.has(lint.code)) continue;
        // The linter counts declarations in its own order, so for those the text's own pointer is right as well.
        const own = /ptr=([^ )]+)/.exec(wanted?.message ?? "")?.[1];
        const pointers = [lint.ptr, ...(lint.code.startsWith("X07-CONTRACT") ? [own] : [])];
        expect(outcome.errors.filter((e) => e.code === lint.code).map((e) => pointers.includes(e.pointer)), JSON.stringify(outcome.errors)).toContain(true);
      }
    });
  }
});
