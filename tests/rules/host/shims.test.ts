// The detour of wit-component, a shim and a fixup module, is resolved at preparation: same answer, same fuel, same end.

import { expect, test } from "vitest";
import { hostLimits } from "../../../rules/host/limits.ts";
import { prepareComponent } from "../../../rules/host/prepare.ts";
import { runCommand } from "../../../rules/host/v8.ts";
import { fromText, LIMITS } from "./rig.ts";

/** A command that writes through a shim; `more`: what the shim does besides, `start`: what runs before the table is filled. */
const command = (more = "", start = "") => `(component
  (import "wasi:cli/exit@0.2.8" (instance $exit (export "exit" (func (param "status" (result))))))
  (core module $shim (type $t (func (param i32))) (table (export "$imports") 1 1 funcref)
    (func (export "0") (type $t) ${more} (call_indirect (type $t) (local.get 0) (i32.const 0))))
  (core instance $s (instantiate $shim))
  (alias core export $s "0" (core func $indirect))
  (core instance $env (export "exit" (func $indirect)))
  (core module $main (import "env" "exit" (func $exit (param i32))) (func $begin ${start}) (start $begin)
    (func (export "run") (result i32) (call $exit (i32.const 0)) (i32.const 1)))
  (core instance $m (instantiate $main (with "env" (instance $env))))
  (alias export $exit "exit" (func $exit))
  (core func $low (canon lower (func $exit)))
  (core module $fixup (import "" "0" (func (param i32))) (import "" "$imports" (table 1 1 funcref)) (elem (i32.const 0) func 0))
  (core instance $args (export "0" (func $low)) (export "$imports" (table $s "$imports")))
  (core instance (instantiate $fixup (with "" (instance $args))))
  (alias core export $m "run" (core func $crun))
  (func $run (result (result)) (canon lift (core func $crun)))
  (instance $e (export "run" (func $run)))
  (export "wasi:cli/run@0.2.8" (instance $e)))`;

function run(component: Uint8Array, fuel: number) {
  const outcome = runCommand({ component, path: "c.wasm", args: [], stdin: new Uint8Array(0), maxOutput: 100, limits: { ...LIMITS, maxFuel: fuel }, wallMs: null });
  if (outcome.kind !== "ran") throw new Error(JSON.stringify(outcome));
  return outcome.ended;
}

function smallestFuel(component: Uint8Array): number {
  for (let fuel = 1; ; fuel++) if (run(component, fuel).kind === "ok") return fuel;
}

async function stepsRun(text: string): Promise<number> {
  const prepared = prepareComponent(await fromText(text), "command", hostLimits(LIMITS, null));
  if (!prepared.ok) throw new Error(JSON.stringify(prepared.error));
  return prepared.value.program.plan.steps.filter((s) => s.module !== null).length;
}

test("only the main module is instantiated, and a call burns what the detour would", async () => {
  expect(await stepsRun(command())).toBe(1);
  expect(await stepsRun(command("(nop)"))).toBe(3); // another form, though it burns the same
  expect(smallestFuel(await fromText(command()))).toBe(smallestFuel(await fromText(command("(nop)"))));
});

test("a call before the table is filled traps", async () => {
  const early = "(call $exit (i32.const 0))";
  for (const more of ["", "(nop)"]) expect(run(await fromText(command(more, early)), 1_000_000)).toMatchObject({ kind: "stopped", stop: { kind: "trap" } });
});
