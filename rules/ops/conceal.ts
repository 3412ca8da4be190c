// Keeps the values of secrets out of what is written. Knows nothing of where they come from.

import { isJsonArray, isJsonObject } from "../../engine/index.ts";
import type { Diagnostic, JsonValue } from "../../engine/index.ts";

/** Shorter ones are in everything, and no secret. */
const LEAST = 4;
const INSTEAD = "[secret]";

export class Confidential {
  readonly #texts: readonly string[];
  readonly #bytes: readonly Buffer[];

  constructor(values: readonly string[]) {
    // The longest first: one may be part of another.
    this.#texts = values.filter((value) => value.length >= LEAST).sort((a, b) => b.length - a.length);
    this.#bytes = this.#texts.map((text) => Buffer.from(text, "utf8"));
  }

  in(bytes: Uint8Array): boolean {
    if (this.#bytes.length === 0) return false;
    const whole = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    return this.#bytes.some((secret) => whole.includes(secret));
  }

  text(text: string): string {
    return this.#texts.reduce((now, secret) => now.replaceAll(secret, INSTEAD), text);
  }

  json(value: JsonValue): JsonValue {
    if (this.#texts.length === 0) return value;
    if (typeof value === "string") return this.text(value);
    if (isJsonArray(value)) return value.map((item) => this.json(item));
    if (!isJsonObject(value)) return value;
    return Object.fromEntries(Object.entries(value).map(([name, member]) => [this.text(name), member === undefined ? undefined : this.json(member)]));
  }

  diagnostic(diagnostic: Diagnostic): Diagnostic {
    if (this.#texts.length === 0) return diagnostic;
    const { message, data, notes } = diagnostic;
    return {
      ...diagnostic,
      message: this.text(message),
      ...(data && { data: this.json(data) as NonNullable<Diagnostic["data"]> }),
      ...(notes && { notes: notes.map((note) => this.text(note)) }),
    };
  }
}
