// The graph that makes dist/guest when this package is built: every guest that comes with it, from C and WIT, and what they are.
// Run by scripts/build.mjs; no part of the command line.

import { type App, canonical, type FileDigest, goal, type GoalAnswer, graph, many, output, place, type PlanContext, rule, text } from "x07-wasm/engine";
import { adapterFromSource, findNpmClang, guestModule, guestSources } from "x07-wasm/rules";

const app: App = {
  name: "guest-parts",
  version: "1.0.0",
  about: "Make the guests of this package",
  codePrefix: "GUEST",
  parseReport: { schemaVersion: "x07.wasm.cli.parse.report@0.1.0", command: "guest-parts.cli.parse", schemaFile: "none" },
  schemaGoal: "parts",
};

/** sha256 and length of every part, by the name it has in the folder. */
const list = rule({
  id: "guest.parts",
  version: 1,
  inputs: { parts: many("any"), sources: text() },
  outputs: { json: output("guest-parts", "parts.json") },
  run: ({ parts, sources }) => ({
    ok: true,
    value: { json: canonical({ parts: Object.fromEntries(parts.map((p) => [p.name, { sha256: p.digest.sha256, bytes_len: p.digest.size }])), sources }) },
  }),
});

async function plan(out: string, sourcesDigest: string, context: PlanContext): Promise<GoalAnswer> {
  const answer = (diagnostics: GoalAnswer["diagnostics"], outputs: readonly FileDigest[] = []): GoalAnswer => ({
    result: {}, diagnostics, inputs: [], outputs, nondeterminism: { uses_os_time: false, uses_network: false, uses_process: false },
  });
  const cc = findNpmClang(context);
  if (cc === undefined) return answer([{ code: "GUEST_NO_CLANG", severity: "error", stage: "codegen", message: "@yowasp/clang is not installed", hint: "it is a devDependency: run npm ci" }]);
  const sources = await guestSources(context, "");
  const parts = [
    place(adapterFromSource("http-adapter", sources, cc), `${out}/http-adapter.component.wasm`),
    place(adapterFromSource("cli-adapter", sources, cc), `${out}/cli-adapter.component.wasm`),
    place(guestModule("http-native", sources, cc), `${out}/http-native.glue.wasm`),
    place(guestModule("cli-native", sources, cc), `${out}/cli-native.glue.wasm`),
  ];
  const named = parts.map((p) => ({ type: "named" as const, artifact: p.artifact, name: p.path.slice(out.length + 1) }));
  const built = await context.build([...parts, place(list({ parts: named, sources: sourcesDigest }).json, `${out}/parts.json`)]);
  return answer(built.ok ? [] : built.error);
}

export default graph({
  app,
  goals: {
    parts: goal({
      about: "Make dist/guest",
      options: [
        { long: "out", key: "out", kind: "PATH", about: "Folder for the parts", required: true },
        { long: "sources", key: "sources", kind: "STR", about: "Digest of all that the parts are made from", required: true },
      ],
      report: { schemaVersion: "guest.parts.report@1.0.0", command: "guest-parts.parts", schemaFile: "none" },
      plan: (options, context) => plan(options["out"] as string, options["sources"] as string, context),
    }),
  },
  schemaText: async () => "",
  specrows: async () => null,
  cacheVariable: "X07_WASM_CACHE_DIR",
  cacheName: "x07-wasm",
});
