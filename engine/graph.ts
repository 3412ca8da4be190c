// The graph as dense arrays: artifacts, actions, who makes what. Turns declarations into ids, shares equal actions,
// finds cycles, second producers and bad arguments. No disk, no time.

import type { Diagnostic } from "./diagnostic.ts";
import { canonical, type JsonValue } from "./lib/canonical-json.ts";
import { baseName, normal, staysInside } from "./lib/path.ts";
import type { ActionSpec, Artifact, ArtifactLike, InputField, Placement } from "./rule.ts";

export type ArtifactId = number;
export type ActionId = number;

export interface ActionInput {
  readonly field: string;
  readonly name: string;
  readonly artifact: ArtifactId;
}

export interface Action {
  readonly id: ActionId;
  readonly spec: ActionSpec;
  /** Rule id and label, made unique: the name under which the journal remembers it. */
  readonly identity: string;
  readonly label: string;
  readonly inputs: readonly ActionInput[];
  /** Canonical text of each parameter, in field order. */
  readonly parameters: readonly (readonly [string, string])[];
  readonly outputs: readonly ArtifactId[];
  readonly roles: readonly string[];
}

export interface ArtifactNode {
  readonly id: ArtifactId;
  /** Workspace path of a source, "" for a made artifact. */
  readonly source: string;
  readonly producer: ActionId;
  readonly role: number;
  readonly label: string;
}

export class Graph {
  readonly artifacts: ArtifactNode[] = [];
  readonly actions: Action[] = [];
  readonly problems: Diagnostic[] = [];
  /** Where outputs are put: path -> artifact. */
  readonly placements = new Map<string, ArtifactId>();
  readonly placedAt = new Map<ArtifactId, string[]>();
  readonly #sources = new Map<string, ArtifactId>();
  readonly #specs = new Map<ActionSpec, ActionId>();
  readonly #structural = new Map<string, ActionId>();
  readonly #identities = new Map<string, number>();
  /** Placements that were declared but whose artifact has no id yet: path -> artifact. */
  readonly #announced = new Map<string, Artifact<unknown>>();

  /** Says that these will be demanded together; paths are known before the first of them is resolved. */
  announce(placements: Iterable<Placement<unknown>>): void {
    for (const p of placements) {
      const path = normal(p.path);
      const source = this.#sources.get(path);
      if (source !== undefined && this.artifacts[source]!.producer < 0) this.#problem("GRAPH_OUTPUT_IS_SOURCE", path, `${path} is read as a source and written as an output`, "give the output another path, or declare it before the source is used");
      const before = this.#announced.get(path);
      if (before === undefined) this.#announced.set(path, p.artifact);
    }
  }

  /** Gives the id of what was declared, declaring all it needs. Deep graphs are walked with a stack of our own. */
  intern(like: ArtifactLike): ArtifactId | undefined {
    if (like.type === "placement") this.announce([like]);
    const artifact = unwrap(like);
    const id = this.#resolve(artifact);
    if (id !== undefined && like.type === "placement") this.#placed(id, normal(like.path));
    return id;
  }

