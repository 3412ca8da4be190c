// Core modules and components: read, inspected, metered, wrapped, decoded, typed, composed, linked and run within small limits.

import { addSolveExports } from "../../../rules/component/solve-wrapper.ts";
import { compose } from "../../../rules/component/composer.ts";
import { checkTarget } from "../../../rules/component/target-check.ts";
import { hostLimits } from "../../../rules/host/limits.ts";
import { explain, explainNotStarted } from "../../../rules/host/outcome.ts";
import { openV8, runCommand } from "../../../rules/host/v8.ts";
import { prepareCore } from "../../../rules/run/core-host.ts";
import { inspect } from "../../../rules/wasm/inspect.ts";
import { readModule } from "../../../rules/wasm/read.ts";
import { meter } from "../../../rules/wasm/meter.ts";
import { operatorSubjects } from "../../native/parity/operators.ts";
import { componentOf } from "../../rig/component.ts";
import { entryModule } from "../../rig/project.ts";
import { compileFiles } from "../../rules/x07/rig.ts";
import { dummy, textsOf } from "../../rules/component/kit.ts";
import { guestComponent } from "../../rules/host/rig.ts";
import { type Found, type Kinds, fault, read } from "./kind.ts";
import { mutated, nudged, pick, type Random } from "./mutate.ts";

const MODULES = operatorSubjects().map((s) => s.module);
const PLAN = { stack_first: false, stack_size_bytes: 0, initial_memory_bytes: 0, max_memory_bytes: 0, growable_memory: false };

const DUMMY = await dummy("x07:solve@0.1.0", "solve");
const SOLVE = await echo();
const MANY = await guestComponent("cli-many");
const PROXY = await guestComponent("http-echo");
const ADAPTERS: readonly Uint8Array[] = [read("dist/guest/cli-adapter.component.wasm"), read("dist/guest/http-adapter.component.wasm")];
/** What people run: the command adapter around a program. */
const COMMAND = composed(ADAPTERS[0]!, SOLVE);
const SOLVE_WIT = textsOf("wit/x07/solve/0.1.0").map((t) => ({ path: t.path.split("/").at(-1)!, text: t.text }));

const LIMITS = { maxFuel: 50_000, maxMemoryBytes: 4 << 20, maxTableElements: 1000, maxWasmStackBytes: 1 << 16, instanceAllocator: "on_demand", cacheConfig: null } as const;
const WALL_MS = 200;
const CODES = { malformed: "X07WASM_NOT_COMPONENT", engine: "X07WASM_ENGINE", world: "X07WASM_WORLD" };

/** A solve component that gives its input back. */
async function echo(): Promise<Uint8Array> {
  const path = "src/main.x07.json";
  const compiled = compileFiles({ [path]: entryModule(["view.to_bytes", "input"]) }, path, ["src"], { initialBytes: 2 << 20, maxBytes: 2 << 20 });
  const wrapped = compiled.ok ? addSolveExports(compiled.wasm, { arenaCap: 65_536, maxOutput: 65_536 }) : undefined;
  if (wrapped?.ok !== true) throw new Error("the echo program is not what it was");
  return componentOf(wrapped.value, "x07/solve/0.1.0", "solve");
}

function composed(socket: Uint8Array, plug: Uint8Array): Uint8Array {
  const made = compose(socket, plug);
  if (!made.ok) throw new Error(made.error.message);
  return made.value;
}

function broken(bytes: Uint8Array, rnd: Random): Uint8Array {
  return rnd(4) === 0 ? mutated(bytes, rnd) : nudged(bytes, rnd);
}

/** Mostly the part that only components have: bytes of code are far more than those of the rest. */
function brokenComponent(bytes: Uint8Array, rnd: Random): Uint8Array {
  const tail = rnd(3) === 0 ? 0 : Math.floor((bytes.length * rnd(100)) / 100);
  return Buffer.concat([bytes.subarray(0, tail), broken(bytes.subarray(tail), rnd)]);
}

function ran(component: Uint8Array): Found {
  const outcome = runCommand({ component, path: "c.wasm", args: ["a", ""], stdin: Buffer.from("line\n"), maxOutput: 4096, limits: LIMITS, wallMs: WALL_MS });
  if (outcome.kind === "not-started") return [explainNotStarted(outcome.why, CODES)];
  return outcome.ended.kind === "stopped" ? [explain(outcome.ended.stop, hostLimits(LIMITS, WALL_MS), "X07WASM_TRAP").diagnostic] : [];
}

function answered(component: Uint8Array): Found {
  const handler = openV8({ component, path: "c.wasm", limits: LIMITS, wallMs: WALL_MS, maxResponse: 4096 });
  if (!handler.ok) return [explainNotStarted(handler.error, CODES)];
  const outcome = handler.value.answerNow({ method: "GET", authority: "localhost", pathWithQuery: "/a?b=c", headers: [{ name: "host", value: Buffer.from("localhost") }], body: Buffer.from("body") });
  if (outcome.kind === "stopped") return [explain(outcome.stop, hostLimits(LIMITS, WALL_MS), "X07WASM_TRAP").diagnostic];
  return outcome.kind === "refused" ? fault(outcome.message) : [];
}

export const BINARY_KINDS: Kinds = {
  modules: (rnd) => {
    const module = broken(pick(MODULES, rnd), rnd);
    inspect(module);
    const prepared = prepareCore({ module, arenaCap: 1024, maxOutput: 1024, plan: PLAN, limits: { maxFuel: 1000, maxMemoryBytes: 1 << 20, maxTableElements: 100, maxWasmStackBytes: 1 << 16 } });
    return "code" in prepared ? [prepared] : [];
  },
  /** What the meter makes of a valid module is valid; of another it is anything but a throw. */
  "modules, metered": (rnd) => {
    const module = broken(pick(MODULES, rnd), rnd);
    const known = readModule(module);
    if (!known.ok) return fault(known.error.message);
    const woven = meter(known.value, { fuel: rnd(2) === 0, maxPages: 16, maxElements: 100, shared: rnd(2) === 0 });
    if (!woven.ok) return fault(woven.error.message);
    if (WebAssembly.validate(module as Uint8Array<ArrayBuffer>) && !WebAssembly.validate(woven.value.bytes as Uint8Array<ArrayBuffer>)) throw new Error("the metered module is invalid");
    return [];
  },
  "modules, wrapped": (rnd) => {
    const wrapped = addSolveExports(broken(pick(MODULES, rnd), rnd), { arenaCap: 1024, maxOutput: 1024 });
    return wrapped.ok ? [] : wrapped.error;
  },
  "components, typed": (rnd) => {
    const trouble = checkTarget(brokenComponent(pick([SOLVE, DUMMY, COMMAND, ...ADAPTERS], rnd), rnd), SOLVE_WIT, "x07:solve@0.1.0", "solve");
    return trouble === undefined ? [] : fault(trouble.text);
  },
  "components, composed": (rnd) => {
    const [socket, plug] = rnd(2) === 0 ? [brokenComponent(pick(ADAPTERS, rnd), rnd), pick([SOLVE, DUMMY], rnd)] : [ADAPTERS[0]!, brokenComponent(SOLVE, rnd)];
    const made = compose(socket!, plug);
    return made.ok ? [] : fault(made.error.message);
  },
  "components, run": (rnd) => ran(brokenComponent(pick([COMMAND, COMMAND, MANY], rnd), rnd)),
  "components, serving": (rnd) => answered(brokenComponent(PROXY, rnd)),
};
