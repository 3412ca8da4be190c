// The C back end of the embedded compiler: the objects of a program -> program.c and x07.h, or every mistake found. Pure.

import { type CompileError, type Library, lower, type ModuleObject, type Sources } from "../compiler/index.ts";
import type { IrFunction } from "../compiler/ir.ts";
import { linkIr } from "../compiler/link.ts";
import { mistakes, wholeProgram } from "../compiler/object.ts";
import { removeDead } from "../compiler/optimise/dead.ts";
import { propagate } from "../compiler/optimise/propagate.ts";
import { HEADER } from "./header.ts";
import { printProgram } from "./program.ts";

export type CSourceOutcome = { readonly ok: true; readonly c: string; readonly header: string } | { readonly ok: false; readonly errors: readonly CompileError[] };

/** From sources in one call. */
export function compileToC(sources: Sources): CSourceOutcome {
  const lowered = lower(sources);
  return lowered.ok ? objectsToC(lowered.objects, sources.library) : lowered;
}

/** Functions stay as they are in the program: inlining and unrolling are the C compiler's work, and it does them better. */
export function objectsToC(objects: readonly ModuleObject[], library: Library): CSourceOutcome {
  const errors = mistakes(objects.flatMap((o) => o.functions), library);
  if (errors.length > 0) return { ok: false, errors };
  const tidy = new Map<string, IrFunction>();
  for (const f of wholeProgram(objects, library)) for (const c of f.code) tidy.set(c.name, removeDead(propagate(c)));
  return { ok: true, c: printProgram(linkIr(tidy)), header: HEADER };
}
