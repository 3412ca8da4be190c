// Actions and results as messages of the Remote Execution API v2, so that a server sees the keys that a cluster would. The
// field numbers are those of its published protocol. Knows no network.

import { CutShort, utf8 } from "../../lib/bytes.ts";
import { canonical, type JsonValue } from "../../lib/canonical-json.ts";
import { type Digest, digestOf, sha256Hex } from "../../lib/digest.ts";
import type { Diagnostic } from "../../diagnostic.ts";
import type { Action } from "../../graph.ts";
import type { Discovered } from "../../key.ts";
import type { Trace, TracedOutput } from "../../trace.ts";
import { BASE_ENV, commandWords } from "../../words.ts";
import { Message, MessageWriter } from "./protobuf.ts";

// ---- the action ----------------------------------------------------------------------------------

/**
 * The digest of the Action message. `salt` is the key that this engine gives the action (all that may affect it is in
 * there), so that nothing which the messages have no room for is forgotten.
 */
export function actionDigest(action: Action, salt: string, digest: (artifact: number) => Digest): Digest {
  const files = action.inputs.map((i) => ({ path: i.name.split("/"), digest: digest(i.artifact) }));
  const command = new MessageWriter();
  for (const word of wordsOf(action)) command.message(1, utf8(word));
  for (const [name, value] of environment(action)) command.message(2, new MessageWriter().text(1, name).text(2, value).finish());
  for (const path of outputPaths(action).sort()) command.message(7, utf8(path));
  const message = new MessageWriter()
    .message(1, digestMessage(digestOf(command.finish())))
    .message(2, digestMessage(digestOf(directory(files))))
    .bytes(9, Buffer.from(salt, "hex"))
    .bytes(10, platform(action));
  return digestOf(message.finish());
}

/** A function of this package has no words of its own: it is named instead. */
function wordsOf(action: Action): readonly string[] {
  const { rule, tool } = action.spec;
  return "command" in rule ? commandWords(action.spec, rule, action.inputs, tool === undefined ? [] : [tool.name]) : ["function", rule.id, String(rule.version)];
}

function environment(action: Action): (readonly [string, string])[] {
  const { rule } = action.spec;
  const env: { readonly [name: string]: string } = "command" in rule ? { ...BASE_ENV, ...rule.env?.(action.spec.arguments as never) } : {};
  return Object.entries(env).sort(([a], [b]) => (a < b ? -1 : 1));
}

function platform(action: Action): Uint8Array {
  const { tool } = action.spec;
  if (tool === undefined) return new Uint8Array(0);
  const property = new MessageWriter().text(1, `tool:${tool.name}`).text(2, `${tool.provider} ${tool.version} ${tool.digest}`).finish();
  return new MessageWriter().message(1, property).finish();
}

function outputPaths(action: Action): string[] {
  return action.roles.map((role) => `out/${action.spec.rule.outputs[role]!.name}`);
}

interface TreeFile {
  readonly path: readonly string[];
  readonly digest: Digest;
}

/** A Directory message: files and folders sorted by name, folders by the digest of their own messages. */
function directory(files: readonly TreeFile[]): Uint8Array {
  const here = new Map<string, Digest>();
  const below = new Map<string, TreeFile[]>();
  for (const { path, digest } of files) {
    const [name = "", ...rest] = path;
    if (rest.length === 0) here.set(name, digest);
    else below.set(name, [...(below.get(name) ?? []), { path: rest, digest }]);
  }
  const w = new MessageWriter();
  for (const name of [...here.keys()].sort()) w.message(1, new MessageWriter().text(1, name).message(2, digestMessage(here.get(name)!)).finish());
  for (const name of [...below.keys()].sort()) w.message(2, new MessageWriter().text(1, name).message(2, digestMessage(digestOf(directory(below.get(name)!)))).finish());
  return w.finish();
}

function digestMessage(d: Digest): Uint8Array {
  return new MessageWriter().text(1, d.sha256).number(2, d.size).finish();
}

// ---- the result ----------------------------------------------------------------------------------

/** What the ActionResult of an action says: a result, or which sets of files such actions have been seen to discover. */
export type Remembered = { readonly kind: "result"; readonly trace: Trace } | { readonly kind: "sets"; readonly sets: readonly (readonly string[])[] };

