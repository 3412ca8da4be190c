// Components from text for tests of the hosts.

import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { RuntimeLimits } from "../../../rules/profile.ts";

const parsed = new Map<string, Promise<Uint8Array>>();

/** The component of `guests/<name>.wat`. */
export function guestComponent(name: string): Promise<Uint8Array> {
  let bytes = parsed.get(name);
  if (bytes === undefined) parsed.set(name, (bytes = fromText(readFileSync(fileURLToPath(new URL(`./guests/${name}.wat`, import.meta.url)), "utf8"))));
  return bytes;
}

export async function fromText(text: string): Promise<Uint8Array> {
  const { parse } = await import("@bytecodealliance/jco-transpile/wasm-tools");
  return parse(text);
}

export const LIMITS: RuntimeLimits = { maxFuel: 200_000_000, maxMemoryBytes: 134_217_728, maxTableElements: 131_072, maxWasmStackBytes: 1_048_576, instanceAllocator: "on_demand", cacheConfig: null };
