// Where tools come from: an installed program (native) or a part of this package (embedded), its version and its digest.
// The identity is part of every key, the path is not. Knows nothing of what any tool does.

import { output, type PlanContext, rule, type ToolIdentity } from "../engine/index.ts";

declare const BUILD_ID: string;
declare const TOOL_VERSION: string;
/** Version and sha256 of the parts of other packages that do a tool's work, by package name; made when this package is built. */
declare const PACKAGE_PARTS: { readonly [name: string]: { readonly version: string; readonly digest: string } };

/** Version of this package, as reports print it. */
export const VERSION: string = typeof TOOL_VERSION === "string" ? TOOL_VERSION : "0.3.0";

/** Asks a program for its version; keyed by the program's own digest, so it runs once per binary. */
const version = rule({
  id: "tool.version",
  version: 1,
  inputs: {},
  outputs: { line: output("version-text", "version.txt") },
  stdout: "line",
  timeoutMs: 10_000,
  dispensable: true,
  command: (_words, tool) => [...tool, "--version"],
});

export type Provider = "native" | "embedded";

/** A part of this package that does a tool's work: its digest is that of the package's sources. */
export function embedded(name: string): ToolIdentity {
  return { name, provider: "embedded", version: VERSION, digest: typeof BUILD_ID === "string" ? BUILD_ID : "sources", command: [] };
}

/** A tool carried by an npm package of which exactly this version is a dependency. */
export function embeddedPackage(name: string, npm: string): ToolIdentity {
  const part = typeof PACKAGE_PARTS === "object" ? PACKAGE_PARTS[npm] : undefined;
  return { name, provider: "embedded", version: part === undefined ? npm : `${npm}@${part.version}`, digest: part?.digest ?? "sources", command: [] };
}

export type FoundTool = { readonly ok: true; readonly tool: ToolIdentity; readonly line: string } | { readonly ok: false; readonly why: "missing" | "unusable"; readonly message: string };

/** Finds an installed program: on PATH, or at a path with a slash. The file and every place looked at are remembered. */
export async function native(context: PlanContext, name: string, command: string = name): Promise<FoundTool> {
  const path = context.findProgram(command);
  if (path === undefined) return { ok: false, why: "missing", message: `${command} is not on PATH` };
  const looked = context.look(path);
  if (!looked.ok) return { ok: false, why: "missing", message: `${path} cannot be read: ${looked.code}` };
  const identity: ToolIdentity = { name, provider: "native", version: "", digest: looked.digest.sha256, command: [path] };
  const asked = await context.need(version({}, { tool: identity, label: name }).line);
  if (!asked.ok) return { ok: false, why: "unusable", message: asked.error[0]?.message ?? `${command} --version failed` };
  const line = new TextDecoder().decode(asked.value).split("\n")[0]!.trim();
  return { ok: true, tool: { ...identity, version: line }, line };
}
