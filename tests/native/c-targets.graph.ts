// A graph for tests: one project to core modules through the C toolchain and without it, and to components. Run by c-targets.test.ts.

import { type App, goal, type GoalAnswer, graph, place, type PlanContext, type Placement } from "x07-wasm/engine";
import { asInputs, chooseWasmTools, componentNew, coreThroughC, lift, nativeCore, packageFiles, type Program, programOf, resolveComponentProfile, resolveWasmProfile } from "x07-wasm/rules";

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
  const programs: Program[] = [];
  for (const backend of ["c_toolchain_v1", "native_x07_wasm_v1"] as const) {
    const { program } = await programOf(context, { project: "x07.json", manifest: {}, profile: wasm.value.value, backend, emitDir: "out", out: "out/program.wasm" });
    if (!program.ok) return answer(program.error);
    programs.push(program.value);
  }
  const [{ c, header }, { module }] = programs as [Program, Program];
  const program = { c: c!, header: header! };
  const placed: Placement[] = [];
  for (const kind of ["solve", "http", "cli"] as const) {
    const target = kind === "solve" ? { ...solve, budgets: {} } : native[kind];
    const wit = await packageFiles(context, target.package, witIndexPath);
    if (!wit.ok) return answer(wit.error);
    const made = await coreThroughC(context, { kind, program, profile: wasm.value.value, witBindgen: tools.wit_bindgen, wit: asInputs(wit.value), world: target.world, budgets: target.budgets, label: kind });
    if (!made.ok) return answer(made.error);
    placed.push(place(made.value.module, `out/${kind}.c.core.wasm`), ...made.value.files.map((f) => place(f.artifact, `out/${kind}/${f.path}`)));
    placed.push(place(componentNew(lifter.value, made.value.module, kind), `out/${kind}.c.wasm`));
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
