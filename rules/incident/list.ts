// `incident list`: which bundles there are and what each is about. Changes nothing.

import { asNumber, isJsonArray, isJsonObject, parseJson } from "../../engine/index.ts";
import type { GoalAnswer, JsonObject, PlanContext } from "../../engine/index.ts";
import { REPLAY_FILE } from "./record.ts";
import { incidentFolders } from "./write.ts";

export function listIncidents(context: PlanContext, root: string): GoalAnswer {
  context.volatile();
  const incidents = incidentFolders(root).reverse().map(({ path }) => describe(context, path));
  return {
    result: { incidents_dir: root, incidents },
    diagnostics: [],
    inputs: [],
    outputs: [],
    nondeterminism: { uses_os_time: false, uses_network: false, uses_process: false },
    human: incidents.length === 0 ? [`no incidents in ${root}`] : incidents.map((i) => `${String(i["dir"])}  ${String(i["command"] ?? "unknown")}  ${(i["codes"] as readonly string[]).join(", ")}${i["replayable"] === true ? "" : "  (not replayable)"}`),
  };
}

function describe(context: PlanContext, dir: string): JsonObject {
  const replay = documentAt(context, `${dir}/${REPLAY_FILE}`);
  const told = replay ?? documentAt(context, `${dir}/run.report.json`) ?? documentAt(context, `${dir}/component.run.report.json`) ?? documentAt(context, `${dir}/serve.report.json`) ?? {};
  const outcome = isJsonObject(told["expected"]) ? told["expected"] : told;
  const diagnostics = isJsonArray(outcome["diagnostics"] ?? null) ? (outcome["diagnostics"] as readonly unknown[]) : [];
  const codes = diagnostics.flatMap((d) => (isJsonObject(d) && d["severity"] === "error" && typeof d["code"] === "string" ? [d["code"]] : []));
  const command = told["command"];
  const exit = asNumber(outcome["exit_code"] ?? null);
  return { dir, command: typeof command === "string" ? command.replace(/^x07-wasm\./, "").replaceAll(".", " ") : null, exit_code: exit !== undefined && exit >= 0 && exit <= 255 ? exit : null, codes: [...new Set(codes)], replayable: replay !== undefined };
}

function documentAt(context: PlanContext, path: string): JsonObject | undefined {
  const read = context.read(path);
  const parsed = read.ok ? parseJson(read.bytes) : undefined;
  return parsed?.ok === true && isJsonObject(parsed.value) ? parsed.value : undefined;
}
