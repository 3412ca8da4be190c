// The goals that look after the cache: what they take, and their reports. The work itself is the engine's.

import { ageOf, type CacheDesk, type Diagnostic, type FileDigest, goal, type GoalAnswer, type GoalSpec, type JsonValue, type OptionSpec, type OptionValues, sizeOf } from "../../engine/index.ts";

const repairFlag: OptionSpec = { long: "repair", key: "repair", kind: "flag", about: "Remove what is damaged: it is made again when it is needed" };

const gcOptions: readonly OptionSpec[] = [
  { long: "keep", key: "keep", kind: "STR", multiple: true, about: "A goal built in this folder whose results stay (may be repeated)" },
  { long: "max-size", key: "max.size", kind: "STR", form: "size", about: "Make the cache at most this big, e.g. 500M (default: --cache-max-size)" },
  { long: "max-age", key: "max.age", kind: "STR", form: "age", about: "Remove what was not used for so long, e.g. 30d" },
];

const fileWord = (about: string): OptionSpec => ({ long: "file", key: "file", kind: "PATH", positional: true, required: true, about });
const goalWords: OptionSpec = { long: "goal", key: "goal", kind: "STR", positional: true, multiple: true, about: "Goals built in this folder (default: all of them), e.g. build or component-build" };

type Work = (desk: CacheDesk, options: OptionValues) => Answer | Promise<Answer>;

interface Answer {
  readonly result: JsonValue;
  readonly diagnostics?: readonly Diagnostic[];
  readonly inputs?: readonly FileDigest[];
  readonly human: readonly string[];
}

function cacheGoal(word: string, about: string, options: readonly OptionSpec[], examples: readonly string[], work: Work): GoalSpec {
  return goal({
    about,
    options,
    report: { schemaVersion: `x07.wasm.cache.${word}.report@0.1.0`, command: `x07-wasm.cache.${word}`, schemaFile: `x07-wasm.cache.${word}.report.schema.json` },
    examples,
    question: true,
    direct: true,
    async plan(given, context): Promise<GoalAnswer> {
      const answer = await work(await context.cache(), given);
      return { inputs: [], outputs: [], diagnostics: [], nondeterminism: { uses_os_time: true, uses_network: false, uses_process: false }, ...answer };
    },
  });
}

