// What can be wrong with a program, as data. Knows no stage: every stage makes these and passes them on.

export type ErrorKind = "Parse" | "Typing" | "Unsupported" | "Budget" | "Internal";

/** One JSON Patch operation (RFC 6902) on the document at the error's path. */
export interface PatchOp {
  readonly op: "add" | "remove" | "replace" | "move" | "copy" | "test";
  readonly path: string;
  readonly value?: unknown;
  readonly from?: string;
}

export interface CompileError {
  readonly kind: ErrorKind;
  /** A published lint code such as X07-TYPE-0001, else X07C_<KIND>. */
  readonly code: string;
  readonly message: string;
  /** The file, as the caller named it. */
  readonly path: string;
  /** JSON pointer inside that file. */
  readonly pointer: string;
  readonly expected?: string;
  readonly found?: string;
  /** The expression at the place, rendered short. */
  readonly expression?: string;
  /** The known name that was most probably meant. */
  readonly nearest?: string;
  readonly hint?: string;
  readonly quickfix?: readonly PatchOp[];
}

/** An error before it knows its file. */
export interface Fault extends Omit<CompileError, "path"> {
  /** An unknown name and the module that uses it: only the whole program tells whether a module was not imported. */
  readonly head?: { readonly name: string; readonly from: string };
  /** A name that is used after its value has gone, and where it went. */
  readonly moved?: { readonly name: string; readonly type: string; readonly pointer: string };
}

export type FaultFacts = Partial<Omit<Fault, "kind" | "code" | "message" | "pointer">>;

export function fault(kind: ErrorKind, code: string | undefined, message: string, pointer: string, facts: FaultFacts = {}): Fault {
  return { kind, code: code ?? `X07C_${kind.toUpperCase()}`, message, pointer, ...facts };
}

/** So many mistakes of a function get a suggestion: looking for one costs more than the mistake. */
export const SUGGESTIONS = 50;

/** Facts that propose `nearest` in place of the name at `pointer`. */
export function renamed(nearest: string | undefined, pointer: string): FaultFacts {
  if (nearest === undefined) return {};
  return { nearest, hint: `did you mean ${JSON.stringify(nearest)}?`, quickfix: [{ op: "replace", path: pointer, value: nearest }] };
}

/** Instances of one generic function repeat its mistakes. */
export function unique(errors: readonly CompileError[]): CompileError[] {
  const seen = new Map<string, CompileError>();
  for (const e of errors) seen.set(`${e.path} ${e.pointer} ${e.message}`, e);
  return [...seen.values()];
}

export function bySource(a: CompileError, b: CompileError): number {
  if (a.path !== b.path) return a.path < b.path ? -1 : 1;
  return comparePointers(a.pointer, b.pointer);
}

function comparePointers(a: string, b: string): number {
  const x = a.split("/");
  const y = b.split("/");
  for (let i = 0; i < Math.min(x.length, y.length); i++) {
    const p = x[i] ?? "";
    const q = y[i] ?? "";
    if (p === q) continue;
    const numeric = Number(p) - Number(q);
    return Number.isNaN(numeric) ? (p < q ? -1 : 1) : numeric;
  }
  return x.length - y.length;
}
