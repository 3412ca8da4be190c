// From the options of `serve` to what its guest gets: capabilities with the values that they name, secrets fetched, folders found, evidence
// read. Whatever is missing is said before a guest starts.

import { realpathSync, statSync } from "node:fs";
import { join, relative, sep } from "node:path";
import type { Diagnostic, FileDigest, OptionValues } from "../../engine/index.ts";
import type { Witness } from "../incident/record.ts";
import { finding } from "../wasm/finding.ts";
import { Confidential } from "./conceal.ts";
import type { Capabilities, Mode, NetworkCapabilities, Preopen } from "./capabilities.ts";
import type { Evidence } from "./evidence.ts";
import { resolveSecret, SECRET_VARIABLE } from "./secrets.ts";
import type { ProvidedSecret, Secret } from "./secrets.ts";

/** A folder that a guest may use, by the name it knows and the place where it is. */
export interface GrantedFolder extends Preopen {
  readonly host: string;
}

export type EvidenceUse = { readonly kind: "record" } | { readonly kind: "replay"; readonly evidence: Evidence };

/** Plain data: it travels to threads and processes. Holds the values of secrets. */
export interface Grants {
  readonly folders: readonly GrantedFolder[];
  readonly env: readonly (readonly [name: string, value: string])[];
  readonly network: NetworkCapabilities;
  readonly clocks: Mode;
  readonly random: Mode;
  readonly evidence: EvidenceUse | null;
  readonly secrets: readonly ProvidedSecret[];
  /** Not to be found in anything that is written. */
  readonly confidential: readonly string[];
}

/** Whether what the guest does is seen outside, so that it cannot simply be done once more. */
export function leavesTraces(grants: Grants | null): boolean {
  return grants !== null && (grants.network.mode === "allowlist" || grants.folders.some((f) => f.writable));
}

export type LoadedGrants =
  /** null: without an ops profile. */
  | { readonly ok: true; readonly grants: Grants | null; readonly inputs: readonly FileDigest[] }
  | { readonly ok: false; readonly diagnostics: readonly Diagnostic[]; readonly inputs: readonly FileDigest[] };

const OBLIGATION = "X07WASM_POLICY_OBLIGATION_UNSATISFIED";

export async function loadGrants(witness: Witness, options: OptionValues): Promise<LoadedGrants> {
  const inputs: FileDigest[] = [];
  const failed = (diagnostics: readonly Diagnostic[]): LoadedGrants => ({ ok: false, diagnostics, inputs });
  const path = options["ops"];
  const ops = typeof path === "string" ? await (await import("./load.ts")).loadOps(witness.context, path) : null;
  inputs.push(...(ops?.inputs ?? []));
  if (ops !== null && ops.capabilities === null) return failed(ops.diagnostics);
  const capabilities = ops?.capabilities ?? null;
  const unmet = obligations(options, capabilities);
  if (unmet.length > 0) return failed(unmet);
  if (capabilities === null) return { ok: true, grants: null, inputs };
  const evidence = await readUse(witness, options, inputs);
  const secrets = capabilities.secrets.map((id) => resolveSecret(id, witness.context.engine.cwd, process.env));
  const folders = capabilities.preopens.map((preopen) => findFolder(preopen, witness.context.engine.cwd));
  const problems = [...(evidence.ok ? [] : evidence.diagnostics), ...secrets.flatMap((s) => (s.ok ? [] : s.error)), ...folders.flatMap((f) => (f.ok ? [] : [f.diagnostic]))];
  if (problems.length > 0 || !evidence.ok) return failed(problems);
  const known = secrets.flatMap((s) => (s.ok ? [s.value] : []));
  const grants = grantsOf(witness, capabilities, folders.flatMap((f) => (f.ok ? [f.folder] : [])), known, evidence.use);
  witness.secrets = grants.secrets;
  witness.confidential = new Confidential(grants.confidential);
  for (const { path } of grants.folders) witness.alsoFolder(path);
  return { ok: true, grants, inputs };
}

