// A running component: core modules instantiated as its plan says, functions between them and the host, calls with an orderly end. Knows no WASI.

import { Halt, trap } from "../stop.ts";
import type { GuestStop } from "../stop.ts";
import { Cursor, liftFlat, load, lowerFlat, store } from "./abi.ts";
import type { Core, Side } from "./abi.ts";
import { ADAPTER_FUEL, checkBytes, isBytesToBytes } from "./bytes-call.ts";
import { Handles } from "./handles.ts";
import { Memories, WHOLE } from "./memories.ts";
import type { WantedMemory } from "./memories.ts";
import type { CoreArgument, CoreItem, CoreStep, Crossing, Func, GuestResource, Maker, Plan } from "./plan.ts";
import { Tank } from "./tank.ts";
import { flattened, MAX_FLAT, recordOf } from "./types.ts";
import type { FuncType, Resource, ValType } from "./types.ts";
import type { Value } from "./value.ts";

/** A core module ready to be instantiated, and the names that the meter gave its own imports and exports. */
export interface PreparedModule {
  readonly module: WebAssembly.Module;
  readonly tankName: string;
  /** Export: the table that holds the refill function. null: the module does not count fuel. */
  readonly refillTable: string | null;
  /** Export: the former start function. */
  readonly start: string | null;
  /** null: it makes its memories itself. */
  readonly memory: WantedMemory | null;
}

export interface Program {
  readonly plan: Plan;
  readonly modules: readonly PreparedModule[];
}

export type HostFunction = (...args: Value[]) => Value;

/** What the host gives to one instance. */
export interface HostWorld {
  /** The function behind an import; there is one for every import that passed `prepare`. */
  function(from: string, name: string): HostFunction;
  /** A host resource's last handle was dropped. */
  dropped(rep: unknown): void;
}

export type CallResult = { readonly kind: "returned"; readonly value: Value } | { readonly kind: "stopped"; readonly stop: GuestStop };

type CoreFunction = (...args: Core[]) => unknown;

/** Bytes that one call of a host function may make the host copy. */
const CALL_BUDGET = 128 * 1024 * 1024;
const NO_NAMESPACE: Record<string, unknown> = {};

type Imports = Record<string, Record<string, unknown>>;

/** Made of functions of the host only. */
function isFixed(argument: CoreArgument): boolean {
  return argument.kind === "items" && [...argument.items.values()].every((item) => item.kind === "made");
}

/** Parameters and result of a function type as core values, worked out once for each type. */
interface Signature {
  readonly params: ValType;
  readonly flatParams: number | null;
  readonly flatResult: boolean;
}
const signatures = new WeakMap<FuncType, Signature>();

function signatureOf(type: FuncType): Signature {
  let known = signatures.get(type);
  if (known === undefined) {
    const flat = flattened(type.params, MAX_FLAT);
    known = { params: recordOf([], type.params), flatParams: flat === null ? null : flat.length, flatResult: type.result === null || flattened([type.result], 1) !== null };
    signatures.set(type, known);
  }
  return known;
}

function liftParams(side: Side, from: Cursor, type: FuncType, { params, flatParams }: Signature): readonly Value[] {
  if (flatParams === null) return load(side, from.u32(), params) as readonly Value[];
  const args: Value[] = [];
  for (const param of type.params) args.push(liftFlat(side, from, param));
  return args;
}

/** The result as the caller's core code gets it: a core value, or in its memory where the next core parameter says. */
function giveBack(side: Side, from: Cursor, value: Value, { result }: FuncType, { flatResult }: Signature): Core | undefined {
  if (result === null) return undefined;
  if (!flatResult) {
    store(side, from.u32(), value, result);
    return undefined;
  }
  const into: Core[] = [];
  lowerFlat(side, value, result, into);
  return into[0];
}

/**
 * Instances of one component, one after the other. `instantiate` makes new core instances, tables and handles, and memories that are
 * as new, and forgets all that were; only what the host made for them, and what holds no state, is used again.
 */
