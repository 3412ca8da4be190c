// A core module and its world -> a component: embed, then new. The same two nodes for every component that is made here.

import type { Artifact, ArtifactLike } from "../../engine/index.ts";
import { embed } from "./embed.ts";
import { componentNew } from "./new.ts";
import type { ChosenTool } from "./wasm-tools.ts";

export interface Lifted {
  readonly embedded: Artifact;
  readonly component: Artifact;
}

/** `wit`: files of the world's package and all it refers to, named by their paths below `wit/`. */
export function lift(tool: ChosenTool, core: Artifact, wit: readonly ArtifactLike[], world: string, label: string): Lifted {
  const embedded = embed(tool, core, wit, world, label);
  return { embedded, component: componentNew(tool, embedded, label) };
}
