// Reads the binary format of components into definitions. Checks the grammar and bounds its work; knows nothing of what indices mean.

import { fail, ok } from "../../../engine/index.ts";
import type { Result } from "../../../engine/index.ts";
import { ByteReader, formatOf, readSections } from "../../wasm/read.ts";
import type { Malformed } from "../../wasm/read.ts";
import type { Canon, CanonOptions, Definition, ExternType, NamedIndex, Primitive, Sort, SortIndex, TypeDefinition, ValueRef } from "./definition.ts";

const MAX_NESTING = 64;
/** More definitions than any tool makes; bounds time and memory on hostile files. */
const MAX_DEFINITIONS = 500_000;

const PRIMITIVES: readonly Primitive[] = ["string", "char", "f64", "f32", "u64", "s64", "u32", "s32", "u16", "s16", "u8", "s8", "bool"];
const FIRST_PRIMITIVE = 0x73;

const CORE_SORTS: { readonly [byte: number]: Sort } = { 0x00: "core func", 0x01: "core table", 0x02: "core memory", 0x03: "core global", 0x10: "core type", 0x11: "core module", 0x12: "core instance" };
const SORTS: readonly Sort[] = ["core func", "func", "value", "type", "component", "instance"];

/** The definitions of a component's body, nested ones inside theirs; or the first place that breaks the grammar. */
export function decodeComponent(bytes: Uint8Array): Result<readonly Definition[], Malformed> {
  if (formatOf(bytes) !== "component") return fail({ message: formatOf(bytes) === "core" ? "a core module, not a component" : "not a WebAssembly component (bad magic or version)", offset: 0 });
  const decoder = new Decoder(bytes);
  const body = decoder.body(0, bytes.length, 0);
  return decoder.fault ? fail(decoder.fault) : ok(body);
}

class Decoder {
  readonly #bytes: Uint8Array;
  #count = 0;
  fault: Malformed | null = null;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  body(at: number, end: number, depth: number): Definition[] {
    if (depth > MAX_NESTING) this.fault ??= { message: "components nested too deeply", offset: at };
    const sections = readSections(this.#bytes, at, end);
    if (!sections.ok) this.fault ??= sections.error;
    const into: Definition[] = [];
    if (!sections.ok || this.fault) return into;
    for (const section of sections.value) {
      const r = new ByteReader(this.#bytes, section.start, section.end);
      if (section.id === 1) into.push({ kind: "core module", start: section.start, end: section.end });
      else if (section.id === 4) {
        if (formatOf(this.#bytes, section.start) !== "component") r.spoil("a nested component has another format");
        else into.push({ kind: "component", body: this.body(section.start, section.end, depth + 1) });
      } else if (section.id !== 0) this.#vector(section.id, r, into);
      this.fault ??= r.fault;
      if (this.fault) return into;
    }
    return into;
  }

  #vector(id: number, r: ByteReader, into: Definition[]): void {
    for (let n = r.u32(); n > 0 && !r.fault; n--) {
      this.#tick(r);
      into.push(this.#item(id, r));
    }
    if (!r.fault && r.more) r.spoil("a section is longer than what it holds");
  }

  #tick(r: ByteReader): void {
    if (++this.#count > MAX_DEFINITIONS) r.spoil(`more than ${MAX_DEFINITIONS} definitions`);
  }

  #item(id: number, r: ByteReader): Definition {
    switch (id) {
      case 2: return this.#coreInstance(r);
      case 3: return this.#coreType(r);
      case 5: return this.#instance(r);
      case 6: return this.#alias(r);
      case 7: return { kind: "type", type: this.#type(r, 0) };
      case 8: return { kind: "canon", canon: canon(r) };
      case 10: return { kind: "import", name: externName(r), type: externType(r) };
      case 11: return { kind: "export", name: externName(r), of: sortIndex(r), type: r.u8() === 1 ? externType(r) : null };
      default: r.spoil(id === 9 ? "start functions of components are not supported" : id === 12 ? "values of components are not supported" : `unknown section ${id}`);
    }
    return { kind: "core type" };
  }

  #coreInstance(r: ByteReader): Definition {
    switch (r.u8()) {
      case 0: {
        const module = r.u32();
        const args = list(r, () => {
          const name = r.name();
          if (r.u8() !== 0x12) r.spoil("a core module is instantiated with instances only");
          return { name, instance: r.u32() };
        });
        return { kind: "core instance", module, args };
      }
      case 1: return { kind: "core exports", items: list(r, () => ({ name: r.name(), sort: coreSort(r), index: r.u32() })) };
      default: r.spoil("unknown form of core instance", r.pos - 1);
    }
    return { kind: "core type" };
  }

  /** Core types are read only to be stepped over: no module is imported here. */
  #coreType(r: ByteReader): Definition {
    const form = r.u8();
    if (form === 0x60) for (let k = 0; k < 2; k++) for (let n = r.u32(); n > 0 && !r.fault; n--) r.u8();
    else r.spoil("core module types are not supported", r.pos - 1);
    return { kind: "core type" };
  }

  #instance(r: ByteReader): Definition {
    switch (r.u8()) {
      case 0: {
        const component = r.u32();
        return { kind: "instance", component, args: list(r, () => namedIndex(r, r.name())) };
      }
      case 1: return { kind: "exports", items: list(r, () => namedIndex(r, externName(r))) };
      default: r.spoil("unknown form of instance", r.pos - 1);
    }
    return { kind: "core type" };
  }

  #alias(r: ByteReader): Definition {
    const s = sort(r);
    switch (r.u8()) {
      case 0: return { kind: "alias", sort: s, target: { kind: "export", instance: r.u32(), name: r.name() } };
      case 1: return { kind: "alias", sort: s, target: { kind: "core export", instance: r.u32(), name: r.name() } };
      case 2: return { kind: "alias", sort: s, target: { kind: "outer", count: r.u32(), index: r.u32() } };
      default: r.spoil("unknown form of alias", r.pos - 1);
    }
    return { kind: "core type" };
  }

