// Random graphs as plain data, their meaning by recursion (the oracle), and the same graphs as plans for the engine.

import { type Artifact, fail, many, ok, one, output, place, rule, text, value } from "../../engine/index.ts";
import type { Placement } from "../../engine/rule.ts";
import type { Seeded } from "./seeded.ts";
import type { TestPlan } from "../rig/world.ts";

/** `s0` … are sources under src/; a number is a node, with a role for nodes that have two outputs. */
export type Ref = { readonly source: string } | { readonly node: number; readonly role: 0 | 1 };

export interface NodeSpec {
  readonly kind: "join" | "strip" | "split" | "include" | "check" | "pad" | "glob" | "pick";
  readonly inputs: readonly Ref[];
  readonly glue: string;
  /** Paths at which the first output is put. */
  readonly places: readonly string[];
}

export interface GraphSpec {
  readonly nodes: readonly NodeSpec[];
}

/** Files of src/ by name. */
export type Sources = ReadonlyMap<string, string>;

const PADDED = 1500;

// ---- the oracle ------------------------------------------------------------------------------------

/** What a clean build puts in place: path -> content, or undefined where it cannot be made. */
export function cleanBuild(graph: GraphSpec, sources: Sources): Map<string, string | undefined> {
  const known = new Map<number, readonly string[] | undefined>();
  const of = (ref: Ref): string | undefined => ("source" in ref ? sources.get(ref.source) : make(ref.node)?.[ref.role]);
  const make = (n: number): readonly string[] | undefined => {
    if (!known.has(n)) known.set(n, result(graph.nodes[n]!));
    return known.get(n);
  };
  const result = (node: NodeSpec): readonly string[] | undefined => {
    if (node.kind === "glob") return [[...sources].filter(([name]) => name.startsWith("g")).sort().map(([, t]) => t).join(node.glue)];
    const [a, ...others] = node.kind === "pick" ? [of(node.inputs[0]!)] : node.inputs.map(of);
    if (a === undefined || others.includes(undefined)) return undefined;
    if (node.kind === "pick") {
      const chosen = of(node.inputs[1 + (a.length % 2)]!);
      return chosen === undefined ? undefined : [chosen];
    }
    return meaning[node.kind]([a, ...(others as string[])], node.glue, (name) => sources.get(name));
  };
  return new Map(graph.nodes.flatMap((node, n) => node.places.map((path) => [path, make(n)?.[0]] as const)));
}

type Meaning = (inputs: readonly string[], glue: string, read: (name: string) => string | undefined) => readonly string[] | undefined;

const meaning: { readonly [K in Exclude<NodeSpec["kind"], "glob" | "pick">]: Meaning } = {
  join: (parts, glue) => [parts.join(glue)],
  strip: ([a]) => [a!.split("\n").map((l) => l.trimEnd()).filter((l) => l !== "").join("\n")],
  split: ([a]) => [a!.split("\n")[0]!, a!.split("\n").slice(1).join("\n")],
  include: ([a], _, read) => [a!.split("\n").map((l) => (l.startsWith("include ") ? (read(l.slice(8)) ?? `(no ${l.slice(8)})`) : l)).join("\n")],
  check: ([a]) => (a!.includes("FAIL") ? undefined : [a!]),
  pad: ([a]) => [a!.padEnd(PADDED, ".")],
};

// ---- the engine's side -------------------------------------------------------------------------------

/** Called whenever an action really runs; histories hang their mischief here. */
export const hooks: { onRun: (rule: string) => void } = { onRun: () => {} };

async function yielding(name: string, times: number): Promise<void> {
  hooks.onRun(name);
  for (let n = 0; n < times; n++) await Promise.resolve();
}

const textOut = { text: output("text") };
const rules = {
  join: rule({ id: "join", version: 1, inputs: { parts: many("any"), glue: text() }, outputs: textOut, async run({ parts, glue }) {
    await yielding("join", 3);
    return ok({ text: meaning.join(parts.map((p) => p.text()), glue, () => undefined)![0]! });
  } }),
  strip: rule({ id: "strip", version: 1, inputs: { source: one("any") }, outputs: textOut, async run({ source }) {
    await yielding("strip", 1);
    return ok({ text: meaning.strip([source.text()], "", () => undefined)![0]! });
  } }),
  split: rule({ id: "split", version: 1, inputs: { source: one("any") }, outputs: { head: output("text", "head"), tail: output("text", "tail") }, run({ source }) {
    hooks.onRun("split");
    const [head, tail] = meaning.split([source.text()], "", () => undefined)!;
    return ok({ head: head!, tail: tail! });
  } }),
  include: rule({ id: "include", version: 1, inputs: { source: one("any") }, outputs: textOut, discovers: true, async run({ source }, io) {
    await yielding("include", 2);
    const read = (name: string) => {
      const bytes = io.read(name);
      return bytes === undefined ? undefined : new TextDecoder().decode(bytes);
    };
    return ok({ text: meaning.include([source.text()], "", read)![0]! });
  } }),
  check: rule({ id: "check", version: 1, inputs: { source: one("any") }, outputs: textOut, async run({ source }, io) {
    await yielding("check", 2);
    if (source.text().includes("ODD")) io.remark({ code: "TEST_ODD", severity: "warning", stage: "lint", message: "odd" });
    const made = meaning.check([source.text()], "", () => undefined);
    return made === undefined ? fail([{ code: "TEST_FAIL", severity: "error", stage: "run", message: "it says FAIL" }]) : ok({ text: made[0]! });
  } }),
  pad: rule({ id: "pad", version: 1, inputs: { source: one("any") }, outputs: textOut, async run({ source }) {
    await yielding("pad", 2);
    return ok({ text: meaning.pad([source.text()], "", () => undefined)![0]! });
  } }),
  parity: rule({ id: "parity", version: 1, inputs: { source: one("any") }, outputs: { odd: value<boolean>("odd") }, async run({ source }) {
    await yielding("parity", 1);
    return ok({ odd: { json: source.text().length % 2 === 1 } });
  } }),
};

