// Turns the ways a guest can end into diagnostics and trap texts. Knows nothing of how guests are run.

import type { Diagnostic } from "../../engine/index.ts";
import { finding } from "../wasm/finding.ts";
import { PAGE } from "../wasm/inspect.ts";
import type { CallOutcome, GuestSetup, Stop } from "./guest.ts";

const MAX_SAFE = BigInt(Number.MAX_SAFE_INTEGER);

/** Trap texts in Wasmtime's words. */
export const trapText = {
  fuel: "wasm trap: all fuel consumed by WebAssembly",
  stack: "wasm trap: call stack exhausted",
  interrupt: "wasm trap: interrupt",
} as const;

/** V8's words for a trap (a part of its message), and Wasmtime's. The first match counts. */
const TRAPS: readonly (readonly [string, string])[] = [
  ["unreachable", "wasm `unreachable` instruction executed"],
  ["memory access out of bounds", "out of bounds memory access"],
  ["data segment", "out of bounds memory access"],
  ["divide by zero", "integer divide by zero"],
  ["remainder by zero", "integer divide by zero"],
  ["divide result unrepresentable", "integer overflow"],
  ["float unrepresentable", "invalid conversion to integer"],
  ["null function or function signature mismatch", "uninitialized element or indirect call type mismatch"], // V8 does not say which
  ["signature mismatch", "indirect call type mismatch"],
  ["element segment", "undefined element: out of bounds table access"],
  ["table", "undefined element: out of bounds table access"],
  ["unaligned", "unaligned atomic"],
  ["null", "null reference"],
];

function wasmtimeTrap(message: string): string {
  const known = TRAPS.find(([v8]) => message.includes(v8));
  return `wasm trap: ${known ? known[1] : message}`;
}

export interface Explained {
  readonly code: string;
  readonly text: string;
  /** false: the host failed, not the guest; there is no trap to report. */
  readonly trapped: boolean;
}

/** Code and words for a guest that did not return. */
export function explainStop(stop: Stop): Explained {
  switch (stop.kind) {
    case "fuel": return { code: "X07WASM_BUDGET_EXCEEDED_CPU_FUEL", text: trapText.fuel, trapped: true };
    case "stack": case "host-stack": return { code: "X07WASM_BUDGET_EXCEEDED_WASM_STACK", text: trapText.stack, trapped: true };
    case "memory": return { code: "X07WASM_BUDGET_EXCEEDED_MEMORY", text: `forcing trap when growing memory to ${stop.wanted * PAGE} bytes`, trapped: true };
    case "table": return { code: "X07WASM_BUDGET_EXCEEDED_TABLE", text: `forcing trap when growing table to ${stop.wanted} elements`, trapped: true };
    case "trap": return { code: "X07WASM_RUN_FAILED", text: wasmtimeTrap(stop.message), trapped: true };
    case "host": return { code: "X07WASM_RUN_FAILED", text: stop.message, trapped: false };
  }
}

/** The diagnostic of a call, null when it gave output; `trap` = the text for the report's `trap`. */
export function callDiagnostic(call: CallOutcome, setup: GuestSetup): { readonly diagnostic: Diagnostic | null; readonly trap: string | null } {
  switch (call.kind) {
    case "output": return { diagnostic: null, trap: null };
    case "stopped": return stopped(call.stop, setup);
    case "no-room": return untrapped({
      ...finding("X07WASM_BUDGET_EXCEEDED_MEMORY", "run", `input and arena need ${call.need} bytes of memory, the module has ${call.have}`, { need_bytes: call.need, have_bytes: call.have }),
      hint: "lower --arena-cap-bytes, or build with a larger initial memory",
    });
    case "too-long": return untrapped({
      ...finding("X07WASM_BUDGET_EXCEEDED_OUTPUT", "run", `the output has ${call.outLen} bytes, the limit is ${setup.maxOutput}`, { out_len: call.outLen, max_output_bytes: setup.maxOutput }),
      hint: "raise --max-output-bytes",
    });
    case "outside": return untrapped(finding("X07WASM_RUN_FAILED", "run", `the output range (${call.outLen} bytes at ${call.outPtr}) is not inside the arena`, { out_ptr: call.outPtr, out_len: call.outLen }));
  }
}

function untrapped(diagnostic: Diagnostic): { diagnostic: Diagnostic; trap: null } {
  return { diagnostic, trap: null };
}

function stopped(stop: Stop, setup: GuestSetup): { diagnostic: Diagnostic; trap: string | null } {
  const { code, text, trapped } = explainStop(stop);
  return { diagnostic: { ...finding(code, "run", messageOf(stop, text, setup), factsOf(stop, setup)), ...hintOf(stop) }, trap: trapped ? text : null };
}

/** What was wanted and what is allowed. */
function factsOf(stop: Stop, setup: GuestSetup): Diagnostic["data"] {
  switch (stop.kind) {
    case "fuel": return { max_fuel: setup.fuel <= MAX_SAFE ? Number(setup.fuel) : String(setup.fuel) };
    case "stack": case "host-stack": return { max_wasm_stack_bytes: setup.stack };
    case "memory": return { wanted_bytes: stop.wanted * PAGE, max_memory_bytes: setup.maxMemoryBytes };
    case "table": return { wanted_elements: stop.wanted, max_table_elements: setup.maxTableElements };
    case "trap": case "host": return undefined;
  }
}

function messageOf(stop: Stop, text: string, setup: GuestSetup): string {
  switch (stop.kind) {
    case "fuel": return `out of fuel: the limit is ${setup.fuel}`;
    case "stack": case "host-stack": return `call stack exhausted: the limit is ${setup.stack} bytes`;
    case "memory": return `the module asked for ${stop.wanted * PAGE} bytes of memory, more than it may have`;
    case "table": return `the module asked for a table of ${stop.wanted} elements, more than it may have`;
    case "trap": case "host": return `the call of x07_solve_v2 failed: ${text}`;
  }
}

function hintOf(stop: Stop): { hint: string } | Record<string, never> {
  switch (stop.kind) {
    case "fuel": return { hint: "raise --max-fuel, or look for a loop that does not end" };
    case "stack": case "host-stack": return { hint: "raise --max-wasm-stack-bytes, or look for a recursion that does not end" };
    case "memory": return { hint: "raise --max-memory-bytes, and build with a larger maximum memory" };
    case "table": return { hint: "raise --max-table-elements" };
    case "trap": case "host": return {};
  }
}
