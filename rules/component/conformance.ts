// A component against a world: imports that the world lacks, exports that the component lacks, and types that differ. Names
// are looked up as runtimes do: a version may stand in for another that semver calls compatible.

import { mismatch, Pairing } from "./subtype.ts";
import { type ComponentType, describeExtern, type Extern, type Externs } from "./types.ts";

export interface Conformance {
  readonly missingImports: readonly string[];
  readonly missingExports: readonly string[];
  readonly mismatches: readonly { readonly name: string; readonly side: "import" | "export"; readonly why: string }[];
}

export function conformance(component: ComponentType, world: ComponentType): Conformance {
  const pairing = new Pairing();
  const missingImports: string[] = [];
  const missingExports: string[] = [];
  const mismatches: { name: string; side: "import" | "export"; why: string }[] = [];
  const offered = compatible(world.imports);
  for (const [name, wanted] of component.imports) {
    const given = offered(name);
    const why = given === undefined ? undefined : mismatch(given, wanted, "wanted", pairing);
    if (given === undefined) missingImports.push(name);
    else if (why !== undefined) mismatches.push({ name, side: "import", why });
  }
  const exported = compatible(component.exports);
  for (const [name, wanted] of world.exports) {
    const given = exported(name);
    const why = given === undefined ? undefined : mismatch(given, wanted, "offered", pairing);
    if (given === undefined) missingExports.push(`${name}: ${describeExtern(wanted)}`);
    else if (why !== undefined) mismatches.push({ name, side: "export", why });
  }
  return { missingImports: missingImports.sort(), missingExports: missingExports.sort(), mismatches };
}

export function conforms(c: Conformance): boolean {
  return c.missingImports.length + c.missingExports.length + c.mismatches.length === 0;
}

/** What a person reads; the first two headings are those of `wac targets`. Empty when the component conforms. */
export function conformanceText(c: Conformance): string {
  const part = (heading: string, lines: readonly string[]) => (lines.length === 0 ? "" : `${heading}:\n${lines.map((l) => `  - ${l}\n`).join("")}`);
  return (
    part("Imports present in the component but not in the target world", c.missingImports) +
    part("Exports required by target world but not present in the component", c.missingExports) +
    part("Type mismatches between the target world and the component", c.mismatches.map((m) => `${m.name}: ${m.side} (${m.why})`))
  );
}

/** Looks a name up: itself, or the newest of the names that differ in a compatible version alone. */
function compatible(externs: Externs): (name: string) => Extern | undefined {
  const newest = new Map<string, { readonly version: readonly number[]; readonly extern: Extern }>();
  for (const [name, extern] of externs) {
    const track = trackOf(name);
    if (track === undefined) continue;
    const known = newest.get(track.name);
    if (known === undefined || compareVersions(track.version, known.version) >= 0) newest.set(track.name, { version: track.version, extern });
  }
  return (name) => externs.get(name) ?? newest.get(trackOf(name)?.name ?? "")?.extern;
}

/** `a:b/c@1.2.3` is of the track `a:b/c@1`, `a:b/c@0.2.3` of `a:b/c@0.2`; `0.0.x` and prereleases stand alone. */
function trackOf(name: string): { readonly name: string; readonly version: readonly number[] } | undefined {
  const found = /^([^@]+)@(\d+)\.(\d+)\.(\d+)(?:\+[0-9A-Za-z.-]+)?$/.exec(name);
  if (found === null) return undefined;
  const version = [Number(found[2]), Number(found[3]), Number(found[4])] as const;
  if (version[0] !== 0) return { name: `${found[1]}@${version[0]}`, version };
  return version[1] === 0 ? undefined : { name: `${found[1]}@0.${version[1]}`, version };
}

function compareVersions(a: readonly number[], b: readonly number[]): number {
  for (let i = 0; i < 3; i++) if (a[i] !== b[i]) return a[i]! - b[i]!;
  return 0;
}
