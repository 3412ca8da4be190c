// zstd by the library that is loaded when an archive is written or read, a bounded frame at a time. Knows no archive.

/** No frame holds more than this; one that says it does is refused before it is unpacked. */
export const FRAME_BYTES = 4 << 20;
/** zstd never makes a frame much bigger than its content. */
const FRAME_FILE_BYTES = FRAME_BYTES + (FRAME_BYTES >> 6) + 1024;
const MAGIC = 0xfd2fb528;
const LEVEL = 1;

/**
 * Packing in wasm runs at the speed of a network: content that does not shrink to less than this is stored as it is, which
 * is ten times faster and costs a transfer less than packing it would.
 */
const WORTH_PACKING = 0.5;
const SAMPLE_FROM = 256 << 10;
const SAMPLE_BYTES = 8 << 10;

export interface Zstd {
  /** A frame, in parts that may be views of `bytes`. */
  compress(bytes: Uint8Array): readonly Uint8Array[];
  /** The content of one whole frame that holds exactly `size` bytes, in parts that may be views of it, or undefined when it is damaged. */
  decompress(frame: Uint8Array, size: number): readonly Uint8Array[] | undefined;
}

let loaded: Promise<Zstd> | undefined;

/** Once for a process: the library does not bear being started twice. */
export function loadZstd(): Promise<Zstd> {
  return (loaded ??= start());
}

async function start(): Promise<Zstd> {
  const library = await import("@bokuweb/zstd-wasm");
  await library.init();
  return {
    compress: (bytes) => (bytes.length > SAMPLE_FROM && sampled(bytes, (x) => library.compress(x, LEVEL)) > WORTH_PACKING ? storedFrame(bytes) : [library.compress(bytes, LEVEL)]),
    decompress(frame, size) {
      const stored = contentOfStored(frame, size);
      if (stored !== undefined) return stored;
      try {
        const content = library.decompress(frame);
        return content.length === size ? [content] : undefined;
      } catch {
        // The library throws for every kind of damage.
        return undefined;
      }
    },
  };
}

/** The share that is left of samples from beginning, middle and end. */
function sampled(bytes: Uint8Array, compress: (bytes: Uint8Array) => Uint8Array): number {
  const last = bytes.length - SAMPLE_BYTES;
  const parts = [0, last >> 1, last].map((at) => compress(bytes.subarray(at, at + SAMPLE_BYTES)).length);
  return parts.reduce((a, b) => a + b, 0) / (parts.length * SAMPLE_BYTES);
}

// ---- frames of raw blocks ------------------------------------------------------------------------

/** Magic, descriptor, content size in four bytes. */
const STORED_HEAD = 9;
/** One segment, four bytes of content size, no checksum, no dictionary. */
const STORED_DESCRIPTOR = 0xa0;
const BLOCK_HEAD = 3;
const BLOCK_BYTES = 128 << 10;

/** A frame that holds its content as it is: nothing of it is copied. */
function storedFrame(content: Uint8Array): Uint8Array[] {
  const head = Buffer.alloc(STORED_HEAD);
  head.writeUInt32LE(MAGIC, 0);
  head[4] = STORED_DESCRIPTOR;
  head.writeUInt32LE(content.length, 5);
  const parts: Uint8Array[] = [head];
  for (let at = 0; at < content.length; at += BLOCK_BYTES) {
    const block = content.subarray(at, at + BLOCK_BYTES);
    const blockHead = Buffer.alloc(BLOCK_HEAD);
    blockHead.writeUIntLE((block.length << 3) | (at + BLOCK_BYTES >= content.length ? 1 : 0), 0, BLOCK_HEAD);
    parts.push(blockHead, block);
  }
  return parts;
}

/** The blocks of a whole frame of raw blocks alone, or undefined where it is anything else. */
function contentOfStored(frame: Uint8Array, size: number): Uint8Array[] | undefined {
  const bytes = Buffer.from(frame.buffer, frame.byteOffset, frame.length);
  if (frame[4] !== STORED_DESCRIPTOR || frame.length < STORED_HEAD || bytes.readUInt32LE(0) !== MAGIC || bytes.readUInt32LE(5) !== size) return undefined;
  const parts: Uint8Array[] = [];
  let have = 0;
  for (let at = STORED_HEAD; at + BLOCK_HEAD <= frame.length; ) {
    const head = bytes.readUIntLE(at, BLOCK_HEAD);
    const length = head >> 3;
    at += BLOCK_HEAD;
    if ((head & 6) !== 0 || length > BLOCK_BYTES || at + length > frame.length || have + length > size) return undefined;
    parts.push(frame.subarray(at, at + length));
    have += length;
    at += length;
    if ((head & 1) !== 0) return have === size && at === frame.length ? parts : undefined;
  }
  return undefined;
}

// ---- frames of any kind --------------------------------------------------------------------------

export type FrameFault = "not-zstd" | "truncated" | "oversize" | "damaged";
export interface Frame {
  readonly length: number;
  readonly contentSize: number;
}

/** Most bytes that are needed to see a whole frame. */
export const FRAME_WINDOW = FRAME_FILE_BYTES;

/** Where the frame at the beginning of `bytes` ends and how much is in it, from its headers alone. `last`: the file ends with `bytes`. */
export function measureFrame(bytes: Uint8Array, last: boolean): Frame | FrameFault {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const short = last ? "truncated" : "oversize";
  if (bytes.length < 4) return "truncated";
  if (view.getUint32(0, true) !== MAGIC) return "not-zstd";
  if (bytes.length < 6) return short;
  const flags = bytes[4]!;
  const single = (flags & 0x20) !== 0;
  if ((flags & 0x03) !== 0 || (flags & 0x08) !== 0) return "damaged";
  let at = single ? 5 : 6;
  const sizeBytes = [single ? 1 : 0, 2, 4, 8][flags >> 6]!;
  if (sizeBytes === 0) return "oversize";
  if (at + sizeBytes > bytes.length) return short;
  const contentSize = sizeBytes === 1 ? bytes[at]! : sizeBytes === 2 ? view.getUint16(at, true) + 256 : sizeBytes === 4 ? view.getUint32(at, true) : Number(view.getBigUint64(at, true));
  if (contentSize > FRAME_BYTES) return "oversize";
  at += sizeBytes;
  for (let more = true; more; ) {
    if (at + 3 > bytes.length) return short;
    const block = bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16);
    const kind = (block >> 1) & 3;
    if (kind === 3) return "damaged";
    at += 3 + (kind === 1 ? 1 : block >> 3);
    more = (block & 1) === 0;
  }
  if ((flags & 0x04) !== 0) at += 4;
  return at > bytes.length ? short : { length: at, contentSize };
}
