// SIGINT and SIGTERM while a child runs: the child is ended with its whole group, the answer says so, and the next build is right.

import { spawn, spawnSync } from "node:child_process";
import { join } from "node:path";
import { writeFileSync } from "node:fs";
import { afterEach, describe, expect, test } from "vitest";
import { TOOL, Workspace } from "../rig/project.ts";

const GRAPH = (seconds: string) => `import { goal, graph, output, place, rule } from "x07-wasm/engine";
const slow = rule({ id: "slow", version: 1, inputs: {}, outputs: { made: output("text", "made") }, command: ({ made }) => ["/bin/sh", "-c", "sleep ${seconds}; echo done > " + made] });
const nothing = { uses_os_time: false, uses_network: false, uses_process: true };
export default graph({
  app: { name: "t", version: "1.0.0", about: "t", codePrefix: "T", parseReport: { schemaVersion: "p@1", command: "p", schemaFile: "p" }, schemaGoal: "all" },
  goals: { all: goal({ about: "All", options: [], report: { schemaVersion: "b@1", command: "b", schemaFile: "b" }, async plan(_o, c) {
    const built = await c.build([place(slow({}).made, "out/made")]);
    return { result: {}, diagnostics: built.ok ? [] : built.error, inputs: [], outputs: [], nondeterminism: nothing };
  } }) },
  schemaText: async () => "{}", specrows: async () => ({}), cacheVariable: "X07_WASM_CACHE_DIR", cacheName: "t",
});
`;

const opened: Workspace[] = [];
afterEach(() => {
  for (const w of opened.splice(0)) w.clean();
});

describe.each([
  ["SIGINT", 130],
  ["SIGTERM", 143],
] as const)("%s", (signal, status) => {
  test("ends the child and leaves a state from which the next build is right", async () => {
    const w = new Workspace().write({ "x07wasm.graph.ts": GRAPH("7.25") });
    opened.push(w);
    const tool = spawn(process.execPath, [TOOL, "all"], { cwd: w.dir, env: w.env(), stdio: "ignore" });
    const ended = new Promise<number | null>((resolve) => tool.on("close", resolve));
    const running = () => spawnSync("pgrep", ["-f", "sleep 7.25"]).status === 0;
    for (let i = 0; i < 200 && !running(); i++) await new Promise((r) => setTimeout(r, 50));
    expect(running()).toBe(true);
    tool.kill(signal);
    expect(await ended).toBe(status);
    expect(running()).toBe(false);
    expect(() => w.read("out/made")).toThrow();
    writeFileSync(join(w.dir, "x07wasm.graph.ts"), GRAPH("0"));
    expect(w.tool(["all"]).status).toBe(0);
    expect(w.read("out/made").toString()).toBe("done\n");
  });
});
