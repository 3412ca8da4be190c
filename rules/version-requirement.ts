// Version requirements as Rust's `semver` crate reads them: comma-separated comparators that must all hold. Pure text.

interface Version {
  readonly numbers: readonly [number, number, number];
  readonly pre: string;
}

interface Comparator {
  readonly op: "=" | ">" | ">=" | "<" | "<=" | "~" | "^" | "*";
  readonly major: number;
  readonly minor: number | undefined;
  readonly patch: number | undefined;
  readonly pre: string;
}

const NUMBER = "(?:0|[1-9]\\d*)";
const PRE = "[0-9A-Za-z-]+(?:\\.[0-9A-Za-z-]+)*";
const VERSION = new RegExp(`^(${NUMBER})\\.(${NUMBER})\\.(${NUMBER})(?:-(${PRE}))?(?:\\+${PRE})?$`);
const PART = `(${NUMBER}|[*xX])`;
const COMPARATOR = new RegExp(`^(=|>=|>|<=|<|~|\\^)?\\s*${PART}(?:\\.${PART}(?:\\.${PART}(?:-(${PRE}))?(?:\\+${PRE})?)?)?$`);

export function parseVersion(text: string): Version | undefined {
  const m = VERSION.exec(text);
  return m === null ? undefined : { numbers: [Number(m[1]), Number(m[2]), Number(m[3])], pre: m[4] ?? "" };
}

/** Whether `version` satisfies `requirement`; "bad-version" or "bad-requirement" when one of them cannot be read. */
export function satisfies(version: string, requirement: string): boolean | "bad-version" | "bad-requirement" {
  const comparators = parseRequirement(requirement);
  if (comparators === undefined) return "bad-requirement";
  const v = parseVersion(version);
  if (v === undefined) return "bad-version";
  if (!comparators.every((c) => holds(v, c))) return false;
  return v.pre === "" || comparators.some((c) => c.pre !== "" && c.major === v.numbers[0] && c.minor === v.numbers[1] && c.patch === v.numbers[2]);
}

function parseRequirement(text: string): Comparator[] | undefined {
  const found: Comparator[] = [];
  const parts = text.split(",");
  for (const part of parts) {
    const c = parseComparator(part.trim(), parts.length === 1);
    if (c === undefined) return undefined;
    found.push(c);
  }
  return found;
}

function parseComparator(text: string, alone: boolean): Comparator | undefined {
  const m = COMPARATOR.exec(text);
  if (m === null) return undefined;
  const [, op, major, minor, patch, pre] = m;
  const wild = (p: string | undefined) => p !== undefined && /^[*xX]$/.test(p);
  if (wild(major)) return op === undefined && minor === undefined && alone ? { op: "*", major: 0, minor: undefined, patch: undefined, pre: "" } : undefined;
  if (wild(minor) && patch !== undefined && !wild(patch)) return undefined;
  const number = (p: string | undefined) => (p === undefined || wild(p) ? undefined : Number(p));
  const anyWild = wild(minor) || wild(patch);
  return { op: (op as Comparator["op"] | undefined) ?? (anyWild ? "=" : "^"), major: Number(major), minor: number(minor), patch: number(patch), pre: pre ?? "" };
}

function holds(v: Version, c: Comparator): boolean {
  switch (c.op) {
    case "*":
      return true;
    case "=":
      return exact(v, c);
    case ">":
      return greater(v, c);
    case ">=":
      return exact(v, c) || greater(v, c);
    case "<":
      return !exact(v, c) && !greater(v, c);
    case "<=":
      return exact(v, c) || !greater(v, c);
    case "~":
      return family(v, c, c.minor === undefined ? 1 : 2) && notBelow(v, c);
    case "^":
      return caret(v, c);
  }
}

/** Equal in every part that is stated. */
function exact(v: Version, c: Comparator): boolean {
  const [major, minor, patch] = v.numbers;
  return major === c.major && (c.minor === undefined || minor === c.minor) && (c.patch === undefined || (patch === c.patch && v.pre === c.pre));
}

/** Above every version that `c` could mean. */
function greater(v: Version, c: Comparator): boolean {
  const [major, minor, patch] = v.numbers;
  if (major !== c.major) return major > c.major;
  if (c.minor === undefined) return false;
  if (minor !== c.minor) return minor > c.minor;
  if (c.patch === undefined) return false;
  if (patch !== c.patch) return patch > c.patch;
  return comparePre(v.pre, c.pre) > 0;
}

function family(v: Version, c: Comparator, parts: number): boolean {
  return v.numbers[0] === c.major && (parts < 2 || v.numbers[1] === c.minor) && (parts < 3 || v.numbers[2] === c.patch);
}

function notBelow(v: Version, c: Comparator): boolean {
  return exact(v, c) || greater(v, { ...c, minor: c.minor ?? 0, patch: c.patch ?? 0 });
}

/** ^: everything left of the first part that is not 0 stays. */
function caret(v: Version, c: Comparator): boolean {
  const same = c.major > 0 || c.minor === undefined ? 1 : c.minor > 0 || c.patch === undefined ? 2 : 3;
  return family(v, c, same) && notBelow(v, c);
}

/** Pre-release order: a release is above all its pre-releases; numbers below words; shorter below longer. */
function comparePre(a: string, b: string): number {
  if (a === b) return 0;
  if (a === "" || b === "") return a === "" ? 1 : -1;
  const xs = a.split(".");
  const ys = b.split(".");
  for (let i = 0; i < Math.min(xs.length, ys.length); i++) {
    const x = xs[i]!;
    const y = ys[i]!;
    if (x === y) continue;
    const xNumber = /^\d+$/.test(x);
    const yNumber = /^\d+$/.test(y);
    if (xNumber && yNumber) return Number(x) - Number(y);
    if (xNumber !== yNumber) return xNumber ? -1 : 1;
    return x < y ? -1 : 1;
  }
  return xs.length - ys.length;
}
