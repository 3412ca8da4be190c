// Resolves wit-component's detour at preparation: a shim module that only calls through a table, and a fixup module that fills the
// table once memory and allocator exist. The functions are bound directly, and neither module is instantiated. Fuel stays as it was.

import type { Result } from "../../../engine/index.ts";
import { weaveForwarders } from "../../wasm/forward.ts";
import { OP } from "../../wasm/ops.ts";
import { ByteReader, readModule, SECTION, signatureOf } from "../../wasm/read.ts";
import type { CoreModule, FuncType } from "../../wasm/read.ts";
import { readI32Const } from "../../wasm/rewrite.ts";
import type { CoreArgument, CoreItem, CoreStep, Func, Maker, Plan } from "./plan.ts";

export interface Folded {
  readonly plan: Plan;
  /** The modules of the plan; where imports were rebound, others than in the file. */
  readonly modules: readonly CoreModule[];
}

/** The plan without its detours, as far as they have the known form; one that has another stays as it is. */
export function foldShims(plan: Plan, modules: readonly CoreModule[]): Folded {
  let folded: Folded = { plan, modules };
  for (const [step, { module }] of plan.steps.entries()) {
    const shim = module === null ? null : readShim(modules[module]!);
    if (shim !== null) folded = foldOne(folded, step, shim) ?? folded;
  }
  return folded;
}

// ---------------------------------------------------------------------------------------------- the two forms

interface Shim {
  /** Export name of the table. */
  readonly table: string;
  /** By export name: the slot that the function calls, and its type. */
  readonly functions: ReadonlyMap<string, { readonly slot: number; readonly type: FuncType }>;
}

function readerOf(module: CoreModule, id: number): ByteReader {
  const section = module.sections.find((s) => s.id === id);
  return new ByteReader(module.bytes, section?.start ?? 0, section?.end ?? 0);
}

/** A module of one exported table and functions that call through it, and nothing else. */
function readShim(module: CoreModule): Shim | null {
  const table = module.exports.find((e) => e.kind === "table");
  if (table === undefined || module.imports.length > 0 || module.tables.length !== 1 || module.memories.length > 0 || module.globals.length > 0 || module.start !== null) return null;
  if ([SECTION.element, SECTION.data].some((id) => readerOf(module, id).more)) return null;
  const slots: number[] = [];
  const code = readerOf(module, SECTION.code);
  for (let n = code.more ? code.u32() : 0; n > 0; n--) {
    const slot = forwardedSlot(code.slice(code.u32()), module, signatureOf(module, slots.length));
    if (slot === null || code.fault !== null) return null;
    slots.push(slot);
  }
  const functions = module.exports.filter((e) => e.kind === "func").map((e) => [e.name, { slot: slots[e.index]!, type: signatureOf(module, e.index)! }] as const);
  return { table: table.name, functions: new Map(functions) };
}

/** The slot that a body calls with its own parameters; null: it does something else. */
function forwardedSlot(body: ByteReader, module: CoreModule, type: FuncType | null): number | null {
  if (type === null || body.u32() !== 0) return null;
  for (let i = 0; i < type.params.length; i++) if (body.u8() !== OP.localGet || body.u32() !== i) return null;
  if (body.u8() !== OP.i32Const) return null;
  const slot = body.u32();
  if (slot >= 64 && body.bytes[body.pos - 1]! >= 0x40) return null; // a negative number
  if (body.u8() !== OP.callIndirect || !sameType(module.types[body.u32()], type) || body.u32() !== 0) return null;
  return body.u8() === OP.end && !body.more && body.fault === null ? slot : null;
}

function sameType(a: FuncType | null | undefined, b: FuncType): boolean {
  return a !== null && a !== undefined && a.params.join() === b.params.join() && a.results.join() === b.results.join();
}

/** Which import fills each slot, if the module does nothing but fill one imported table from its start. */
function readFixup(module: CoreModule): { readonly table: number; readonly filled: readonly number[] } | null {
  const table = module.imports.findIndex((i) => i.kind === "table");
  const bare = module.memories.length === 0 && module.globals.length === 0 && module.exports.length === 0 && module.start === null && module.tables.length === 1;
  if (table < 0 || !bare || module.functions.length !== module.importedFunctions || readerOf(module, SECTION.data).more) return null;
  const r = readerOf(module, SECTION.element);
  if (!r.more || r.u32() !== 1 || r.u32() !== 0 || readI32Const(r) !== 0) return null;
  const filled = Array.from({ length: r.u32() }, () => r.u32());
  return r.fault === null ? { table, filled } : null;
}

// ---------------------------------------------------------------------------------------------- folding

function argumentOf(step: CoreStep, from: string, name: string): CoreItem | null {
  const argument = step.args.get(from);
  if (argument === undefined) return null;
  return argument.kind === "instance" ? { kind: "export", instance: argument.instance, name } : (argument.items.get(name) ?? null);
}

