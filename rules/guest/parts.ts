// The guests that come with this package, made when it was built: adapters as components, native targets as modules to merge.
// A part is a node of the graph whose tool is the part itself, so nothing in a project can make it stale.

import { type Artifact, output, parseJson, type PlanContext, type Result, rule, text, type ToolIdentity } from "../../engine/index.ts";
import { readPackaged, packageRoot } from "../contract/packaged.ts";
import { findNpmClang } from "../npm-clang.ts";
import { VERSION } from "../tool.ts";
import { adapterFromSource, guestSources } from "./from-source.ts";

export const PARTS_FOLDER = "dist/guest";

/** What dist/guest/parts.json says of a part. */
interface Part {
  readonly sha256: string;
  readonly bytes_len: number;
}

const component = rule({
  id: "guest.component",
  version: 1,
  inputs: { part: text() },
  outputs: { component: output("component", "component.wasm") },
  label: ({ part }) => part,
  run: ({ part }) => bytesOf(part, (component) => ({ component })),
});

const module = rule({
  id: "guest.module",
  version: 1,
  inputs: { part: text() },
  outputs: { module: output("core-wasm", "module.wasm") },
  label: ({ part }) => part,
  run: ({ part }) => bytesOf(part, (module) => ({ module })),
});

function bytesOf<T>(part: string, wrap: (bytes: Uint8Array) => T): Result<T> {
  const read = readPackaged(`${PARTS_FOLDER}/${part}`);
  return read.ok ? { ok: true, value: wrap(read.bytes) } : missing(part);
}

function missing(part: string): Result<never> {
  return { ok: false, error: [{ code: "X07WASM_GUEST_PART_MISSING", severity: "error", stage: "link", message: `${part} is missing from this package`, data: { part: `${PARTS_FOLDER}/${part}` }, hint: "install x07-wasm again; in a checkout run `npm run build`" }] };
}

/** A part's identity, or why there is none. */
function partTool(part: string): Result<ToolIdentity> {
  const read = readPackaged(`${PARTS_FOLDER}/parts.json`);
  const parsed = read.ok ? parseJson(read.bytes) : undefined;
  const parts = parsed?.ok === true ? (parsed.value as { readonly parts?: { readonly [name: string]: Part } }).parts : undefined;
  const found = parts?.[part];
  return found === undefined ? missing(part) : { ok: true, value: { name: "guest", provider: "embedded", version: VERSION, digest: found.sha256, command: [] } };
}

/** What a native target is merged with. */
export function glueModule(kind: "http-native" | "cli-native"): Result<Artifact> {
  const part = `${kind}.glue.wasm`;
  const tool = partTool(part);
  return tool.ok ? { ok: true, value: module({ part }, { tool: tool.value }).module } : tool;
}

const NO = ["", "0", "false", "no"];

/** An adapter as a component: the part of this package, or from its C sources where X07WASM_ADAPTERS_FROM_SOURCE asks for it. */
export async function adapterComponent(context: PlanContext, kind: "http-adapter" | "cli-adapter"): Promise<Result<Artifact>> {
  if (!NO.includes(context.env("X07WASM_ADAPTERS_FROM_SOURCE") ?? "")) return fromSource(context, kind);
  const part = `${kind}.component.wasm`;
  const tool = partTool(part);
  return tool.ok ? { ok: true, value: component({ part }, { tool: tool.value }).component } : tool;
}

async function fromSource(context: PlanContext, kind: "http-adapter" | "cli-adapter"): Promise<Result<Artifact>> {
  const cc = findNpmClang(context);
  if (cc === undefined) return { ok: false, error: [{ code: "X07WASM_CLANG_SPAWN_FAILED", severity: "error", stage: "codegen", message: "X07WASM_ADAPTERS_FROM_SOURCE needs @yowasp/clang, which is not installed", data: { error: "@yowasp/clang is in no node_modules here" }, hint: "npm install @yowasp/clang, or unset X07WASM_ADAPTERS_FROM_SOURCE" }] };
  return { ok: true, value: adapterFromSource(kind, await guestSources(context, `${packageRoot()}/`), cc) };
}
