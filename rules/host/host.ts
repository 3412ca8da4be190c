// What a host of components does, whichever engine is behind it: run a command, answer a request. Declares types only.

import type { Evidence } from "../ops/evidence.ts";
import type { Grants } from "../ops/grants.ts";
import type { Denial } from "../ops/network.ts";
import type { RuntimeLimits } from "../profile.ts";
import type { GuestStop } from "./stop.ts";
import type { HttpRequest } from "./wasi/http.ts";

export type HostName = "v8" | "wasmtime";

export interface CommandJob {
  readonly component: Uint8Array;
  /** Where the component is, for a host that is a program of its own. */
  readonly path: string;
  readonly args: readonly string[];
  readonly stdin: Uint8Array;
  /** Bytes of stdout, and of stderr. */
  readonly maxOutput: number;
  readonly limits: RuntimeLimits;
  readonly wallMs: number | null;
}

/** Why a component did not even start. */
export type NotStarted =
  | { readonly kind: "malformed"; readonly message: string }
  | { readonly kind: "engine"; readonly message: string; readonly hint?: string }
  /** The host cannot hold it to its capabilities. */
  | { readonly kind: "capabilities"; readonly message: string; readonly wants: readonly string[]; readonly hint: string }
  /** Imports that the host does not offer, or the export that it would call is not there. */
  | { readonly kind: "world"; readonly message: string; readonly names: readonly string[]; readonly notes: readonly string[] };

export type Ended = { readonly kind: "ok" } | { readonly kind: "err" } | { readonly kind: "stopped"; readonly stop: GuestStop };

export type CommandOutcome =
  | { readonly kind: "not-started"; readonly why: NotStarted }
  | { readonly kind: "ran"; readonly ended: Ended; readonly stdout: Uint8Array; readonly stderr: Uint8Array };

export interface HttpJob {
  readonly component: Uint8Array;
  readonly path: string;
  readonly limits: RuntimeLimits;
  readonly wallMs: number;
  readonly maxResponse: number;
  /** Without: nothing but what every guest gets. */
  readonly grants?: Grants | null;
}

export interface HttpResponse {
  readonly status: number;
  readonly headers: readonly { readonly name: string; readonly value: Uint8Array }[];
  readonly body: Uint8Array;
}

/** What became of the guest's capabilities while it answered. */
export interface Told {
  readonly denials: readonly Denial[];
  /** null: none was to be recorded. */
  readonly evidence: Evidence | null;
  /** Where evidence that was played again was too short. */
  readonly missing: readonly string[];
  readonly usedNetwork: boolean;
  /** Files that were opened, by the names that the guest has for them. */
  readonly files: readonly string[];
}

export type HttpOutcome = HttpEnd & { readonly told?: Told };

export type HttpEnd =
  | { readonly kind: "answered"; readonly response: HttpResponse }
  /** The guest gave no answer that could be sent. */
  | { readonly kind: "refused"; readonly message: string }
  | { readonly kind: "stopped"; readonly stop: GuestStop };

/** A component that is ready to answer requests; each gets an instance of its own. */
export interface HttpHandler {
  /** Its guests may wait for others, or are to run but once: they belong into threads. */
  readonly away?: boolean;
  /** At once where it can: a promise costs a turn of the loop. */
  answer(request: HttpRequest): HttpOutcome | Promise<HttpOutcome>;
  close(): Promise<void>;
}
