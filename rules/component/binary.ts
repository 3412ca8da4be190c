// The binary format of components -> what is declared at one level, by index, as it is written. Nested components are kept as
// ranges, core code is stepped over. Hostile input ends in a fault: what is kept never outgrows the input, and there is a limit to it.

import { fail, ok, type Result } from "../../engine/index.ts";
import { ByteReader, formatOf, type Malformed } from "../wasm/read.ts";
import type { Primitive } from "../wit/ast.ts";
import type { RawAlias, RawDecl, RawExtern, RawField, RawItem, RawReference, RawType, RawValue, Sort } from "./raw.ts";

/** Things declared in one component and in the types inside it, at most; a big real one has some thousands. */
const MOST_DECLARATIONS = 200_000;
const DEEPEST_TYPE = 50;

const SORTS: { readonly [code: number]: Sort } = { 1: "func", 2: "value", 3: "type", 4: "component", 5: "instance" };
const PRIMITIVES: { readonly [code: number]: Primitive } = {
  0x7f: "bool", 0x7e: "s8", 0x7d: "u8", 0x7c: "s16", 0x7b: "u16", 0x7a: "s32", 0x79: "u32", 0x78: "s64", 0x77: "u64",
  0x76: "f32", 0x75: "f64", 0x74: "char", 0x73: "string", 0x64: "error-context",
};

/** What the component in [start, end) of `bytes` declares at its top. */
export function readComponent(bytes: Uint8Array, start = 0, end = bytes.length): Result<RawItem[], Malformed> {
  const format = formatOf(bytes.subarray(0, end), start);
  if (format !== "component") return fail({ message: format === "core" ? "a core module, not a component" : "not a WebAssembly component (bad magic or version)", offset: start });
  const reader = new ComponentReader(new ByteReader(bytes, start + 8, end));
  const items = reader.items();
  return reader.fault === null ? ok(items) : fail(reader.fault);
}

class ComponentReader {
  readonly #top: ByteReader;
  #r: ByteReader;
  #declared = 0;

  constructor(reader: ByteReader) {
    this.#top = reader;
    this.#r = reader;
  }

  get fault(): Malformed | null {
    return this.#top.fault;
  }

  items(): RawItem[] {
    const items: RawItem[] = [];
    while (this.#top.more) {
      const id = this.#top.u8();
      const section = this.#top.slice(this.#top.u32());
      if (this.#top.fault) break;
      this.#r = section;
      this.#section(id, section, items);
      if (section.fault === null && section.pos < section.end) section.spoil("unexpected bytes at the end of a section");
      if (section.fault !== null) this.#top.spoil(section.fault.message, section.fault.offset);
    }
    return items;
  }

  #section(id: number, section: ByteReader, items: RawItem[]): void {
    switch (id) {
      case 0: // custom
      case 1: // core module
      case 2: // core instances
      case 3: // core types
      case 9: // start
        return section.skip(section.end - section.pos);
      case 4:
        items.push({ item: "component", start: section.pos, end: section.end });
        return section.skip(section.end - section.pos);
      case 5:
        return this.#each(() => items.push(this.#instance()));
      case 6:
        return this.#each(() => items.push({ item: "alias", alias: this.#alias() }));
      case 7:
        return this.#each(() => items.push({ item: "type", type: this.#type(0) }));
      case 8:
        return this.#each(() => this.#canon(items));
      case 10:
        return this.#each(() => items.push({ item: "import", name: this.#externName(), extern: this.#extern() }));
      case 11:
        return this.#each(() => items.push({ item: "export", name: this.#externName(), what: this.#reference(), as: this.#r.u8() === 0 ? undefined : this.#extern() }));
      case 12:
        items.push({ item: "value" });
        return section.skip(section.end - section.pos);
      default:
        section.spoil(`unknown section ${id}`);
    }
  }

  /** A vector: its length, then `one` for each. */
  #each(one: () => unknown): void {
    const count = this.#r.u32();
    for (let i = 0; i < count && this.#r.fault === null; i++) {
      this.#declared++;
      if (this.#declared > MOST_DECLARATIONS) this.#r.spoil(`more than ${MOST_DECLARATIONS} declarations`);
      one();
    }
  }

