// `build --wasm-opt`: a node of its own that gives a smaller module with the same answer, by the npm package and by the installed tool.

import { afterEach, describe, expect, test } from "vitest";
import { ECHO_FILES, installed, Workspace } from "../../rig/project.ts";

const opened: Workspace[] = [];
afterEach(() => {
  for (const w of opened.splice(0)) w.clean();
});

function built(words: readonly string[]): { readonly w: Workspace; readonly rules: readonly string[]; readonly size: number; readonly tool: unknown } {
  const w = new Workspace().write(ECHO_FILES);
  opened.push(w);
  const seen = w.graph(["build", ...words]);
  expect(seen.status, seen.stderr).toBe(0);
  const report = JSON.parse(w.tool(["build", ...words, "--json"]).stdout) as { meta: { tool: { wasm_opt?: string } } };
  return { w, rules: seen.graph.actions.map((a) => a.rule), size: w.read("dist/app.wasm").length, tool: report.meta.tool.wasm_opt };
}

describe("--wasm-opt", () => {
  test("the npm package optimises as a node of its own", () => {
    const plain = built(["--provider", "embedded"]);
    const small = built(["--provider", "embedded", "--wasm-opt", "z"]);
    expect(plain.rules).not.toContain("wasm-opt.embedded");
    expect(small.rules).toContain("wasm-opt.embedded");
    expect(small.size).toBeLessThanOrEqual(plain.size);
    expect(small.tool).toContain("binaryen");
    expect(small.w.tool(["run", "--wasm", "dist/app.wasm", "--input-hex", "6869"]).stdout).toBe("hi");
  }, 120_000);

  test("an unknown level is refused", () => {
    const w = new Workspace().write(ECHO_FILES);
    opened.push(w);
    expect(w.tool(["build", "--wasm-opt", "9"]).status).toBe(3);
  });

  test.skipIf(!installed("wasm-opt"))("the installed wasm-opt is preferred", () => {
    const { rules, tool, w } = built(["--wasm-opt", "3"]);
    expect(rules).toContain("wasm-opt");
    expect(tool).toContain("wasm-opt");
    expect(w.tool(["run", "--wasm", "dist/app.wasm", "--input-hex", "6869"]).stdout).toBe("hi");
  }, 120_000);
});

if (!installed("wasm-opt")) console.log("SKIPPED: the installed wasm-opt: it is not on PATH (apt-get install binaryen)");
