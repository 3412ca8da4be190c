// C -> objects -> a core module by the clang and wasm-ld of @yowasp/clang: the embedded provider of rules/clang.ts and
// rules/wasm-ld.ts, in this process. Knows flags and files; has never heard of profiles.

import { type Diagnostic, many, one, output, rule, text, texts } from "../engine/index.ts";
import { clangArguments, toolFailed } from "./clang.ts";
import { type Called, callNpmClang, treeOf } from "./npm-clang.ts";

/** `package` is the digest of the npm package, which is also that of the action's tool. */
export const clangEmbedded = rule({
  id: "clang.embedded",
  version: 1,
  inputs: { source: one("c-source"), headers: many("c-header"), flags: texts(), target: text(), package: text() },
  outputs: { object: output("wasm-object", "object.o") },
  async run({ source, headers, flags, target, package: digest }) {
    const words = [...clangArguments(flags, target), "-c", source.name, "-o", "object.o"];
    const called = await callNpmClang(digest, "clang", words, treeOf([source, ...headers]));
    const object = made(called, "object.o");
    return object === undefined ? { ok: false, error: failed("CLANG", "clang", "codegen", words, called) } : { ok: true, value: { object } };
  },
});

export const wasmLdEmbedded = rule({
  id: "wasm-ld.embedded",
  version: 1,
  inputs: { objects: many("wasm-object"), flags: texts(), package: text() },
  outputs: { module: output("core-wasm", "module.wasm") },
  async run({ objects, flags, package: digest }) {
    const words = [...flags, ...objects.map((o) => o.name), "-o", "module.wasm"];
    const called = await callNpmClang(digest, "wasm-ld", words, treeOf(objects));
    const module = made(called, "module.wasm");
    return module === undefined ? { ok: false, error: failed("WASM_LD", "wasm-ld", "link", words, called) } : { ok: true, value: { module } };
  },
});

function made(called: Called, name: string): Uint8Array | undefined {
  const file = called.ok ? called.files[name] : undefined;
  return file instanceof Uint8Array ? file : undefined;
}

function failed(code: string, label: string, stage: "codegen" | "link", words: readonly string[], called: Called): Diagnostic[] {
  const outcome = called.ok ? { status: 0, stderr: "it wrote no output" } : called;
  return toolFailed(code, label, stage, { status: outcome.status, signal: null, stdout: "", stderr: outcome.stderr, command: [label, ...words] });
}
