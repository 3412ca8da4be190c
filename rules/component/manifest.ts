// Facts of a component -> its artifact manifest (x07.wasm.component.artifact@0.1.0), canonical JSON. Knows no disk and no tool.

import { canonical, type FileDigest, json, type JsonObject, output, rule } from "../../engine/index.ts";

export type ComponentKind = "solve" | "http-adapter" | "http-state-doc-adapter" | "cli-adapter" | "http" | "cli";

export interface ComponentFacts {
  readonly kind: ComponentKind;
  /** The component where it is placed; zeros when there is none. */
  readonly component: FileDigest;
  readonly wit: { readonly package: string; readonly world: string };
  readonly profiles: { readonly component?: { readonly id: string; readonly v: number | bigint }; readonly wasm?: { readonly id: string; readonly v: number | bigint } };
  /** Version lines by tool, e.g. { x07_wasm: "0.3.0", wasm_tools: "wasm-tools 1.245.1" }. */
  readonly toolchain: { readonly [tool: string]: string };
}

/** World of a component by what it is; the native targets state theirs in the component profile. */
export const WORLD_OF = {
  "http-adapter": { package: "x07:http-adapter@0.1.0", world: "proxy-with-solve" },
  "cli-adapter": { package: "x07:cli-adapter@0.1.0", world: "command-with-solve" },
  http: { package: "wasi:http@0.2.8", world: "proxy" },
  cli: { package: "wasi:cli@0.2.8", world: "command" },
} as const;

export function componentDocument(f: ComponentFacts): JsonObject {
  const { component, wasm } = f.profiles;
  return {
    schema_version: "x07.wasm.component.artifact@0.1.0",
    artifact_id: `${f.kind}-${f.component.sha256.slice(0, 16)}`,
    kind: f.kind,
    component: { ...f.component },
    wit: { ...f.wit },
    profiles: { ...(component && { component: { ...component } }), ...(wasm && { wasm: { ...wasm } }) },
    toolchain: { ...f.toolchain },
  };
}

/** The manifest's place beside a component: `.wasm` is followed by `.manifest.json`. */
export function manifestPath(component: string): string {
  return `${component}.manifest.json`;
}

/** The manifest as a file of the graph. */
export const componentManifest = rule({
  id: "component.manifest",
  version: 1,
  inputs: { facts: json<ComponentFacts>() },
  outputs: { manifest: output("component-manifest", "manifest.json") },
  run: ({ facts }) => ({ ok: true, value: { manifest: canonical(componentDocument(facts)) } }),
});
