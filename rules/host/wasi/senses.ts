// What clocks and chance tell a guest: the machine's, nought, what was recorded once; and the record of it. Knows no interface.

import type { Evidence } from "../../ops/evidence.ts";
import type { Grants } from "../../ops/grants.ts";
import { trap } from "../stop.ts";
import type { Tank } from "../component/tank.ts";

export type Chance = "secure" | "insecure";

/** More chance than this in one call is refused: it would be made on the host's account. */
export const MAX_RANDOM = 16 * 1024 * 1024;

/** One source of numbers for a guest. */
export interface Senses {
  /** Nanoseconds since the guest began. */
  monotonic(): bigint;
  /** Nanoseconds since 1970. */
  wall(): bigint;
  /** Nanoseconds. */
  readonly wallResolution: number;
  bytes(kind: Chance, length: number): Uint8Array;
  u64(kind: Chance): bigint;
  /** 128 bits. */
  seed(): bigint;
  /** Whether the times of files may be seen. */
  readonly tellsTimes: boolean;
}

const MS = 1_000_000n;

function fresh(length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length; at += 65_536) globalThis.crypto.getRandomValues(bytes.subarray(at, at + 65_536));
  return bytes;
}

function number(bytes: Uint8Array): bigint {
  return bytes.reduceRight((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
}

/** The machine's own. */
export class OpenSenses implements Senses {
  readonly #began = process.hrtime.bigint();
  readonly wallResolution: number = 1_000_000;
  readonly tellsTimes: boolean = true;
  monotonic(): bigint {
    return process.hrtime.bigint() - this.#began;
  }
  wall(): bigint {
    return BigInt(Date.now()) * MS;
  }
  bytes(_kind: Chance, length: number): Uint8Array {
    return fresh(length);
  }
  u64(_kind: Chance): bigint {
    return number(fresh(8));
  }
  seed(): bigint {
    return number(fresh(16));
  }
}

/** Where recorded values go, or come from. */
interface Tape {
  wall(now: () => bigint): bigint;
  monotonic(now: () => bigint): bigint;
  chance(kind: Chance, length: number): Uint8Array;
  seed(): bigint;
}

/**
 * Those of capabilities. Evidence is laid out as the hosts of x07 lay it out: a byte of chance takes four recorded bytes, the first of
 * which is told.
 */
export class GrantedSenses implements Senses {
  readonly #grants: Grants;
  readonly #open = new OpenSenses();
  readonly #tape: Tape | null;
  readonly wallResolution: number;
  readonly tellsTimes: boolean;

  constructor(grants: Grants, tape: Tape | null) {
    this.#grants = grants;
    this.#tape = tape;
    this.tellsTimes = grants.clocks === "allow";
    this.wallResolution = grants.clocks === "allow" ? this.#open.wallResolution : 1;
  }
  monotonic(): bigint {
    const { clocks } = this.#grants;
    return clocks === "allow" ? this.#open.monotonic() : clocks === "deny" || this.#tape === null ? 0n : this.#tape.monotonic(() => this.#open.monotonic());
  }
  wall(): bigint {
    const { clocks } = this.#grants;
    return clocks === "allow" ? this.#open.wall() : clocks === "deny" || this.#tape === null ? 0n : this.#tape.wall(() => this.#open.wall());
  }
  bytes(kind: Chance, length: number): Uint8Array {
    const { random } = this.#grants;
    if (random === "allow") return this.#open.bytes(kind, length);
    if (random === "deny" || this.#tape === null) return new Uint8Array(length);
    const taped = this.#tape.chance(kind, 4 * length);
    return Uint8Array.from({ length }, (_, i) => taped[4 * i]!);
  }
  u64(kind: Chance): bigint {
    const { random } = this.#grants;
    if (random === "allow") return this.#open.u64(kind);
    return random === "deny" || this.#tape === null ? 0n : number(this.#tape.chance(kind, 8));
  }
  seed(): bigint {
    const { random } = this.#grants;
    return random === "allow" ? this.#open.seed() : random === "deny" || this.#tape === null ? 0n : this.#tape.seed();
  }
}

/** Keeps what it tells. */
export class Recorder implements Tape {
  readonly #tank: Tank;
  readonly #wall: bigint[] = [];
  readonly #monotonic: bigint[] = [];
  readonly #chance: { readonly [K in Chance]: Uint8Array[] } = { secure: [], insecure: [] };
  readonly #seed: bigint;

  /** `tank` bounds what a guest can make the record grow to. The seed is one for the whole run, asked for or not. */
  constructor(tank: Tank, seeded: boolean) {
    this.#tank = tank;
    this.#seed = seeded ? number(fresh(16)) : 0n;
  }
  wall(now: () => bigint): bigint {
    return this.#kept(this.#wall, now());
  }
  monotonic(now: () => bigint): bigint {
    return this.#kept(this.#monotonic, now());
  }
  #kept(times: bigint[], time: bigint): bigint {
    this.#tank.keep(TIME_COST);
    times.push(time);
    return time;
  }
  chance(kind: Chance, length: number): Uint8Array {
    this.#tank.keep(length + TIME_COST);
    const bytes = fresh(length);
    this.#chance[kind].push(bytes);
    return bytes;
  }
  seed(): bigint {
    return this.#seed;
  }
  evidence(): Evidence {
    return { wall: this.#wall, monotonic: this.#monotonic, secure: joined(this.#chance.secure), insecure: joined(this.#chance.insecure), seed: this.#seed };
  }
}

/** What an entry of a record costs the host. */
const TIME_COST = 32;

function joined(parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts));
}

/** Tells again what was recorded, and nought where the record has an end. */
export class Player implements Tape {
  readonly #evidence: Evidence;
  readonly #at = { wall: 0, monotonic: 0, secure: 0, insecure: 0 };
  /** Where the record was too short; each but once. */
  readonly #missing = new Set<string>();

  constructor(evidence: Evidence) {
    this.#evidence = evidence;
  }
  wall(): bigint {
    return this.#evidence.wall[this.#at.wall++] ?? this.#none("wall clock");
  }
  monotonic(): bigint {
    return this.#evidence.monotonic[this.#at.monotonic++] ?? this.#none("monotonic clock");
  }
  chance(kind: Chance, length: number): Uint8Array {
    const at = this.#at[kind];
    const bytes = this.#evidence[kind].subarray(at, at + length);
    if (bytes.length < length) {
      this.#none(`${kind} random`);
      return new Uint8Array(length);
    }
    this.#at[kind] += length;
    return bytes;
  }
  seed(): bigint {
    return this.#evidence.seed;
  }
  #none(what: string): bigint {
    this.#missing.add(`missing ${what} evidence`);
    return 0n;
  }
  get errors(): readonly string[] {
    return [...this.#missing];
  }
}

export function checkedLength(length: bigint): number {
  if (length > BigInt(MAX_RANDOM)) trap(`more than ${MAX_RANDOM} random bytes at once`);
  return Number(length);
}

/** The tape of one request. */
export function tapeOf(grants: Grants, tank: Tank): Recorder | Player | null {
  const { evidence } = grants;
  if (evidence === null) return null;
  return evidence.kind === "record" ? new Recorder(tank, grants.random === "record") : new Player(evidence.evidence);
}

/** What was recorded; null: nothing was to be. */
export function recorded(tape: Recorder | Player | null): Evidence | null {
  return tape instanceof Recorder ? tape.evidence() : null;
}

