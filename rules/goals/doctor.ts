// `doctor`: which tools are here, which version, what each is for. Asks the machine every time, so nothing is replayed.

import { goal } from "../../engine/index.ts";
import { doctorAnswer, DOCTOR_TOOLS, type Found } from "../doctor.ts";

/** A tool that does not answer within this many milliseconds counts as missing. */
const PATIENCE_MS = 10_000;

export const doctor = goal({
  about: "List every tool: whether it is here, its version, what needs it",
  options: [],
  report: { schemaVersion: "x07.wasm.doctor.report@0.1.0", command: "x07-wasm.doctor", schemaFile: "x07-wasm.doctor.report.schema.json" },
  examples: ["doctor", "doctor --json=pretty"],
  question: true,
  async plan(_options, context) {
    context.volatile();
    const { execa } = await import("execa");
    const asked = await Promise.all(
      DOCTOR_TOOLS.map(async ({ id, program }) => {
        const path = context.findProgram(program);
        if (path === undefined) return [id, { missing: `${program} is not on PATH` }] as const;
        const ran = await execa(path, ["--version"], { reject: false, stdin: "ignore", timeout: PATIENCE_MS });
        const line = String(ran.stdout ?? "").split("\n")[0]!.trim();
        return [id, ran.exitCode === 0 ? { line } : { missing: ran.timedOut ? `${program} --version did not answer` : `${program} --version failed (code=${ran.exitCode ?? ran.signal ?? "?"})` }] as const;
      }),
    );
    return doctorAnswer(Object.fromEntries(asked) as unknown as Found, { embeddedCompiler: true });
  },
});