export class ComponentInstance {
  readonly #program: Program;
  readonly #host: HostWorld;
  readonly tank: Tank;
  readonly #exports: WebAssembly.Instance["exports"][] = [];
  readonly #made: (CoreFunction | undefined)[] = [];
  /** Imports that are the same for every instance: all of a step's, or all under one name. */
  readonly #fixedImports = new Map<CoreStep, Imports>();
  readonly #fixedItems = new Map<CoreArgument, Record<string, unknown>>();
  readonly #handles: Handles[];
  readonly #sides = new Map<Crossing, GuestSide>();
  readonly #memories = new Map<CoreStep, Memories>();
  /** Component instances that may not be entered, or may not call out, at the moment. */
  readonly #entered: boolean[] = [];
  #mayLeave = true;

  constructor(program: Program, host: HostWorld, tank: Tank) {
    this.#program = program;
    this.#host = host;
    this.tank = tank;
    this.#handles = Array.from({ length: program.plan.scopes }, () => new Handles());
  }

  /** Lets go of the instance: what it held can be collected, and the next starts from nothing. */
  release(): void {
    this.#exports.length = 0;
    this.#entered.length = 0;
    this.#mayLeave = true;
    for (const handles of this.#handles) handles.clear();
    for (const side of this.#sides.values()) side.release();
    for (const memories of this.#memories.values()) memories.release();
  }

  /** Instantiates all core modules anew, start functions included; `short`: see memories.ts. null: done. */
  instantiate(short = WHOLE): GuestStop | null {
    this.release();
    return this.#guarded(() => {
      for (const step of this.#program.plan.steps) this.#instantiateCore(step, short);
      return undefined;
    }, true).stop;
  }

  /** Calls an exported function; the clock and the stack begin anew, the fuel goes on. */
  call(func: Func, args: readonly Value[]): CallResult {
    const { stop, value } = this.#guarded(() => this.#callFunc(func, args, (v) => v), false);
    return stop === null ? { kind: "returned", value } : { kind: "stopped", stop };
  }

  #guarded(work: () => Value, instantiating: boolean): { readonly stop: GuestStop | null; readonly value: Value } {
    this.tank.start();
    try {
      return { stop: null, value: work() };
    } catch (error) {
      return { stop: this.#why(error, instantiating), value: undefined };
    }
  }

  #why(error: unknown, instantiating: boolean): GuestStop {
    if (error instanceof Halt) return error.stop;
    const stopped = this.tank.stopped;
    if (stopped !== null) return stopped;
    const message = error instanceof Error ? error.message : String(error);
    if (error instanceof RangeError && message.includes("call stack")) return { kind: "host-stack" };
    if (error instanceof WebAssembly.RuntimeError) return { kind: "trap", message };
    // A module that was linked against its own types (LinkError, TypeError at a call), or memory the machine does not have.
    return instantiating || !(error instanceof TypeError) ? { kind: "host", message } : { kind: "trap", message };
  }

  // ---- core modules --------------------------------------------------------------------------------

  #instantiateCore(step: CoreStep, short: number): void {
    const { module: index } = step;
    if (index === null) return void this.#exports.push(NO_NAMESPACE as WebAssembly.Instance["exports"]);
    const prepared = this.#program.modules[index]!;
    const { exports } = new WebAssembly.Instance(prepared.module, this.#importsOf(step, prepared, short));
    if (prepared.refillTable !== null) (exports[prepared.refillTable] as WebAssembly.Table).set(0, refillFunction());
    this.#exports.push(exports);
    if (prepared.start !== null) (exports[prepared.start] as CoreFunction)();
  }

  #importsOf(step: CoreStep, prepared: PreparedModule, short: number): Imports {
    const imports = this.#fixedImports.get(step) ?? this.#newImports(step, prepared);
    if (prepared.memory !== null) imports[prepared.memory.from] = { [prepared.memory.name]: this.#memory(step, prepared.memory, short) };
    return imports;
  }

  #memory(step: CoreStep, wanted: WantedMemory, short: number): WebAssembly.Memory {
    let memories = this.#memories.get(step);
    if (memories === undefined) this.#memories.set(step, (memories = new Memories(wanted)));
    return memories.take(short);
  }

