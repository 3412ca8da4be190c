// Whether an installed tool is one the toolchain profile allows: the pin decides what `--provider auto` takes. Reads data only.

import { isJsonObject, type JsonValue, parseJson, type PlanContext, type PlanFile } from "../engine/index.ts";
import { readPackaged } from "./contract/packaged.ts";
import { satisfies } from "./version-requirement.ts";

const TOOLCHAIN_INDEX = "arch/wasm/toolchain/index.x07wasm.toolchain.json";

/** True when the first version number in `line` satisfies the default toolchain profile's constraint, or none is stated. */
export async function pinned(context: PlanContext, tool: string, line: string): Promise<boolean> {
  return withinPin(line, toolConstraint(context, tool));
}

/** Whether the first version number in `line` satisfies `constraint`; nothing is demanded where there is none. */
export function withinPin(line: string, constraint: string | undefined): boolean {
  if (constraint === undefined) return true;
  const version = /\d+\.\d+\.\d+(?:-[0-9A-Za-z.-]+)?/.exec(line)?.[0];
  return version !== undefined && satisfies(version, constraint) === true;
}

/** What the default toolchain profile demands of a tool. */
export function toolConstraint(context: PlanContext, tool: string): string | undefined {
  const own = context.look(TOOLCHAIN_INDEX);
  const read: ReadFile = !own.ok && own.code === "ENOENT" ? readPackaged : (path) => context.read(path);
  const index = object(read, TOOLCHAIN_INDEX);
  const id = at(index, "defaults", "default_profile_id");
  const profiles = index?.["profiles"];
  const entry = Array.isArray(profiles) ? profiles.find((p) => isJsonObject(p) && p["id"] === id) : undefined;
  const path = isJsonObject(entry) ? entry["path"] : undefined;
  const profile = typeof path === "string" ? object(read, path) : undefined;
  const constraint = at(profile, "tools", tool.replaceAll("-", "_"), "constraint");
  return typeof constraint === "string" ? constraint : undefined;
}

type ReadFile = (path: string) => PlanFile;

function object(read: ReadFile, path: string): { readonly [key: string]: JsonValue | undefined } | undefined {
  const file = read(path);
  const parsed = file.ok ? parseJson(file.bytes) : undefined;
  return parsed?.ok === true && isJsonObject(parsed.value) ? parsed.value : undefined;
}

function at(value: JsonValue | undefined, ...path: readonly string[]): JsonValue | undefined {
  let here: JsonValue | undefined = value;
  for (const key of path) here = isJsonObject(here) ? here[key] : undefined;
  return here;
}
