// A graph for tests: one project to core modules through the C toolchain and without it, and to components. Run by c-targets.test.ts.

import { type App, file, goal, type GoalAnswer, graph, place, type PlanContext, type Placement } from "x07-wasm/engine";
import { asInputs, chooseWasmTools, componentNew, coreThroughC, emitCEmbedded, emitWasmEmbedded, embedded, lift, nativeCore, packageFiles, resolveComponentProfile, resolveWasmProfile } from "x07-wasm/rules";

const app: App = {
  name: "c-targets",
  version: "1.0.0",
  about: "Native targets for tests",
  codePrefix: "TEST",
  parseReport: { schemaVersion: "x07.wasm.cli.parse.report@0.1.0", command: "c-targets.cli.parse", schemaFile: "none" },
  schemaGoal: "made",
};

const FACTS = { uses_os_time: false, uses_network: false, uses_process: false };

async function plan(context: PlanContext): Promise<GoalAnswer> {
  const answer = (diagnostics: GoalAnswer["diagnostics"]): GoalAnswer => ({ result: {}, diagnostics, inputs: [], outputs: [], nondeterminism: FACTS });
  const read = (path: string) => context.read(path);
  const wasm = (await resolveWasmProfile(read, {})).profile;
  const component = (await resolveComponentProfile(read, {})).profile;
  if (!wasm.ok) return answer(wasm.error);
  if (!component.ok) return answer(component.error);
  const { tools, native, solve, witIndexPath } = component.value.value;
  const lifter = await chooseWasmTools(context, tools.wasm_tools);
  if (!lifter.ok) return answer(lifter.error);
  const at = { tool: embedded("x07"), root: "", label: "x07.json" };
  const program = emitCEmbedded({ project: file("x07.json") }, at);
  const { module } = emitWasmEmbedded({ project: file("x07.json"), memory: { initialBytes: 134217728, maxBytes: 134217728 } }, at);
  const placed: Placement[] = [];
  for (const kind of ["solve", "http", "cli"] as const) {
    const target = kind === "solve" ? { ...solve, budgets: {} } : native[kind];
    const wit = await packageFiles(context, target.package, witIndexPath);
    if (!wit.ok) return answer(wit.error);
    const c = await coreThroughC(context, { kind, program, profile: wasm.value.value, witBindgen: tools.wit_bindgen, wit: asInputs(wit.value), world: target.world, budgets: target.budgets, label: kind });
    if (!c.ok) return answer(c.error);
    placed.push(place(c.value.module, `out/${kind}.c.core.wasm`), ...c.value.files.map((f) => place(f.artifact, `out/${kind}/${f.path}`)));
    placed.push(place(componentNew(lifter.value, c.value.module, kind), `out/${kind}.c.wasm`));
    if (kind === "solve") continue;
    const own = nativeCore({ program: module, kind: `${kind}-native`, budgets: target.budgets, arenaCap: wasm.value.value.arenaCapBytes, maxOutput: wasm.value.value.maxOutputBytes });
    if (!own.ok) return answer(own.error);
    placed.push(place(own.value, `out/${kind}.own.core.wasm`), place(lift(lifter.value, own.value, asInputs(wit.value), target.world, kind).component, `out/${kind}.own.wasm`));
  }
  const built = await context.build(placed);
  return answer(built.ok ? [] : built.error);
}

export default graph({
  app,
  goals: { made: goal({ about: "Make every target", options: [], report: { schemaVersion: "test.made.report@1.0.0", command: "c-targets.made", schemaFile: "none" }, plan: (_options, context) => plan(context) }) },
  schemaText: async () => "",
  specrows: async () => null,
  cacheVariable: "X07_WASM_CACHE_DIR",
  cacheName: "x07-wasm",
});
