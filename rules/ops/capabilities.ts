// A capabilities document as plain values, once its form is known to be right. Knows nothing of files or of enforcing.

import { isJsonArray, isJsonObject } from "../../engine/index.ts";
import type { JsonObject, JsonValue } from "../../engine/index.ts";

export type Mode = "deny" | "record" | "allow";

export interface Preopen {
  /** Below the working directory; the guest knows the folder by the same name. */
  readonly path: string;
  readonly writable: boolean;
}

export interface Endpoint {
  readonly host: string;
  readonly port: number;
  readonly proto: "tcp" | "udp" | "http" | "https";
}

export interface NetworkCapabilities {
  readonly mode: "deny" | "allowlist";
  readonly allowlist: readonly Endpoint[];
  readonly denyIpLiterals: boolean;
  readonly denyPrivateIps: boolean;
  readonly allowIpCidrs: readonly string[];
}

export interface Capabilities {
  readonly preopens: readonly Preopen[];
  readonly env: readonly string[];
  readonly secrets: readonly string[];
  readonly network: NetworkCapabilities;
  readonly clocks: Mode;
  readonly random: Mode;
}

/** `document` keeps to its schema. */
export function capabilitiesOf(document: JsonValue): Capabilities {
  const [fs, network] = [member(document, "fs"), member(document, "network")];
  const hardening = member(network, "hardening");
  return {
    preopens: entries(fs, "preopens").map((p) => ({ path: String(member(p, "path")), writable: member(p, "mode") === "rw" })),
    env: entries(member(document, "env"), "allow").map(String),
    secrets: entries(member(document, "secrets"), "allow").map(String),
    network: {
      mode: member(network, "mode") === "allowlist" ? "allowlist" : "deny",
      allowlist: entries(network, "allowlist").map((e) => ({ host: String(member(e, "host")), port: Number(member(e, "port")), proto: String(member(e, "proto")) as Endpoint["proto"] })),
      denyIpLiterals: member(hardening, "deny_ip_literals") !== false,
      denyPrivateIps: member(hardening, "deny_private_ips") !== false,
      allowIpCidrs: entries(hardening, "allow_ip_cidrs").map(String),
    },
    clocks: modeOf(member(document, "clocks")),
    random: modeOf(member(document, "random")),
  };
}

function modeOf(source: JsonValue): Mode {
  const mode = member(source, "mode");
  return mode === "allow" || mode === "record" ? mode : "deny";
}

function member(value: JsonValue, name: string): JsonValue {
  return isJsonObject(value) ? ((value as JsonObject)[name] ?? null) : null;
}

function entries(value: JsonValue, name: string): readonly JsonValue[] {
  const list = member(value, name);
  return isJsonArray(list) ? list : [];
}
