// A unit of code as it is kept between stages: units -> bytes, few of them -> one, and back to what is linked. Knows no files.

import type { Checked } from "./object.ts";
import type { Part } from "./program.ts";
import type { Unit } from "./unit.ts";
import { type CodeHead, keep, type KeptCode, takeOut } from "./wasm/kept-code.ts";
import { better, type CodeFunction } from "./wasm/symbols.ts";

export interface KeptUnit {
  readonly code: KeptCode;
  /** Whether a function has mistakes. */
  readonly faulty: boolean;
  /** Functions that the unit's own name and that lie elsewhere. */
  readonly outward: readonly string[];
  /** Lines of JSON, one for each file (CheckedFile): read only where a mistake is possible. */
  readonly checked: Uint8Array;
}

export function keepUnit({ functions, checked }: Unit): KeptUnit {
  const own = new Set(checked.map((c) => c.name));
  const outward = new Set<string>();
  for (const c of checked) for (const n of c.needs) if (!own.has(n)) outward.add(n);
  return { code: keep(functions), faulty: checked.some((c) => c.faults.length > 0), outward: [...outward].sort(), checked: Buffer.from(checkedLines(checked)) };
}

/** What was checked of one file, with few words: nearly all functions have no mistakes. */
interface CheckedFile {
  readonly path: string;
  readonly functions: readonly (readonly [name: string, needs: readonly string[], faults?: Checked["faults"]])[];
}

function checkedLines(checked: readonly Checked[]): string {
  const byPath = new Map<string, CheckedFile["functions"][number][]>();
  for (const { name, path, faults, needs } of checked) {
    let functions = byPath.get(path);
    if (functions === undefined) byPath.set(path, (functions = []));
    functions.push(faults.length === 0 ? [name, needs] : [name, needs, faults]);
  }
  return [...byPath].map(([path, functions]) => `${JSON.stringify({ path, functions } satisfies CheckedFile)}\n`).join("");
}

function checkedOf(line: string): Checked[] {
  if (line === "") return [];
  const { path, functions } = JSON.parse(line) as CheckedFile;
  return functions.map(([name, needs, faults = []]) => ({ name, path, faults, needs }));
}

/** Of equal instances, which are code of several units, the better one stays, as it would in linking. */
export function gather(units: readonly KeptUnit[]): KeptUnit {
  const functions = new Map<string, CodeFunction>();
  const outward = new Set<string>();
  for (const u of units) {
    for (const [name, f] of takeOut(u.code)) if (better(f, functions.get(name))) functions.set(name, f);
    for (const n of u.outward) outward.add(n);
  }
  return { code: keep([...functions.values()]), faulty: units.some((u) => u.faulty), outward: [...outward].sort(), checked: Buffer.concat(units.map((u) => u.checked)) };
}

export function partOf({ code, faulty, outward, checked }: KeptUnit): Part {
  const lines = () => Buffer.from(checked.buffer, checked.byteOffset, checked.length).toString("utf8").split("\n");
  return { functions: takeOut(code), faulty, outward, checked: () => lines().flatMap(checkedOf) };
}

// ---- as bytes

interface Head extends CodeHead, Pick<KeptUnit, "faulty" | "outward"> {
  readonly codeBytes: number;
}

/** Of the head, which comes first. */
const LENGTH_BYTES = 4;

/** The head as JSON behind its length, the bodies, what was checked: whoever links reads the first and copies from the second. */
export function writeUnit({ code, faulty, outward, checked }: KeptUnit): Uint8Array {
  const head = Buffer.from(JSON.stringify({ ...code.head, faulty, outward, codeBytes: code.bytes.length } satisfies Head));
  const length = Buffer.alloc(LENGTH_BYTES);
  length.writeUInt32LE(head.length);
  return new Uint8Array(Buffer.concat([length, head, code.bytes, checked]));
}

export function readUnit(bytes: Uint8Array): KeptUnit {
  const file = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  const start = LENGTH_BYTES + file.readUInt32LE();
  const head = JSON.parse(file.toString("utf8", LENGTH_BYTES, start)) as Head;
  const end = start + head.codeBytes;
  return { code: { head, bytes: bytes.subarray(start, end) }, faulty: head.faulty, outward: head.outward, checked: bytes.subarray(end) };
}
