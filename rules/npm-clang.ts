// The clang and wasm-ld of the npm package @yowasp/clang: where it is installed, which one it is, and how it is called in this
// process. Knows nothing of what is compiled.

import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { type InputFile, isJsonObject, parseJson, type PlanContext, sha256Hex, type ToolIdentity } from "../engine/index.ts";

const PACKAGE = join("node_modules", "@yowasp", "clang");
/** The files that make it what it is: the program, and the headers of its sysroot. */
const PARTS = ["bundle.js", "llvm.core.wasm", "llvm-resources.tar"] as const;

/** Files by name, folders as objects: what the package calls a tree. */
export interface Tree {
  readonly [name: string]: Tree | Uint8Array | string;
}

type Command = (words: readonly string[], files: Tree, options: { readonly stdout: Sink; readonly stderr: Sink; readonly fetchProgress?: () => void }) => Promise<Tree>;
type Sink = (bytes: Uint8Array | null) => void;

export interface NpmClang {
  /** One identity for the two programs, under the names that keys and reports use. */
  readonly clang: ToolIdentity;
  readonly wasmLd: ToolIdentity;
  /** As a version line of the program would say it. */
  readonly line: string;
}

/** Where a package with this digest was found; actions are told the digest, since a place does not belong into a key. */
const places = new Map<string, string>();

/** The package in a node_modules of the working directory, of a folder above it, or of one above this package. */
export function findNpmClang(context: PlanContext): NpmClang | undefined {
  const here = dirname(fileURLToPath(import.meta.url));
  for (const from of [context.engine.cwd, here]) {
    for (let folder = from; ; folder = dirname(folder)) {
      const home = join(folder, PACKAGE);
      // Absence is remembered where a user would install it; the folders above are the machine's.
      if (folder === context.engine.cwd ? context.probe(home) === "dir" : existsSync(home)) return identify(context, home);
      if (dirname(folder) === folder) break;
    }
  }
  return undefined;
}

function identify(context: PlanContext, home: string): NpmClang | undefined {
  const manifest = context.read(join(home, "package.json"));
  const parsed = manifest.ok ? parseJson(manifest.bytes) : undefined;
  const version = parsed?.ok === true && isJsonObject(parsed.value) ? String(parsed.value["version"]) : "";
  const looked = PARTS.map((part) => context.look(join(home, "gen", part)));
  if (looked.some((l) => !l.ok)) return undefined;
  const digest = sha256Hex(looked.map((l) => (l.ok ? l.digest.sha256 : "")).join("\n"));
  places.set(digest, home);
  const identity = (name: string): ToolIdentity => ({ name, provider: "embedded", version, digest, command: [] });
  return { clang: identity("clang"), wasmLd: identity("wasm-ld"), line: `@yowasp/clang ${version}` };
}

export type Called = { readonly ok: true; readonly files: Tree } | { readonly ok: false; readonly status: number; readonly stderr: string };

/** Runs `program` of the package with this digest on these files; the files that it leaves are the answer. */
export async function callNpmClang(digest: string, program: "clang" | "wasm-ld", words: readonly string[], files: Tree): Promise<Called> {
  const command = (await loaded(digest))[program];
  const said: Uint8Array[] = [];
  const listen: Sink = (bytes) => void (bytes !== null && said.push(bytes.slice()));
  try {
    return { ok: true, files: await command(words, files, { stdout: listen, stderr: listen }) };
  } catch (thrown) {
    const stderr = Buffer.concat(said).toString("utf8");
    // The package ends a failed program by throwing its exit.
    const status = typeof thrown === "object" && thrown !== null && "code" in thrown && typeof thrown.code === "number" ? thrown.code : 1;
    return { ok: false, status, stderr: stderr === "" ? String(thrown) : stderr };
  }
}

interface Package {
  readonly commands: { readonly clang: Command; readonly "wasm-ld": Command };
}

const packages = new Map<string, Promise<Package["commands"]>>();

/** The package, ready to work: its first call fetches what it needs, which clang would tell people about, and twice at once. */
function loaded(digest: string): Promise<Package["commands"]> {
  const known = packages.get(digest) ?? load(digest);
  packages.set(digest, known);
  return known;
}

async function load(digest: string): Promise<Package["commands"]> {
  // For the few seconds that clang works, optimising its 75 MB of code costs more than it gains.
  process.getBuiltinModule("node:v8").setFlagsFromString("--liftoff-only");
  const url = pathToFileURL(join(places.get(digest) ?? PACKAGE, "gen", "bundle.js")).href;
  const { commands } = (await import(url)) as Package;
  const ignore: Sink = () => {};
  await commands["wasm-ld"](["--version"], {}, { stdout: ignore, stderr: ignore, fetchProgress: () => {} });
  return commands;
}

/** Inputs of an action as a tree, by the names under which the action sees them. */
export function treeOf(inputs: readonly InputFile[]): Tree {
  const tree: { [name: string]: Tree | Uint8Array } = {};
  for (const input of inputs) {
    const parts = input.name.split("/");
    let at = tree;
    for (const folder of parts.slice(0, -1)) at = (at[folder] ??= {}) as typeof at;
    at[parts[parts.length - 1]!] = input.bytes();
  }
  return tree;
}
