// The bytes of a component and the files of a WIT folder -> what keeps the one from fitting a world of the other. Knows no tool.

import type { JsonValue } from "../../engine/index.ts";
import { packageId } from "../wit/ast.ts";
import type { WitFault } from "../wit/lex.ts";
import { parsePackage, type WitPackage, type WitText } from "../wit/package.ts";
import { WitModel } from "../wit/resolve.ts";
import { conformance, conformanceText, conforms } from "./conformance.ts";
import { componentType } from "./evaluate.ts";

export interface Trouble {
  readonly text: string;
  readonly facts: { readonly [name: string]: JsonValue };
  readonly hint: string;
}

/** Undefined when the component fits. `id` is the package that the world is of; its files are at the top of the folder. */
export function checkTarget(component: Uint8Array, wit: readonly WitText[], id: string, world: string): Trouble | undefined {
  const packages: WitPackage[] = [];
  for (const folder of new Set(wit.map((f) => folderOf(f.path)))) {
    const parsed = parsePackage(wit.filter((f) => folderOf(f.path) === folder));
    if (!parsed.ok) return badWit(parsed.error);
    packages.push(parsed.value);
  }
  const wanted = new WitModel(packages.sort((a, b) => Number(packageId(b.name) === id) - Number(packageId(a.name) === id))).world(id, world);
  if (!wanted.ok) return badWit(wanted.error);
  const type = componentType(component);
  if (!type.ok) return { text: `the component cannot be read: ${type.error.message} (at offset ${type.error.offset})\n`, facts: { offset: type.error.offset }, hint: "name a component; `x07-wasm component build` makes them" };
  const found = conformance(type.value, wanted.value);
  if (conforms(found)) return undefined;
  const facts = { missing_imports: found.missingImports, missing_exports: found.missingExports, mismatches: found.mismatches.map((m) => ({ ...m })) };
  return { text: conformanceText(found), facts, hint: `what is named must change in the component, or it targets another world than ${id}/${world}` };
}

function badWit(fault: WitFault): Trouble {
  const at = fault.file === "" ? "" : `${fault.file}:${fault.line}:${fault.column}: `;
  return { text: `${at}${fault.message}\n`, facts: {}, hint: "name a world that the WIT package has; `x07-wasm wit validate` checks packages" };
}

function folderOf(path: string): string {
  return path.slice(0, path.lastIndexOf("/") + 1);
}
