// A goal's answer as the cache keeps it, so that another clone can give it: what the answer depends on by content, what it
// put in place, what it said. In the cache it is a result like any other: its key is made of the words, its discovered files
// are those it depends on, its one output is the text below. Runs nothing, places nothing.

import { TEMPORARY_PREFIX, attempt, type Disk, type Stat } from "./host/disk.ts";
import type { Discovered } from "./key.ts";
import { textOf, utf8 } from "./lib/bytes.ts";
import { sha256Hex } from "./lib/digest.ts";
import { foldersAbove } from "./lib/path.ts";

export const ANSWER_FORM = "graph.answer@1";

/** How each thing the answer depends on is proved elsewhere, without a stamp. */
export type Proof =
  | readonly [kind: "source", path: string, sha256: string, size: number, fingerprint: string]
  | readonly [kind: "missing" | "above", path: string]
  /** Its kind, and whether it can be run. */
  | readonly [kind: "present", path: string, what: string]
  /** Digest of its listing. */
  | readonly [kind: "dir", path: string, listing: string];

/** `content`: base64 of what is so small that it is in no cache; "" for what is. */
export type AnswerOutput = readonly [path: string, sha256: string, size: number, fingerprint: string, content: string | null];

export interface Answer {
  readonly form: typeof ANSWER_FORM;
  readonly goal: string;
  /** Names with the digest of each value; null where there is none. */
  readonly env: readonly (readonly [name: string, sha256: string | null])[];
  readonly proofs: readonly Proof[];
  readonly outputs: readonly AnswerOutput[];
  readonly report: readonly [string, string, string] | null;
  readonly reportOnStdout: boolean;
  readonly stdout: string;
  readonly stderr: string;
  readonly summary: string;
  /** The live set behind it, as the workspace keeps it. */
  readonly live: string;
}

/** The key of the words, for this kind of machine: plans may ask what they run on. */
export function answerKey(recordKey: string): string {
  return sha256Hex(`answer\0${process.platform}\0${process.arch}\0${process.version}\0${recordKey}`);
}

/** Words with which no answer is kept or taken: they ask for work, for more than outputs, or for less. */
const NEVER = /^--(?:force|watch|dry-run|explain|no-cache|outputs|graph-report|events-out|remote-cache|remote-cache-mode|remote-cache-token-file)(?:=|$)/;

export function mayAnswer(argv: readonly string[]): boolean {
  return !argv.some((word) => NEVER.test(word));
}

export function encodeAnswer(answer: Answer): Uint8Array {
  return utf8(JSON.stringify(answer));
}

// ---- trusting nothing --------------------------------------------------------------------------------

const isText = (x: unknown): x is string => typeof x === "string";
const isSha = (x: unknown): boolean => isText(x) && /^[0-9a-f]{64}$/.test(x);
const isSize = (x: unknown): boolean => Number.isSafeInteger(x) && (x as number) >= 0;
const isPrint = (x: unknown): boolean => isText(x) && /^[0-9a-f]{1,16}$/.test(x);
const isPath = (x: unknown): x is string => isText(x) && x !== "" && !x.includes("\0");

/**
 * Where an answer may put something: in a folder of the workspace, or right in it where the words say so; and nowhere that
 * other tools read their orders from (.git, .npmrc, node_modules). A graph that puts outputs there does it by itself.
 */
export function isOutputPath(path: string, argv: readonly string[]): boolean {
  const plain = path.length < 4096 && path.split("/").every((part) => part !== "" && !part.startsWith(".") && part.toLowerCase() !== "node_modules");
  return plain && (path.includes("/") || argv.some((word) => word === path || word.endsWith(`=${path}`)));
}

function isProof(x: unknown): x is Proof {
  if (!Array.isArray(x) || !isPath(x[1])) return false;
  switch (x[0]) {
    case "source": return x.length === 5 && isSha(x[2]) && isSize(x[3]) && isPrint(x[4]);
    case "missing": case "above": return x.length === 2;
    case "present": return x.length === 3 && isText(x[2]);
    case "dir": return x.length === 3 && isSha(x[2]);
    default: return false;
  }
}

function isOutput(x: unknown): x is AnswerOutput {
  return Array.isArray(x) && x.length === 5 && isPath(x[0]) && isSha(x[1]) && isSize(x[2]) && isPrint(x[3]) && (x[4] === null || isText(x[4]));
}

function isEnv(x: unknown): boolean {
  return Array.isArray(x) && x.length === 2 && isText(x[0]) && (x[1] === null || isSha(x[1]));
}

/** The answer, or undefined where anything about it is not as this tool writes it. */
export function decodeAnswer(bytes: Uint8Array): Answer | undefined {
  let a: Partial<Answer> | null;
  try {
    a = JSON.parse(textOf(bytes)) as Partial<Answer> | null;
  } catch (e) {
    if (e instanceof SyntaxError) return undefined;
    throw e;
  }
  if (typeof a !== "object" || a === null || a.form !== ANSWER_FORM) return undefined;
  const lists = [[a.env, isEnv], [a.proofs, isProof], [a.outputs, isOutput]] as const;
  if (!lists.every(([list, is]) => Array.isArray(list) && list.every(is))) return undefined;
  const { report } = a;
  if (report !== null && !(Array.isArray(report) && report.length === 3 && report.every(isText))) return undefined;
  if (![a.goal, a.stdout, a.stderr, a.summary, a.live].every(isText) || typeof a.reportOnStdout !== "boolean") return undefined;
  const answer = a as Answer;
  // Nothing is put where the answer reads, and each place is filled once.
  const places = new Set(answer.outputs.map(([path]) => path));
  const overlaps = answer.proofs.some(([kind, path]) => kind !== "above" && places.has(path));
  return places.size === answer.outputs.length && !overlaps ? answer : undefined;
}

// ---- content -----------------------------------------------------------------------------------------

/** The files that tell one answer to these words from another. */
export function discoveredOf(proofs: readonly Proof[]): Discovered[] {
  return proofs.flatMap((p) => (p[0] === "source" ? [{ path: p[1], sha256: p[2] }] : p[0] === "missing" ? [{ path: p[1], sha256: "" }] : []));
}

export function foldersOf(outputs: readonly (readonly [path: string, ...rest: unknown[]])[]): Set<string> {
  return foldersAbove(outputs.map(([path]) => path));
}

/** What is asked of a thing that is only looked at. */
export function whatIs(stat: Stat): string {
  return stat.kind === "file" ? ((stat.mode & 0o111) === 0 ? "file" : "program") : stat.kind;
}

/**
 * Digest of a folder's names and their kinds, without the folders in which outputs are put: they are not there yet, or are.
 * Undefined where more than names would have to be compared.
 */
export function listingOf(disk: Disk, folder: string, outputFolders: ReadonlySet<string>): string | undefined {
  const listed = attempt(() => disk.list(folder));
  if (!listed.ok) return undefined;
  const lines: string[] = [];
  for (const { name, kind } of listed.value) {
    if (name === ".x07-wasm" || name.startsWith(TEMPORARY_PREFIX)) continue;
    if (kind === "link") return undefined;
    if (kind === "dir" && outputFolders.has(folder === "." ? name : `${folder}/${name}`)) continue;
    lines.push(`${name}\0${kind}\n`);
  }
  return sha256Hex(lines.sort().join(""));
}
