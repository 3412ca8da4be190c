// zstd by the library that is loaded when an archive is written or read, a bounded frame at a time. Knows no archive.

/** No frame holds more than this; one that says it does is refused before it is unpacked. */
export const FRAME_BYTES = 4 << 20;
/** zstd never makes a frame much bigger than its content. */
const FRAME_FILE_BYTES = FRAME_BYTES + (FRAME_BYTES >> 6) + 1024;
const MAGIC = 0xfd2fb528;
const LEVEL = 1;

export interface Zstd {
  compress(bytes: Uint8Array): Uint8Array;
  /** The content of one whole frame that holds exactly `size` bytes, or undefined when it is damaged. */
  decompress(frame: Uint8Array, size: number): Uint8Array | undefined;
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
    compress: (bytes) => library.compress(bytes, LEVEL),
    decompress(frame, size) {
      try {
        const content = library.decompress(frame);
        return content.length === size ? content : undefined;
      } catch {
        // The library throws for every kind of damage.
        return undefined;
      }
    },
  };
}

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
