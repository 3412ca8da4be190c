// The nodes of a project's own modules: finds its modules by their imports, and declares what parses, lowers and compiles each. Knows
// the project's files; has never heard of profiles.

import { type Artifact, type ArtifactLike, baseName, type Diagnostic, file, named, parentOf, type PlanContext, type ToolIdentity, under } from "../../engine/index.ts";
import type { Library, ModuleFacts, Parsed } from "./compiler/index.ts";
import type { FoundFacts } from "./compiler/modules.ts";
import { arrange, interfacesNeeded } from "./compiler/modules.ts";
import { loadProject, type LoadedProject } from "./project.ts";
import { buildFailed, compileFailed, compileX07, lowerX07, parseX07 } from "./stages.ts";
import { stdLibrary } from "./std.ts";

/** Up to so many modules are one unit of code, which makes the best code; more are a unit each, so that an edit compiles one. */
const TOGETHER = 8;

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

export async function programNodes(context: PlanContext, project: string, tool: ToolIdentity): Promise<ProgramNodes> {
  const loaded = readSources(context, project);
  if (loaded.problems !== undefined) return { entry: "", objects: [], units: [], problems: loaded.problems };
  const library = await stdLibrary();
  const finder = new Finder(context, parentOf(project), loaded.project, library, tool);
  await finder.findAll();
  const { order, errors } = finder.arranged();
  if (errors.length > 0) return { entry: loaded.project.entry, objects: [], units: [], problems: compileFailed(errors) };
  return { entry: loaded.project.entry, ...declare(order, finder.nodes, library, tool), problems: [] };
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

  async findAll(): Promise<void> {
    let wave: [string, string][] = [["main", this.project.entry]];
    while (wave.length > 0) {
      const parsed = wave.map(([id, path]) => ({ id, path, ...parseX07({ source: named(file(under(this.folder, path)), path), id }, { tool: this.tool, label: path }) }));
      await this.context.build(parsed.map((p) => p.facts));
      const imports = new Set<string>();
      for (const p of parsed) {
        const facts = await this.context.need(p.facts);
        this.nodes.set(p.id, { module: p.module, facts: facts.ok ? facts.value : { ok: false, errors: facts.error.map((d) => ({ kind: "Parse" as const, code: d.code, message: d.message, path: p.path, pointer: "" })) } });
        if (facts.ok && facts.value.ok) for (const id of facts.value.value.imports) imports.add(id);
      }
      wave = [...imports].flatMap((id) => this.locate(id));
    }
  }

  private locate(id: string): [string, string][] {
    if (this.nodes.has(id) || this.lost.has(id) || this.library.has(id)) return [];
    const searched = this.project.candidates(id);
    const paths = searched.filter((path) => this.context.probe(under(this.folder, path)) === "file");
    const [path] = paths;
    if (path !== undefined && paths.length === 1) return [[id, path]];
    this.lost.set(id, path === undefined ? { kind: "missing", searched } : { kind: "ambiguous", paths });
    return [];
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

function declare(order: readonly ModuleFacts[], nodes: ReadonlyMap<string, Node>, library: Library, tool: ToolIdentity): Pick<ProgramNodes, "objects" | "units"> {
  const facts = new Map(order.map((m) => [m.id, m]));
  const interfaces = new Map<string, Artifact>();
  const inline = new Map<string, Artifact>();
  const objects: ArtifactLike[] = [];
  const units: ArtifactLike[] = [];
  const apart = order.length > TOGETHER;
  for (const m of order) {
    const needs = interfacesNeeded(m, (id) => facts.get(id) ?? library.facts(id));
    const offered = (from: ReadonlyMap<string, Artifact>, what: string): ArtifactLike[] => needs.flatMap((id) => inNamed(from.get(id), `${id}.${what}`));
    const lowered = lowerX07({ module: nodes.get(m.id)!.module, interfaces: offered(interfaces, "interface"), std: needs.filter((id) => library.has(id)) }, { tool, label: m.id });
    const object = named(lowered.object, `${m.id}.object`);
    objects.push(object);
    interfaces.set(m.id, lowered.interface);
    if (!apart) continue;
    const unit = compileX07({ objects: [object], inline: offered(inline, "inline") }, { tool, label: m.id });
    units.push(named(unit.code, `${m.id}.code`));
    inline.set(m.id, unit.inline);
  }
  if (!apart) units.push(compileX07({ objects, inline: [] }, { tool, label: "main" }).code);
  return { objects, units };
}

function inNamed(artifact: Artifact | undefined, name: string): ArtifactLike[] {
  return artifact === undefined ? [] : [named(artifact, name)];
}
