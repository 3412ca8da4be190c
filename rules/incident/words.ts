// The words of a recorded command, made fit to be run again in a folder of its own. Knows nothing of any command but its option table.

import { ENGINE_OPTIONS, MACHINE_OPTIONS } from "../../engine/index.ts";
import type { OptionSpec } from "../../engine/index.ts";

/** Where the rerun finds what an absolute path named. */
export type MapPath = (path: string) => string;

/** Engine options that have a part in the answer. */
const KEPT = new Set(["provider"]);

/**
 * `argv` without the program's name, without what only says where reports go and how the engine works, and with
 * absolute paths mapped. `options`: the command's own, to know which words are paths.
 */
export function wordsAgain(argv: readonly string[], options: readonly OptionSpec[], map: MapPath): string[] {
  const dropped = new Map([...MACHINE_OPTIONS, ...ENGINE_OPTIONS].filter((o) => !KEPT.has(o.long)).map((o) => [o.long, o]));
  const known = new Map([...ENGINE_OPTIONS, ...options].flatMap((o) => [o.long, ...(o.aliases ?? [])].map((name) => [name, o] as const)));
  const words: string[] = [];
  for (let i = 1; i < argv.length; i++) {
    const { name, value } = split(argv[i] as string);
    if (name === undefined) {
      words.push(argv[i] as string);
      continue;
    }
    const drop = dropped.get(name);
    const takes = (drop ?? known.get(name))?.kind !== "flag" && (drop ?? known.get(name)) !== undefined;
    const optional = drop !== undefined && "optionalValue" in drop;
    const next = value === undefined && takes && i + 1 < argv.length && !(optional && argv[i + 1]?.startsWith("-")) ? argv[++i] : value;
    if (drop !== undefined) continue;
    words.push(next === undefined ? `--${name}` : `--${name}=${known.get(name)?.kind === "PATH" && next.startsWith("/") ? map(next) : next}`);
  }
  return words;
}

/** `--name`, `--name=value`, `-j value` or `-jvalue`; anything else has no name. */
function split(word: string): { readonly name: string | undefined; readonly value: string | undefined } {
  const long = /^--([^=]+)(?:=([\s\S]*))?$/.exec(word);
  if (long) return { name: long[1], value: long[2] };
  const jobs = /^-j(.*)$/.exec(word);
  return jobs ? { name: "jobs", value: jobs[1] === "" ? undefined : jobs[1] } : { name: undefined, value: undefined };
}
