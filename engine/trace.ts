// The trace of one action: what it found while running and what it made. One binary form serves journal and cache.

import type { Diagnostic } from "./diagnostic.ts";
import type { Discovered } from "./key.ts";
import type { ByteReader, ByteWriter } from "./lib/bytes.ts";
import type { Digest } from "./lib/digest.ts";

export interface TracedOutput extends Digest {
  /** The bytes themselves where they are few, so that small values need no file in the CAS. */
  readonly inline: Uint8Array | undefined;
}

/** What is remembered of one execution. Outputs are in the order of the rule's roles. */
export interface Trace {
  readonly discovered: readonly Discovered[];
  readonly outputs: readonly TracedOutput[];
  /** Remarks (never errors) that belong to the result. */
  readonly remarks: readonly Diagnostic[];
  readonly durationMs: number;
}

export const INLINE_LIMIT = 1024;

export function writeDiscovered(w: ByteWriter, discovered: readonly Discovered[]): void {
  w.u32(discovered.length);
  for (const d of discovered) {
    w.text(d.path);
    w.text(d.sha256);
  }
}

export function writeTrace(w: ByteWriter, t: Trace): void {
  w.f64(t.durationMs);
  writeDiscovered(w, t.discovered);
  w.u32(t.outputs.length);
  for (const o of t.outputs) {
    w.raw(Buffer.from(o.sha256, "hex"));
    w.f64(o.size);
    w.u8(o.inline === undefined ? 0 : 1);
    if (o.inline !== undefined) w.blob(o.inline);
  }
  w.text(t.remarks.length === 0 ? "" : JSON.stringify(t.remarks));
}

export function readTrace(r: ByteReader): Trace {
  const durationMs = r.f64();
  const discovered: Discovered[] = [];
  for (let n = r.u32(); n > 0; n--) discovered.push({ path: r.text(), sha256: r.text() });
  const outputs: TracedOutput[] = [];
  for (let n = r.u32(); n > 0; n--) {
    const sha256 = r.hex(32);
    const size = r.f64();
    outputs.push({ sha256, size, inline: r.u8() === 0 ? undefined : r.blob() });
  }
  const remarks = r.text();
  return { durationMs, discovered, outputs, remarks: remarks === "" ? [] : (JSON.parse(remarks) as Diagnostic[]) };
}
