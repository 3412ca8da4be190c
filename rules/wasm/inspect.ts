// What a WebAssembly file shows from outside: exports, imports, first memory. Decodes the framing, does not validate.

import { fail, ok } from "../../engine/index.ts";
import type { Result } from "../../engine/index.ts";
import { ByteReader, EXTERN_KINDS, formatOf, readExports, readMemories, readSections, SECTION } from "./read.ts";
import type { ExternKind, Format, Import, Malformed, Section } from "./read.ts";

export const PAGE = 65536;

export interface MemoryFacts {
  readonly initial_bytes: number;
  /** null: the module states no maximum. */
  readonly max_bytes: number | null;
}

export interface WasmFacts {
  readonly format: Format;
  /** In file order; of a component: those of all core modules inside. */
  readonly exports: readonly { readonly name: string; readonly kind: ExternKind }[];
  readonly imports: readonly Import[];
  /** The first memory the module defines; imported memories do not count. */
  readonly memory: MemoryFacts | null;
  readonly hasStart: boolean;
}

interface Collected {
  exports: { name: string; kind: ExternKind }[];
  imports: Import[];
  memory: MemoryFacts | null;
  hasStart: boolean;
}

/** Facts of a module or component. The error says which bytes are not decodable. */
export function inspect(bytes: Uint8Array): Result<WasmFacts, Malformed> {
  const format = formatOf(bytes);
  if (format === null) return fail({ message: "not a WebAssembly binary (bad magic or version)", offset: 0 });
  const into: Collected = { exports: [], imports: [], memory: null, hasStart: false };
  const fault = collect(bytes, 0, bytes.length, into, 0);
  return fault ? fail(fault) : ok({ format, ...into });
}

const MAX_NESTING = 100;

function collect(bytes: Uint8Array, at: number, end: number, into: Collected, depth: number): Malformed | null {
  if (depth > MAX_NESTING) return { message: "components nested too deeply", offset: at };
  const format = formatOf(bytes, at);
  const sections = readSections(bytes, at, end);
  if (!sections.ok) return sections.error;
  for (const section of sections.value) {
    const fault = format === "core" ? collectCore(bytes, section, into) : collectNested(bytes, section, into, depth);
    if (fault) return fault;
  }
  return null;
}

/** Sections 1 and 4 of a component hold a core module and a component; nothing else in it matters here. */
function collectNested(bytes: Uint8Array, section: Section, into: Collected, depth: number): Malformed | null {
  return section.id === 1 || section.id === 4 ? collect(bytes, section.start, section.end, into, depth + 1) : null;
}

function collectCore(bytes: Uint8Array, section: Section, into: Collected): Malformed | null {
  const r = new ByteReader(bytes, section.start, section.end);
  switch (section.id) {
    case SECTION.export:
      for (const { name, kind } of readExports(r)) into.exports.push({ name, kind });
      break;
    case SECTION.memory: {
      const first = readMemories(r)[0];
      if (first && !into.memory) into.memory = { initial_bytes: first.min * PAGE, max_bytes: first.max === null ? null : first.max * PAGE };
      break;
    }
    case SECTION.import:
      collectImportNames(r, into);
      return null; // their types are for validation to judge
    case SECTION.start:
      into.hasStart = true;
      break;
    case SECTION.code:
      for (let n = r.u32(); n > 0 && !r.fault; n--) r.skip(r.u32());
      break;
  }
  return r.fault;
}

/** Names and kinds as far as they can be read; import types are skipped. */
function collectImportNames(r: ByteReader, into: Collected): void {
  for (let n = r.u32(); n > 0; n--) {
    const module = r.name();
    const name = r.name();
    const kind = EXTERN_KINDS[r.u8()];
    if (r.fault || kind === undefined) return;
    into.imports.push({ module, name, kind });
    if (kind === "func") r.skipLeb();
    else if (kind === "global" || kind === "tag") r.skip(2);
    else {
      if (kind === "table") r.skip(1);
      if (r.u8() & 1) r.skipLeb();
      r.skipLeb();
    }
  }
}
