// What the compiler takes from the modules that come with it, compiled beforehand. Says nothing of where they are kept.

import type { ModuleFacts } from "./document.ts";
import type { ModuleInterface } from "./interface.ts";
import type { IrFunction } from "./ir.ts";
import type { Checked, ModuleObject } from "./object.ts";
import type { CodeFunction } from "./wasm/symbols.ts";

export interface Library {
  has(id: string): boolean;
  /** Of every module, for suggestions. */
  ids(): readonly string[];
  facts(id: string): ModuleFacts | undefined;
  interface(id: string): ModuleInterface | undefined;
  /** A function that this world cannot run, or that reaches one. */
  checked(name: string): Checked | undefined;
  /** Checked and lowered, for back ends that want the program's own structure. */
  object(id: string): ModuleObject | undefined;
  /** Optimised and encoded. `unit` is a module id, or "rt" for the runtime. */
  code(unit: string): ReadonlyMap<string, CodeFunction>;
  /** Optimised IR of a function that may be copied into its callers. */
  inline(name: string): IrFunction | undefined;
}

export const RUNTIME_UNIT = "rt";

/** The module that a function's full name belongs to; instances and parts of a function belong to its own. */
export function ownerOf(name: string): string {
  if (name.startsWith("rt.")) return RUNTIME_UNIT;
  const end = name.search(/[<#]/);
  const plain = end < 0 ? name : name.slice(0, end);
  return plain.slice(0, Math.max(0, plain.lastIndexOf(".")));
}
