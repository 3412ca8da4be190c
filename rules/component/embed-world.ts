// What `wasm-tools component embed` does, for plain worlds: a core module with its world as metadata, a section that holds
// the world as a component's type. And the way back: the world that such a module carries.

import { ByteReader, formatOf, readSections, SECTION } from "../wasm/read.ts";
import { ByteWriter } from "../wasm/write.ts";
import { memberId, packageId } from "../wit/ast.ts";
import { parsePackage } from "../wit/package.ts";
import { WitModel } from "../wit/resolve.ts";
import { COMPONENT_PREAMBLE } from "./composer.ts";
import { namedComponentTypes } from "./evaluate.ts";
import { type PlainExport, plainExports, type PlainWorld } from "./plain-world.ts";
import { producers } from "./producers.ts";
import { TypeTable } from "./type-table.ts";
import type { WitFile } from "./wit-source.ts";

export const WORLD_SECTION = "component-type";
/** Version 4, strings in UTF-8. */
const ENCODING = { name: "wit-component-encoding", bytes: [4, 0] } as const;

/** The world of a bundle of WIT files, where it is a plain one and the files have no fault. */
export function plainWorldIn(files: readonly WitFile[], world: string): PlainWorld | undefined {
  // The main package is at the top of the folder; a plain world needs no other, but its files may speak of them.
  const top = Math.min(...files.map((f) => f.path.split("/").length));
  const parsed = parsePackage(files.filter((f) => f.path.split("/").length === top));
  if (!parsed.ok) return undefined;
  const found = new WitModel([parsed.value]).world(packageId(parsed.value.name), world);
  const exports = found.ok ? plainExports(found.value) : undefined;
  return exports && { name: world, id: memberId(parsed.value.name, world), exports };
}

/** Undefined for what is no core module. */
export function embedWorld(module: Uint8Array, world: PlainWorld): Uint8Array | undefined {
  if (formatOf(module) !== "core" || !readSections(module).ok) return undefined;
  const metadata = metadataOf(world);
  const section = new ByteWriter(metadata.length + 32).name(WORLD_SECTION).raw(metadata);
  return new ByteWriter(module.length + section.length + 8).raw(module).section(SECTION.custom, section).bytes();
}

function metadataOf(world: PlainWorld): Uint8Array {
  const type = componentTypeOf(world);
  const outer = new ByteWriter(type.length + 64).raw([0x41, 2, 1]).raw(type).raw([4, 0]).name(world.id).raw([4, 0]);
  const encoding = new ByteWriter(32).name(ENCODING.name).raw(ENCODING.bytes);
  const types = new ByteWriter(outer.length + 8).u32(1).raw(outer.view());
  const exports = new ByteWriter(64).u32(1).u8(0).name(world.name).raw([3, 0, 0]);
  return new ByteWriter(type.length + 256).raw(COMPONENT_PREAMBLE).section(SECTION.custom, encoding).section(7, types).section(11, exports).section(SECTION.custom, producers()).bytes();
}

/** The declarations of a type under construction. */
class Declarations {
  readonly #w = new ByteWriter(128);
  #count = 0;
  #types = 0;

  type(bytes: Uint8Array): number {
    this.#w.u8(1).raw(bytes);
    this.#count++;
    return this.#types++;
  }

  export(name: string, kind: number, type: number): void {
    this.#w.raw([4, 0]).name(name).u8(kind).u32(type);
    this.#count++;
  }

  /** `form`: 0x41 the type of a component, 0x42 of an instance. */
  bytes(form: number): Uint8Array {
    return new ByteWriter(this.#w.length + 8).u8(form).u32(this.#count).raw(this.#w.view()).bytes();
  }
}

function componentTypeOf({ exports }: PlainWorld): Uint8Array {
  const level = new Declarations();
  const types = new TypeTable((bytes) => level.type(bytes));
  for (const e of exports) {
    if (e.kind === "func") level.export(e.name, 1, types.func(e.type));
    else level.export(e.name, 5, level.type(instanceTypeOf(e)));
  }
  return level.bytes(0x41);
}

function instanceTypeOf({ funcs }: Extract<PlainExport, { kind: "interface" }>): Uint8Array {
  const level = new Declarations();
  const types = new TypeTable((bytes) => level.type(bytes));
  for (const [name, type] of funcs) level.export(name, 1, types.func(type));
  return level.bytes(0x42);
}

// ---------------------------------------------------------------------------------------------- and back

/** The world that a module carries, where it carries exactly one, a plain one. */
export function worldOf(module: Uint8Array): PlainWorld | undefined {
  const sections = readSections(module);
  if (!sections.ok) return undefined;
  const carried = sections.value.flatMap((s) => {
    if (s.id !== SECTION.custom) return [];
    const r = new ByteReader(module, s.start, s.end);
    return r.name().startsWith(WORLD_SECTION) ? [module.subarray(r.pos, s.end)] : [];
  });
  const [metadata] = carried;
  return metadata === undefined || carried.length > 1 ? undefined : decoded(metadata);
}

function decoded(metadata: Uint8Array): PlainWorld | undefined {
  const sections = readSections(metadata);
  if (!sections.ok || !sections.value.some((s) => isEncoding(metadata, s.start, s.end))) return undefined;
  const named = namedComponentTypes(metadata);
  const [only] = named.ok ? [...named.value] : [];
  // A world is the only member of the component's type that stands under its name.
  const [inner] = only === undefined || only[1].exports.size > 1 ? [] : [...only[1].exports];
  if (only === undefined || inner?.[1].kind !== "component") return undefined;
  const exports = plainExports(inner[1].type);
  return exports && { name: only[0], id: inner[0], exports };
}

function isEncoding(bytes: Uint8Array, start: number, end: number): boolean {
  const r = new ByteReader(bytes, start, end);
  return r.name() === ENCODING.name && r.fault === null && end - r.pos === 2 && ENCODING.bytes.every((b, i) => bytes[r.pos + i] === b);
}
