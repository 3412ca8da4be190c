// Components for tests, made by the wasm-tools inside jco-transpile: one that has all of a world, and ones from text.

import { readFileSync } from "node:fs";
import { globSync } from "tinyglobby";
import { loadWasmTools } from "../../../rules/component/wasm-tools.ts";
import { joinWit, type WitFile } from "../../../rules/component/wit-source.ts";
import { foreignPackages, parsePackage, type WitPackage } from "../../../rules/wit/package.ts";

/** Folders of the packages that this repository has, by id. */
export const FOLDERS: { readonly [id: string]: string } = Object.fromEntries(
  (JSON.parse(readFileSync("arch/wit/index.x07wit.json", "utf8")) as { packages: { id: string; path: string }[] }).packages.map((p) => [p.id, p.path]),
);

export function textsOf(folder: string): { path: string; text: string }[] {
  return globSync(["*.wit"], { cwd: folder }).sort().map((f) => ({ path: `${folder}/${f}`, text: readFileSync(`${folder}/${f}`, "utf8") }));
}

/** The files of a package and of all it needs, main package first. */
export function folderOf(id: string): WitFile[] {
  const files: WitFile[] = [];
  const seen = new Set<string>();
  const add = (each: string, prefix: string): void => {
    if (seen.has(each)) return;
    seen.add(each);
    const texts = textsOf(FOLDERS[each]!);
    files.push(...texts.map((t) => ({ path: `${prefix}${t.path.split("/").at(-1)!}`, text: t.text })));
    for (const need of foreignPackages(packageOf(each))) add(need, `wit/deps/${need.replace(/[:@]/g, "-")}/`);
  };
  add(id, "wit/");
  return files;
}

export function packageOf(id: string): WitPackage {
  const parsed = parsePackage(textsOf(FOLDERS[id]!));
  if (!parsed.ok) throw new Error(parsed.error.message);
  return parsed.value;
}

const made = new Map<string, Promise<Uint8Array>>();

/** A component with every import and export of a world; its functions trap. */
export function dummy(id: string, world: string): Promise<Uint8Array> {
  const key = `${id} ${world}`;
  const known = made.get(key) ?? dummyOf(joinWit(folderOf(id))!, world);
  made.set(key, known);
  return known;
}

export async function dummyOf(witSource: string, world: string): Promise<Uint8Array> {
  const tools = await loadWasmTools();
  return tools.componentNew(await tools.componentEmbed({ dummy: true, witSource, world }), undefined);
}

/** A component from its text form. */
export async function assembled(wat: string): Promise<Uint8Array> {
  return (await loadWasmTools()).parse(wat);
}

export async function witOf(component: Uint8Array): Promise<string> {
  return (await loadWasmTools()).componentWit(component);
}
