// Guests that look at what capabilities give them: a few lines of core code around WASI calls; what they find out is the response's body.

import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { joinWit } from "../../../rules/component/wit-source.ts";
import { ROOT } from "../../rig/project.ts";
import { fromText } from "./rig.ts";

const WORLD = `package test:probe;
world probe {
  include wasi:http/proxy@0.2.8;
  import wasi:cli/environment@0.2.8;
  import wasi:random/insecure@0.2.8;
  import wasi:random/insecure-seed@0.2.8;
  import wasi:filesystem/preopens@0.2.8;
  import wasi:filesystem/types@0.2.8;
  import wasi:sockets/tcp-create-socket@0.2.8;
}
`;

/** Core signatures of the functions that probes call, by the name they have in the code. */
const IMPORTS: { readonly [name: string]: readonly [from: string, name: string, type: string] } = {
  env: ["wasi:cli/environment", "get-environment", "(param i32)"],
  mono: ["wasi:clocks/monotonic-clock", "now", "(result i64)"],
  instant: ["wasi:clocks/monotonic-clock", "subscribe-instant", "(param i64) (result i32)"],
  after: ["wasi:clocks/monotonic-clock", "subscribe-duration", "(param i64) (result i32)"],
  wall: ["wasi:clocks/wall-clock", "now", "(param i32)"],
  bytes: ["wasi:random/random", "get-random-bytes", "(param i64 i32)"],
  number: ["wasi:random/random", "get-random-u64", "(result i64)"],
  cheap: ["wasi:random/insecure", "get-insecure-random-u64", "(result i64)"],
  seed: ["wasi:random/insecure-seed", "insecure-seed", "(param i32)"],
  block: ["wasi:io/poll", "[method]pollable.block", "(param i32)"],
  "in-read": ["wasi:io/streams", "[method]input-stream.blocking-read", "(param i32 i64 i32)"],
  "out-write": ["wasi:io/streams", "[method]output-stream.blocking-write-and-flush", "(param i32 i32 i32 i32)"],
  "drop-out": ["wasi:io/streams", "[resource-drop]output-stream", "(param i32)"],
  "drop-in": ["wasi:io/streams", "[resource-drop]input-stream", "(param i32)"],
  fields: ["wasi:http/types", "[constructor]fields", "(result i32)"],
  response: ["wasi:http/types", "[constructor]outgoing-response", "(param i32) (result i32)"],
  body: ["wasi:http/types", "[method]outgoing-response.body", "(param i32 i32)"],
  "body-write": ["wasi:http/types", "[method]outgoing-body.write", "(param i32 i32)"],
  finish: ["wasi:http/types", "[static]outgoing-body.finish", "(param i32 i32 i32 i32)"],
  set: ["wasi:http/types", "[static]response-outparam.set", "(param i32 i32 i32 i32 i64 i32 i32 i32 i32)"],
  request: ["wasi:http/types", "[constructor]outgoing-request", "(param i32) (result i32)"],
  "req-body": ["wasi:http/types", "[method]outgoing-request.body", "(param i32 i32)"],
  method: ["wasi:http/types", "[method]outgoing-request.set-method", "(param i32 i32 i32 i32) (result i32)"],
  authority: ["wasi:http/types", "[method]outgoing-request.set-authority", "(param i32 i32 i32 i32) (result i32)"],
  scheme: ["wasi:http/types", "[method]outgoing-request.set-scheme", "(param i32 i32 i32 i32 i32) (result i32)"],
  path: ["wasi:http/types", "[method]outgoing-request.set-path-with-query", "(param i32 i32 i32 i32) (result i32)"],
  send: ["wasi:http/outgoing-handler", "handle", "(param i32 i32 i32 i32)"],
  subscribe: ["wasi:http/types", "[method]future-incoming-response.subscribe", "(param i32) (result i32)"],
  "future-get": ["wasi:http/types", "[method]future-incoming-response.get", "(param i32 i32)"],
  status: ["wasi:http/types", "[method]incoming-response.status", "(param i32) (result i32)"],
  consume: ["wasi:http/types", "[method]incoming-response.consume", "(param i32 i32)"],
  "body-stream": ["wasi:http/types", "[method]incoming-body.stream", "(param i32 i32)"],
  dirs: ["wasi:filesystem/preopens", "get-directories", "(param i32)"],
  "open-at": ["wasi:filesystem/types", "[method]descriptor.open-at", "(param i32 i32 i32 i32 i32 i32 i32)"],
  "file-read": ["wasi:filesystem/types", "[method]descriptor.read", "(param i32 i64 i64 i32)"],
  "file-write": ["wasi:filesystem/types", "[method]descriptor.write", "(param i32 i32 i32 i64 i32)"],
  "write-via": ["wasi:filesystem/types", "[method]descriptor.write-via-stream", "(param i32 i64 i32)"],
  "read-via": ["wasi:filesystem/types", "[method]descriptor.read-via-stream", "(param i32 i64 i32)"],
  "mkdir": ["wasi:filesystem/types", "[method]descriptor.create-directory-at", "(param i32 i32 i32 i32)"],
  "symlink": ["wasi:filesystem/types", "[method]descriptor.symlink-at", "(param i32 i32 i32 i32 i32 i32)"],
  "unlink": ["wasi:filesystem/types", "[method]descriptor.unlink-file-at", "(param i32 i32 i32 i32)"],
  "rename": ["wasi:filesystem/types", "[method]descriptor.rename-at", "(param i32 i32 i32 i32 i32 i32 i32)"],
  "stat-at": ["wasi:filesystem/types", "[method]descriptor.stat-at", "(param i32 i32 i32 i32 i32)"],
  "read-dir": ["wasi:filesystem/types", "[method]descriptor.read-directory", "(param i32 i32)"],
  "next-entry": ["wasi:filesystem/types", "[method]directory-entry-stream.read-directory-entry", "(param i32 i32)"],
  tcp: ["wasi:sockets/tcp-create-socket", "create-tcp-socket", "(param i32 i32)"],
};