  #placed(id: ArtifactId, path: string): void {
    const before = this.placements.get(path);
    if (before === id) return;
    if (before !== undefined) {
      this.#problem("GRAPH_TWO_PRODUCERS", path, `two actions make ${path}: ${this.#nameOf(before)} and ${this.#nameOf(id)}`, "give one of them another path");
      return;
    }
    this.placements.set(path, id);
    const list = this.placedAt.get(id);
    if (list === undefined) this.placedAt.set(id, [path]);
    else list.push(path);
  }

  #nameOf(id: ArtifactId): string {
    const a = this.artifacts[id]!;
    return a.producer < 0 ? a.source : this.actions[a.producer]!.identity;
  }

  #resolve(artifact: Artifact<unknown>): ArtifactId | undefined {
    const origin = artifact.origin;
    if (!("source" in origin)) {
      const action = this.#internAction(origin.action);
      return action === undefined ? undefined : this.actions[action]!.outputs[this.actions[action]!.roles.indexOf(origin.role)];
    }
    const path = normal(origin.source);
    const made = this.#announced.get(path);
    if (made !== undefined) {
      const id = this.#resolve(made);
      if (id !== undefined) this.#placed(id, path);
      return id;
    }
    return this.#source(path);
  }

  #source(path: string): ArtifactId {
    const known = this.#sources.get(path);
    if (known !== undefined) return known;
    const id = this.artifacts.length;
    this.artifacts.push({ id, source: path, producer: -1, role: 0, label: path });
    this.#sources.set(path, id);
    return id;
  }

  /** Depth first with an explicit stack; an action met again while it is open is a cycle. */
  #internAction(spec: ActionSpec): ActionId | undefined {
    const done = this.#specs.get(spec);
    if (done !== undefined) return done;
    const open = new Set<ActionSpec>();
    const stack: ActionSpec[] = [spec];
    while (stack.length > 0) {
      const top = stack[stack.length - 1]!;
      if (this.#specs.has(top)) {
        stack.pop();
        continue;
      }
      open.add(top);
      const missing = this.#uninterned(top);
      const cycle = missing.find((m) => open.has(m));
      if (cycle !== undefined) {
        const names = [...stack.slice(stack.indexOf(cycle)), cycle].map((s) => s.label ?? s.rule.id);
        this.#problem("GRAPH_CYCLE", names[0]!, `these actions need each other: ${names.join(" -> ")}`, "break the circle: one of them must not read what it leads to");
        return undefined;
      }
      if (missing.length > 0) {
        for (let i = missing.length - 1; i >= 0; i--) stack.push(missing[i]!);
        continue;
      }
      stack.pop();
      open.delete(top);
      if (!this.#add(top)) return undefined;
    }
    return this.#specs.get(spec);
  }

  #uninterned(spec: ActionSpec): ActionSpec[] {
    const found: ActionSpec[] = [];
    eachArtifact(spec, (_, like) => {
      const producer = this.#producerOf(unwrap(like));
      if (producer !== undefined && !this.#specs.has(producer)) found.push(producer);
    });
    return found;
  }

  #producerOf(artifact: Artifact<unknown>): ActionSpec | undefined {
    let at = artifact;
    const seen = new Set<string>();
    for (;;) {
      if (!("source" in at.origin)) return at.origin.action;
      const path = normal(at.origin.source);
      const made = this.#announced.get(path);
      if (made === undefined || seen.has(path)) return undefined;
      seen.add(path);
      at = made;
    }
  }

  #add(spec: ActionSpec): boolean {
    const wrong = badArgument(spec);
    if (wrong !== undefined) {
      this.#problem("GRAPH_BAD_ARGUMENT", spec.label ?? spec.rule.id, `rule ${spec.rule.id}: ${wrong}`, "see the rule's inputs for what it takes");
      return false;
    }
    const inputs: ActionInput[] = [];
    const names = new Set<string>();
    let complete = true;
    eachArtifact(spec, (field, like) => {
      const id = this.intern(like);
      if (id === undefined) complete = false;
      else inputs.push({ field, name: uniqueName(names, this.#visibleName(spec, like, id)), artifact: id });
    });
    if (!complete) return false;
    const parameters = parameterTexts(spec);
    const structural = structuralKey(spec, inputs, parameters);
    const same = this.#structural.get(structural);
    if (same !== undefined) {
      this.#specs.set(spec, same);
      return true;
    }
    const id = this.actions.length;
    const label = spec.label ?? (inputs.length > 0 ? this.artifacts[inputs[0]!.artifact]!.label : spec.rule.id);
    const roles = Object.keys(spec.rule.outputs);
    const outputs = roles.map((_, role) => {
      const artifact = this.artifacts.length;
      this.artifacts.push({ id: artifact, source: "", producer: id, role, label });
      return artifact;
    });
    this.actions.push({ id, spec, identity: this.#identity(`${spec.rule.id} ${label}`), label, inputs, parameters, outputs, roles });
    this.#structural.set(structural, id);
    this.#specs.set(spec, id);
    return true;
  }

  #identity(name: string): string {
    const n = this.#identities.get(name) ?? 0;
    this.#identities.set(name, n + 1);
    return n === 0 ? name : `${name} #${n + 1}`;
  }

  /** The name an action sees: stable when the whole project moves, since it is taken relative to the action's root. */
  #visibleName(spec: ActionSpec, like: ArtifactLike, id: ArtifactId): string {
    if (like.type === "named") return normal(like.name);
    const node = this.artifacts[id]!;
    if (node.producer >= 0) {
      const role = this.actions[node.producer]!.roles[node.role]!;
      return this.actions[node.producer]!.spec.rule.outputs[role]!.name;
    }
    const root = spec.root === "" ? "" : `${normal(spec.root)}/`;
    const path = node.source.startsWith(root) ? node.source.slice(root.length) : node.source;
    return staysInside(path) ? path : baseName(path);
  }

  #problem(code: string, file: string, message: string, hint: string): void {
    if (this.problems.some((p) => p.code === code && p.message === message)) return;
    this.problems.push({ code, severity: "error", stage: "parse", message, hint, place: { file } });
  }
}

