// The file form of what is remembered under one base key: checksummed, with the key inside. Knows no disk.

import { ByteReader, ByteWriter, checksum, CutShort } from "../lib/bytes.ts";
import { sha256Hex } from "../lib/digest.ts";
import { readTrace, type Trace, type TracedOutput, writeTrace } from "../trace.ts";

const MAGIC = 0x41373058; // "X07A"
const VERSION = 2;

/** The key stands inside too: a whole file in another's place is as wrong as a flipped bit. */
export function encodeResults(key: string, traces: readonly Trace[]): Uint8Array {
  const body = new ByteWriter();
  body.raw(Buffer.from(key, "hex"));
  body.u32(traces.length);
  for (const t of traces) writeTrace(body, t);
  const payload = body.finish();
  const w = new ByteWriter();
  for (const x of [MAGIC, VERSION, checksum(payload)]) w.u32(x);
  w.raw(payload);
  return w.finish();
}

/** What was written under this key, or undefined when it is damaged, of another version or another's. */
export function decodeResults(bytes: Uint8Array, key: string): Trace[] | undefined {
  try {
    const r = new ByteReader(bytes);
    if (r.u32() !== MAGIC || r.u32() !== VERSION) return undefined;
    const sum = r.u32();
    if (checksum(bytes.subarray(r.at)) !== sum) return undefined;
    if (Buffer.from(r.raw(32)).toString("hex") !== key) return undefined;
    const traces: Trace[] = [];
    for (let n = r.u32(); n > 0; n--) traces.push(readTrace(r));
    return traces.every((t) => t.outputs.every(isItself)) ? traces : undefined;
  } catch (e) {
    if (e instanceof CutShort || e instanceof SyntaxError) return undefined;
    throw e;
  }
}

/** Inline content is verified as content from a file is. */
export function isItself(output: TracedOutput): boolean {
  return output.inline === undefined || (output.inline.length === output.size && sha256Hex(output.inline) === output.sha256);
}
