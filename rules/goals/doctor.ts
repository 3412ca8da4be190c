// `doctor`: which tools are here, which version, what each is for, what does the work. Asks the machine every time, so nothing is replayed.

import { goal } from "../../engine/index.ts";
import { doctorAnswer, DOCTOR_TOOLS, type Found } from "../doctor.ts";

export const doctor = goal({
  about: "List every tool: whether it is here, its version, what needs it",
  options: [],
  report: { schemaVersion: "x07.wasm.doctor.report@0.1.0", command: "x07-wasm.doctor", schemaFile: "x07-wasm.doctor.report.schema.json" },
  examples: ["doctor", "doctor --json=pretty"],
  question: true,
  async plan(_options, context) {
    context.volatile();
    const [{ probe }, { toolConstraint, withinPin }] = await Promise.all([import("../probe.ts"), import("../pins.ts")]);
    const asked = await Promise.all(
      DOCTOR_TOOLS.map(async ({ id, program }) => {
        const path = context.findProgram(program);
        const said = path === undefined ? { osError: "it is not on PATH" } : await probe(path, ["--version"]);
        const pin = toolConstraint(context, program);
        if ("osError" in said) return [id, { missing: said.osError, pin }] as const;
        const line = said.stdout.split("\n")[0]!.trim();
        return [id, line === "" ? { missing: `${program} --version said nothing`, pin } : { line, pin, pinned: withinPin(line, pin) }] as const;
      }),
    );
    return doctorAnswer(Object.fromEntries(asked) as unknown as Found, { embeddedCompiler: true });
  },
});
