// Core modules -> components for tests, by the embedded wasm-tools and the package's own WIT.

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { loadWasmTools } from "../../rules/component/wasm-tools.ts";
import { joinWit } from "../../rules/component/wit-source.ts";
import { ROOT } from "./project.ts";

/** Every WIT package that the main one may need, each in a folder of its own. */
function witOf(main: string): string {
  const all = readdirSync(join(ROOT, "wit"), { recursive: true, encoding: "utf8" }).filter((p) => p.endsWith(".wit"));
  const files = all.map((p) => {
    const name = p.slice(p.lastIndexOf("/") + 1);
    const folder = p.slice(0, p.lastIndexOf("/"));
    return { path: folder === main ? name : `deps/${folder.replaceAll("/", "-")}/${name}`, text: readFileSync(join(ROOT, "wit", p), "utf8") };
  });
  return joinWit(files.filter((f) => !f.path.includes("_adapter") || f.path === main))!;
}

export async function componentOf(core: Uint8Array, main: string, world: string): Promise<Uint8Array> {
  const tools = await loadWasmTools();
  return tools.componentNew(await tools.componentEmbed({ binary: core, witSource: witOf(main), world }));
}

export const HTTP_WIT = "deps/wasi/http/0.2.8";
export const CLI_WIT = "deps/wasi/cli/0.2.8";