  #type(r: ByteReader, depth: number): TypeDefinition {
    if (depth > MAX_NESTING) r.spoil("types nested too deeply");
    const form = r.u8();
    if (form >= FIRST_PRIMITIVE && form <= 0x7f && form !== 0x3f) return { kind: "primitive", of: PRIMITIVES[form - FIRST_PRIMITIVE]! };
    switch (form) {
      case 0x72: return { kind: "record", fields: list(r, () => ({ name: r.name(), type: valueRef(r) })) };
      case 0x71: return { kind: "variant", cases: list(r, () => variantCase(r)) };
      case 0x70: return { kind: "list", of: valueRef(r) };
      case 0x6f: return { kind: "tuple", of: list(r, () => valueRef(r)) };
      case 0x6e: return { kind: "flags", names: list(r, () => r.name()) };
      case 0x6d: return { kind: "enum", names: list(r, () => r.name()) };
      case 0x6b: return { kind: "option", of: valueRef(r) };
      case 0x6a: return { kind: "result", ok: optional(r, valueRef), err: optional(r, valueRef) };
      case 0x69: return { kind: "own", resource: r.u32() };
      case 0x68: return { kind: "borrow", resource: r.u32() };
      case 0x40: return { kind: "func", params: list(r, () => ({ name: r.name(), type: valueRef(r) })), result: funcResult(r) };
      case 0x41: return { kind: "component", declarations: list(r, () => this.#declaration(r, depth)) };
      case 0x42: return { kind: "instance", declarations: list(r, () => this.#declaration(r, depth)) };
      case 0x3f: {
        if (r.u8() !== 0x7f) r.spoil("a resource's representation must be i32", r.pos - 1);
        return { kind: "resource", destructor: optional(r, (x) => x.u32()) };
      }
      default: r.spoil(form === 0x43 || form === 0x65 || form === 0x66 || form === 0x64 ? "asynchronous component features (WASI 0.3) are not supported" : `unknown form of type 0x${form.toString(16)}`, r.pos - 1);
    }
    return { kind: "primitive", of: "bool" };
  }

  #declaration(r: ByteReader, depth: number): Definition {
    this.#tick(r);
    switch (r.u8()) {
      case 0: return this.#coreType(r);
      case 1: return { kind: "type", type: this.#type(r, depth + 1) };
      case 2: return this.#alias(r);
      case 3: return { kind: "import", name: externName(r), type: externType(r) };
      case 4: return { kind: "export", name: externName(r), of: null, type: externType(r) };
      default: r.spoil("unknown form of declaration", r.pos - 1);
    }
    return { kind: "core type" };
  }
}

function list<T>(r: ByteReader, read: () => T): T[] {
  const items: T[] = [];
  for (let n = r.u32(); n > 0 && !r.fault; n--) items.push(read());
  return items;
}

function optional<T>(r: ByteReader, read: (r: ByteReader) => T): T | null {
  const flag = r.u8();
  if (flag > 1) r.spoil("not an optional", r.pos - 1);
  return flag === 1 ? read(r) : null;
}

function variantCase(r: ByteReader) {
  const name = r.name();
  const type = optional(r, valueRef);
  if (r.u8() !== 0) r.spoil("refinements of cases are not supported", r.pos - 1);
  return { name, type };
}

/** A primitive's byte, or an index (a signed LEB that is not negative). */
function valueRef(r: ByteReader): ValueRef {
  const first = r.u8();
  if (first >= FIRST_PRIMITIVE && first <= 0x7f) return PRIMITIVES[first - FIRST_PRIMITIVE]!;
  if (first === 0x64) r.spoil("asynchronous component features (WASI 0.3) are not supported", r.pos - 1);
  let value = first & 0x7f;
  for (let shift = 7, byte = first; byte >= 0x80 && !r.fault; shift += 7) {
    byte = r.u8();
    value += (byte & 0x7f) * 2 ** shift;
    if (shift > 28) r.spoil("integer representation too long");
  }
  return value;
}

function funcResult(r: ByteReader): ValueRef | null {
  switch (r.u8()) {
    case 0: return valueRef(r);
    case 1: if (r.u32() !== 0) r.spoil("named results are not supported"); return null;
    default: r.spoil("unknown form of results", r.pos - 1);
  }
  return null;
}

function externName(r: ByteReader): string {
  if (r.u8() > 1) r.spoil("unknown form of name", r.pos - 1);
  return r.name();
}

function coreSort(r: ByteReader): Sort {
  const found = CORE_SORTS[r.u8()];
  if (found === undefined) r.spoil("unknown core sort", r.pos - 1);
  return found ?? "core func";
}

function sort(r: ByteReader): Sort {
  const byte = r.u8();
  if (byte === 0) return coreSort(r);
  const found = SORTS[byte];
  if (found === undefined) r.spoil("unknown sort", r.pos - 1);
  return found ?? "func";
}

function sortIndex(r: ByteReader): SortIndex {
  return { sort: sort(r), index: r.u32() };
}

function namedIndex(r: ByteReader, name: string): NamedIndex {
  return { name, ...sortIndex(r) };
}

function externType(r: ByteReader): ExternType {
  switch (r.u8()) {
    case 0: if (r.u8() !== 0x11) r.spoil("unknown core type of an import or export"); r.u32(); return { kind: "core module" };
    case 1: return { kind: "func", type: r.u32() };
    case 2: if (r.u8() === 0) r.u32(); else valueRef(r); return { kind: "value" };
    case 3: return typeBound(r);
    case 4: return { kind: "component", type: r.u32() };
    case 5: return { kind: "instance", type: r.u32() };
    default: r.spoil("unknown type of an import or export", r.pos - 1);
  }
  return { kind: "value" };
}

function typeBound(r: ByteReader): ExternType {
  switch (r.u8()) {
    case 0: return { kind: "type", equal: r.u32() };
    case 1: return { kind: "type", equal: null };
    default: r.spoil("unknown bound of a type", r.pos - 1);
  }
  return { kind: "type", equal: null };
}

function canon(r: ByteReader): Canon {
  const form = r.u8();
  switch (form) {
    case 0: {
      if (r.u8() !== 0) r.spoil("unknown form of canonical function", r.pos - 1);
      const core = r.u32();
      const options = canonOptions(r);
      return { kind: "lift", core, type: r.u32(), options };
    }
    case 1: {
      if (r.u8() !== 0) r.spoil("unknown form of canonical function", r.pos - 1);
      const func = r.u32();
      return { kind: "lower", func, options: canonOptions(r) };
    }
    case 2: return { kind: "resource.new", resource: r.u32() };
    case 3: return { kind: "resource.drop", resource: r.u32() };
    case 4: return { kind: "resource.rep", resource: r.u32() };
    default: r.spoil("asynchronous component features (WASI 0.3) are not supported", r.pos - 1);
  }
  return { kind: "resource.new", resource: 0 };
}

function canonOptions(r: ByteReader): CanonOptions {
  let encoding: CanonOptions["encoding"] = "utf8";
  let memory: number | null = null;
  let realloc: number | null = null;
  let postReturn: number | null = null;
  for (let n = r.u32(); n > 0 && !r.fault; n--) {
    switch (r.u8()) {
      case 0: encoding = "utf8"; break;
      case 1: encoding = "utf16"; break;
      case 2: encoding = "latin1+utf16"; break;
      case 3: memory = r.u32(); break;
      case 4: realloc = r.u32(); break;
      case 5: postReturn = r.u32(); break;
      default: r.spoil("asynchronous component features (WASI 0.3) are not supported", r.pos - 1);
    }
  }
  return { encoding, memory, realloc, postReturn };
}
