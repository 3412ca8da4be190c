// The nodes of a project's own modules: finds its modules by their imports, and declares what parses, lowers and compiles each. Knows
// the project's files; has never heard of profiles.

import { type Artifact, type ArtifactLike, baseName, type Diagnostic, fail, file, named, ok, parentOf, type PlanContext, type Result, type ToolIdentity, under } from "../../engine/index.ts";
import type { Library, ModuleFacts, Parsed } from "./compiler/index.ts";
import type { FoundFacts } from "./compiler/modules.ts";
import { arrange, interfacesNeeded } from "./compiler/modules.ts";
import { loadProject, type LoadedProject } from "./project.ts";
import { buildFailed, compileFailed, compileX07, gatherX07, lowerX07, moduleX07, parseX07 } from "./stages.ts";
import { stdLibrary } from "./std.ts";

/**
 * Up to so many modules are one unit of code, which makes the best code; more are a unit each, so that an edit compiles one. One alone
 * is lowered and compiled in one action either way: nothing else looks at what is in between.
 */
const TOGETHER = 8;

/** What the program is made into: objects are for C, units of code for wasm. */
export type Backend = "wasm" | "c";

export interface ProgramNodes {
  /** The entry's path, below the project's folder. */
  readonly entry: string;
  readonly objects: readonly ArtifactLike[];
  readonly units: readonly ArtifactLike[];
  /** What is wrong with manifest, imports and syntax; there are no nodes then. */
  readonly problems: readonly Diagnostic[];
}

interface Node {
  readonly facts: Parsed<ModuleFacts>;
  readonly module: Artifact;
}

/** Fails only where the engine could not find out, e.g. in a dry run; what is wrong with the program is for its last node to say. */
export async function programNodes(context: PlanContext, project: string, tool: ToolIdentity, backend: Backend): Promise<Result<ProgramNodes>> {
  const loaded = readSources(context, project);
  if (loaded.problems !== undefined) return ok({ entry: "", objects: [], units: [], problems: loaded.problems });
  const library = await stdLibrary();
  const { entry } = loaded.project;
  const finder = new Finder(context, parentOf(project), loaded.project, library, tool);
  const found = await finder.findAll();
  if (!found.ok) return found;
  const { order, errors } = finder.arranged();
  if (errors.length > 0) return ok({ entry, objects: [], units: [], problems: compileFailed(errors) });
  return ok({ entry, ...declare(order, finder.nodes, library, tool, parentOf(project), backend), problems: [] });
}

function readSources(context: PlanContext, project: string): { readonly problems: readonly Diagnostic[] } | { readonly problems?: undefined; readonly project: LoadedProject } {
  const folder = parentOf(project);
  const read = (path: string): Uint8Array | undefined => {
    const found = context.read(under(folder, path));
    return found.ok ? found.bytes : undefined;
  };
  const name = baseName(project);
  const loaded = loadProject(read(name) ?? new Uint8Array(0), name, read);
  if (!loaded.ok) return { problems: [buildFailed(loaded.error.map((d) => d.message)), ...loaded.error] };
  if (context.probe(under(folder, loaded.value.entry)) !== "file") return { problems: [buildFailed([`load project: the entry ${loaded.value.entry} does not exist`])] };
  return { project: loaded.value };
}

/** Finds modules wave by wave: the imports of one wave are the next. */
class Finder {
  readonly nodes = new Map<string, Node>();
  private readonly lost = new Map<string, FoundFacts>();
  private readonly context: PlanContext;
  private readonly folder: string;
  private readonly project: LoadedProject;
  private readonly library: Library;
  private readonly tool: ToolIdentity;

  constructor(context: PlanContext, folder: string, project: LoadedProject, library: Library, tool: ToolIdentity) {
    this.context = context;
    this.folder = folder;
    this.project = project;
    this.library = library;
    this.tool = tool;
  }

  async findAll(): Promise<Result<void>> {
    let wave: [string, string][] = [["main", this.project.entry]];
    while (wave.length > 0) {
      const nodes = wave.map(([id, path]) => this.parse(id, path));
      const found = this.context.needAll(nodes.map((n) => n.facts));
      const facts = found instanceof Promise ? await found : found;
      const failed = facts.flatMap((r) => (r.ok ? [] : r.error));
      if (failed.length > 0) return fail(failed);
      const imports = new Set<string>();
      for (const [i, [id]] of wave.entries()) if (facts[i]?.ok === true) this.take(id, nodes[i]!.module, facts[i].value, imports);
      wave = [...imports].flatMap((id) => this.locate(id));
    }
    return ok(undefined);
  }

  private parse(id: string, path: string) {
    const source = named(file(under(this.folder, path)), path);
    // Modules of two projects may have one name: their nodes must not be taken for each other's past.
    return parseX07({ source, id }, { tool: this.tool, label: under(this.folder, id) });
  }

