// What all checks of contracts do: read a document, hold it against its schema, gather findings. Knows nothing of any document.

import { parseJson } from "../../engine/index.ts";
import type { Diagnostic, FileDigest, JsonValue } from "../../engine/index.ts";
import type { ReadFile } from "./registry.ts";
import { validate } from "./validate.ts";

/** Codes of a document that cannot be had; without `X07WASM_`. */
export interface DocumentCodes {
  readonly unreadable: string;
  readonly notJson: string;
  /** A file that cannot be read is also an empty text, which is no JSON: two findings. */
  readonly alsoEmpty?: boolean;
}

/** Findings of one run of checks, and the files it read, in the order in which they came up. */
export class Checks {
  readonly diagnostics: Diagnostic[] = [];
  readonly inputs: FileDigest[] = [];
  readonly #read: ReadFile;

  constructor(read: ReadFile) {
    this.#read = read;
  }

  /** Adds a finding about a file; an error of stage parse unless `more` says otherwise. */
  find(code: string, message: string, file: string, more: Partial<Diagnostic> = {}): void {
    this.diagnostics.push({ code: `X07WASM_${code}`, severity: "error", stage: "parse", message, place: { file }, ...more });
  }

  /** The parsed document, or undefined after a finding. */
  document(path: string, codes: DocumentCodes): JsonValue | undefined {
    const file = this.#read(path);
    if (file.ok) this.inputs.push(file.digest);
    else {
      this.find(codes.unreadable, `${path} cannot be read: ${file.error}`, path);
      if (codes.alsoEmpty !== true) return undefined;
    }
    const parsed = parseJson(file.ok ? file.bytes : "");
    if (parsed.ok) return parsed.value;
    this.find(codes.notJson, `${path} is not JSON: ${parsed.error.message} at line ${parsed.error.line}, column ${parsed.error.column}`, path);
    return undefined;
  }

  /** Adds the violations and says whether there were none. */
  async valid(schema: string, document: JsonValue, path: string, code?: string): Promise<boolean> {
    const faults = await validate(schema, document, path, code);
    this.diagnostics.push(...faults);
    return faults.length === 0;
  }
}