function grantsOf(witness: Witness, capabilities: Capabilities, folders: readonly GrantedFolder[], secrets: readonly Secret[], evidence: EvidenceUse | null): Grants {
  const env = new Map<string, string>();
  const confidential = new Set(secrets.map((s) => s.value));
  for (const name of capabilities.env) {
    const secret = SECRET_VARIABLE.test(name);
    const value = secret ? process.env[name] : witness.context.env(name);
    if (value === undefined) continue;
    env.set(name, value);
    if (secret) confidential.add(value);
  }
  for (const { variable, value } of secrets) env.set(variable, value);
  const { network, clocks, random } = capabilities;
  return { folders, env: [...env], network, clocks, random, evidence, secrets: secrets.map(({ id, source }) => ({ id, source })), confidential: [...confidential].filter((value) => value !== "") };
}

// ---------------------------------------------------------------------------------------------- evidence

function obligations(options: OptionValues, capabilities: Capabilities | null): Diagnostic[] {
  const unmet = (message: string, hint: string): Diagnostic => ({ ...finding(OBLIGATION, "parse", message), hint });
  const given = ["evidence-in", "evidence-out"].filter((name) => typeof options[name] === "string").map((name) => `--${name}`);
  const [option] = given;
  if (option === undefined) {
    const recorded = (["clocks", "random"] as const).filter((what) => capabilities?.[what] === "record");
    return recorded.map((what) => unmet(`${what}.mode is record, and there is neither --evidence-out nor --evidence-in`, "record with --evidence-out FILE, play again with --evidence-in FILE"));
  }
  if (capabilities === null) return [unmet(`${option} needs --ops`, "name the ops profile whose capabilities ask for evidence")];
  const found: Diagnostic[] = [];
  if (options["mode"] === "listen") found.push(unmet(`${option} needs --mode canary`, "evidence is of one request"));
  if (options["stop-after"] !== 1n) found.push(unmet(`${option} needs --stop-after 1`, "evidence is of one request"));
  return found;
}

type ReadUse = { readonly ok: true; readonly use: EvidenceUse | null } | { readonly ok: false; readonly diagnostics: readonly Diagnostic[] };

async function readUse(witness: Witness, options: OptionValues, inputs: FileDigest[]): Promise<ReadUse> {
  if (typeof options["evidence-out"] === "string") return { ok: true, use: { kind: "record" } };
  const path = options["evidence-in"];
  if (typeof path !== "string") return { ok: true, use: null };
  const unmet = (message: string): Diagnostic => ({ ...finding(OBLIGATION, "parse", message), hint: "record evidence with --evidence-out", place: { file: path } });
  const read = witness.context.read(path);
  if (!read.ok) return { ok: false, diagnostics: [unmet(`failed to read evidence: ${path}: ${read.error}`)] };
  inputs.push(read.digest);
  const evidence = await (await import("./evidence.ts")).readEvidence(read.bytes, path);
  return evidence.ok ? { ok: true, use: { kind: "replay", evidence: evidence.value } } : { ok: false, diagnostics: evidence.error.map(unmet) };
}

// ---------------------------------------------------------------------------------------------- folders

type FoundFolder = { readonly ok: true; readonly folder: GrantedFolder } | { readonly ok: false; readonly diagnostic: Diagnostic };

/** The folder itself, not one outside that a link leads to: a guest might have made the link. */
function findFolder(preopen: Preopen, cwd: string): FoundFolder {
  const no = (why: string, hint: string): FoundFolder => ({ ok: false, diagnostic: { ...finding("X07WASM_CAPS_FS_DENIED", "parse", `the folder ${preopen.path} cannot be given to the guest: ${why}`, { path: preopen.path }), hint, place: { file: preopen.path } } });
  try {
    const host = realpathSync(join(cwd, preopen.path));
    const from = relative(realpathSync(cwd), host);
    if (from === ".." || from.startsWith(`..${sep}`)) return no("a link leads it out of the working directory", "make it a folder of its own, or mount what it links to");
    if (!statSync(host).isDirectory()) return no("it is not a folder", "name folders in fs.preopens, relative to the working directory");
    return { ok: true, folder: { ...preopen, host } };
  } catch (error) {
    return no((error as NodeJS.ErrnoException).code === "ENOENT" ? "it is not there" : ((error as NodeJS.ErrnoException).code ?? "unknown reason"), "folders in fs.preopens are relative to the working directory");
  }
}
