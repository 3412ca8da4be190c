// Components from text for tests of the hosts.

import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { RuntimeLimits } from "../../../rules/profile.ts";

const parsed = new Map<string, Promise<Uint8Array>>();

/** The component of `guests/<name>.wat`, with texts replaced (a marker such as `;; begin` by code). */
export function guestComponent(name: string, replacements: { readonly [text: string]: string } = {}): Promise<Uint8Array> {
  const key = JSON.stringify([name, replacements]);
  let bytes = parsed.get(key);
  if (bytes === undefined) parsed.set(key, (bytes = fromText(replaced(guestText(name), replacements))));
  return bytes;
}

export function guestText(name: string): string {
  return readFileSync(fileURLToPath(new URL(`./guests/${name}.wat`, import.meta.url)), "utf8");
}

function replaced(text: string, replacements: { readonly [text: string]: string }): string {
  return Object.entries(replacements).reduce((now, [from, to]) => {
    if (!now.includes(from)) throw new Error(`the guest has no ${from}`);
    return now.replaceAll(from, to);
  }, text);
}

export async function fromText(text: string): Promise<Uint8Array> {
  const { parse } = await import("@bytecodealliance/jco-transpile/wasm-tools");
  return parse(text);
}

export const LIMITS: RuntimeLimits = { maxFuel: 200_000_000, maxMemoryBytes: 134_217_728, maxTableElements: 131_072, maxWasmStackBytes: 1_048_576, instanceAllocator: "on_demand", cacheConfig: null };
