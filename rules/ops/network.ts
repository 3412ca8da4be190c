// Who may be spoken to: the network part of capabilities as a decision, first about a name, then about each address behind it. Opens no connection.

import type { LookupAddress } from "node:dns";
import type { LookupFunction } from "node:net";
import type { Diagnostic } from "../../engine/index.ts";
import { finding } from "../wasm/finding.ts";
import { isPrivate, parseAddress, Ranges } from "./address.ts";
import type { NetworkCapabilities } from "./capabilities.ts";

/** Why somebody may not be spoken to. */
export interface Denial {
  readonly code: "X07WASM_CAPS_NET_DENIED" | "X07WASM_CAPS_NET_PRIVATE_IP_DENIED" | "X07WASM_CAPS_NET_IP_LITERAL_DENIED";
  readonly why: string;
  readonly data: { readonly [name: string]: string | number };
}

export function denialDiagnostic({ code, why, data }: Denial): Diagnostic {
  const hint = code === "X07WASM_CAPS_NET_DENIED" ? "name the host, its port and protocol in network.allowlist of the capabilities" : "a range in network.hardening.allow_ip_cidrs lets its addresses through";
  return { ...finding(code, "run", `a request was refused by the capabilities: ${why}`, data), hint };
}

/** Thrown by nobody: it is the error that a lookup gives to a connection. */
class DeniedError extends Error {
  readonly denial: Denial;
  constructor(denial: Denial) {
    super(denial.why);
    this.denial = denial;
  }
}

export function denialOf(error: unknown): Denial | null {
  return error instanceof DeniedError ? error.denial : null;
}

/** This name is this machine by definition; nobody else is asked what it means. */
const LOCALHOST = "localhost";
const LOOPBACK: readonly LookupAddress[] = [{ address: "127.0.0.1", family: 4 }, { address: "::1", family: 6 }];

export type Resolve = (host: string, done: (error: Error | null, addresses: readonly LookupAddress[]) => void) => void;

export class NetworkRules {
  readonly #rules: NetworkCapabilities;
  readonly #let: Ranges;

  constructor(rules: NetworkCapabilities) {
    this.#rules = rules;
    this.#let = new Ranges(rules.allowIpCidrs);
  }

  /** Before anything is looked up; null: go on. `host` is a name, or an address (IPv6 without brackets). */
  check(scheme: string, host: string, port: number): Denial | null {
    const data = { scheme, host: host.slice(0, 256), port };
    const no = (code: Denial["code"], why: string): Denial => ({ code, why, data });
    const whom = `${scheme}://${host.includes(":") ? `[${host}]` : host}:${port}`.slice(0, 300);
    if (this.#rules.mode === "deny") return no("X07WASM_CAPS_NET_DENIED", `network.mode is deny, ${whom} was asked for`);
    if (!this.#rules.allowlist.some((e) => e.proto === scheme && e.port === port && sameHost(e.host, host))) return no("X07WASM_CAPS_NET_DENIED", `${whom} is not in network.allowlist`);
    const address = parseAddress(host);
    if (address === null || this.#let.has(address)) return null;
    if (this.#rules.denyPrivateIps && isPrivate(address)) return no("X07WASM_CAPS_NET_PRIVATE_IP_DENIED", `${host} is a private or reserved address`);
    return this.#rules.denyIpLiterals ? no("X07WASM_CAPS_NET_IP_LITERAL_DENIED", `${host} is an address, not a name`) : null;
  }

  /** Of the addresses that a name has, those that may be connected to, or why there is none. */
  #addresses(host: string, found: readonly LookupAddress[]): readonly LookupAddress[] | Denial {
    if (!this.#rules.denyPrivateIps || host.toLowerCase() === LOCALHOST) return found;
    const allowed = found.filter(({ address }) => {
      const parsed = parseAddress(address);
      return parsed !== null && (this.#let.has(parsed) || !isPrivate(parsed));
    });
    const first = found[0]?.address ?? "";
    return allowed.length > 0 || found.length === 0 ? allowed : { code: "X07WASM_CAPS_NET_PRIVATE_IP_DENIED", why: `${host} stands for ${first}, a private or reserved address`, data: { host, address: first } };
  }

  /** A look-up for connections: they go to an address that was judged, whatever the name stands for a moment later. */
  lookup(resolve: Resolve): LookupFunction {
    return (host, options, done) => {
      const give = (error: Error | null, found: readonly LookupAddress[]) => {
        if (error !== null) return done(error as NodeJS.ErrnoException, []);
        const judged = this.#addresses(host, found);
        if ("code" in judged) return done(new DeniedError(judged), []);
        const fitting = options.family === 4 || options.family === 6 ? judged.filter((a) => a.family === options.family) : judged;
        const [first] = fitting;
        if (first === undefined) return done(Object.assign(new Error(`no address of ${host} can be used`), { code: "ENOTFOUND" }), []);
        if (options.all === true) done(null, [...fitting]);
        else done(null, first.address, first.family);
      };
      if (host.toLowerCase() === LOCALHOST) give(null, LOOPBACK);
      else resolve(host, give);
    };
  }
}

function sameHost(allowed: string, host: string): boolean {
  if (allowed.toLowerCase() === host.toLowerCase()) return true;
  const [a, b] = [parseAddress(allowed), parseAddress(host)];
  return a !== null && b !== null && a.width === b.width && a.bits === b.bits;
}

/** Asks the system's resolver. */
export const systemResolve: Resolve = (host, done) => {
  void import("node:dns").then(({ lookup }) => lookup(host, { all: true, verbatim: true }, (error, addresses) => done(error, addresses)));
};