/** The plan that puts every placement of the graph in place. */
export function planOf(graph: GraphSpec): TestPlan {
  return async (c) => {
    const made: (readonly Artifact[] | undefined)[] = [];
    const of = (ref: Ref): Artifact | undefined => ("source" in ref ? sourceOf(ref.source) : made[ref.node]?.[ref.role]);
    const placements: Placement<unknown>[] = [];
    const failed: string[] = [];
    for (const node of graph.nodes) {
      const artifacts = node.kind === "glob" ? [rules.join({ parts: await c.glob("g*", "src"), glue: node.glue }).text] : node.kind === "pick" ? await picked(node) : actionOf(node, node.inputs.map(of));
      made.push(artifacts);
      if (artifacts === undefined) failed.push(...node.places);
      else for (const path of node.places) placements.push(place(artifacts[0]!, path));
    }
    const built = await c.build(placements);
    return built.ok && failed.length > 0 ? fail([{ code: "TEST_UNDECIDED", severity: "error", stage: "run", message: "a choice could not be made" }]) : built;

    async function picked(node: NodeSpec): Promise<readonly Artifact[] | undefined> {
      const condition = of(node.inputs[0]!);
      if (condition === undefined) return undefined;
      const odd = await c.need(rules.parity({ source: condition }).odd);
      const chosen = odd.ok ? of(node.inputs[odd.value ? 2 : 1]!) : undefined;
      return chosen === undefined ? undefined : [chosen];
    }
  };
}

function sourceOf(name: string): Artifact {
  return { type: "artifact", origin: { source: `src/${name}` }, kind: "file", decode: (b) => b };
}

function actionOf(node: NodeSpec, inputs: readonly (Artifact | undefined)[]): readonly Artifact[] | undefined {
  const known = inputs.filter((i) => i !== undefined);
  if (known.length < inputs.length) return undefined;
  const source = known[0]!;
  switch (node.kind) {
    case "join":
      return [rules.join({ parts: known, glue: node.glue }).text];
    case "split": {
      const s = rules.split({ source });
      return [s.head, s.tail];
    }
    case "include":
      return [rules.include({ source }, { root: "src" }).text];
    case "strip":
    case "check":
    case "pad":
      return [rules[node.kind]({ source }).text];
    case "glob":
    case "pick":
      return undefined;
  }
}

// ---- random graphs -----------------------------------------------------------------------------------

export const SOURCES = ["s0", "s1", "s2", "s3", "g0", "g1", "g2", "extra"] as const;

export function randomText(r: Seeded): string {
  const lines: string[] = [];
  for (let n = 1 + r.below(4); n > 0; n--) lines.push(r.chance(25) ? `include ${r.pick(SOURCES)}` : r.chance(8) ? "FAIL" : r.pick(["a", "b", "c", "a ", "ODD", "", `x${r.below(1000)}`]));
  return lines.join("\n");
}

export function randomGraph(r: Seeded): GraphSpec {
  const nodes: NodeSpec[] = [];
  const size = 1 + r.below(9);
  for (let n = 0; n < size; n++) {
    const ref = (): Ref => (nodes.length > 0 && r.chance(65) ? nodeRef(nodes, r.below(nodes.length), r) : { source: r.pick(SOURCES.slice(0, 4)) });
    const kind = r.pick(["join", "join", "strip", "split", "include", "check", "pad", "pad", "glob", "pick"] as const);
    const count = kind === "glob" ? 0 : kind === "pick" ? 3 : kind === "join" ? 1 + r.below(3) : 1;
    const places = r.chance(n === size - 1 ? 100 : 45) ? [`out/${n}`, ...(r.chance(20) ? [`out/deep/${n}`] : [])] : [];
    nodes.push({ kind, inputs: Array.from({ length: count }, ref), glue: r.pick(["", "+", "\n"]), places });
  }
  return { nodes };
}

function nodeRef(nodes: readonly NodeSpec[], node: number, r: Seeded): Ref {
  return { node, role: nodes[node]!.kind === "split" && r.chance(50) ? 1 : 0 };
}