  #newImports(step: CoreStep, prepared: PreparedModule): Imports {
    const imports: Imports = {};
    for (const [name, argument] of step.args) imports[name] = this.#namespace(argument);
    imports[prepared.tankName] = this.tank.imports;
    if ([...step.args.values()].every(isFixed)) this.#fixedImports.set(step, imports);
    return imports;
  }

  #namespace(argument: CoreArgument): Record<string, unknown> {
    if (argument.kind === "instance") return this.#exports[argument.instance] ?? NO_NAMESPACE;
    const known = this.#fixedItems.get(argument);
    if (known !== undefined) return known;
    const items: Record<string, unknown> = {}; // a plain object is much quicker than one without a prototype
    for (const [name, item] of argument.items) {
      if (name === "__proto__") Object.defineProperty(items, name, { value: this.#resolve(item) });
      else items[name] = this.#resolve(item);
    }
    if (isFixed(argument)) this.#fixedItems.set(argument, items);
    return items;
  }

  #resolve(item: CoreItem): unknown {
    return item.kind === "export" ? this.#exports[item.instance]?.[item.name] : (this.#made[item.index] ??= this.#make(this.#program.plan.makers[item.index]!));
  }

  #function(item: CoreItem): CoreFunction {
    const found = this.#resolve(item);
    return typeof found === "function" ? (found as CoreFunction) : trap("a function that the component names does not exist");
  }

  // ---- functions for core modules ------------------------------------------------------------------

  #make(maker: Maker): CoreFunction {
    switch (maker.kind) {
      case "lowered": return this.#lowered(maker.func, this.side(maker.crossing), maker.after ?? -1);
      case "resource.new": return (rep) => this.#table(maker.scope).add(maker.resource, Number(rep) | 0, true);
      case "resource.rep": return (index) => this.#table(maker.scope).rep(Number(index) >>> 0, maker.resource) as number;
      case "resource.drop": return (index) => this.#drop(maker.scope, maker.resource, Number(index) >>> 0);
    }
  }

  #table(scope: number): Handles {
    return this.#handles[scope]!;
  }

  #drop(scope: number, resource: Resource, index: number): void {
    const { rep, own } = this.#table(scope).drop(index, resource);
    if (!own) return;
    if (resource.owner === "host") return this.#host.dropped(rep);
    const destructor = this.#guestResource(resource)?.destructor;
    if (destructor) this.#function(destructor)(rep as number);
  }

  #guestResource(resource: Resource): GuestResource | undefined {
    return this.#program.plan.resources.find((r) => r.resource === resource);
  }

  /** `after`: the step before which a call traps, as one through an empty slot of a table. */
  #lowered(func: Func, side: GuestSide, after: number): CoreFunction {
    if (func.kind === "lifted" && isBytesToBytes(func.type)) return this.#bytesCall(func, side, after);
    const { type } = func;
    const signature = signatureOf(type);
    const begin = (core: readonly Core[]): Cursor => {
      if (this.#exports.length <= after) trap("uninitialized element");
      if (!this.#mayLeave) trap("cannot leave component instance");
      side.begin();
      return new Cursor(core);
    };
    if (func.kind === "host") {
      const host = this.#host.function(func.interface, func.name);
      return (...core: Core[]) => {
        const from = begin(core);
        return giveBack(side, from, host(...liftParams(side, from, type, signature)), type, signature);
      };
    }
    return (...core: Core[]) => {
      const from = begin(core);
      return this.#callFunc(func, liftParams(side, from, type, signature), (value) => giveBack(side, from, value, type, signature));
    };
  }

  /** See bytes-call.ts. */
  #bytesCall({ core, crossing }: Func & { readonly kind: "lifted" }, caller: GuestSide, after: number): CoreFunction {
    const callee = this.side(crossing);
    const copy = (from: GuestSide, at: number, length: number, to: GuestSide): number => {
      checkBytes(from, at, length);
      const place = to.realloc(length, 1);
      checkBytes(to, place, length);
      to.bytes().set(from.bytes().subarray(at, at + length), place);
      return place;
    };
    const perByte = (length: number) => (length === 0 ? 0 : ADAPTER_FUEL.list + ADAPTER_FUEL.byte * length);
    return (...args) => {
      if (this.#exports.length <= after) trap("uninitialized element");
      const [at, length, ret] = args.map((a) => Number(a) >>> 0) as [number, number, number];
      if (!this.#mayLeave) trap("cannot leave component instance");
      this.#enter(crossing.scope);
      this.tank.charge(ADAPTER_FUEL.enter + perByte(length));
      const raw = this.#function(core)(copy(caller, at, length, callee), length) as number;
      checkBytes(callee, raw >>> 0, 8);
      const [outAt, outLength] = [callee.view().getUint32(raw >>> 0, true), callee.view().getUint32((raw >>> 0) + 4, true)];
      this.tank.charge(ADAPTER_FUEL.back);
      const place = copy(callee, outAt, outLength, caller);
      checkBytes(caller, ret, 8);
      caller.view().setUint32(ret, place, true);
      caller.view().setUint32(ret + 4, outLength, true);
      this.#chargeBack(outLength, perByte(outLength));
      if (crossing.postReturn !== null) {
        this.tank.charge(ADAPTER_FUEL.cleanUp);
        this.#away(() => this.#function(crossing.postReturn!)(raw));
      }
      this.tank.charge(ADAPTER_FUEL.left);
      this.#entered[crossing.scope] = false;
    };
  }

  /** The adapter's loop looks at the fuel before each byte, the last one too. */
  #chargeBack(length: number, bytes: number): void {
    const last = length === 0 ? 0 : ADAPTER_FUEL.byte;
    this.tank.charge(ADAPTER_FUEL.allocated + bytes - last);
    if (length > 0) this.tank.check();
    this.tank.charge(last + ADAPTER_FUEL.stored);
  }

  #enter(scope: number): void {
    if (this.#entered[scope]) trap("cannot enter component instance");
    this.#entered[scope] = true;
  }

  /** Calls a component function. `finish` sees the result while it is still in the callee's memory; what it gives is the answer. */
  #callFunc(func: Func, args: readonly Value[], finish: (value: Value) => Value): Value {
    if (func.kind === "host") return finish(this.#host.function(func.interface, func.name)(...args));
    const { type, crossing } = func;
    const side = this.side(crossing);
    this.#enter(crossing.scope);
    side.begin();
    const borrowed = side.handles.borrowed;
    const { params, flatParams, flatResult } = signatureOf(type);
    const core: Core[] = [];
    if (flatParams !== null) type.params.forEach((t, i) => lowerFlat(side, args[i], t, core));
    else {
      const at = side.realloc(params.size, params.align);
      store(side, at, args, params);
      core.push(at);
    }
    const raw = this.#function(func.core)(...core) as Core | undefined;
    if (side.handles.borrowed > borrowed) trap("borrow handles still remain at the end of the call");
    side.begin();
    const value = type.result === null ? undefined : flatResult ? liftFlat(side, new Cursor([raw ?? 0]), type.result) : load(side, Number(raw ?? 0) >>> 0, type.result);
    const answer = finish(value);
    if (crossing.postReturn !== null) this.#away(() => this.#function(crossing.postReturn!)(...(raw === undefined ? [] : [raw])));
    this.#entered[crossing.scope] = false;
    return answer;
  }

  /** Runs guest code that must not call out: allocation and clean-up. */
  #away<T>(work: () => T): T {
    const before = this.#mayLeave;
    this.#mayLeave = false;
    const done = work();
    this.#mayLeave = before;
    return done;
  }

  side(crossing: Crossing): GuestSide {
    let side = this.#sides.get(crossing);
    if (side === undefined) {
      const { memory, realloc } = crossing;
      const find: Find = {
        memory: memory === null ? null : () => this.#resolve(memory) as WebAssembly.Memory,
        realloc: realloc === null ? null : () => this.#function(realloc),
        away: (work) => this.#away(work),
        defines: (resource) => resource.owner === "guest" && this.#guestResource(resource)?.scope === crossing.scope,
      };
      this.#sides.set(crossing, (side = new GuestSide(crossing.encoding, this.#table(crossing.scope), find)));
    }
    return side;
  }
}

