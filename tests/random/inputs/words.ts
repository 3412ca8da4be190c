// Command lines: words of every goal, broken, doubled, left out and mixed. Only the command line is asked; no goal runs.

import { isJsonArray, isJsonObject, parseJson } from "../../../engine/index.ts";
import { scanRaw } from "../../../engine/argv.ts";
import { commandsOf } from "../../../engine/load.ts";
import { ENGINE_OPTIONS, MACHINE_OPTIONS, type Command } from "../../../engine/option.ts";
import type { OptionSpec } from "../../../engine/goal.ts";
import { validate } from "../../../rules/contract/validate.ts";
import { wordsAgain } from "../../../rules/incident/words.ts";
import x07wasm from "../../../x07wasm.graph.ts";
import { quietAnswer, tell } from "../../engine/cli/rig.ts";
import type { Found, Kinds } from "./kind.ts";
import { mutatedText, pick, type Random } from "./mutate.ts";

const COMMANDS = commandsOf(x07wasm);
const VALUES = ["", "a", "0", "1", "-1", "4294967296", "99999999999999999999999", "x.json", "true", "pretty", "none", "5G", "30d", "=", "--", "http://h/p", "hex:00", "é", "\u0000", "a\nb"];
const ANYWHERE = ["-h", "--help", "-V", "--version", "help", "--", "-", "-j", "-j3", "--=", "---", "-é", "completion", "--get-completions"];

function valueOf(option: OptionSpec, rnd: Random): string {
  if (option.kind === "ENUM" && rnd(3) > 0) return pick(option.values ?? [""], rnd);
  if ((option.kind === "U32" || option.kind === "U64") && rnd(3) > 0) return String(rnd(100));
  return pick(VALUES, rnd);
}

function optionWords(option: OptionSpec, rnd: Random): string[] {
  if (option.positional) return [valueOf(option, rnd)];
  const name = `--${rnd(12) === 0 ? mutatedText(option.long, rnd) : option.long}`;
  if (option.kind === "flag" && rnd(12) > 0) return [name];
  const value = valueOf(option, rnd);
  return rnd(2) === 0 ? [`${name}=${value}`] : [name, value];
}

function lineOf(command: Command, rnd: Random): string[] {
  const options = [...command.options.filter((o) => o.required || rnd(4) === 0), ...(rnd(2) === 0 ? [pick(MACHINE_OPTIONS, rnd)] : []), ...(rnd(3) === 0 ? [pick(ENGINE_OPTIONS, rnd)] : [])];
  const words = [...(rnd(3) === 0 ? ["--json"] : []), ...(rnd(6) === 0 ? [command.name.replaceAll(" ", "-")] : command.name.split(" ")), ...options.flatMap((o) => optionWords(o, rnd))];
  for (let n = rnd(3); n > 0; n--) {
    const at = rnd(words.length + 1);
    switch (rnd(5)) {
      case 0: words.splice(at, 1); break;
      case 1: words.splice(at, 0, pick(ANYWHERE, rnd)); break;
      case 2: words.splice(at, 0, pick(words, rnd)); break;
      case 3: if (at < words.length) words[at] = mutatedText(words[at]!, rnd); break;
      default: words.splice(at, 0, ...optionWords(pick(pick(COMMANDS, rnd).options.concat(MACHINE_OPTIONS), rnd), rnd));
    }
  }
  return words;
}

/** Reports go nowhere but to stdout. */
function leavesAlone(words: readonly string[]): boolean {
  return scanRaw(words).reportOut === undefined && !words.some((w) => w.startsWith("--report-out"));
}

async function told(words: readonly string[]): Promise<Found> {
  if (!leavesAlone(words)) return [];
  const { code, out, err, asked } = await tell(words, quietAnswer, { app: x07wasm.app, commands: COMMANDS, cwd: "/nowhere", schemaText: async () => "{}\n" });
  if (![0, 2, 3].includes(code)) throw new Error(`exit code ${code} of ${JSON.stringify(words)}`);
  if (code === 0) return [];
  if (asked !== undefined || err === "") throw new Error(`refused without a word, or too late: ${JSON.stringify(words)}`);
  if (code === 2) return [{ code: "X07WASM_ABORT", message: err }];
  return scanRaw(words).json && !scanRaw(words).quiet ? reported(out, words) : [{ code: "X07WASM_CLI_ARGS_INVALID", message: err }];
}

async function reported(out: string, words: readonly string[]): Promise<Found> {
  const report = parseJson(out);
  if (!report.ok || !isJsonObject(report.value)) throw new Error(`no report for ${JSON.stringify(words)}`);
  const faults = await validate("x07-wasm.cli.parse.report.schema.json", report.value);
  if (faults.length > 0) throw new Error(`${JSON.stringify(words)}: ${JSON.stringify(faults)}`);
  const found = report.value["diagnostics"];
  return isJsonArray(found ?? null) ? (found as unknown as Found) : [];
}

export const WORD_KINDS: Kinds = {
  "command lines": (rnd) => told(lineOf(pick(COMMANDS, rnd), rnd)),
  /** The same words as an incident would have them run again. */
  "recorded words": (rnd) => {
    const command = pick(COMMANDS, rnd);
    const again = wordsAgain(["x07-wasm", ...lineOf(command, rnd)], command.options, (path) => `/moved${path}`);
    if (again.some((w) => w === "--report-out" || w.startsWith("--report-out="))) throw new Error(`a rerun would write a report: ${JSON.stringify(again)}`);
    return [];
  },
};
