// The append-only file of traces, by action identity: versioned, each record with its own checksum. A half record at the
// end is dropped and said; a crash leaves "unknown", never "wrong". Knows nothing of how actions run.

import type { Diagnostic } from "./diagnostic.ts";
import { attempt, type Disk, writeAtomic } from "./host/disk.ts";
import { ByteReader, ByteWriter, checksum, CutShort } from "./lib/bytes.ts";
import { readTrace, type Trace, writeTrace } from "./trace.ts";

export interface Remembered extends Trace {
  readonly key: string;
  readonly manifest: string;
}

const HEADER = new Uint8Array([0x58, 0x30, 0x37, 0x4a, 2, 0, 0, 0]); // "X07J", version 2

/** The shortest payload: identity length, a digest, manifest length and an empty trace; anything shorter is damage. */
const SHORTEST = 4 + 32 + 4 + 20;

interface Slot {
  readonly at: number;
  readonly length: number;
}

export class Journal {
  readonly #disk: Disk;
  readonly #path: string;
  #bytes: Buffer = Buffer.alloc(0);
  #reader: ByteReader | undefined;
  /** Identity -> where its newest record starts in #bytes. */
  readonly #slots = new Map<string, Slot>();
  readonly #fresh = new Map<string, Remembered>();
  #pending: Uint8Array[] = [];
  #records = 0;
  #mustRewrite = false;
  readonly recovered: Diagnostic[] = [];

  constructor(disk: Disk, path: string) {
    this.#disk = disk;
    this.#path = path;
  }

  open(): void {
    const read = attempt(() => this.#disk.read(this.#path));
    if (!read.ok) {
      this.#mustRewrite = true;
      if (read.error.code !== "ENOENT") this.#dropped(0, `the journal cannot be read: ${read.error.code}`);
      return;
    }
    this.#bytes = Buffer.from(read.value.buffer, read.value.byteOffset, read.value.length);
    if (read.value.length < 8 || HEADER.some((b, i) => read.value[i] !== b)) {
      this.#mustRewrite = true;
      this.#bytes = Buffer.alloc(0);
      this.#dropped(read.value.length, "the journal has another version or a damaged head");
      return;
    }
    this.#scan();
  }

  #scan(): void {
    const bytes = this.#bytes;
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    let at = 8;
    while (at < bytes.length) {
      const length = at + 8 <= bytes.length ? view.getUint32(at, true) : -1;
      const end = at + 8 + length;
      if (length < SHORTEST || end > bytes.length || checksum(bytes.subarray(at + 8, end)) !== view.getUint32(at + 4, true)) {
        this.#mustRewrite = true;
        this.#dropped(bytes.length - at, "a record is damaged or half written");
        return;
      }
      const identityLength = Math.min(view.getUint32(at + 8, true), length - 4);
      const start = at + 12 + identityLength;
      this.#slots.set(bytes.toString("utf8", at + 12, start), { at: start, length: end - start });
      this.#records += 1;
      at = end;
    }
  }

  #dropped(bytes: number, why: string): void {
    this.recovered.push({
      code: "GRAPH_STATE_DROPPED",
      severity: "warning",
      stage: "run",
      message: `${why}; ${bytes} bytes of build state were dropped`,
      data: { bytes },
      hint: "nothing to do: what they described is checked or built again",
      place: { file: this.#path },
    });
  }

  get(identity: string): Remembered | undefined {
    const fresh = this.#fresh.get(identity);
    if (fresh !== undefined) return fresh;
    const slot = this.#slots.get(identity);
    if (slot === undefined) return undefined;
    try {
      const r = (this.#reader ??= new ByteReader(new Uint8Array(this.#bytes.buffer, this.#bytes.byteOffset, this.#bytes.length))).part(slot.at, slot.at + slot.length);
      const key = r.hex(32);
      const manifest = r.text();
      return { key, manifest, ...readTrace(r) };
    } catch (e) {
      if (e instanceof CutShort || e instanceof SyntaxError) return undefined;
      throw e;
    }
  }

  /** How long the remembered execution took, without reading the rest of its trace. */
  durationMs(identity: string): number | undefined {
    const fresh = this.#fresh.get(identity);
    if (fresh !== undefined) return fresh.durationMs;
    const slot = this.#slots.get(identity);
    if (slot === undefined || slot.length < 48) return undefined;
    const view = new DataView(this.#bytes.buffer, this.#bytes.byteOffset + slot.at, slot.length);
    const at = 36 + view.getUint32(32, true);
    return at + 8 <= slot.length ? view.getFloat64(at, true) : undefined;
  }

  put(identity: string, trace: Remembered): void {
    this.#fresh.set(identity, trace);
    this.#pending.push(record(encode(identity, trace)));
  }

  /** Appends what is pending in one write; rewrites the file when it is gone, damaged or mostly dead. Throws DiskError. */
  flush(): void {
    if (this.#mustRewrite || this.#records > 64 + 4 * (this.#slots.size + this.#fresh.size)) return this.#rewrite();
    if (this.#pending.length === 0) return;
    if (this.#disk.stat(this.#path) === undefined) return this.#rewrite();
    this.#records += this.#pending.length;
    const all = Buffer.concat(this.#pending);
    this.#pending = [];
    this.#disk.append(this.#path, all);
  }

  #rewrite(): void {
    const w = new ByteWriter();
    w.raw(HEADER);
    for (const [identity, slot] of this.#slots) {
      if (this.#fresh.has(identity)) continue;
      const body = new ByteWriter();
      body.text(identity);
      body.raw(this.#bytes.subarray(slot.at, slot.at + slot.length));
      w.raw(record(body.finish()));
    }
    for (const [identity, trace] of this.#fresh) w.raw(record(encode(identity, trace)));
    writeAtomic(this.#disk, this.#path, w.finish());
    this.#pending = [];
    this.#mustRewrite = false;
    this.#records = this.#slots.size + this.#fresh.size;
  }
}

function encode(identity: string, trace: Remembered): Uint8Array {
  const body = new ByteWriter();
  body.text(identity);
  body.raw(Buffer.from(trace.key, "hex"));
  body.text(trace.manifest);
  writeTrace(body, trace);
  return body.finish();
}

function record(payload: Uint8Array): Uint8Array {
  const w = new ByteWriter();
  w.u32(payload.length);
  w.u32(checksum(payload));
  w.raw(payload);
  return w.finish();
}
