// Starting asynchronous functions. Knows task handles, not the scheduler.

import type { Place } from "../ast.ts";
import type { Context } from "./context.ts";
import type { FunctionRef } from "./program.ts";
import type { Value } from "./values.ts";

export function startTask(cx: Context, ref: FunctionRef, args: readonly Value[], at: Place): Value {
  void args;
  return cx.fail("Unsupported", undefined, `asynchronous call of ${ref.decl.name}`, at);
}
