// The file form of what is remembered under one base key: checksummed, with the key inside. Each trace has its own checksum, so
// that one can be put in front of others that nobody reads. Knows no disk.

import { ByteReader, ByteWriter, checksum, CutShort } from "../lib/bytes.ts";
import { sha256Hex } from "../lib/digest.ts";
import { readTrace, type Trace, type TracedOutput, writeDiscovered, writeTrace } from "../trace.ts";

const MAGIC = 0x41373058; // "X07A"
const VERSION = 4;
/** Files of older tools are no damage: they hold nothing for us. No single flipped bit makes one of a file of ours. */
const OLDER: readonly number[] = [1, 2];
/** Magic, version, checksum of the head's rest. */
const TOP_BYTES = 12;

export function encodeResults(key: string, traces: readonly Trace[]): Uint8Array {
  return join(key, traces.map(encodeOne));
}

/**
 * The file with one more trace in front, instead of the one that discovered the same, and of the oldest where they are more
 * than `limit`. Undefined where the file's head is damaged.
 */
export function withResult(file: Uint8Array, key: string, trace: Trace, limit: number): Uint8Array | undefined {
  const others = split(file, key);
  if (others === undefined) return undefined;
  const w = new ByteWriter();
  writeDiscovered(w, trace.discovered);
  const found = w.finish();
  const stays = ({ bytes }: Part): boolean => Buffer.compare(bytes.subarray(DURATION_BYTES, DURATION_BYTES + found.length), found) !== 0;
  return join(key, [encodeOne(trace), ...others.filter(stays)].slice(0, limit));
}

/** What was written under this key, or undefined when it is damaged, of another version or another's. */
export function decodeResults(bytes: Uint8Array, key: string): Trace[] | undefined {
  try {
    const traces: Trace[] = [];
    for (const part of split(bytes, key) ?? [DAMAGED]) {
      if (checksum(part.bytes) !== part.sum) return undefined;
      traces.push(readTrace(new ByteReader(part.bytes)));
    }
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

// ---- parts

/** A trace as it lies in the file. */
interface Part {
  readonly bytes: Uint8Array;
  readonly sum: number;
}

const DAMAGED: Part = { bytes: new Uint8Array(0), sum: -1 };
/** A trace begins with how long its execution took; what it discovered follows. */
const DURATION_BYTES = 8;

function encodeOne(trace: Trace): Part {
  const w = new ByteWriter();
  writeTrace(w, trace);
  w.align(4);
  const bytes = w.finish();
  return { bytes, sum: checksum(bytes) };
}

/** The key stands inside too: a whole file in another's place is as wrong as a flipped bit. */
function join(key: string, parts: readonly Part[]): Uint8Array {
  const head = new ByteWriter();
  head.raw(Buffer.from(key, "hex"));
  head.u32(parts.length);
  for (const { bytes, sum } of parts) {
    head.u32(bytes.length);
    head.u32(sum);
  }
  const rest = head.finish();
  const top = new ByteWriter();
  for (const x of [MAGIC, VERSION, checksum(rest)]) top.u32(x);
  return new Uint8Array(Buffer.concat([top.finish(), rest, ...parts.map((p) => p.bytes)]));
}

/** Reads the head alone. */
function split(file: Uint8Array, key: string): Part[] | undefined {
  try {
    const r = new ByteReader(file);
    if (r.u32() !== MAGIC) return undefined;
    const version = r.u32();
    if (version !== VERSION) return OLDER.includes(version) ? [] : undefined;
    const sum = r.u32();
    if (r.hex(32) !== key) return undefined;
    const sizes: (readonly [length: number, sum: number])[] = [];
    for (let n = r.u32(); n > 0; n--) sizes.push([r.u32(), r.u32()]);
    if (checksum(file.subarray(TOP_BYTES, r.at)) !== sum) return undefined;
    const parts = sizes.map(([length, sum]): Part => ({ bytes: r.raw(length), sum }));
    return r.at === file.length ? parts : undefined;
  } catch (e) {
    if (e instanceof CutShort) return undefined;
    throw e;
  }
}
