// C sources of a guest -> its module, and for an adapter its component, as nodes of the graph. Knows which rules follow which;
// where the sources lie is for the caller to say.

import { type Artifact, type ArtifactLike, named, type PlanContext } from "../../engine/index.ts";
import { clangEmbedded, wasmLdEmbedded } from "../clang-embedded.ts";
import { embedEmbedded } from "../component/embed.ts";
import { newEmbedded } from "../component/new.ts";
import type { NpmClang } from "../npm-clang.ts";
import { embedded, embeddedPackage } from "../tool.ts";
import { type Defines, guestSource } from "./one-source.ts";
import { ADAPTER_LDFLAGS, ADAPTER_WORLD, C_FOLDER, CFLAGS, GLUE_LDFLAGS, type GuestKind, SOURCES_OF, TARGET } from "./sources.ts";

/** Files of this package: C by their names in its folder, and all WIT. */
export interface GuestSources {
  readonly c: readonly ArtifactLike[];
  /** Headers of a C library for generated bindings, in a folder to be searched for <…>. */
  readonly libc: readonly ArtifactLike[];
  readonly wit: readonly Artifact[];
}

/** `folder` is the package's own as the plan names it: "" in a checkout, else a path that ends with a slash. */
export async function guestSources(context: PlanContext, folder: string): Promise<GuestSources> {
  const flat = (artifact: Artifact) => named(artifact, lastOf(artifact));
  const [c, libc, wit] = await Promise.all([context.glob("*.{c,h}", `${folder}${C_FOLDER}`), context.glob("*.h", `${folder}${C_FOLDER}/libc`), context.glob("**/*.wit", `${folder}wit`)]);
  return { c: c.map(flat), libc: libc.map((artifact) => named(artifact, `libc/${lastOf(artifact)}`)), wit };
}

/** The C text of a guest. */
export function oneSource(sources: GuestSources, order: readonly string[], defines: Defines, label: string): Artifact {
  return guestSource({ files: sources.c, order, defines }, { tool: embedded("guest-source"), label }).c;
}

/** The core module of a guest. */
export function guestModule(kind: GuestKind, sources: GuestSources, cc: NpmClang): Artifact {
  const source = named(oneSource(sources, SOURCES_OF[kind], [], kind), `${kind}.c`);
  const { object } = clangEmbedded({ source, headers: [], flags: CFLAGS, target: TARGET, package: cc.clang.digest }, { tool: cc.clang, label: kind });
  return wasmLdEmbedded({ objects: [object], flags: isAdapter(kind) ? ADAPTER_LDFLAGS : GLUE_LDFLAGS, package: cc.wasmLd.digest }, { tool: cc.wasmLd, label: kind }).module;
}

function isAdapter(kind: GuestKind): kind is "http-adapter" | "cli-adapter" {
  return kind === "http-adapter" || kind === "cli-adapter";
}

/** The component of an adapter, always by the embedded wasm-tools: the same bytes on every machine. */
export function adapterFromSource(kind: "http-adapter" | "cli-adapter", sources: GuestSources, cc: NpmClang): Artifact {
  const tool = embeddedPackage("wasm-tools", "@bytecodealliance/jco-transpile");
  const { folder, world } = ADAPTER_WORLD[kind];
  const { embedded: module } = embedEmbedded({ module: guestModule(kind, sources, cc), wit: adapterWit(folder, sources.wit), world }, { tool, label: kind });
  return newEmbedded({ module }, { tool, label: kind }).component;
}

/** The WIT files as a bundle: the adapter's own package on top, every other package in a folder below deps/. */
function adapterWit(main: string, wit: readonly Artifact[]): ArtifactLike[] {
  return wit.flatMap((artifact) => {
    const path = sourceOf(artifact);
    const below = path.slice(path.lastIndexOf("wit/") + 4);
    if (`wit/${below}`.startsWith(`${main}/`)) return [named(artifact, `wit/${lastOf(artifact)}`)];
    if (/^x07\/.*_adapter\//.test(below)) return [];
    return [named(artifact, `wit/deps/${below.split("/").slice(0, -1).join("-").replace(/^deps-/, "")}/${lastOf(artifact)}`)];
  });
}

function sourceOf(artifact: Artifact): string {
  return "source" in artifact.origin ? artifact.origin.source : "";
}

function lastOf(artifact: Artifact): string {
  const path = sourceOf(artifact);
  return path.slice(path.lastIndexOf("/") + 1);
}
