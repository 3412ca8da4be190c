// The clang of npm as a provider: adapters from their sources are the very parts of this package, and a program compiles with it
// where no C toolchain is installed.

import { cpSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { Guest } from "../../rig/guest-host.ts";
import { ROOT, Workspace } from "../../rig/project.ts";

interface Report {
  readonly diagnostics: readonly { readonly code: string; readonly message: string; readonly notes?: readonly string[] }[];
  readonly meta: { readonly tool: { readonly clang?: string; readonly wasm_ld?: string } };
}

function example(): Workspace {
  const work = new Workspace();
  cpSync(join(ROOT, "examples", "http_echo"), work.dir, { recursive: true });
  return work;
}

/** A machine with Node and nothing else. */
const BARE = { PATH: "/nowhere" };

test("adapters built from source are the parts of this package", () => {
  const work = example();
  try {
    for (const kind of ["http-adapter", "cli-adapter"]) {
      const made = work.tool(["component", "build", "--emit", kind, "--out-dir", "out", "--provider", "embedded"], { ...BARE, X07WASM_ADAPTERS_FROM_SOURCE: "1" });
      expect(made.stderr).not.toContain("error");
      const part = readFileSync(join(ROOT, `dist/guest/${kind}.component.wasm`));
      expect(Buffer.compare(work.read(`out/${kind}.component.wasm`), part), kind).toBe(0);
    }
  } finally {
    work.clean();
  }
}, 240_000);

test("c_toolchain_v1 without an installed C toolchain", async () => {
  const work = example();
  try {
    const build = ["build", "--codegen-backend", "c_toolchain_v1", "--out", "out.wasm", "--json"];
    const made = work.tool([...build, "--provider", "embedded"], BARE);
    const report = JSON.parse(made.stdout) as Report;
    expect(report.diagnostics).toEqual([]);
    expect(report.meta.tool.clang).toMatch(/^@yowasp\/clang 22\./);
    expect(new WebAssembly.Module(work.read("out.wasm"))).toBeDefined();
    expect(work.graph([...build, "--provider", "embedded"]).graph.counts.ran).toBe(0);
    const profile = JSON.parse(readFileSync(join(ROOT, "arch/wasm/profiles/wasm_release.json"), "utf8")) as object;
    work.write({ "c.json": { ...profile, codegen_backend: "c_toolchain_v1" } });
    const component = work.tool(["component", "build", "--emit", "cli-native", "--provider", "embedded", "--wasm-profile-file", "c.json", "--out-dir", "out"], BARE);
    expect(component.stderr).not.toContain("error");
    const ran = (await Guest.load(work.read("out/cli.component.wasm"))).cli().call(new Uint8Array(1));
    expect([ran.ok, Buffer.from(ran.stdout).toString("utf8")]).toEqual([true, expect.stringContaining('"status":500')]);
    // Nothing but an installed x07 and an installed clang will do for `native`.
    const native = JSON.parse(work.tool([...build, "--provider", "native"], BARE).stdout) as Report;
    expect(native.diagnostics[0]!.code).toMatch(/_SPAWN_FAILED$/);
  } finally {
    work.clean();
  }
}, 240_000);
