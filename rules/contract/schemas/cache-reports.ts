// Results of the goals that look after the cache. Knows nothing of how a cache is kept.

import { boolean, list, nothing, object, oneOfWords, text } from "../schema.ts";
import { report } from "./report.ts";
import { sha256, u64 } from "./shared.ts";

const path = text({ min: 1 });
const tally = object({ entries: u64, bytes: u64 });
const taken = object({ taken: u64, known: u64 });
const goals = list(object({ goal: text({ min: 1 }), actions: u64 }));

export const cacheReports = [
  report({ words: "cache.stat", about: "How much a cache folder holds.", wide: true, result: object({ path, results: tally, contents: tally, strays: tally, bytes_total: u64, max_bytes: { anyOf: [u64, nothing] } }) }),
  report({
    words: "cache.verify",
    about: "Which entries of a cache folder are damaged.",
    wide: true,
    result: object({ path, checked: tally, damaged: list(object({ path, kind: oneOfWords("content", "result"), what: text(), removed: boolean })) }),
  }),
  report({ words: "cache.gc", about: "What was removed from a cache folder.", wide: true, result: object({ path, removed: tally, kept: tally, spared: u64 }) }),
  report({ words: "cache.path", about: "Where the cache folder is.", wide: true, result: object({ path }) }),
  report({
    words: "cache.export",
    about: "What was written into a cache archive.",
    wide: true,
    result: object({ file: path, archive_bytes: u64, digest: { anyOf: [sha256, nothing] }, goals, results: u64, contents: u64, content_bytes: u64, missing: list(sha256) }),
  }),
  report({ words: "cache.import", about: "What was taken from a cache archive.", wide: true, result: object({ file: path, path, goals, results: taken, contents: taken, taken_bytes: u64 }) }),
];
