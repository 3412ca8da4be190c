// A component made ready for V8: decoded, linked, its imports found, every core module metered and compiled. Runs nothing.

import { fail, ok } from "../../engine/index.ts";
import type { Result } from "../../engine/index.ts";
import { PAGE } from "../wasm/inspect.ts";
import { meter } from "../wasm/meter.ts";
import { readModule } from "../wasm/read.ts";
import type { CoreModule } from "../wasm/read.ts";
import { decodeComponent } from "./component/decode.ts";
import type { PreparedModule, Program } from "./component/instance.ts";
import { SHORT_PAGES } from "./component/memories.ts";
import { linkComponent } from "./component/link.ts";
import type { Func, HostImport, Plan } from "./component/plan.ts";
import { foldShims } from "./component/shims.ts";
import type { Folded } from "./component/shims.ts";
import { spellFunc } from "./component/types.ts";
import type { HostLimits } from "./limits.ts";
import type { GuestStop } from "./stop.ts";
import { findImport, interfaceOf } from "./wasi/index.ts";
import type { WorldName } from "./wasi/index.ts";
import type { HostImpl } from "./wasi/world.ts";

export type PrepareFault =
  /** Not a component, or one that no host can run. */
  | { readonly kind: "malformed"; readonly message: string }
  /** It asks for what this host does not offer: by full name, and how a type differs where only that is wrong. */
  | { readonly kind: "imports"; readonly names: readonly string[]; readonly notes: readonly string[] };

export interface Prepared {
  readonly program: Program;
  /** The host's function behind each import, by interface and name. */
  readonly functions: ReadonlyMap<string, HostImpl>;
  /** A memory or table is larger from the start than the limits allow: what instantiation comes to. */
  readonly tooLarge: GuestStop | null;
}

/** More linear memories in one component instance are refused: each may be as large as the limit allows. */
const MAX_MEMORIES = 16;
const MAX_INSTANCES = 1_000;

export function importKey(from: string, name: string): string {
  return `${from}\0${name}`;
}

export function prepareComponent(bytes: Uint8Array, world: WorldName, limits: HostLimits): Result<Prepared, PrepareFault> {
  const decoded = decodeComponent(bytes);
  if (!decoded.ok) return malformed(`${decoded.error.message} (at offset ${decoded.error.offset})`);
  const linked = linkComponent(decoded.value);
  if (!linked.ok) return malformed(linked.error);
  const functions = findImports(world, linked.value.imports);
  if (!functions.ok) return functions;
  return prepareModules(bytes, linked.value, limits, functions.value);
}

function malformed(message: string): Result<never, PrepareFault> {
  return fail({ kind: "malformed", message });
}

function findImports(world: WorldName, imports: readonly HostImport[]): Result<Map<string, HostImpl>, PrepareFault> {
  const functions = new Map<string, HostImpl>();
  const names = new Set<string>();
  const notes: string[] = [];
  for (const wanted of imports) {
    const found = findImport(world, wanted);
    const full = [wanted.interface, wanted.name].filter((part) => part !== "").join("#");
    if (found.kind === "found") functions.set(importKey(wanted.interface, wanted.name), found.run);
    else names.add(full);
    if (found.kind === "differs" && notes.length < 8) notes.push(`${full} has the type ${short(wanted.type!.params.length > 64 ? "func(…)" : spellFunc(wanted.type!))}, the host offers ${short(found.expected)}`);
  }
  return names.size === 0 ? ok(functions) : fail({ kind: "imports", names: [...names], notes });
}

function short(text: string): string {
  return text.length <= 300 ? text : `${text.slice(0, 300)}…`;
}