function foldOne({ plan, modules }: Folded, shimStep: number, shim: Shim): Folded | null {
  const fixup = findFixup(plan, modules, shimStep, shim);
  if (fixup === null || usedElsewhere(plan, shimStep)) return null;
  const makers = [...plan.makers];
  const woven = [...modules];
  const steps: CoreStep[] = [];
  for (const [at, step] of plan.steps.entries()) {
    if (at === shimStep || at === fixup.step) steps.push({ module: null, args: new Map() });
    else if (!uses(step, shimStep)) steps.push(step);
    else {
      const rebound = rebind(plan, modules, step, (name, type) => {
        const known = shim.functions.get(name);
        const filled = known === undefined ? undefined : fixup.slots[known.slot];
        if (known === undefined || filled === undefined || !sameType(known.type, type) || !sameType(filled.type, type)) return null;
        return { kind: "made", index: makers.push({ ...filled.maker, after: fixup.step }) - 1 };
      }, shimStep);
      if (rebound === null) return null;
      steps.push(rebound.step);
      woven[step.module!] = rebound.module;
    }
  }
  return { plan: { ...plan, makers, steps }, modules: woven };
}

interface Fixup {
  readonly step: number;
  readonly slots: readonly { readonly maker: Maker & { readonly kind: "lowered" }; readonly type: FuncType }[];
}

function findFixup(plan: Plan, modules: readonly CoreModule[], shimStep: number, shim: Shim): Fixup | null {
  for (let at = shimStep + 1; at < plan.steps.length; at++) {
    const step = plan.steps[at]!;
    const module = step.module === null ? undefined : modules[step.module];
    const form = module === undefined ? null : readFixup(module);
    if (module === undefined || form === null) continue;
    const wanted = module.imports[form.table]!;
    const table = argumentOf(step, wanted.module, wanted.name);
    if (table?.kind !== "export" || table.instance !== shimStep || table.name !== shim.table) continue;
    const functions = module.imports.filter((i) => i.kind === "func");
    const slots = form.filled.flatMap((index) => {
      const item = functions[index] === undefined ? null : argumentOf(step, functions[index].module, functions[index].name);
      const maker = item?.kind === "made" ? plan.makers[item.index] : undefined;
      const type = signatureOf(module, index);
      return maker?.kind === "lowered" && type !== null ? [{ maker, type }] : [];
    });
    return slots.length === form.filled.length && slots.length === tableSize(plan, modules, shimStep) ? { step: at, slots } : null;
  }
  return null;
}

/** Smaller than what is put in, and instantiation would trap; larger, and slots would be empty. */
function tableSize(plan: Plan, modules: readonly CoreModule[], step: number): number {
  const module = plan.steps[step]!.module;
  return module === null ? -1 : (modules[module]!.tables[0]?.limits.min ?? -1);
}

function uses(step: CoreStep, instance: number): boolean {
  return [...step.args.values()].some((a) => (a.kind === "instance" ? a.instance === instance : [...a.items.values()].some((i) => i.kind === "export" && i.instance === instance)));
}

/** Whether anything but core modules' imports names an item of this instance. */
function usedElsewhere(plan: Plan, instance: number): boolean {
  const named = (item: CoreItem | null) => item !== null && item.kind === "export" && item.instance === instance;
  const inFunc = (func: Func): boolean => func.kind === "lifted" && (named(func.core) || [func.crossing.memory, func.crossing.realloc, func.crossing.postReturn].some(named));
  const inMaker = (m: Maker): boolean => m.kind === "lowered" && (inFunc(m.func) || [m.crossing.memory, m.crossing.realloc, m.crossing.postReturn].some(named));
  return plan.makers.some(inMaker) || [...plan.exports.values()].some(inFunc) || plan.resources.some((r) => named(r.destructor));
}

type Bind = (name: string, type: FuncType) => CoreItem | null;

/** The step with its imports from the shim bound by `bind`, and its module with functions in front of them. */
function rebind(plan: Plan, modules: readonly CoreModule[], step: CoreStep, bind: Bind, shimStep: number): { readonly step: CoreStep; readonly module: CoreModule } | null {
  const module = step.module === null ? undefined : modules[step.module];
  if (module === undefined || module.functions.length === module.importedFunctions || plan.steps.filter((s) => s.module === step.module).length !== 1) return null;
  const through: number[] = [];
  const args = new Map<string, CoreArgument>(step.args);
  let index = 0;
  for (const wanted of module.imports) {
    const own = wanted.kind === "func" ? index++ : null;
    const item = argumentOf(step, wanted.module, wanted.name);
    if (item?.kind !== "export" || item.instance !== shimStep) continue;
    const argument = args.get(wanted.module)!;
    const bound = own === null || argument.kind === "instance" ? null : bind(item.name, signatureOf(module, own)!);
    if (bound === null || argument.kind === "instance" || own === null) return null;
    args.set(wanted.module, { kind: "items", items: new Map(argument.items).set(wanted.name, bound) });
    through.push(own);
  }
  const woven = rewoven(module, through);
  return woven.ok && !uses({ module: step.module, args }, shimStep) ? { step: { module: step.module, args }, module: woven.value } : null;
}

function rewoven(module: CoreModule, imports: readonly number[]): Result<CoreModule, unknown> {
  const bytes = weaveForwarders(module, imports);
  return bytes.ok ? readModule(bytes.value) : bytes;
}
