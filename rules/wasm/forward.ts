// Weaves functions into a module that stand in front of some of its imports and burn what a call through a table burns. Knows nothing of why.

import { fail, ok } from "../../engine/index.ts";
import type { Result } from "../../engine/index.ts";
import { OP } from "./ops.ts";
import { ByteReader, EXTERN_KINDS, SECTION, signatureOf } from "./read.ts";
import type { CoreModule, Malformed } from "./read.ts";
import { rewriteBody, rewriteConstExpr, rewriteElements } from "./rewrite.ts";
import type { Renumbering } from "./rewrite.ts";
import { ByteWriter, CORE_PREAMBLE } from "./write.ts";

/**
 * The module with a function for each of `imports` (numbers of imported functions) that hands its parameters on; all uses
 * of the import become uses of it. It has as many instructions as one that calls through a table: parameters, slot, call.
 * The module must have functions of its own.
 */
export function weaveForwarders(module: CoreModule, imports: readonly number[]): Result<Uint8Array, Malformed> {
  const place = new Map(imports.map((index, i) => [index, module.functions.length + i]));
  const same = (index: number) => index;
  const how: Renumbering = { func: (index) => place.get(index) ?? index, global: same, type: same, keepsTables: true };
  const out = new ByteWriter(module.bytes.length + 64 * imports.length + 64).raw(CORE_PREAMBLE);
  for (const { id, start, end } of module.sections) {
    if (id === SECTION.custom) continue; // offsets into the code are wrong from here on
    const r = new ByteReader(module.bytes, start, end);
    out.section(id, section(id, r, module, imports, how));
    if (r.fault) return fail(r.fault);
  }
  return ok(out.bytes());
}

function section(id: number, r: ByteReader, module: CoreModule, imports: readonly number[], how: Renumbering): ByteWriter {
  switch (id) {
    case SECTION.function: return behind(r, imports.length, (w) => imports.forEach((index) => w.u32(module.functions[index]!)));
    case SECTION.global: return globals(r, how);
    case SECTION.export: return exports(module, how);
    case SECTION.start: return new ByteWriter(8).u32(how.func(r.u32()));
    case SECTION.element: return rewriteElements(r, how);
    case SECTION.code: return code(r, module, imports, how);
    default: return new ByteWriter(r.end - r.pos).copy(r.bytes, r.pos, r.end);
  }
}

/** A vector section with `count` more items. */
function behind(r: ByteReader, count: number, append: (w: ByteWriter) => void): ByteWriter {
  const had = r.u32();
  const w = new ByteWriter(r.end - r.pos + 64).u32(had + count).copy(r.bytes, r.pos, r.end);
  append(w);
  return w;
}

function globals(r: ByteReader, how: Renumbering): ByteWriter {
  const count = r.u32();
  const w = new ByteWriter(r.end - r.pos + 64).u32(count);
  for (let n = count; n > 0 && !r.fault; n--) {
    w.u8(r.u8()).u8(r.u8());
    rewriteConstExpr(r, w, how);
  }
  return w;
}

function exports(module: CoreModule, how: Renumbering): ByteWriter {
  const w = new ByteWriter().u32(module.exports.length);
  for (const { name, kind, index } of module.exports) w.name(name).u8(EXTERN_KINDS.indexOf(kind)).u32(kind === "func" ? how.func(index) : index);
  return w;
}

function code(r: ByteReader, module: CoreModule, imports: readonly number[], how: Renumbering): ByteWriter {
  const count = r.u32();
  const w = new ByteWriter(r.end - r.pos + 64 * imports.length + 64).u32(count + imports.length);
  for (let n = count; n > 0 && !r.fault; n--) {
    const body = r.slice(r.u32());
    w.sized(rewriteBody(body, how).view());
    if (body.fault) r.spoil(body.fault.message, body.fault.offset);
  }
  for (const index of imports) w.sized(forwarder(module, index).view());
  return w;
}

/** `drop` is free: the constant counts, as the number of a table's slot would. */
function forwarder(module: CoreModule, index: number): ByteWriter {
  const w = new ByteWriter(64).u8(0);
  signatureOf(module, index)?.params.forEach((_, i) => w.u8(OP.localGet).u32(i));
  return w.u8(OP.i32Const).s32(0).u8(OP.drop).u8(OP.call).u32(index).u8(OP.end);
}