function prepareModules(bytes: Uint8Array, plan: Plan, limits: HostLimits, functions: ReadonlyMap<string, HostImpl>): Result<Prepared, PrepareFault> {
  const read: CoreModule[] = [];
  for (const { start, end } of plan.modules) {
    const part = bytes.subarray(start, end);
    if (!WebAssembly.validate(part)) return malformed(`the core module at offset ${start} is invalid: ${whyInvalid(part)}`);
    const module = readModule(part);
    if (!module.ok) return malformed(`the core module at offset ${start} is not supported: ${module.error.message}`);
    if (module.value.memories.some((m) => m.flags > 1)) return malformed(`the core module at offset ${start} has a shared or 64-bit memory, which is not supported`);
    read.push(module.value);
  }
  const ownMemories = (module: CoreModule | undefined) => (module === undefined ? 0 : module.memories.length - module.imports.filter((i) => i.kind === "memory").length);
  const memories = plan.steps.reduce((sum, step) => sum + (step.module === null ? 0 : ownMemories(read[step.module])), 0);
  if (memories > MAX_MEMORIES) return malformed(`it has ${memories} linear memories, more than ${MAX_MEMORIES}`);
  if (plan.steps.length > MAX_INSTANCES) return malformed(`it has ${plan.steps.length} core instances, more than ${MAX_INSTANCES}`);
  const folded = foldShims(plan, read);
  const seen = modulesSeen(folded);
  const modules: PreparedModule[] = [];
  for (const [i, module] of folded.modules.entries()) {
    const prepared = prepareModule(module, limits, seen.has(i));
    if (!prepared.ok) return malformed(`the core module at offset ${plan.modules[i]!.start} cannot be compiled: ${prepared.error}`);
    modules.push(prepared.value);
  }
  return ok({ program: { plan: folded.plan, modules }, functions, tooLarge: read.map((m) => tooLarge(m, limits)).find((s) => s !== null) ?? null });
}

/** Modules whose memory another one imports, and so sees the size of. */
function modulesSeen({ plan, modules }: Folded): Set<number> {
  const seen = new Set<number>();
  for (const step of plan.steps) {
    for (const wanted of step.module === null ? [] : modules[step.module]!.imports) {
      if (wanted.kind !== "memory") continue;
      const argument = step.args.get(wanted.module);
      const item = argument?.kind === "items" ? argument.items.get(wanted.name) : undefined;
      const instance = argument?.kind === "instance" ? argument.instance : item?.kind === "export" ? item.instance : undefined;
      const module = instance === undefined ? null : (plan.steps[instance]?.module ?? null);
      if (module !== null) seen.add(module);
    }
  }
  return seen;
}

function prepareModule(module: CoreModule, limits: HostLimits, seen: boolean): Result<PreparedModule, string> {
  const metered = meter(module, {
    fuel: limits.fuel !== null || limits.wallMs !== null,
    maxPages: limits.memoryBytes === null ? null : Math.floor(limits.memoryBytes / PAGE),
    maxElements: limits.tableElements,
    shared: true,
    importMemory: { leastPages: SHORT_PAGES[0] },
  });
  if (!metered.ok) return fail(metered.error.message);
  const { memory, asksForSize } = metered.value;
  try {
    return ok({ memory: memory === null ? null : { ...memory, sizeless: !seen && !asksForSize }, module: new WebAssembly.Module(metered.value.bytes), tankName: metered.value.tank, refillTable: metered.value.refill, start: metered.value.probes.start });
  } catch (error) {
    return fail(error instanceof Error ? error.message : String(error));
  }
}

function whyInvalid(bytes: Uint8Array): string {
  try {
    new WebAssembly.Module(bytes);
    return "it does not validate";
  } catch (error) {
    return error instanceof Error ? error.message.replace(/^WebAssembly\.Module\(\): /, "") : String(error);
  }
}

function tooLarge(module: CoreModule, limits: HostLimits): GuestStop | null {
  const { memoryBytes, tableElements } = limits;
  const memory = module.memories.find((m) => memoryBytes !== null && m.min * PAGE > memoryBytes);
  if (memory) return { kind: "memory", wanted: memory.min };
  const table = module.tables.find((t) => tableElements !== null && t.limits.min > tableElements);
  return table ? { kind: "table", wanted: table.limits.min } : null;
}

/** The function of an exported interface, whatever its 0.2 version: `wasi:cli/run`, `run`. */
export function exportOf(plan: Plan, wanted: string, name: string): Func | null {
  for (const [full, func] of plan.exports) {
    const at = full.lastIndexOf("#");
    if (at > 0 && full.slice(at + 1) === name && interfaceOf(full.slice(0, at)) === wanted) return func;
  }
  return null;
}
