// The shared cache behind an address: results looked up by the digest of their Action message, content verified before it
// is let in, what was made sent in the background. Trouble is said once and lived with. Knows no file and no option.

import type { Diagnostic } from "../../diagnostic.ts";
import { keyOf, withDiscovered } from "../../key.ts";
import { type Digest, digestOf } from "../../lib/digest.ts";
import type { Trace } from "../../trace.ts";
import { type Cache, VARIANT_LIMIT } from "../cache.ts";
import type { Farther, Question, Traffic } from "../farther.ts";
import { type HttpOptions, HttpStore, type Store, type Trouble } from "./http.ts";
import { actionDigest, decodeResult, encodeResult, type Remembered } from "./reapi.ts";

export interface RemoteOptions extends HttpOptions {
  readonly writable: boolean;
}

const RESULT_BYTES = 64 << 20;
/** When a build is over, what is still to be sent gets this many times the limit of one request. */
const PATIENCE = 6;

export function remoteCache(near: Cache, options: RemoteOptions, onProblem: (d: Diagnostic) => void): Farther {
  let told = false;
  const tell = (t: Trouble) => {
    if (!told) onProblem(troubleSaid(t, options.url));
    told = true;
  };
  return remoteOver(near, new HttpStore(options, tell), options, tell);
}

/** The same over any store. */
export function remoteOver(near: Cache, store: Store, options: Pick<RemoteOptions, "writable" | "timeoutMs">, tell: (t: Trouble) => void): Farther {
  return new Remote(near, options, store, tell);
}

const HINTS: { readonly [K in Trouble["code"]]: string } = {
  TIMEOUT: "the build goes on without it; see --remote-timeout-ms",
  UNREACHABLE: "the build goes on without it; check the address and that the server runs",
  REFUSED: "the build goes on without it; check the token (--remote-cache-token-file, or the environment)",
  FULL: "nothing more is sent to it; make room on the server",
  STATUS: "the build goes on without it; look into the server's log",
  WRONG: "the answer was thrown away and the build is right; the server's store is damaged",
};

function troubleSaid({ code, what }: Trouble, url: URL): Diagnostic {
  return { code: "GRAPH_REMOTE_CACHE_TROUBLE", severity: "warning", stage: "run", message: `the shared cache at ${url.origin} has trouble: ${what}`, data: { server: url.origin, trouble: code.toLowerCase() }, hint: HINTS[code] };
}

class Remote implements Farther {
  readonly #near: Cache;
  readonly #options: Pick<RemoteOptions, "writable" | "timeoutMs">;
  readonly #store: Store;
  readonly #tell: (t: Trouble) => void;
  readonly #sending = new Set<Promise<void>>();
  readonly #there = new Set<string>();
  #hits = 0;
  #misses = 0;

  constructor(near: Cache, options: Pick<RemoteOptions, "writable" | "timeoutMs">, store: Store, tell: (t: Trouble) => void) {
    this.#near = near;
    this.#options = options;
    this.#store = store;
    this.#tell = tell;
  }

  async result(q: Question): Promise<void> {
    const trace = this.#store.asks ? await this.#find(q) : undefined;
    if (trace === undefined) {
      this.#misses += 1;
      return;
    }
    this.#hits += 1;
    this.#near.remember(q.key, trace);
  }

  async #find(q: Question): Promise<Trace | undefined> {
    const first = await this.#ask(q, q.key);
    if (first?.kind !== "sets") return first?.trace;
    for (const paths of first.sets) {
      const discovered = q.look(paths);
      const key = keyOf(withDiscovered(q.base, discovered));
      const said = await this.#ask(q, key);
      if (said?.kind === "result" && keyOf(withDiscovered(q.base, said.trace.discovered)) === key) return said.trace;
    }
    return undefined;
  }

  async #ask(q: Question, key: string): Promise<Remembered | undefined> {
    const name = actionDigest(q.action, key, q.digest).sha256;
    const got = await this.#store.get("ac", name, RESULT_BYTES);
    if (got.kind !== "body") return undefined;
    const said = decodeResult(got.body, q.action, key);
    if (said === undefined) this.#store.wrong(`the result of action ${name.slice(0, 12)} is not what was stored`);
    return said;
  }

  async content(digests: readonly Digest[]): Promise<void> {
    await Promise.all(digests.map((d) => this.#fetch(d)));
  }

  async #fetch(digest: Digest): Promise<void> {
    if (!this.#store.asks) return;
    const got = await this.#store.get("cas", digest.sha256, digest.size);
    if (got.kind !== "body") return;
    const is = digestOf(got.body);
    if (is.sha256 !== digest.sha256 || is.size !== digest.size) return this.#store.wrong(`content ${digest.sha256.slice(0, 12)} has other bytes`);
    this.#there.add(digest.sha256);
    this.#near.keep(digest, got.body);
  }

  offer(q: Question, trace: Trace): void {
    if (!this.#options.writable || !this.#store.sends) return;
    const timeless: Trace = { ...trace, durationMs: 0 };
    const key = keyOf(withDiscovered(q.base, trace.discovered));
    const send = this.#send(q, key, timeless).finally(() => this.#sending.delete(send));
    this.#sending.add(send);
  }

  /** Content first: nobody must hear of a result whose content is not there. */
  async #send(q: Question, key: string, trace: Trace): Promise<void> {
    const name = actionDigest(q.action, key, q.digest).sha256;
    const first = key === q.key ? name : actionDigest(q.action, q.key, q.digest).sha256;
    const sent = await Promise.all(trace.outputs.map((o) => o.inline !== undefined || this.#sendContent(o)));
    if (sent.includes(false)) return;
    const stored = await this.#store.put("ac", name, encodeResult(q.action, key, { kind: "result", trace }));
    if (!stored || key === q.key) return;
    const known = await this.#ask(q, q.key);
    const mine = trace.discovered.map((d) => d.path);
    const others = known?.kind === "sets" ? known.sets.filter((s) => s.join("\0") !== mine.join("\0")) : [];
    if (known?.kind === "sets" && others.length < known.sets.length) return;
    await this.#store.put("ac", first, encodeResult(q.action, q.key, { kind: "sets", sets: [mine, ...others].slice(0, VARIANT_LIMIT) }));
  }

  async #sendContent(digest: Digest): Promise<boolean> {
    if (this.#there.has(digest.sha256)) return true;
    const bytes = this.#near.content(digest);
    if (bytes === undefined || !(await this.#store.put("cas", digest.sha256, bytes))) return false;
    this.#there.add(digest.sha256);
    return true;
  }

  async settle(): Promise<Traffic> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<"late">((resolve) => (timer = setTimeout(() => resolve("late"), PATIENCE * this.#options.timeoutMs)));
    while (this.#sending.size > 0) {
      if ((await Promise.race([late, Promise.allSettled([...this.#sending])])) !== "late") continue;
      this.#tell({ code: "TIMEOUT", what: `${this.#sending.size} results were not sent in time` });
      break;
    }
    clearTimeout(timer);
    this.#store.close();
    return { hits: this.#hits, misses: this.#misses, ...this.#store.traffic };
  }
}
