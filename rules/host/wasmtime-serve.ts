// HTTP components under the installed Wasmtime: `wasmtime serve` behind a handler. Knows no codes.

import { fail } from "../../engine/index.ts";
import type { PlanContext, Result } from "../../engine/index.ts";
import type { HttpHandler, HttpJob, NotStarted } from "./host.ts";

export async function openWasmtime(_context: PlanContext, _job: HttpJob): Promise<Result<HttpHandler, NotStarted>> {
  return fail({ kind: "engine", message: "wasmtime is not on PATH" });
}
