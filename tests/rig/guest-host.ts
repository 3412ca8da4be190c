// A small in-memory host of HTTP and command-line components, transpiled by jco: what a guest did, in order, and where a host
// with little room would have been left waiting. For tests of guests; knows no limits.

import { transpileBytes } from "@bytecodealliance/jco-transpile";

export interface HttpRequest {
  readonly method?: string;
  /** Path and query; undefined when the request has none. */
  readonly target?: string | undefined;
  readonly fields?: readonly (readonly [string, string | Uint8Array])[];
  readonly body?: Uint8Array;
  /** Bytes that a read gives at most. */
  readonly step?: number;
  /** The body's stream fails after so many bytes. */
  readonly failAt?: number;
}

export interface HttpAnswer {
  readonly status: number;
  readonly fields: readonly (readonly [string, string])[];
  readonly body: Uint8Array;
  /** `set` when the response was handed over, `write` for every write, `finish` when the body was complete. */
  readonly events: readonly string[];
}

export interface HostOptions {
  /** The program of an adapter. */
  readonly solve?: (input: Uint8Array) => Uint8Array;
  /** Bytes that an output stream holds before it must be drained. */
  readonly room?: number;
  /** The reader of the output goes away after so many bytes. */
  readonly outputFailsAt?: number;
}

type Imports = ConstructorParameters<typeof WebAssembly.Instance>[1];
type Instantiate = (core: (path: string) => WebAssembly.Module, imports: object, make: (m: WebAssembly.Module, i: Imports) => WebAssembly.Instance) => unknown;

/** A component that can be instantiated again and again. */
export class Guest {
  private readonly instantiate: Instantiate;
  private readonly modules: ReadonlyMap<string, Uint8Array>;
  private readonly compiled = new Map<string, WebAssembly.Module>();
  /** Names of the interfaces that the component imports. */
  readonly imports: readonly string[];

  private constructor(instantiate: Instantiate, modules: ReadonlyMap<string, Uint8Array>, imports: readonly string[]) {
    this.instantiate = instantiate;
    this.modules = modules;
    this.imports = imports;
  }

  /** The same component with other core modules. */
  map(change: (module: Uint8Array) => Uint8Array): Guest {
    return new Guest(this.instantiate, new Map([...this.modules].map(([name, bytes]) => [name, change(bytes)])), this.imports);
  }

  static async load(component: Uint8Array): Promise<Guest> {
    const { files, imports } = await transpileBytes(component, { name: "guest", instantiation: "sync", nodejsCompat: false });
    const script = Buffer.from(files["guest.js"]!).toString("base64");
    const { instantiate } = (await import(/* @vite-ignore */ `data:text/javascript;base64,${script}`)) as { instantiate: Instantiate };
    return new Guest(instantiate, new Map(Object.entries(files).filter(([name]) => name.endsWith(".wasm"))), imports);
  }

  http(options: HostOptions = {}): HttpInstance {
    return new HttpInstance((imports, memory) => this.make(imports, memory), options);
  }

  cli(options: HostOptions = {}): CliInstance {
    return new CliInstance((imports, memory) => this.make(imports, memory), options);
  }

  /** One instance; `memory` is told the guest's memory. */
  private make(imports: object, memory: (m: WebAssembly.Memory) => void): unknown {
    return this.instantiate(
      (path) => this.module(path),
      imports,
      (m, i) => {
        const instance = new WebAssembly.Instance(m, i);
        const exported = instance.exports["memory"];
        if (exported instanceof WebAssembly.Memory) memory(exported);
        return instance;
      },
    );
  }

  private module(path: string): WebAssembly.Module {
    const known = this.compiled.get(path) ?? new WebAssembly.Module(this.modules.get(path)!);
    this.compiled.set(path, known);
    return known;
  }
}

type Make = (imports: object, memory: (m: WebAssembly.Memory) => void) => unknown;

const closed = { tag: "closed" };
class HostError {}
const failed = () => ({ tag: "last-operation-failed", val: new HostError() });

/** What a component throws is a host's own error, or the payload of a result. */
function refuse(payload: unknown): never {
  throw Object.assign(new Error("refused"), { payload });
}