/** Carried beside the outputs: what the API has no room for, with the key it belongs to. */
interface Note {
  readonly key: string;
  readonly remarks?: readonly Diagnostic[];
  readonly discovered?: readonly Discovered[];
  readonly sets?: readonly (readonly string[])[];
}

const NOTE_TYPE = "graph-engine/note@1";

/** An ActionResult; the same on every machine, so how long it took is not in it. */
export function encodeResult(action: Action, key: string, said: Remembered): Uint8Array {
  const outputs = said.kind === "sets" ? [] : said.trace.outputs.map((o, i) => ({ path: outputPaths(action)[i]!, o }));
  const w = new MessageWriter();
  for (const { path, o } of outputs) w.message(2, outputFile(path, o));
  const note: Note = said.kind === "sets" ? { key, sets: said.sets } : { key, remarks: said.trace.remarks, discovered: said.trace.discovered };
  const text = canonical(note as unknown as JsonValue);
  const sealed = utf8(`${sealOf(text, outputs.map(({ path, o }) => ({ path, ...o })))}\n${text}`);
  const any = new MessageWriter().text(1, NOTE_TYPE).bytes(2, sealed).finish();
  return w.message(9, new MessageWriter().message(11, any).finish()).finish();
}

function outputFile(path: string, o: TracedOutput): Uint8Array {
  return new MessageWriter().text(1, path).message(2, digestMessage(o)).bytes(5, o.inline ?? new Uint8Array(0)).finish();
}

interface Named extends Digest {
  readonly path: string;
}

/** Ties note and outputs together: a result that was cut, mixed up or given for another key is found out. */
function sealOf(note: string, outputs: readonly Named[]): string {
  return sha256Hex(`${note}${outputs.map((o) => `${o.path}\t${o.sha256}\t${o.size}\n`).join("")}`);
}

/** What was encoded under this key, or undefined when it is anything else. */
export function decodeResult(bytes: Uint8Array, action: Action, key: string): Remembered | undefined {
  try {
    return decoded(bytes, action, key);
  } catch (e) {
    if (e instanceof CutShort || e instanceof SyntaxError) return undefined;
    throw e;
  }
}

function decoded(bytes: Uint8Array, action: Action, key: string): Remembered | undefined {
  const result = new Message(bytes);
  const any = new Message(result.bytes(9)).all(11).map((a) => new Message(a)).find((a) => a.text(1) === NOTE_TYPE);
  const sealed = any?.text(2) ?? "";
  const text = sealed.slice(65);
  const outputs = result.all(2).map((o) => new Message(o)).map((o) => ({ path: o.text(1), ...digestIn(o.bytes(2)), contents: o.bytes(5) }));
  if (sealed.slice(0, 64) !== sealOf(text, outputs) || result.number(4) !== 0) return undefined;
  const note: unknown = JSON.parse(text);
  if (!isNote(note) || note.key !== key) return undefined;
  if (note.sets !== undefined) return { kind: "sets", sets: note.sets };
  const paths = outputPaths(action);
  if (outputs.length !== paths.length || outputs.some((o, i) => o.path !== paths[i])) return undefined;
  const traced = outputs.map(({ sha256, size, contents }): TracedOutput => ({ sha256, size, inline: contents.length > 0 || size === 0 ? contents : undefined }));
  if (traced.some((o) => o.inline !== undefined && (o.inline.length !== o.size || sha256Hex(o.inline) !== o.sha256))) return undefined;
  return { kind: "result", trace: { durationMs: 0, discovered: note.discovered ?? [], remarks: note.remarks ?? [], outputs: traced } };
}

function isNote(v: unknown): v is Note {
  const note = v as Partial<Note> | null;
  if (typeof note !== "object" || note === null || typeof note.key !== "string") return false;
  const { remarks = [], discovered = [], sets = [] } = note;
  const texts = (all: unknown) => Array.isArray(all) && all.every((t) => typeof t === "string");
  return Array.isArray(remarks) && Array.isArray(discovered) && discovered.every((d) => texts([d?.path, d?.sha256])) && Array.isArray(sets) && sets.every(texts);
}

function digestIn(encoded: Uint8Array): Digest {
  const m = new Message(encoded);
  return { sha256: m.text(1), size: m.number(2) };
}