  #list<T>(one: () => T): T[] {
    const all: T[] = [];
    this.#each(() => all.push(one()));
    return all;
  }

  // ---- names and references ------------------------------------------------------------------------

  #externName(): string {
    const kind = this.#r.u8();
    if (kind > 2) this.#r.spoil(`unknown kind of name 0x${kind.toString(16)}`);
    const name = this.#r.name();
    return kind === 2 ? `${name}${this.#r.name()}` : name;
  }

  #sort(): Sort {
    const code = this.#r.u8();
    if (code === 0) {
      this.#r.u8();
      return "core";
    }
    const sort = SORTS[code];
    if (sort === undefined) this.#r.spoil(`unknown sort 0x${code.toString(16)}`);
    return sort ?? "core";
  }

  #reference(): RawReference {
    return { sort: this.#sort(), index: this.#r.u32() };
  }

  #alias(): RawAlias {
    const sort = this.#sort();
    const target = this.#r.u8();
    if (target === 0) return { from: "export", sort, instance: this.#r.u32(), name: this.#r.name() };
    if (target === 2) return { from: "outer", sort, count: this.#r.u32(), index: this.#r.u32() };
    if (target !== 1) this.#r.spoil(`unknown target of an alias 0x${target.toString(16)}`);
    this.#r.u32();
    this.#r.name();
    return { from: "core" };
  }

  #instance(): RawItem {
    const form = this.#r.u8();
    if (form === 0) return { item: "instantiate", component: this.#r.u32(), arguments: this.#list(() => ({ name: this.#r.name(), ...this.#reference() })) };
    if (form !== 1) this.#r.spoil(`unknown form of an instance 0x${form.toString(16)}`);
    return { item: "instance", exports: this.#list(() => ({ name: this.#externName(), ...this.#reference() })) };
  }

  #extern(): RawExtern {
    const code = this.#r.u8();
    switch (code) {
      case 0:
        if (this.#r.u8() !== 0x11) this.#r.spoil("of core things only modules can be imported");
        return { kind: "module", index: this.#r.u32() };
      case 1:
        return { kind: "func", index: this.#r.u32() };
      case 2:
        return this.#r.u8() === 0 ? { kind: "value", index: this.#r.u32(), type: undefined } : { kind: "value", type: this.#value(), index: undefined };
      case 3:
        return this.#typeBound();
      case 4:
        return { kind: "component", index: this.#r.u32() };
      case 5:
        return { kind: "instance", index: this.#r.u32() };
      default:
        this.#r.spoil(`unknown kind of import or export 0x${code.toString(16)}`);
        return { kind: "resource" };
    }
  }

  #typeBound(): RawExtern {
    const bound = this.#r.u8();
    if (bound === 0) return { kind: "type", eq: this.#r.u32() };
    if (bound !== 1) this.#r.spoil(`unknown bound of a type 0x${bound.toString(16)}`);
    return { kind: "resource" };
  }

  // ---- types ---------------------------------------------------------------------------------------

  #value(): RawValue {
    const byte = this.#r.u8();
    const known = PRIMITIVES[byte];
    if (known !== undefined) return known;
    if ((byte & 0xc0) === 0x40) this.#r.spoil(`unknown type 0x${byte.toString(16)}`);
    // An index is a signed number of 33 bits that is not negative.
    let index = byte & 0x7f;
    for (let shift = 7, more = byte & 0x80; more !== 0; shift += 7) {
      const next = this.#r.u8();
      if (shift > 28) this.#r.spoil("integer representation too long");
      if (this.#r.fault !== null) return 0;
      more = next & 0x80;
      index += (next & 0x7f) * 2 ** shift;
    }
    if (index > 0xffffffff) this.#r.spoil("type index too large");
    return index;
  }

  #maybe(): RawValue | undefined {
    const there = this.#r.u8();
    if (there > 1) this.#r.spoil("a flag is neither 0 nor 1");
    return there === 1 ? this.#value() : undefined;
  }

  #field(): RawField {
    return { name: this.#r.name(), type: this.#value() };
  }

  #type(depth: number): RawType {
    if (depth > DEEPEST_TYPE) this.#r.spoil(`types are nested more than ${DEEPEST_TYPE} deep`);
    const code = this.#r.u8();
    const known = PRIMITIVES[code];
    if (known !== undefined) return { form: "value", type: known };
    switch (code) {
      case 0x72:
        return { form: "record", fields: this.#list(() => this.#field()) };
      case 0x71:
        return { form: "variant", cases: this.#list(() => this.#case()) };
      case 0x70:
        return { form: "list", element: this.#value(), length: undefined };
      case 0x67:
        return { form: "list", element: this.#value(), length: this.#r.u32() };
      case 0x6f:
        return { form: "tuple", items: this.#list(() => this.#value()) };
      case 0x6e:
        return { form: "flags", names: this.#list(() => this.#r.name()) };
      case 0x6d:
        return { form: "enum", names: this.#list(() => this.#r.name()) };
      case 0x6b:
        return { form: "option", some: this.#value() };
      case 0x6a:
        return { form: "result", ok: this.#maybe(), error: this.#maybe() };
      case 0x69:
        return { form: "own", resource: this.#r.u32() };
      case 0x68:
        return { form: "borrow", resource: this.#r.u32() };
      case 0x66:
        return { form: "stream", element: this.#maybe() };
      case 0x65:
        return { form: "future", element: this.#maybe() };
      case 0x63:
        return { form: "map", key: this.#value(), value: this.#value() };
      default:
        return this.#otherType(code, depth);
    }
  }

  #case(): { readonly name: string; readonly type: RawValue | undefined } {
    const name = this.#r.name();
    const type = this.#maybe();
    if (this.#r.u8() !== 0) this.#r.spoil("a case that refines another is not of this format");
    return { name, type };
  }

  #otherType(code: number, depth: number): RawType {
    switch (code) {
      case 0x40:
      case 0x43:
        return { form: "func", async: code === 0x43, params: this.#list(() => this.#field()), result: this.#funcResult() };
      case 0x41:
        return { form: "component", decls: this.#list(() => this.#decl(depth + 1, true)) };
      case 0x42:
        return { form: "instance", decls: this.#list(() => this.#decl(depth + 1, false)) };
      case 0x3f:
        this.#r.u8();
        if (this.#r.u8() === 1) this.#r.u32();
        return { form: "resource" };
      default:
        this.#r.spoil(`unknown form of a type 0x${code.toString(16)}`);
        return { form: "resource" };
    }
  }

  #funcResult(): RawValue | undefined {
    const form = this.#r.u8();
    if (form === 0) return this.#value();
    if (form !== 1 || this.#r.u8() !== 0) this.#r.spoil("named results are not of this format");
    return undefined;
  }

  #decl(depth: number, component: boolean): RawDecl {
    const code = this.#r.u8();
    switch (code) {
      case 0:
        this.#coreType();
        return { decl: "core" };
      case 1:
        return { decl: "type", type: this.#type(depth) };
      case 2:
        return { decl: "alias", alias: this.#alias() };
      case 3:
        if (!component) this.#r.spoil("an instance imports nothing");
        return { decl: "import", name: this.#externName(), extern: this.#extern() };
      case 4:
        return { decl: "export", name: this.#externName(), extern: this.#extern() };
      default:
        this.#r.spoil(`unknown declaration 0x${code.toString(16)}`);
        return { decl: "core" };
    }
  }

  /** A core type inside a type has no length of its own; those that components of any toolchain hold are function types. */
  #coreType(): void {
    if (this.#r.u8() !== 0x60) return this.#r.spoil("only core function types are known inside the type of an instance");
    for (let i = 0; i < 2; i++) this.#each(() => this.#r.u8());
  }

  // ---- canonical functions -------------------------------------------------------------------------

  #canon(items: RawItem[]): void {
    const code = this.#r.u8();
    const operands = CANON[code];
    if (operands === undefined) return this.#r.spoil(`unknown canonical function 0x${code.toString(16)}`);
    let last = 0;
    for (const what of operands) {
      if (what === "o") this.#each(() => this.#canonOption());
      else if (what === "b") this.#r.u8();
      else if (what === "r") this.#funcResult();
      else last = this.#r.u32();
    }
    if (code === 0) items.push({ item: "lift", type: last });
  }

  #canonOption(): void {
    const option = this.#r.u8();
    if (option > 9) this.#r.spoil(`unknown canonical option 0x${option.toString(16)}`);
    if ([3, 4, 5, 7, 8].includes(option)) this.#r.u32();
  }
}

/** What follows each canonical function: b a byte, i an index, o options, r a result. A lift's last index is its type. */
const CANON: { readonly [code: number]: string } = {
  0x00: "bioi", 0x01: "bio", 0x02: "i", 0x03: "i", 0x04: "i", 0x05: "", 0x06: "b", 0x07: "i", 0x08: "", 0x09: "ro", 0x0a: "bi", 0x0b: "bi",
  0x0c: "b", 0x0d: "", 0x0e: "i", 0x0f: "io", 0x10: "io", 0x11: "ib", 0x12: "ib", 0x13: "i", 0x14: "i", 0x15: "i", 0x16: "io", 0x17: "io",
  0x18: "ib", 0x19: "ib", 0x1a: "i", 0x1b: "i", 0x1c: "o", 0x1d: "o", 0x1e: "", 0x1f: "", 0x20: "bi", 0x21: "bi", 0x22: "", 0x23: "",
  0x24: "", 0x25: "", 0x26: "", 0x27: "ii", 0x28: "b", 0x29: "b", 0x2a: "", 0x2b: "b", 0x2c: "b", 0x40: "i", 0x41: "ii", 0x42: "",
};