class InputStream {
  private at = 0;
  private readonly bytes: Uint8Array;
  private readonly step: number;
  private readonly failAt: number;
  constructor(bytes: Uint8Array, step: number, failAt: number) {
    this.bytes = bytes;
    this.step = step;
    this.failAt = failAt;
  }
  blockingRead(most: bigint): Uint8Array {
    if (this.at >= this.failAt) refuse(failed());
    if (this.at === this.bytes.length) refuse(closed);
    const size = Math.min(Number(most), this.step, this.bytes.length - this.at);
    this.at += size;
    return this.bytes.slice(this.at - size, this.at);
  }
}

/** Holds `room` bytes; only a drained one takes more. */
class OutputStream {
  readonly chunks: Uint8Array[] = [];
  private held = 0;
  private total = 0;
  private readonly room: number;
  private readonly drained: () => boolean;
  private readonly failsAt: number;
  private readonly note: (event: string) => void;
  constructor(room: number, drained: () => boolean, failsAt: number, note: (event: string) => void) {
    this.room = room;
    this.drained = drained;
    this.failsAt = failsAt;
    this.note = note;
  }
  checkWrite(): bigint {
    if (this.total >= this.failsAt) refuse(closed);
    return BigInt(this.room - this.held);
  }
  write(bytes: Uint8Array): void {
    if (bytes.length > this.room - this.held) throw new Error("more was written than was permitted");
    this.note("write");
    this.chunks.push(bytes.slice());
    this.held += bytes.length;
    this.total += bytes.length;
  }
  blockingFlush(): void {
    if (this.total >= this.failsAt) refuse(failed());
    if (!this.drained()) throw new Error("a flush waits for a reader that does not come before the response is set");
    this.held = 0;
  }
  blockingWriteAndFlush(bytes: Uint8Array): void {
    if (bytes.length > 4096) throw new Error("more than 4096 bytes");
    this.blockingFlush();
    this.write(bytes);
    this.blockingFlush();
  }
  bytes(): Uint8Array {
    return new Uint8Array(Buffer.concat(this.chunks));
  }
}

// ------------------------------------------------------------------------------------------------ HTTP

