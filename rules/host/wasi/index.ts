// The WASI 0.2 that guests get, by interface and function; sockets are refused, and files in a form that is not known. Any 0.2.x asks for
// the same.

import { trap } from "../stop.ts";
import type { HostImport } from "../component/plan.ts";
import { spellFunc } from "../component/types.ts";
import type { FuncType } from "../component/types.ts";
import { err, NONE } from "../component/value.ts";
import { http } from "./http.ts";
import { filesystem } from "./filesystem.ts";
import { error, pollInterface, streams } from "./io.ts";
import { cli, clocks, random } from "./system.ts";
import type { HostImpl, Interface } from "./world.ts";

const COMMON: { readonly [name: string]: Interface } = {
  "wasi:io/error": error,
  "wasi:io/poll": pollInterface,
  "wasi:io/streams": streams,
  ...clocks,
  ...random,
  ...filesystem,
};

/** What a command may import, and what an HTTP handler may. */
export const WORLDS = {
  command: { ...COMMON, ...cli },
  proxy: { ...COMMON, ...cli, ...http },
} as const;
export type WorldName = keyof typeof WORLDS;

/** Interfaces that may be imported in whatever form: what this host does not offer is refused by its own type. */
const REFUSED = /^wasi:(filesystem|sockets)\//;
/** Bigger types are nobody's WASI; spelling them would know no bound. */
const MAX_WEIGHT = 4_000;

/** `wasi:io/streams@0.2.8` as the key of its interface; null: no version of WASI 0.2. */
export function interfaceOf(name: string): string | null {
  const match = /^(wasi:[a-z-]+\/[a-z-]+)@0\.2\.[0-9]+$/.exec(name);
  return match === null ? null : match[1]!;
}

export type Found = { readonly kind: "found"; readonly run: HostImpl } | { readonly kind: "missing" } | { readonly kind: "differs"; readonly expected: string };

export function findImport(world: WorldName, wanted: HostImport): Found {
  const key = interfaceOf(wanted.interface);
  if (key === null) return { kind: "missing" };
  if (wanted.type === null) return key in WORLDS[world] || REFUSED.test(key) ? { kind: "found", run: () => undefined } : { kind: "missing" };
  const offer = (WORLDS[world] as { readonly [name: string]: Interface })[key]?.[wanted.name];
  if (offer !== undefined) {
    const weight = [...wanted.type.params, ...(wanted.type.result ? [wanted.type.result] : [])].reduce((sum, t) => sum + t.weight, 0);
    if (weight <= MAX_WEIGHT && spellFunc(wanted.type) === offer.type) return { kind: "found", run: offer.run };
  }
  if (REFUSED.test(key)) return { kind: "found", run: refusal(wanted.name, wanted.type) };
  return offer === undefined ? { kind: "missing" } : { kind: "differs", expected: offer.type };
}

/** Files and sockets: an empty list of folders, "access denied" wherever the type can say so. */
function refusal(name: string, type: FuncType): HostImpl {
  const result = type.result;
  if (name === "get-directories" && result?.kind === "list") return () => [];
  if (name === "instance-network" && result?.kind === "own") return () => ({ rep: "network" });
  if (result?.kind === "variant" && result.spelling === "option") return () => NONE;
  const failure = result?.kind === "variant" && result.spelling === "result" ? result.of[1] : undefined;
  const denied = failure?.kind === "variant" ? ["access-denied", "access", "not-permitted"].map((n) => failure.names.indexOf(n)).find((i) => i >= 0 && failure.of[i] === null) : undefined;
  if (denied !== undefined) return () => err({ tag: denied });
  return () => trap(`${name} is not available: this host has no files and no sockets`);
}