/** How a side finds what belongs to the instance that runs. */
interface Find {
  readonly memory: (() => WebAssembly.Memory) | null;
  readonly realloc: (() => CoreFunction) | null;
  /** Runs guest code that must not call out. */
  away(work: () => number): number;
  defines(resource: Resource): boolean;
}

const NO_BYTES = new Uint8Array(0);
const NO_VIEW = new DataView(new ArrayBuffer(0));

/** A guest's memory, allocator and handles, as the ABI needs them. */
class GuestSide implements Side {
  readonly encoding: Side["encoding"];
  readonly handles: Handles;
  readonly #find: Find;
  #realloc: CoreFunction | null = null;
  #bytes = NO_BYTES;
  #view = NO_VIEW;
  #budget = CALL_BUDGET;

  constructor(encoding: Side["encoding"], handles: Handles, find: Find) {
    this.encoding = encoding;
    this.handles = handles;
    this.#find = find;
  }

  begin(): void {
    this.#budget = CALL_BUDGET;
  }

  /** Forgets memory and allocator of the instance that ran. */
  release(): void {
    this.#bytes = NO_BYTES;
    this.#view = NO_VIEW;
    this.#realloc = null;
  }

  /** Memory only grows: it is looked at anew when more is asked for than was there. */
  holds(end: number): boolean {
    if (end <= this.#bytes.length && end > 0) return true;
    if (this.#find.memory === null) trap("a function needs a memory that it does not name");
    const { buffer } = this.#find.memory();
    if (this.#view.buffer !== buffer) {
      this.#bytes = new Uint8Array(buffer);
      this.#view = new DataView(buffer);
    }
    return end <= this.#bytes.length;
  }

  bytes(): Uint8Array {
    return this.#bytes;
  }

  view(): DataView {
    return this.#view;
  }

  realloc(size: number, align: number): number {
    if (this.#find.realloc === null) trap("a function needs an allocator that it does not name");
    const realloc = (this.#realloc ??= this.#find.realloc());
    return this.#find.away(() => Number(realloc(0, 0, align, size | 0)) >>> 0);
  }

  borrow(resource: Resource, rep: unknown): number {
    return this.#find.defines(resource) ? (rep as number) : this.handles.add(resource, rep, false);
  }

  spend(bytes: number): void {
    this.#budget -= bytes;
    if (this.#budget < 0) trap("a call hands over more than the host takes at once");
  }
}

/** (module (import "" "f" (func (param i64) (result i64))) (export "f" (func 0))): only a wasm function can be put in a table. */
const REFILL = Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 1, 6, 1, 0x60, 1, 0x7e, 1, 0x7e, 2, 6, 1, 0, 1, 0x66, 0, 0, 7, 5, 1, 1, 0x66, 0, 0);
let refill: WebAssembly.ExportValue | undefined;

/** One for all instances of this thread: guests run one at a time, and the tank of the one that runs is known. */
function refillFunction(): WebAssembly.ExportValue {
  refill ??= new WebAssembly.Instance(new WebAssembly.Module(REFILL), { "": { f: (left: bigint) => Tank.running!.refill(left) } }).exports["f"]!;
  return refill;
}
