// The configuration of Wasmtime's cache that a profile names: in the project, or in this package where the project has none.

import { fail, ok } from "../../engine/index.ts";
import type { PlanContext, Result } from "../../engine/index.ts";
import { readPackaged } from "../contract/packaged.ts";
import { finding } from "../wasm/finding.ts";
import type { CoreLimits } from "./prepare.ts";

/** null: the profile names none. */
export function readCacheConfig(context: PlanContext, path: string | null): Result<Uint8Array | null> {
  if (path === null) return ok(null);
  const own = context.read(path);
  const read = !own.ok && own.code === "ENOENT" ? readPackaged(path) : own;
  if (read.ok) return ok(read.bytes);
  return fail([{ ...finding("X07WASM_WASMTIME_ENGINE_FAILED", "run", `runtime.cache_config names ${path}, which cannot be read: ${read.error}`), hint: "create the file, or set runtime.cache_config to null", place: { file: path } }]);
}

export function withCache<T extends { readonly limits: CoreLimits }>(request: T, cacheConfig: Uint8Array | null): T {
  return { ...request, limits: { ...request.limits, cacheConfig } };
}
