// Internet addresses and ranges of them: read from text, compared, told private from public. Knows nothing of rules or connections.

import { isIPv4, isIPv6 } from "node:net";

/** An address as a number; IPv4 addresses inside of IPv6 ones (::ffff:0:0/96) are IPv4. */
export interface Address {
  readonly width: 32 | 128;
  readonly bits: bigint;
}

const V4_MAPPED = 0xffffn << 32n;
const V4 = 0xffff_ffffn;

/** null: not an address in its usual form (a zone behind it is not one either). */
export function parseAddress(text: string): Address | null {
  if (isIPv4(text)) return { width: 32, bits: v4Bits(text) };
  if (!isIPv6(text) || text.includes("%")) return null;
  const bits = v6Bits(text);
  return bits >> 32n === V4_MAPPED >> 32n ? { width: 32, bits: bits & V4 } : { width: 128, bits };
}

function v4Bits(text: string): bigint {
  return text.split(".").reduce((sum, part) => (sum << 8n) | BigInt(Number(part)), 0n);
}

function v6Bits(text: string): bigint {
  const tail = /(\d+\.\d+\.\d+\.\d+)$/.exec(text)?.[1];
  const v4 = tail === undefined ? 0n : v4Bits(tail);
  const plain = tail === undefined ? text : `${text.slice(0, -tail.length)}${(v4 >> 16n).toString(16)}:${(v4 & 0xffffn).toString(16)}`;
  const [before, after] = plain.split("::") as [string, string | undefined];
  const groups = (part: string | undefined): string[] => (part === undefined || part === "" ? [] : part.split(":"));
  const [first, last] = [groups(before), groups(after)];
  const all = after === undefined ? first : [...first, ...Array<string>(8 - first.length - last.length).fill("0"), ...last];
  return all.reduce((sum, group) => (sum << 16n) | BigInt(`0x${group}`), 0n);
}

/** Ranges of addresses; whether one of them has an address does not depend on how many there are. */
export class Ranges {
  /** By width and length of the prefix: the prefixes. */
  readonly #prefixes = new Map<string, { readonly shift: bigint; readonly width: number; readonly known: Set<bigint> }>();

  constructor(texts: readonly string[]) {
    for (const text of texts) {
      const range = parseRange(text);
      if (range === null) continue;
      const key = `${range.width}/${range.length}`;
      const shift = BigInt(range.width - range.length);
      let group = this.#prefixes.get(key);
      if (group === undefined) this.#prefixes.set(key, (group = { shift, width: range.width, known: new Set() }));
      group.known.add(range.bits >> shift);
    }
  }

  has({ width, bits }: Address): boolean {
    for (const group of this.#prefixes.values()) if (group.width === width && group.known.has(bits >> group.shift)) return true;
    return false;
  }
}

interface Range extends Address {
  readonly length: number;
}

/** `10.0.0.0/8`, `fd00::/8`; null: not a range. */
export function parseRange(text: string): Range | null {
  const match = /^([^/]+)\/(\d{1,3})$/.exec(text);
  const address = match === null ? null : parseAddress(match[1]!);
  if (match === null || address === null) return null;
  // ::ffff:10.0.0.0/104 is a range of IPv4 addresses.
  const length = Number(match[2]) - (address.width === 32 && match[1]!.includes(":") ? 96 : 0);
  return length < 0 || length > address.width ? null : { ...address, length };
}

// ---------------------------------------------------------------------------------------------- private addresses

/** Whatever is not reached over the public internet: this machine, its networks, shared and reserved ranges, groups. */
const NOT_PUBLIC = new Ranges([
  "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24", "192.168.0.0/16", "198.18.0.0/15", "224.0.0.0/3",
  "::/128", "::1/128", "64:ff9b:1::/48", "100::/64", "fc00::/7", "fe80::/10", "fec0::/10", "ff00::/8",
]);

/** IPv6 ranges whose addresses lead to an IPv4 address, and how far from the right it stands in them. */
const CARRIERS: readonly (readonly [Ranges, bigint])[] = [
  [new Ranges(["::/96", "64:ff9b::/96"]), 0n],
  [new Ranges(["2002::/16"]), 80n],
];
const TEREDO = new Ranges(["2001::/32"]);

export function isPrivate(address: Address): boolean {
  if (NOT_PUBLIC.has(address)) return true;
  if (address.width === 32) return false;
  const carrier = CARRIERS.find(([ranges]) => ranges.has(address));
  if (carrier !== undefined) return NOT_PUBLIC.has({ width: 32, bits: (address.bits >> carrier[1]) & V4 });
  return TEREDO.has(address) && NOT_PUBLIC.has({ width: 32, bits: ~address.bits & V4 });
}
