// The public door: what rules and graphs (the users' own too) may import. Nothing behind it is an interface.

export type { CacheDesk, CacheStat, DamagedEntry, Verified } from "./cache/desk.ts";
export { type Diagnostic, type Place, type Result, type Severity, type Stage, fail, isError, ok } from "./diagnostic.ts";
export {
  type App,
  type FileDigest,
  type GoalAnswer,
  type GoalSpec,
  type GraphModule,
  type OptionSpec,
  type OptionValues,
  type PlanContext,
  type PlanFile,
  type ReportSpec,
  type ValueKind,
  goal,
  graph,
} from "./goal.ts";
export { makeDirs, namesStream } from "./host/disk.ts";
export { type JsonObject, type JsonValue, JsonFloat, asNumber, canonical, compact, compareUtf8, isJsonArray, isJsonObject, parseJson, pretty } from "./lib/canonical-json.ts";
export { type Digest, digestOf, sha256Hex, ZERO_SHA256 } from "./lib/digest.ts";
export { similar } from "./lib/typo.ts";
export { ageOf, ENGINE_OPTIONS, type GlobalSpec, MACHINE_OPTIONS, sizeOf } from "./option.ts";
export { composeReport, firstChars } from "./report.ts";
export { baseName, normal, parentOf, staysInside, under } from "./lib/path.ts";
export {
  type ActionIo,
  type ActionOptions,
  type Artifact,
  type ArtifactLike,
  type InputFile,
  type Placement,
  type ProcessOutcome,
  type RuleCall,
  type RunResult,
  type ToolIdentity,
  file,
  flag,
  integer,
  json,
  many,
  named,
  one,
  output,
  place,
  rule,
  text,
  texts,
  value,
} from "./rule.ts";
