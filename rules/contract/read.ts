// A contract file of the project, or the packaged default where the project has none of its own. Which one it was shows in
// the report's inputs. Knows nothing of what the file says.

import type { PlanContext, PlanFile } from "../../engine/index.ts";
import { packageRoot } from "../package.ts";

/** Only paths under `arch/` have packaged defaults, and only where the project has no `arch/` folder of its own. */
export function readContract(context: PlanContext, path: string): PlanFile {
  const own = context.read(path);
  if (own.ok || own.code !== "ENOENT" || !path.startsWith("arch/")) return own;
  if (context.probe("arch") === "dir") return own;
  return context.read(`${packageRoot()}/${path}`);
}
