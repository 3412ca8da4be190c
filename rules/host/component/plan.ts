// What instantiating a component comes to, with all indices resolved: core modules in order, functions that join them, exports. Declares types only.

import type { FuncType, Resource } from "./types.ts";

/** An item that an instance of a core module exports; instances are numbered in order of instantiation. */
export interface CoreExport {
  readonly kind: "export";
  readonly instance: number;
  readonly name: string;
}

/** A function that the host makes for core modules: `index` into Plan.makers. */
export interface CoreMade {
  readonly kind: "made";
  readonly index: number;
}

export type CoreItem = CoreExport | CoreMade;

/** What a core module gets under one name: all exports of an instance, or chosen items. */
export type CoreArgument = { readonly kind: "instance"; readonly instance: number } | { readonly kind: "items"; readonly items: ReadonlyMap<string, CoreItem> };

export interface CoreStep {
  /** null: nothing is instantiated, its number is only kept (see shims.ts). */
  readonly module: number | null;
  readonly args: ReadonlyMap<string, CoreArgument>;
}

/** How values cross between a core module and the outside. `scope` numbers the component instance whose handles are meant. */
export interface Crossing {
  readonly scope: number;
  readonly encoding: "utf8" | "utf16" | "latin1+utf16";
  readonly memory: CoreItem | null;
  readonly realloc: CoreItem | null;
  readonly postReturn: CoreItem | null;
}

/** A function as components see it. */
export type Func =
  | { readonly kind: "host"; readonly interface: string; readonly name: string; readonly type: FuncType }
  | { readonly kind: "lifted"; readonly core: CoreItem; readonly type: FuncType; readonly crossing: Crossing };

export type Maker =
  /** `after`: a call traps until this step is done. */
  | { readonly kind: "lowered"; readonly func: Func; readonly crossing: Crossing; readonly after?: number }
  | { readonly kind: "resource.new" | "resource.rep" | "resource.drop"; readonly resource: Resource; readonly scope: number };

/** Who destroys a guest's resource, and in which component instance it was defined. */
export interface GuestResource {
  readonly resource: Resource;
  readonly destructor: CoreItem | null;
  readonly scope: number;
}

export interface HostImport {
  readonly interface: string;
  /** Empty for an import that is no function of an interface. */
  readonly name: string;
  readonly type: FuncType | null;
}

export interface Plan {
  /** Byte ranges of the core modules inside the component. */
  readonly modules: readonly { readonly start: number; readonly end: number }[];
  readonly steps: readonly CoreStep[];
  readonly makers: readonly Maker[];
  readonly resources: readonly GuestResource[];
  readonly scopes: number;
  /** Functions of exported instances by `interface#name`, and exported functions by name. */
  readonly exports: ReadonlyMap<string, Func>;
  /** Every function and resource that the component imports. */
  readonly imports: readonly HostImport[];
}
