// Profiles: how a module is built and limited, how components are made, which tools are right. Knows nothing of where they are listed.

import { about, boolean, document, integer, just, list, named, object, oneOfWords, orNull, text, textOrNull, withDefault } from "../schema.ts";
import { count, id, relativePath, u32, U32_MAX, u64, version, witIdent, witPackageId } from "./shared.ts";

const notes = text({ max: 16384 });
const byteLimit = about(orNull(count), "Bytes; null leaves it to the host.");

// ---------------------------------------------------------------------------------------------- run-time limits

const limits = object(
  {
    max_fuel: about(orNull(count), "Fuel for one run; null switches metering off."),
    max_memory_bytes: byteLimit,
    max_table_elements: about(orNull(integer(0, U32_MAX)), "Elements; null leaves it to the host."),
    max_wasm_stack_bytes: about(orNull(integer(0, 2147483647)), "Bytes; null leaves it to the host."),
  },
  {
    instance_allocator: withDefault(oneOfWords("on_demand", "pooling"), "on_demand"),
    cache_config: about(orNull(text({ min: 1, max: 4096 })), "Path of a Wasmtime cache configuration."),
    notes,
  },
);
export const runtimeLimits = named("runtime_limits", limits);
export const runtimeLimitsDocument = document("x07-wasm.runtime.limits", "x07.wasm.runtime.limits@0.1.0", "What a guest may use up while it runs.", limits);

// ---------------------------------------------------------------------------------------------- wasm profile

const flags = named("flag_list", list(text({ min: 1, max: 4096 })));

export const codegenBackend = named("codegen_backend", oneOfWords("c_toolchain_v1", "native_x07_wasm_v1"));

export const wasmProfile = document(
  "x07-wasm.profile",
  "x07.wasm.profile@0.3.0",
  "How a project becomes a core module, and the limits under which it runs.",
  object(
    {
      schema_version: just("x07.wasm.profile@0.3.0"),
      id,
      v: version,
      target: object({
        triple: oneOfWords("wasm32-wasi", "wasm32-unknown-unknown"),
        wasm_c_abi: oneOfWords("basic_c_abi@1"),
        entry_export: text({ min: 1, max: 256, pattern: "^[A-Za-z_][A-Za-z0-9_]*$" }),
      }),
      x07_build: object({ freestanding: just(true), emit_c_header: boolean }),
      codegen_backend: codegenBackend,
      clang: object({ cflags: flags }, { cc: about(textOrNull(), "The compiler's program; null is clang.") }),
      wasm_ld: object({ ldflags: flags }, { linker: about(textOrNull(), "The linker's program; null is wasm-ld.") }),
      defaults: object({ arena_cap_bytes: about(count, "Bytes of arena for one call."), max_output_bytes: about(count, "Bytes that a call may answer.") }),
      runtime: runtimeLimits,
    },
    { notes },
  ),
);

// ---------------------------------------------------------------------------------------------- component profile

const toolCommand = named(
  "tool_cmd",
  object(
    { cmd: text({ min: 1, max: 256 }) },
    {
      args: list(text({ max: 4096 }), { max: 64 }),
      env: { type: "object", propertyNames: text({ pattern: "^[A-Z][A-Z0-9_]{0,127}$" }), additionalProperties: text({ max: 65536 }) },
    },
  ),
);

const httpBudgets = object({
  max_request_body_bytes: u64,
  max_response_body_bytes: u64,
  max_headers: u32,
  max_header_bytes_total: u64,
  max_path_bytes: u64,
  max_query_bytes: u64,
  max_envelope_bytes: u64,
});
const cliBudgets = object({ max_stdin_bytes: u64, max_stdout_bytes: u64, max_stderr_bytes: u64 });

export const componentProfile = document(
  "x07-wasm.component.profile",
  "x07.wasm.component.profile@0.2.0",
  "How components are made, composed and checked, and the budgets of native targets.",
  object({
    schema_version: just("x07.wasm.component.profile@0.2.0"),
    id,
    v: version,
    cfg: object({
      wit_index_path: relativePath,
      toolchain: object({ wit_bindgen: toolCommand, wasm_tools: toolCommand, wac: toolCommand, wasmtime: toolCommand }),
      componentize: object({ mode: oneOfWords("wasm-tools-component-new_v1"), solve_package: witPackageId, solve_world: witIdent }),
      compose: object({ mode: oneOfWords("wac-plug_v1") }),
      targets: object({ http_package: witPackageId, http_world: witIdent, cli_package: witPackageId, cli_world: witIdent }),
      native_targets: object({
        http: object({ mode: oneOfWords("native-http-proxy_v1"), package: witPackageId, world: witIdent, budgets: httpBudgets }),
        cli: object({ mode: oneOfWords("native-cli-command_v1"), package: witPackageId, world: witIdent, budgets: cliBudgets }),
      }),
    }),
  }),
);

// ---------------------------------------------------------------------------------------------- toolchain profile

/** Tool ids in the order in which they are checked. */
export const TOOL_IDS = ["x07", "clang", "wasm_ld", "wasmtime", "wasm_tools", "wit_bindgen", "wac", "jco"] as const;

const probe = named(
  "version_probe",
  object({
    argv: list(text({ min: 1, max: 256 }), { min: 1, max: 16 }),
    regex: text({ min: 1, max: 512 }),
    group: integer(1, 16),
    source: oneOfWords("stdout", "stderr", "either"),
  }),
);
const toolRequirement = named(
  "tool_req",
  object(
    {
      cmd: about(textOrNull(), "The tool's program; null is its usual name."),
      version: probe,
      constraint: about(text({ min: 1, max: 128 }), "Comma-separated comparators as Cargo writes them, all of which must hold."),
      required: boolean,
    },
    { notes: text({ max: 4096 }) },
  ),
);

export const toolchainProfile = document(
  "x07-wasm.toolchain.profile",
  "x07.wasm.toolchain.profile@0.2.0",
  "Which versions of which tools a project builds with, and how to ask them.",
  object(
    { schema_version: just("x07.wasm.toolchain.profile@0.2.0"), id, v: version, tools: object(Object.fromEntries(TOOL_IDS.map((tool) => [tool, toolRequirement]))) },
    { notes },
  ),
);