const NEEDED = ["fields", "response", "body", "body-write", "finish", "set", "out-write", "drop-out"];

/**
 * `code` runs for each request. It may use the locals $a $b $c $d (i32) and $e (i64), memory from 1024 to 4095 for results of calls,
 * `(call $say at length)` and `(call $say64 number)` to add to the answer, and texts of `data`, which begin at 8192, 256 bytes apart.
 */
export async function probe(code: string, data: readonly string[] = []): Promise<Uint8Array> {
  const used = new Set([...NEEDED, ...[...code.matchAll(/\(call \$([a-z0-9-]+)/g)].map((m) => m[1]!).filter((name) => name in IMPORTS)]);
  const imports = [...used].map((name) => {
    const [from, func, type] = IMPORTS[name]!;
    return `(import "${from}@0.2.8" "${func}" (func $${name} ${type}))`;
  });
  const texts = data.map((text, i) => `(data (i32.const ${8192 + 256 * i}) "${[...Buffer.from(text)].map((b) => `\\${b.toString(16).padStart(2, "0")}`).join("")}")`);
  const core = await fromText(`(module
    ${imports.join("\n    ")}
    (memory (export "memory") 128)
    (global $top (mut i32) (i32.const 4194304))
    (global $end (mut i32) (i32.const 65536))
    ${texts.join("\n    ")}
    (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
      (local $at i32)
      (local.set $at (i32.and (i32.add (global.get $top) (i32.const 15)) (i32.const -16)))
      (global.set $top (i32.add (local.get $at) (local.get 3)))
      (local.get $at))
    (func $say (param $at i32) (param $length i32)
      (memory.copy (global.get $end) (local.get $at) (local.get $length))
      (global.set $end (i32.add (global.get $end) (local.get $length))))
    (func $say64 (param i64) (i64.store (global.get $end) (local.get 0)) (global.set $end (i32.add (global.get $end) (i32.const 8))))
    (func (export "wasi:http/incoming-handler@0.2.8#handle") (param $req i32) (param $outp i32)
      (local $a i32) (local $b i32) (local $c i32) (local $d i32) (local $e i64) (local $at i32) (local $n i32)
      ${code}
      (local.set $a (call $response (call $fields)))
      (call $body (local.get $a) (i32.const 16))
      (local.set $b (i32.load (i32.const 20)))
      (call $set (local.get $outp) (i32.const 0) (local.get $a) (i32.const 0) (i64.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0))
      (call $body-write (local.get $b) (i32.const 16))
      (local.set $c (i32.load (i32.const 20)))
      (local.set $at (i32.const 65536))
      (block $done (loop $more
        (local.set $n (i32.sub (global.get $end) (local.get $at)))
        (br_if $done (i32.eqz (local.get $n)))
        (if (i32.gt_u (local.get $n) (i32.const 4096)) (then (local.set $n (i32.const 4096))))
        (call $out-write (local.get $c) (local.get $at) (local.get $n) (i32.const 32))
        (local.set $at (i32.add (local.get $at) (local.get $n)))
        (br $more)))
      (call $drop-out (local.get $c))
      (call $finish (local.get $b) (i32.const 0) (i32.const 0) (i32.const 32))))`);
  const { componentEmbed, componentNew } = await import("@bytecodealliance/jco-transpile/wasm-tools");
  return componentNew(await componentEmbed({ binary: core, witSource: joinWit(witFiles())!, world: "test:probe/probe" }));
}

function witFiles(world = WORLD): { readonly path: string; readonly text: string }[] {
  const deps = join(ROOT, "wit", "deps");
  const files = readdirSync(deps, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".wit"));
  return [{ path: "probe/world.wit", text: world }, ...files.sort().map((name) => ({ path: relative(deps, join(deps, name)), text: readFileSync(join(deps, name), "utf8") }))];
}

/** A component that imports all of some interfaces (wasm-tools keeps what a core module imports, so it imports everything by its dummy). */
export async function allOf(interfaces: readonly string[]): Promise<Uint8Array> {
  const imports = interfaces.map((name) => `import ${name}@0.2.8;`).join(" ");
  const { componentEmbed, componentNew } = await import("@bytecodealliance/jco-transpile/wasm-tools");
  return componentNew(await componentEmbed({ dummy: true, witSource: joinWit(witFiles(`package test:probe;\nworld probe { ${imports} }\n`))!, world: "test:probe/probe" }));
}
