// `incident list` and `incident replay`: the goals around rules/incident, with their options.

import { goal, type GoalSpec } from "../../engine/index.ts";
import { INCIDENTS_DIR } from "../incident/options.ts";

export const incidentList = goal({
  about: "List incident bundles, newest first",
  options: [{ long: "incidents-dir", key: "incidents.dir", kind: "PATH", about: "Folder of the bundles", default: INCIDENTS_DIR }],
  report: { schemaVersion: "x07.wasm.incident.list.report@0.1.0", command: "x07-wasm.incident.list", schemaFile: "x07-wasm.incident.list.report.schema.json" },
  examples: ["incident list"],
  question: true,
  plan: async (options, context) => (await import("../incident/list.ts")).listIncidents(context, String(options["incidents-dir"])),
});

/** `own` gives the whole graph's goals; it is asked late, since this goal is one of them. */
export function incidentReplay(own: () => { readonly [name: string]: GoalSpec }): GoalSpec {
  return goal({
    about: "Run a failed command again from its bundle and say whether it fails in the same way",
    options: [{ long: "dir", key: "incident_dir", kind: "PATH", about: "Folder of the bundle", positional: true, required: true }],
    report: { schemaVersion: "x07.wasm.incident.replay.report@0.1.0", command: "x07-wasm.incident.replay", schemaFile: "x07-wasm.incident.replay.report.schema.json" },
    examples: ["incident replay .x07-wasm/incidents/2026-01-31/0123456789abcdef0123456789abcdef"],
    question: true,
    direct: true,
    async plan(options, context) {
      const { replayIncident } = await import("../incident/replay.ts");
      const tool = [process.execPath, process.argv[1] ?? ""];
      const optionsOf = (command: string) => Object.values(own()).find((g) => g.report.command === command)?.options ?? [];
      return replayIncident(context, String(options["dir"]), tool, optionsOf);
    },
  });
}
