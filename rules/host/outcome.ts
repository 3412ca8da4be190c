// The ways a component can end as diagnostics and as words for reports. Knows nothing of how components are run.

import type { Diagnostic } from "../../engine/index.ts";
import { explainStop } from "../run/outcome.ts";
import { finding } from "../wasm/finding.ts";
import { PAGE } from "../wasm/inspect.ts";
import type { NotStarted } from "./host.ts";
import type { HostLimits } from "./limits.ts";
import type { GuestStop } from "./stop.ts";

export interface Explained {
  readonly diagnostic: Diagnostic;
  /** The engine's words, for a report's `trap`. */
  readonly text: string;
  readonly budget: boolean;
}

/** `failed` is the code of a stop that exceeded no budget. */
export function explain(stop: GuestStop, limits: HostLimits, failed: string): Explained {
  switch (stop.kind) {
    case "deadline": {
      const text = "wasm trap: interrupt";
      return budget("X07WASM_BUDGET_EXCEEDED_WALLTIME", `the guest took longer than ${limits.wallMs} ms`, text, { max_wall_ms: limits.wallMs ?? 0 }, "raise the wall-time limit, or look for a loop that does not end");
    }
    case "output": {
      const text = `write beyond capacity of ${stop.stream} (${stop.limit} bytes)`;
      const code = stop.stream === "response body" ? "X07WASM_BUDGET_EXCEEDED_HTTP_RESPONSE_BODY" : "X07WASM_BUDGET_EXCEEDED_OUTPUT";
      return budget(code, `the guest wrote more than ${stop.limit} bytes to ${stop.stream}`, text, { stream: stop.stream, max_bytes: stop.limit }, stop.stream === "response body" ? "raise --max-response-bytes" : "raise --max-output-bytes");
    }
    case "gone": return { diagnostic: finding(failed, "run", "the client went away before the answer was complete"), text: "the client went away", budget: false };
    case "exit": return { diagnostic: finding(failed, "run", `the guest ended itself with status ${stop.status}`), text: `Exited with i32 exit status ${stop.status}`, budget: false };
    case "fuel": case "stack": case "host-stack": case "memory": case "table": {
      const { code, text } = explainStop(stop);
      const [message, data, hint] = coreBudget(stop, limits);
      return budget(code, message, text, data, hint);
    }
    case "trap": case "host": {
      const { text } = explainStop(stop);
      return { diagnostic: finding(failed, "run", stop.kind === "trap" ? `the guest was stopped: ${text}` : `the guest could not go on: ${text}`), text, budget: false };
    }
  }
}

function budget(code: string, message: string, text: string, data: Diagnostic["data"], hint: string): Explained {
  return { diagnostic: { ...finding(code, "run", message, data), hint }, text, budget: true };
}

function coreBudget(stop: GuestStop & { kind: "fuel" | "stack" | "host-stack" | "memory" | "table" }, limits: HostLimits): readonly [string, NonNullable<Diagnostic["data"]>, string] {
  switch (stop.kind) {
    case "fuel": return [`out of fuel: the limit is ${limits.fuel}`, { max_fuel: limits.fuel ?? 0n }, "raise --max-fuel, or look for a loop that does not end"];
    case "stack": case "host-stack": return [`call stack exhausted: the limit is ${limits.stackBytes} bytes`, { max_wasm_stack_bytes: limits.stackBytes }, "raise max_wasm_stack_bytes in the profile, or look for a recursion that does not end"];
    case "memory": return [`the guest asked for ${stop.wanted * PAGE} bytes of memory; the limit is ${limits.memoryBytes}`, { wanted_bytes: stop.wanted * PAGE, max_memory_bytes: limits.memoryBytes }, "raise --max-memory-bytes"];
    case "table": return [`the guest asked for a table of ${stop.wanted} elements; the limit is ${limits.tableElements}`, { wanted_elements: stop.wanted, max_table_elements: limits.tableElements }, "raise --max-table-elements"];
  }
}

/** Codes of one command for a component that did not start. */
export interface StartCodes {
  readonly malformed: string;
  readonly engine: string;
  readonly world: string;
}

export function explainNotStarted(why: NotStarted, codes: StartCodes): Diagnostic {
  switch (why.kind) {
    case "malformed": return { ...finding(codes.malformed, "run", `not a component that can be run: ${why.message}`), hint: "build it again with `x07-wasm component build`" };
    case "engine": return { ...finding(codes.engine, "run", why.message), ...(why.hint !== undefined && { hint: why.hint }) };
    case "capabilities": return { ...finding("X07WASM_CAPS_HOST_UNSUPPORTED", "parse", why.message, { wants: why.wants }), hint: why.hint };
    case "world": return {
      ...finding(codes.world, "run", why.message, { missing: why.names.slice(0, 64) }),
      ...(why.notes.length > 0 && { notes: why.notes }),
      hint: "this host offers WASI 0.2 (cli, io, clocks, random, filesystem, http) and what is named in data.missing is no part of it; check the component's world with `x07-wasm component targets`",
    };
  }
}
