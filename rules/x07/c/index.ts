// The C back end of the embedded compiler: x07 sources -> program.c and x07.h, or every mistake found. Pure.

import { lower } from "../compiler/index.ts";
import type { CompileError, Sources } from "../compiler/index.ts";
import type { IrFunction } from "../compiler/ir.ts";
import { link } from "../compiler/link.ts";
import { removeDead } from "../compiler/optimise/dead.ts";
import { propagate } from "../compiler/optimise/propagate.ts";
import { HEADER } from "./header.ts";
import { printProgram } from "./program.ts";

export type CSourceOutcome = { readonly ok: true; readonly c: string; readonly header: string } | { readonly ok: false; readonly errors: CompileError[] };

/** Functions stay as they are in the program: inlining and unrolling are the C compiler's work, and it does them better. */
export function compileToC(sources: Sources): CSourceOutcome {
  const lowered = lower(sources);
  if (!lowered.ok) return lowered;
  const tidy = new Map<string, IrFunction>();
  for (const [name, f] of lowered.functions) tidy.set(name, removeDead(propagate(f)));
  return { ok: true, c: printProgram(link(tidy)), header: HEADER };
}
