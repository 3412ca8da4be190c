// Does what a reducer asks of its host, one effect after another. Knows nothing of requests or of how often a reducer is called.

import { asNumber, firstChars, isJsonObject } from "../../engine/index.ts";
import type { Diagnostic, JsonObject, JsonValue } from "../../engine/index.ts";
import { fetchEffect } from "./fetch.ts";
import type { FetchPolicy } from "./fetch.ts";
import { finding } from "../wasm/finding.ts";
import { denialDiagnostic } from "../ops/network.ts";
import { readPayload, writePayload } from "./payload.ts";

export interface EffectWorld {
  readonly fetch: FetchPolicy;
  /** Unix milliseconds. */
  readonly now: () => number;
  /** Whether reducers may ask for the time. */
  readonly clock: boolean;
  readonly say: (line: string) => void;
  /** Failed effects are errors of the command, not only remarks: the reducer is told of them in any case. */
  readonly failuresAreErrors: boolean;
}

export interface EffectOutcome {
  /** What the reducer gets to know. */
  readonly result: JsonObject;
  readonly payloadBytes: number;
  readonly diagnostics: readonly Diagnostic[];
}

interface Stored {
  readonly bytes: Uint8Array;
  /** Unix milliseconds from which on the value is gone; null: it stays. */
  readonly until: number | null;
}

/** The effects of one command: its store is shared by all requests and lost at the end. */
export class Effects {
  readonly #world: EffectWorld;
  readonly #store = new Map<string, Stored>();
  usesTime = false;
  usesNetwork = false;

  constructor(world: EffectWorld) {
    this.#world = world;
  }

  async perform(effect: JsonObject): Promise<EffectOutcome> {
    const [id, type] = [String(effect["id"]), String(effect["type"])];
    const done = (more: JsonObject, payloadBytes = 0): EffectOutcome => ({ result: { id, type, ok: true, ...more }, payloadBytes, diagnostics: [] });
    switch (type) {
      case "kv.get": return this.#get(String(effect["key"]), done);
      case "kv.put": return this.#put(effect, done);
      case "log.emit":
        this.#world.say(`http.reducer log[${String(effect["level"])}]: ${oneLine(String(effect["message"]))}`);
        return done({ emitted: true });
      case "time.now":
        if (!this.#world.clock) return this.#denied(effect, finding("X07WASM_CAPS_CLOCK_DENIED", "run", "the time was refused by the capabilities: clocks.mode is deny"), "time.now denied by capabilities");
        this.usesTime = true;
        return done({ unix_ms: this.#world.now() });
      case "http.fetch": {
        const fetched = await fetchEffect(effect, this.#world.fetch, () => (this.usesNetwork = true));
        if (fetched.ok) return done({ response: fetched.value.response }, fetched.value.bodyBytes);
        const { error, denial } = fetched.error;
        return denial === null ? this.#failed(effect, "X07WASM_HTTP_EFFECT_HTTP_FETCH_FAILED", error) : this.#denied(effect, denialDiagnostic(denial), error);
      }
      default: return this.#failed(effect, "X07WASM_HTTP_EFFECT_SCHEMA_INVALID", `there is no effect ${JSON.stringify(type)}`);
    }
  }

  #get(key: string, done: (more: JsonObject, payloadBytes?: number) => EffectOutcome): EffectOutcome {
    const stored = this.#store.get(key);
    if (stored !== undefined && (stored.until === null || this.#clock() < stored.until)) return done({ found: true, value: writePayload(stored.bytes) }, stored.bytes.length);
    this.#store.delete(key);
    return done({ found: false, value: null });
  }

  #put(effect: JsonObject, done: (more: JsonObject) => EffectOutcome): EffectOutcome {
    const payload = readPayload(effect["value"]);
    if (!payload.ok) return this.#failed(effect, "X07WASM_HTTP_EFFECT_KV_IO_FAILED", payload.error);
    const ttl = asNumber(effect["ttl_ms"] as JsonValue);
    this.#store.set(String(effect["key"]), { bytes: payload.value, until: ttl === undefined ? null : this.#clock() + ttl });
    return done({ written: true });
  }

  /** A time to live makes answers depend on the clock. */
  #clock(): number {
    this.usesTime = true;
    return this.#world.now();
  }

  /** Always an error of the command: a reducer that can live without it should not ask. */
  #denied(effect: JsonObject, why: Diagnostic, error: string): EffectOutcome {
    const [id, type] = [String(effect["id"]), String(effect["type"])];
    const diagnostic = { ...why, message: `effect ${id} (${type}): ${why.message}`, data: { ...why.data, effect_id: id, effect_type: type } };
    return { result: { id, type, ok: false, error }, payloadBytes: 0, diagnostics: [diagnostic] };
  }

  #failed(effect: JsonObject, code: string, why: string): EffectOutcome {
    const [id, type] = [String(effect["id"]), String(effect["type"])];
    const error = firstChars(why === "" ? "failed" : why, 4096);
    const failed = this.#world.failuresAreErrors;
    const diagnostic: Diagnostic = {
      code, severity: failed ? "error" : "warning", stage: code.endsWith("SCHEMA_INVALID") ? "parse" : "run",
      message: `effect ${id} (${type}) failed: ${error}`, data: { effect_id: id, effect_type: type, error },
      ...(failed ? {} : { notes: ["the reducer was told of it; with --fail-on-effect-error it fails the command"] }),
    };
    return { result: { id, type, ok: false, error }, payloadBytes: 0, diagnostics: [diagnostic] };
  }
}

/** The effects that a frame asks for. */
export function effectsOf(frame: JsonObject): JsonObject[] {
  return (frame["effects"] as readonly JsonValue[]).filter(isJsonObject);
}

/** Control characters would let a guest write lines that are not its own. */
function oneLine(text: string): string {
  return text.replace(/[\u0000-\u001f\u007f]/g, (c) => JSON.stringify(c).slice(1, -1).replace("\u007f", "\\u007f"));
}