  private take(id: string, module: Artifact, facts: Parsed<ModuleFacts>, imports: Set<string>): void {
    this.nodes.set(id, { module, facts });
    if (facts.ok) for (const i of facts.value.imports) imports.add(i);
  }

  private locate(id: string): [string, string][] {
    if (this.nodes.has(id) || this.lost.has(id) || this.library.has(id)) return [];
    const searched = this.project.candidates(id);
    const paths = searched.filter((path) => this.context.probe(under(this.folder, path)) === "file");
    const [path] = paths;
    if (path !== undefined && paths.length === 1) return [[id, path]];
    this.lost.set(id, path === undefined ? this.unread(searched) : { kind: "ambiguous", paths });
    return [];
  }

  private unread(searched: readonly string[]): FoundFacts {
    const texts = searched.map((path) => path.replace(/\.x07\.json$/, ".x07t"));
    const path = texts.find((t) => this.context.probe(under(this.folder, t)) === "file");
    return path === undefined ? { kind: "missing", searched } : { kind: "text", path };
  }

  arranged(): ReturnType<typeof arrange> {
    const facts = (id: string): FoundFacts => {
      const node = this.nodes.get(id);
      return node === undefined ? (this.lost.get(id) ?? { kind: "missing", searched: [] }) : { kind: "found", value: node.facts };
    };
    const entry = this.nodes.get("main");
    return arrange(entry?.facts ?? { ok: false, errors: [] }, facts, this.library);
  }
}

/** Modules are lowered each by itself where they are looked at together afterwards: by the C back end, or as one unit of code. */
function declare(order: readonly ModuleFacts[], nodes: ReadonlyMap<string, Node>, library: Library, tool: ToolIdentity, folder: string, backend: Backend): Pick<ProgramNodes, "objects" | "units"> {
  const facts = new Map(order.map((m) => [m.id, m]));
  const apart = backend === "wasm" && (order.length > TOGETHER || order.length === 1);
  const interfaces = new Map<string, Artifact>();
  const inline = new Map<string, Artifact>();
  const objects: ArtifactLike[] = [];
  const units: (readonly [id: string, code: ArtifactLike])[] = [];
  for (const m of order) {
    const needs = interfacesNeeded(m, (id) => facts.get(id) ?? library.facts(id));
    const offered = (from: ReadonlyMap<string, Artifact>, what: string): ArtifactLike[] => needs.flatMap((id) => inNamed(from.get(id), `${id}.${what}`));
    const given = { module: nodes.get(m.id)!.module, interfaces: offered(interfaces, "interface"), std: needs.filter((id) => library.has(id)) };
    const at = { tool, label: under(folder, m.id) };
    if (apart) {
      const made = moduleX07({ ...given, inline: offered(inline, "inline") }, at);
      interfaces.set(m.id, made.interface);
      inline.set(m.id, made.inline);
      units.push([m.id, named(made.code, `${m.id}.code`)]);
    } else {
      const lowered = lowerX07(given, at);
      interfaces.set(m.id, lowered.interface);
      objects.push(named(lowered.object, `${m.id}.object`));
    }
  }
  if (apart) return { objects, units: gathered(units, tool, folder) };
  return { objects, units: backend === "wasm" ? [compileX07({ objects, inline: [] }, { tool, label: under(folder, "main") }).code] : [] };
}

/** Up to so many units are linked as they are. */
const FEW = 32;

/**
 * Units in groups, about as many as there are units in each, so that after an edit neither gathering nor linking looks at all of them. A
 * module's group hangs on its id alone: others that come and go do not move it.
 */
function gathered(units: readonly (readonly [id: string, code: ArtifactLike])[], tool: ToolIdentity, folder: string): ArtifactLike[] {
  if (units.length <= FEW) return units.map(([, code]) => code);
  const count = 2 ** Math.round(Math.log2(units.length) / 2);
  const groups = Array.from({ length: count }, (): ArtifactLike[] => []);
  for (const [id, code] of units) groups[spread(id) % count]!.push(code);
  return groups.flatMap((group, i) => (group.length === 0 ? [] : [named(gatherX07({ units: group }, { tool, label: under(folder, `group-${i}`) }).code, `group-${i}.code`)]));
}

function spread(id: string): number {
  let hash = 0;
  for (let i = 0; i < id.length; i++) hash = (Math.imul(hash, 31) + id.charCodeAt(i)) >>> 0;
  return (hash ^ (hash >>> 15)) >>> 0;
}

function inNamed(artifact: Artifact | undefined, name: string): ArtifactLike[] {
  return artifact === undefined ? [] : [named(artifact, name)];
}