export const cacheGoals: { readonly [name: string]: GoalSpec } = {
  "cache stat": cacheGoal("stat", "Say how much the cache holds", [], ["cache stat", "cache stat --json"], (desk) => {
    const { results, contents, strays, maxBytes } = desk.stat();
    const limit = Number.isFinite(maxBytes) ? maxBytes : null;
    return {
      result: { path: desk.path, results: { ...results }, contents: { ...contents }, strays: { ...strays }, bytes_total: results.bytes + contents.bytes + strays.bytes, max_bytes: limit },
      human: [`${desk.path}: ${results.entries} results, ${contents.entries} contents, ${megabytes(results.bytes + contents.bytes + strays.bytes)} of ${limit === null ? "any size" : megabytes(limit)}`],
    };
  }),

  "cache verify": cacheGoal("verify", "Check every entry of the cache against its name", [repairFlag], ["cache verify", "cache verify --repair"], (desk, options) => {
    const { checked, damaged } = desk.verify(options["repair"] === true);
    return {
      result: { path: desk.path, checked: { ...checked }, damaged: damaged.map((d) => ({ ...d })) },
      diagnostics: damaged.map(({ path, what, removed }) => ({
        code: "X07WASM_CACHE_DAMAGED",
        severity: "error",
        stage: "run",
        message: `${path}: ${what}${removed ? " (removed)" : ""}`,
        hint: removed ? "nothing to do: it is made again when it is needed" : "remove it with `cache verify --repair`",
        place: { file: path },
      })),
      human: [`${checked.entries} entries, ${megabytes(checked.bytes)}: ${damaged.length === 0 ? "all whole" : `${damaged.length} damaged`}`],
    };
  }),

  "cache gc": cacheGoal("gc", "Remove what was not used for longest", gcOptions, ["cache gc --max-age 30d", "cache gc --max-size 1G --keep build"], (desk, options) => {
    const [size, age] = [options["max-size"], options["max-age"]];
    const done = desk.gc({ keep: texts(options["keep"]), maxBytes: typeof size === "string" ? sizeOf(size) : undefined, maxAgeMs: typeof age === "string" ? ageOf(age) : undefined });
    const facts = done.ok ? done.value : { removed: 0, removedBytes: 0, kept: 0, keptBytes: 0, spared: 0 };
    return {
      result: { path: desk.path, removed: { entries: facts.removed, bytes: facts.removedBytes }, kept: { entries: facts.kept, bytes: facts.keptBytes }, spared: facts.spared },
      diagnostics: done.ok ? [] : done.error,
      human: done.ok ? [`removed ${facts.removed} entries (${megabytes(facts.removedBytes)}), kept ${facts.kept} (${megabytes(facts.keptBytes)})${facts.spared === 0 ? "" : `, ${facts.spared} of them because they are in use`}`] : [],
    };
  }),

  "cache path": cacheGoal("path", "Print the cache folder", [], ["cache path"], (desk) => ({ result: { path: desk.path }, human: [desk.path] })),

  "cache export": cacheGoal("export", "Write what goals need from the cache into one file", [fileWord("The archive to write"), goalWords], ["cache export cache.tar.zst build"], async (desk, options) => {
    const file = String(options["file"]);
    const done = await desk.export(file, texts(options["goal"]));
    if (!done.ok) return { result: { file, archive_bytes: 0, digest: null, goals: [], results: 0, contents: 0, content_bytes: 0, missing: [] }, diagnostics: done.error, human: [] };
    const { goals, results, contents, contentBytes, missing, archiveBytes, sha256 } = done.value;
    return {
      result: { file, archive_bytes: archiveBytes, digest: sha256, goals: goals.map((g) => ({ ...g })), results, contents, content_bytes: contentBytes, missing: [...missing] },
      diagnostics: missing.length === 0 ? [] : [incomplete(file, missing)],
      human: [`${file}: ${results} results, ${contents} contents, ${megabytes(contentBytes)} in ${megabytes(archiveBytes)}`],
    };
  }),

  "cache import": cacheGoal("import", "Take an archive into the cache, after checking all of it", [fileWord("The archive to read")], ["cache import cache.tar.zst"], async (desk, options) => {
    const file = String(options["file"]);
    const done = await desk.import(file);
    const none = { taken: 0, known: 0 };
    const { goals, results, contents, takenBytes } = done.ok ? done.value : { goals: [], results: none, contents: none, takenBytes: 0 };
    return {
      result: { file, path: desk.path, goals: goals.map((g) => ({ ...g })), results: { ...results }, contents: { ...contents }, taken_bytes: takenBytes },
      diagnostics: done.ok ? [] : done.error,
      human: done.ok ? [`took ${results.taken} results and ${contents.taken} contents (${megabytes(takenBytes)}); ${results.known + contents.known} were here already`] : [],
    };
  }),
};

function texts(value: OptionValues[string]): readonly string[] {
  return Array.isArray(value) ? (value as readonly string[]) : [];
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(bytes < 1e7 ? 2 : 0)} MB`;
}

function incomplete(file: string, missing: readonly string[]): Diagnostic {
  return {
    code: "X07WASM_CACHE_EXPORT_INCOMPLETE",
    severity: "warning",
    stage: "run",
    message: `${missing.length} entries that the goals need are not in the cache; ${file} is without them`,
    data: { missing: missing.slice(0, 20) },
    hint: "the archive is good, but what it lacks is built again; to have all, build with --force --outputs all and export again",
    place: { file },
  };
}