export function unwrap(like: ArtifactLike): Artifact<unknown> {
  return like.type === "artifact" ? like : like.artifact;
}

function uniqueName(taken: Set<string>, name: string): string {
  let unique = name;
  for (let n = 2; taken.has(unique); n++) unique = `${n}/${name}`;
  taken.add(unique);
  return unique;
}

/** Shows every artifact argument, in the order of the rule's fields. */
function eachArtifact(spec: ActionSpec, show: (field: string, artifact: ArtifactLike) => void): void {
  const { inputs } = spec.rule;
  for (const field in inputs) {
    const argument = spec.arguments[field];
    const kind = inputs[field]!.field;
    if (kind === "one") {
      if (isArtifactLike(argument)) show(field, argument);
    } else if (kind === "many" && Array.isArray(argument)) {
      for (const a of argument as readonly unknown[]) if (isArtifactLike(a)) show(field, a);
    }
  }
}

function isArtifactLike(v: unknown): v is ArtifactLike {
  return typeof v === "object" && v !== null && "type" in v && (v.type === "artifact" || v.type === "placement" || v.type === "named");
}

function badArgument(spec: ActionSpec): string | undefined {
  for (const name of Object.keys(spec.arguments)) if (!(name in spec.rule.inputs)) return `it has no input "${name}"`;
  for (const [name, field] of Object.entries(spec.rule.inputs)) {
    const wrong = badValue(field, spec.arguments[name]);
    if (wrong !== undefined) return `input "${name}" must be ${wrong}`;
  }
  return undefined;
}

function badValue(field: InputField, value: unknown): string | undefined {
  if (field.field === "parameter") return field.check(value);
  const all = field.field === "one" ? [value] : value;
  if (!Array.isArray(all)) return "a list of artifacts";
  for (const a of all) {
    if (!isArtifactLike(a)) return `an artifact of kind "${field.kind}"`;
    const kind = unwrap(a).kind;
    if (a.type === "named" && !staysInside(a.name)) return `named inside the action's own directory, which "${a.name}" is not`;
    if (field.kind !== "any" && kind !== field.kind && kind !== "file") return `an artifact of kind "${field.kind}", not "${kind}"`;
  }
  return undefined;
}

function parameterTexts(spec: ActionSpec): [string, string][] {
  const texts: [string, string][] = [];
  for (const [name, field] of Object.entries(spec.rule.inputs)) {
    if (field.field === "parameter") texts.push([name, canonical(spec.arguments[name] as JsonValue).trimEnd()]);
  }
  return texts;
}

function structuralKey(spec: ActionSpec, inputs: readonly ActionInput[], parameters: readonly (readonly [string, string])[]): string {
  const tool = spec.tool === undefined ? "" : `${spec.tool.name} ${spec.tool.provider} ${spec.tool.digest}`;
  const ins = inputs.map((i) => `${i.field}=${i.name}=${i.artifact}`);
  return [`${spec.rule.id}@${spec.rule.version}`, tool, spec.root, ...ins, ...parameters.map(([n, t]) => `${n}=${t}`)].join("\0");
}