const utf8 = new TextEncoder();
const METHODS = ["get", "head", "post", "put", "delete", "connect", "options", "trace", "patch"];
const FORBIDDEN = ["connection", "host", "http2-settings", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade"];

class Fields {
  readonly list: readonly (readonly [string, Uint8Array])[];
  constructor(list: readonly (readonly [string, Uint8Array])[] = []) {
    this.list = list;
  }
  static fromList(list: readonly (readonly [string, Uint8Array])[]): Fields {
    for (const [name, value] of list) {
      if (!/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(name) || value.some((b) => b === 0 || b === 10 || b === 13)) refuse({ tag: "invalid-syntax" });
      if (FORBIDDEN.includes(name.toLowerCase())) refuse({ tag: "forbidden" });
    }
    return new Fields(list.map(([name, value]) => [name, value.slice()] as const));
  }
  entries(): readonly (readonly [string, Uint8Array])[] {
    return this.list;
  }
}

export class HttpInstance {
  private readonly handler: { handle: (request: object, outparam: object) => void };
  private current: Call | undefined;
  private memory: WebAssembly.Memory | undefined;

  /** Pages of 64 KiB that the guest has. */
  pages(): number {
    return (this.memory?.buffer.byteLength ?? 0) / 65536;
  }

  constructor(make: Make, options: HostOptions) {
    const call = () => this.current!;
    const types = typesOf(call, options);
    const made = make({
      "wasi:http/types": types,
      "wasi:io/error": { Error: HostError },
      "wasi:io/streams": { InputStream, OutputStream },
      "x07:solve/handler": { solve: options.solve ?? refuseToSolve },
    }, (m) => (this.memory ??= m)) as { incomingHandler: { handle: (request: object, outparam: object) => void } };
    this.handler = made.incomingHandler;
    this.types = types;
  }

  private readonly types: ReturnType<typeof typesOf>;

  /** One request; throws what the guest trapped with. */
  request(request: HttpRequest = {}): HttpAnswer {
    this.current = new Call(request);
    this.handler.handle(new this.types.IncomingRequest(), new this.types.ResponseOutparam());
    return this.current.answer();
  }
}

function refuseToSolve(): Uint8Array {
  throw new Error("this guest must not ask for a program");
}

class Call {
  readonly events: string[] = [];
  status = 200;
  fields = new Fields();
  stream: OutputStream | undefined;
  readonly request: HttpRequest;
  constructor(request: HttpRequest) {
    this.request = request;
  }
  answer(): HttpAnswer {
    if (!this.events.includes("set")) throw new Error("the guest gave no response");
    return { status: this.status, fields: this.fields.list.map(([n, v]) => [n, Buffer.from(v).toString("utf8")] as const), body: this.stream?.bytes() ?? new Uint8Array(0), events: this.events };
  }
}

function typesOf(call: () => Call, options: HostOptions) {
  class IncomingBody {
    stream(): InputStream {
      const { body = new Uint8Array(0), step = 16384, failAt = Number.POSITIVE_INFINITY } = call().request;
      return new InputStream(body, step, failAt);
    }
  }
  class IncomingRequest {
    method(): object {
      const { method = "GET" } = call().request;
      return METHODS.includes(method.toLowerCase()) && method === method.toUpperCase() ? { tag: method.toLowerCase() } : { tag: "other", val: method };
    }
    pathWithQuery(): string | undefined {
      return call().request.target;
    }
    headers(): Fields {
      return new Fields((call().request.fields ?? []).map(([n, v]) => [n, typeof v === "string" ? utf8.encode(v) : v] as const));
    }
    consume(): IncomingBody {
      return new IncomingBody();
    }
  }
  class OutgoingBody {
    write(): OutputStream {
      const c = call();
      c.stream = new OutputStream(options.room ?? 1 << 20, () => c.events.includes("set"), options.outputFailsAt ?? Number.POSITIVE_INFINITY, (e) => c.events.push(e));
      return c.stream;
    }
    static finish(): void {
      call().events.push("finish");
    }
  }
  class OutgoingResponse {
    readonly fields: Fields;
    status = 200;
    constructor(fields: Fields) {
      this.fields = fields;
    }
    setStatusCode(status: number): void {
      if (status < 100 || status > 999) refuse(undefined);
      this.status = status;
    }
    body(): OutgoingBody {
      return new OutgoingBody();
    }
  }
  class ResponseOutparam {
    static set(_: ResponseOutparam, response: { readonly tag: string; readonly val: OutgoingResponse }): void {
      if (response.tag !== "ok") throw new Error("the guest answered with an error of its own");
      call().status = response.val.status;
      call().fields = response.val.fields;
      call().events.push("set");
    }
  }
  return { Fields, IncomingBody, IncomingRequest, OutgoingBody, OutgoingResponse, ResponseOutparam };
}

// ------------------------------------------------------------------------------------------------ command line

export interface CliAnswer {
  readonly ok: boolean;
  readonly stdout: Uint8Array;
  readonly stderr: string;
}

export class CliInstance {
  private stdin = new InputStream(new Uint8Array(0), 1, 0);
  private stdout: OutputStream;
  private stderr: OutputStream;
  private readonly run: () => void;

  private readonly options: HostOptions;

  constructor(make: Make, options: HostOptions) {
    this.options = options;
    this.stdout = this.output();
    this.stderr = this.output();
    const made = make({
      "wasi:cli/stdin": { getStdin: () => this.stdin },
      "wasi:cli/stdout": { getStdout: () => this.stdout },
      "wasi:cli/stderr": { getStderr: () => this.stderr },
      "wasi:io/error": { Error: HostError },
      "wasi:io/streams": { InputStream, OutputStream },
      "x07:solve/handler": { solve: options.solve ?? refuseToSolve },
    }, () => {}) as { run: { run: () => void } };
    this.run = () => made.run.run();
  }

  call(input: Uint8Array, how: { readonly step?: number; readonly failAt?: number } = {}): CliAnswer {
    this.stdin = new InputStream(input, how.step ?? 4096, how.failAt ?? Number.POSITIVE_INFINITY);
    this.stdout = new OutputStream(this.options.room ?? 65536, () => true, this.options.outputFailsAt ?? Number.POSITIVE_INFINITY, () => {});
    this.stderr = this.output();
    const ok = this.ranWell();
    return { ok, stdout: this.stdout.bytes(), stderr: Buffer.from(this.stderr.bytes()).toString("utf8") };
  }

  /** run's own error is a result, anything else a trap. */
  private ranWell(): boolean {
    try {
      this.run();
      return true;
    } catch (thrown) {
      if (thrown === undefined || (thrown instanceof Error && "payload" in thrown)) return false;
      throw thrown;
    }
  }

  private output(): OutputStream {
    return new OutputStream(4096, () => true, Number.POSITIVE_INFINITY, () => {});
  }
}
