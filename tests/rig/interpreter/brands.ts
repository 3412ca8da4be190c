// Brands: names on bytes that only the type checker sees, so at run time a cast is its validator and the rest gives values
// through. Knows no brand.

import { call, need, textOf, type Form, type Run, type Scope } from "./evaluate.ts";
import type { Expr } from "./program.ts";
import type { Step } from "./machine.ts";
import { contentOf, copyOf, failed, okay, outcomeOf, unknown, view, type Value } from "./value.ts";

/** `[cast, brand, validator, value]`: ok with `payload` of the value, or the validator's error. */
function cast(payload: (run: Run, v: Value) => Value): Form {
  return function* (run, e, scope) {
    const value = yield need(run, e[3], scope);
    const validator = run.program.callables.get(textOf(e[2])) ?? unknown(`validator ${textOf(e[2])}`);
    const checking: Scope = { names: new Map([["checked", view(contentOf(value))]]), outer: undefined, frame: scope.frame };
    const verdict = outcomeOf(yield { ask: "value", step: call(run, validator, ["checked"], checking, new Map()) });
    return verdict.value === undefined ? failed(verdict.code) : okay(payload(run, value));
  };
}

const through = (place: number): Form =>
  function* (run: Run, e: readonly Expr[], scope: Scope): Step {
    return yield need(run, e[place], scope);
  };

export const brandForms: { readonly [head: string]: Form } = {
  "std.brand.assume_bytes_v1": through(2),
  "std.brand.erase_bytes_v1": through(1),
  "std.brand.erase_view_v1": through(1),
  *"std.brand.view_v1"(run, e, scope) {
    return view(contentOf(yield need(run, e[1], scope, "look")));
  },
  "std.brand.cast_bytes_v1": cast((_run, v) => v),
  "std.brand.cast_view_v1": cast((_run, v) => v),
  "std.brand.cast_view_copy_v1": cast((run, v) => copyOf(run.memory, contentOf(v))),
};
