// Manifests, packages and lock files. Knows the documents, not the disk.

import { readFileSync, readdirSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { moduleCandidates, parsePackage, parseProject, verifyLock } from "../../../rules/x07/compiler/project.ts";
import type { Project } from "../../../rules/x07/compiler/project.ts";
import { bytesOf } from "./rig.ts";

interface Vector {
  readonly name: string;
  readonly project: unknown;
  readonly compile_error?: { readonly code: string; readonly message: string };
}

const base = { schema_version: "x07.project@0.3.0", world: "solve-pure", entry: "src/main.x07.json", module_roots: ["src"], dependencies: [], lockfile: null };

function project(change: object, path = "app/x07.json"): Project {
  const parsed = parseProject(bytesOf({ ...base, ...change }), path);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.error));
  return parsed.value;
}

function refusal(change: object): string {
  const parsed = parseProject(bytesOf({ ...base, ...change }), "x07.json");
  if (parsed.ok) throw new Error("accepted");
  return parsed.error.map((d) => d.message).join("\n");
}

describe("measured manifests", () => {
  const folder = new URL("../../cases/x07/", import.meta.url);
  for (const name of readdirSync(folder)) {
    const v = JSON.parse(readFileSync(new URL(name, folder), "utf8")) as Vector;
    test(v.name, () => {
      const parsed = parseProject(bytesOf(v.project), "x07.json");
      if (v.compile_error?.code !== "Project") return expect(parsed.ok).toBe(true);
      expect(parsed.ok ? "accepted" : parsed.error[0]?.message).toBe(v.compile_error.message);
    });
  }
});

test("paths lie in the manifest's folder", () => {
  const p = project({ module_roots: ["src", "./lib"], lockfile: "deep/x.lock.json" });
  expect(p.entry).toBe("app/src/main.x07.json");
  expect(p.moduleRoots).toEqual(["app/src", "app/lib"]);
  expect(p.lockfile).toBe("app/deep/x.lock.json");
  expect(moduleCandidates(p, "a.b-c")).toEqual(["app/src/a/b-c.x07.json", "app/lib/a/b-c.x07.json"]);
});

test("the lock file has a default name", () => {
  expect(project({}, "x07.json").lockfile).toBe("x07.lock.json");
});

test("string values are trimmed", () => {
  expect(project({ entry: "  src/main.x07.json " }).entry).toBe("app/src/main.x07.json");
});

test.each([
  [{ entry: "src/main.json" }, "must end with .x07.json"],
  [{ entry: "../main.x07.json" }, "without .."],
  [{ entry: "/main.x07.json" }, "relative"],
  [{ entry: "" }, "non-empty"],
  [{ entry: 5 }, "entry must be a string"],
  [{ module_roots: ["src/../.."] }, "without .."],
  [{ module_roots: "src" }, "must be an array"],
  [{ dependencies: [{ name: "a", version: "1" }] }, "path must be a string"],
  [{ schema_version: "x07.project@0.2.0", patch: {} }, "project.patch requires"],
  [{ operational_entry_symbol: "main.f" }, "project.operational_entry_symbol requires"],
])("refuses %j", (change, message) => {
  expect(refusal(change)).toContain(message);
});

test("not JSON at all", () => {
  const parsed = parseProject(bytesOf("{"), "x07.json");
  expect(parsed.ok ? [] : parsed.error.map((d) => d.place?.file)).toEqual(["x07.json"]);
});

describe("dependencies", () => {
  const dependency = { name: "tools", version: "1.0.0", path: "vendor/tools" };
  const manifest = { schema_version: "x07.package@0.1.0", name: "tools", version: "1.0.0", module_root: "modules", modules: ["tools.a"] };

  test("a package adds its root", () => {
    const parsed = parsePackage(bytesOf(manifest), "app/vendor/tools/x07-package.json", dependency);
    if (!parsed.ok) throw new Error(JSON.stringify(parsed.error));
    expect(moduleCandidates(project({ dependencies: [dependency] }), "tools.a", [parsed.value])).toEqual(["app/src/tools/a.x07.json", "app/vendor/tools/modules/tools/a.x07.json"]);
  });

  test("another version is refused", () => {
    const parsed = parsePackage(bytesOf({ ...manifest, version: "1.0.1" }), "x07-package.json", dependency);
    expect(parsed.ok ? "" : parsed.error[0]?.message).toContain("version mismatch");
  });

  const entry = { ...dependency, package_manifest_sha256: "aa", module_root: "modules", modules_sha256: { "tools.a": "bb" } };
  const lock = { schema_version: "x07.lock@0.3.0", dependencies: [entry] };
  const p = project({ dependencies: [dependency] });

  test("a lock that agrees", () => {
    expect(verifyLock(bytesOf(lock), p, [{ name: "tools", manifestSha256: "aa", modulesSha256: new Map([["tools.a", "bb"]]) }])).toEqual([]);
  });

  test.each([
    [{ schema_version: "x07.lock@9.9.9" }, "lock schema_version mismatch"],
    [{ schema_version: "x07.lock@0.4.0" }, "missing toolchain"],
    [{ dependencies: [] }, "dependencies differ"],
    [{ dependencies: [{ ...entry, version: "2.0.0" }] }, "dependencies differ"],
    [{ dependencies: [{ ...entry, package_manifest_sha256: "cc" }] }, "package manifest of \"tools\" has changed"],
    [{ dependencies: [{ ...entry, modules_sha256: {} }] }, "module \"tools.a\" of \"tools\" has changed"],
  ])("a lock with %j", (change, message) => {
    const found = verifyLock(bytesOf({ ...lock, ...change }), p, [{ name: "tools", manifestSha256: "aa", modulesSha256: new Map([["tools.a", "bb"]]) }]);
    expect(found.map((d) => d.message).join("\n")).toContain(message);
  });
});
