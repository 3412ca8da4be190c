// A cache server in Bazel's HTTP form that can misbehave in every way a real one might: wrong bytes, another's content,
// stalls, cut connections, errors, a full disk, a wrong token. Also the same without a network, for histories.

import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Got, Shelf, Store } from "../../engine/cache/remote/http.ts";
import { type Seeded, seeded } from "../random/seeded.ts";

/** Per cent of answers that go wrong in each way. */
export interface Faults {
  readonly corrupt?: number;
  /** Content of another name. */
  readonly wrong?: number;
  readonly stall?: number;
  readonly cut?: number;
  readonly error?: number;
  /** What was stored is not there any more. */
  readonly lose?: number;
  /** Every PUT is answered with 507. */
  readonly full?: boolean;
}

type Fault = "corrupt" | "wrong" | "stall" | "cut" | "error" | "lose" | undefined;

function draw(r: Seeded, f: Faults): Fault {
  for (const kind of ["corrupt", "wrong", "stall", "cut", "error", "lose"] as const) if (r.chance(f[kind] ?? 0)) return kind;
  return undefined;
}

function spoiled(r: Seeded, body: Uint8Array, fault: Fault, objects: ReadonlyMap<string, Uint8Array>): Uint8Array {
  if (fault === "wrong") return r.pick([...objects.values()]);
  if (fault !== "corrupt" || body.length === 0) return body;
  return body.with(r.below(body.length), r.below(256));
}

export class CacheServer {
  readonly objects = new Map<string, Uint8Array>();
  readonly seen: { readonly method: string; readonly path: string; readonly authorization: string | undefined }[] = [];
  faults: Faults = {};
  token: string | undefined;
  /** Every PUT of such a path is answered with 500. */
  refuse: RegExp | undefined;
  /** How long a stalled answer takes. */
  stallMs = 10_000;
  /** How long every answer takes. */
  delayMs = 0;
  readonly #random: Seeded;
  readonly #server: Server;

  private constructor(seed: number) {
    this.#random = seeded(seed);
    this.#server = createServer((request, response) => this.#answer(request, response));
  }

  static async start(seed = 1): Promise<CacheServer> {
    const s = new CacheServer(seed);
    await new Promise<void>((resolve) => s.#server.listen(0, "127.0.0.1", resolve));
    return s;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/store`;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  count(method: string): number {
    return this.seen.filter((r) => r.method === method).length;
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const chunks: Buffer[] = [];
    request.on("data", (c: Buffer) => chunks.push(c));
    request.on("error", () => {});
    request.on("end", () => {
      const path = (request.url ?? "").replace(/^\/store/, "");
      this.seen.push({ method: request.method ?? "", path, authorization: request.headers.authorization });
      const fault = draw(this.#random, this.faults);
      const go = () => this.#respond(request.method ?? "", path, Buffer.concat(chunks), request, response, fault);
      const wait = fault === "stall" ? this.stallMs : this.delayMs;
      if (wait === 0) go();
      else setTimeout(go, wait).unref();
    });
  }

  #respond(method: string, path: string, body: Buffer, request: IncomingMessage, response: ServerResponse, fault: Fault): void {
    const end = (status: number, content?: Uint8Array) => response.writeHead(status, content === undefined ? {} : { "content-length": content.length }).end(content);
    if (fault === "error") return void end(500);
    if (this.token !== undefined && request.headers.authorization !== `Bearer ${this.token}`) return void end(401);
    if (!/^\/(ac|cas)\/[0-9a-f]{64}$/.test(path)) return void end(400);
    if (method === "PUT") {
      if (this.faults.full === true) return void end(507);
      if (this.refuse?.test(path) === true) return void end(500);
      if (fault === "cut") return void request.socket.destroy();
      if (fault !== "lose") this.objects.set(path, new Uint8Array(body));
      return void end(201);
    }
    const found = fault === "lose" ? undefined : this.objects.get(path);
    if (found === undefined) return void end(404);
    const content = spoiled(this.#random, found, fault, this.objects);
    if (fault !== "cut") return void end(200, content);
    response.writeHead(200, { "content-length": content.length + 1 });
    response.write(content.subarray(0, content.length >> 1));
    setTimeout(() => request.socket.destroy(), 1);
  }
}

/** The server's behaviour as a store, answering at once. */
export function memoryStore(objects: Map<string, Uint8Array>, faults: Faults, seed: number): Store {
  const r = seeded(seed);
  const traffic = { downloadedBytes: 0, uploadedBytes: 0, failures: 0 };
  return {
    asks: true,
    sends: true,
    traffic,
    async get(shelf: Shelf, name: string, limit: number): Promise<Got> {
      await Promise.resolve();
      const fault = draw(r, faults);
      if (fault === "stall" || fault === "cut" || fault === "error") return { kind: "failed" };
      const found = fault === "lose" ? undefined : objects.get(`/${shelf}/${name}`);
      if (found === undefined) return { kind: "miss" };
      const body = spoiled(r, found, fault, objects);
      return body.length > limit ? { kind: "failed" } : { kind: "body", body };
    },
    async put(shelf: Shelf, name: string, body: Uint8Array): Promise<boolean> {
      await Promise.resolve();
      const fault = draw(r, faults);
      if (faults.full === true || fault === "cut" || fault === "error" || fault === "stall") return false;
      if (fault !== "lose") objects.set(`/${shelf}/${name}`, body);
      return true;
    },
    wrong: () => void (traffic.failures += 1),
    close: () => {},
  };
}
