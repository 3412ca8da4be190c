// Sources: modules, manifests and lock files of x07 projects, and WIT packages.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { packageId } from "../../../rules/wit/ast.ts";
import { parsePackage } from "../../../rules/wit/package.ts";
import { WitModel } from "../../../rules/wit/resolve.ts";
import { worldNames } from "../../../rules/wit/package.ts";
import { parsePackage as parseX07Package, parseProject, verifyLock } from "../../../rules/x07/compiler/project.ts";
import { ROOT } from "../../rig/project.ts";
import { FOLDERS, textsOf } from "../../rules/component/kit.ts";
import { compileFiles } from "../../rules/x07/rig.ts";
import { type Found, type Kinds, fault, folder } from "./kind.ts";
import { mutated, mutatedDocument, mutatedText, pick, type Random } from "./mutate.ts";

interface Program {
  readonly [path: string]: unknown;
}

const PROGRAMS: readonly Program[] = folder("tests/cases/x07").slice(0, 200)
  .map((bytes) => (JSON.parse(Buffer.from(bytes).toString("utf8")) as { program?: { modules?: Program } }).program?.modules)
  .filter((p): p is Program => p !== undefined && JSON.stringify(p).length < 4000);
const MANIFESTS = ["examples/http_reducer_echo/x07.json"].map((p) => readFileSync(join(ROOT, p)));
const PACKAGE = Buffer.from(JSON.stringify({ schema_version: "x07.package@0.1.0", name: "dep", version: "1.0.0", description: "d", docs: "d", module_root: "modules", modules: ["dep.a"], meta: {} }));
const LOCK = Buffer.from(JSON.stringify({ schema_version: "x07.lock@0.4.0", dependencies: [{ name: "dep", version: "1.0.0", path: "deps/dep", package_manifest_sha256: "0".repeat(64), module_root: "modules", modules_sha256: { "dep.a": "0".repeat(64) } }] }));
const WANTED = { name: "dep", version: "1.0.0", path: "deps/dep" };
const WIT = Object.values(FOLDERS).map(textsOf);
const SMALL = { initialBytes: 4 << 20, maxBytes: 4 << 20 };

function compiled(program: Program, rnd: Random): Found {
  const paths = Object.keys(program);
  const broken = pick(paths, rnd);
  const text = Buffer.from(JSON.stringify(program[broken]));
  const outcome = compileFiles({ ...program, [broken]: mutatedDocument(text, rnd).toString() }, "src/main.x07.json", ["src"], SMALL);
  if (!outcome.ok) return outcome.errors.map((e) => ({ code: e.kind === "Internal" ? "" : e.code, message: e.message }));
  if (!WebAssembly.validate(outcome.wasm as Uint8Array<ArrayBuffer>)) throw new Error("the compiled module is invalid");
  return [];
}

export const SOURCE_KINDS: Kinds = {
  "x07 modules": (rnd) => compiled(pick(PROGRAMS, rnd), rnd),
  "x07 projects": (rnd) => {
    const project = parseProject(mutatedDocument(pick(MANIFESTS, rnd), rnd), "x07.json");
    if (project.ok) verifyLock(mutatedDocument(LOCK, rnd), { ...project.value, dependencies: [WANTED] }, [{ name: "dep", manifestSha256: "0".repeat(64), modulesSha256: new Map([["dep.a", "0".repeat(64)]]) }]);
    return project.ok ? [] : project.error;
  },
  "x07 packages and locks": (rnd) => {
    const found = parseX07Package(mutatedDocument(PACKAGE, rnd), "deps/dep/x07-package.json", WANTED);
    const project = parseProject(MANIFESTS[0]!, "x07.json");
    const locked = project.ok ? verifyLock(mutated(LOCK, rnd), { ...project.value, dependencies: [WANTED] }) : [];
    return [...(found.ok ? [] : found.error), ...locked];
  },
  "WIT packages": (rnd) => {
    const files = pick(WIT, rnd);
    const broken = pick(files, rnd);
    const parsed = parsePackage(files.map((f) => (f === broken ? { ...f, text: mutatedText(f.text, rnd) } : f)));
    if (!parsed.ok) return fault(parsed.error.message);
    const model = new WitModel([parsed.value]);
    for (const world of worldNames(parsed.value).slice(0, 2)) {
      const resolved = model.world(packageId(parsed.value.name), world);
      if (!resolved.ok) return fault(resolved.error.message);
    }
    return [];
  },
};
