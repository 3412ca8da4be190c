// Secrets by id: from a file of the secrets folder, else from a variable. They are read past the engine, whose journal and bundles must
// not get to know them.

import { readFileSync, statSync } from "node:fs";
import { isAbsolute, join } from "node:path";
import { fail, ok } from "../../engine/index.ts";
import type { Diagnostic, Result } from "../../engine/index.ts";
import { finding } from "../wasm/finding.ts";

/** That there was a secret and where it came from, never what it is. */
export interface ProvidedSecret {
  readonly id: string;
  readonly source: "env" | "file";
}

export interface Secret extends ProvidedSecret {
  /** The name under which the guest gets it. */
  readonly variable: string;
  readonly value: string;
}

export const SECRETS_DIR_VARIABLE = "X07_SECRETS_DIR";
export const SECRET_VARIABLE = /^X07_SECRET_/;
const DEFAULT_DIR = join(".x07", "secrets");
const MAX_BYTES = 1024 * 1024;

export function secretVariable(id: string): string {
  return `X07_SECRET_${id.toUpperCase().replace(/[^A-Z0-9]/g, "_")}`;
}

export function resolveSecret(id: string, cwd: string, env: NodeJS.ProcessEnv): Result<Secret> {
  const dir = env[SECRETS_DIR_VARIABLE] ?? DEFAULT_DIR;
  const variable = secretVariable(id);
  const path = join(isAbsolute(dir) ? dir : join(cwd, dir), id);
  const read = readSecret(path);
  if (read.kind === "faulty") return fail([unreadable(id, read.why)]);
  if (read.kind === "found") return ok({ id, source: "file", variable, value: read.value });
  const value = env[variable];
  if (value !== undefined) return ok({ id, source: "env", variable, value });
  return fail([{ ...finding("X07WASM_CAPS_SECRET_MISSING", "parse", `the secret ${JSON.stringify(id)} is nowhere`, { secret: id, variable }), hint: `put it into ${join(dir, id)}, or into the variable ${variable}` }]);
}

function unreadable(id: string, why: string): Diagnostic {
  return { ...finding("X07WASM_CAPS_PROFILE_READ_FAILED", "parse", `the secret ${JSON.stringify(id)} cannot be read: ${why}`, { secret: id }), hint: "a secret is a readable file of UTF-8 text" };
}

type ReadSecret = { readonly kind: "found"; readonly value: string } | { readonly kind: "missing" } | { readonly kind: "faulty"; readonly why: string };

function readSecret(path: string): ReadSecret {
  try {
    const stat = statSync(path, { throwIfNoEntry: false });
    if (stat === undefined) return { kind: "missing" };
    if (!stat.isFile()) return { kind: "faulty", why: "it is not a file" };
    if (stat.size > MAX_BYTES) return { kind: "faulty", why: `it has more than ${MAX_BYTES} bytes` };
    const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(readFileSync(path));
    return { kind: "found", value: text.replace(/[\r\n]+$/, "") };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR") return { kind: "missing" };
    return { kind: "faulty", why: error instanceof TypeError ? "it is not UTF-8 text" : (code ?? "unknown reason") };
  }
}
