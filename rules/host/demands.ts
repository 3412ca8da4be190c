// What a component's imports ask of capabilities, and which of that a host cannot give as the capabilities want it. Starts nothing.

import type { Grants } from "../ops/grants.ts";
import type { NotStarted } from "./host.ts";
import { decodeComponent } from "./component/decode.ts";
import { linkComponent } from "./component/link.ts";
import type { HostImport } from "./component/plan.ts";
import { interfaceOf } from "./wasi/index.ts";

/** The interfaces of which a component imports functions; null: it cannot be read, which others say better. */
export function interfacesOf(component: Uint8Array): ReadonlySet<string> | null {
  const decoded = decodeComponent(component);
  const linked = decoded.ok ? linkComponent(decoded.value) : decoded;
  return linked.ok ? namesOf(linked.value.imports) : null;
}

export function namesOf(imports: readonly HostImport[]): ReadonlySet<string> {
  return new Set(imports.flatMap(({ interface: name, type }) => (type === null ? [] : [interfaceOf(name) ?? name])));
}

/** Whether a component can do what is seen outside, if it is let. */
export function leavesTracesBy(interfaces: ReadonlySet<string>): boolean {
  return interfaces.has("wasi:http/outgoing-handler") || interfaces.has("wasi:filesystem/types");
}

function unsupported(host: string, wants: readonly string[], hint: string): NotStarted {
  return { kind: "capabilities", message: `${host} cannot enforce these capabilities: ${wants.join("; ")}`, wants, hint };
}

const SOCKETS = ["wasi:sockets/tcp-create-socket", "wasi:sockets/udp-create-socket"];

function sockets({ network }: Grants, interfaces: ReadonlySet<string>): string[] {
  const allowed = network.allowlist.some((e) => e.proto === "tcp" || e.proto === "udp");
  return allowed && SOCKETS.some((name) => interfaces.has(name)) ? ["network.allowlist has tcp or udp endpoints, and the component imports wasi:sockets"] : [];
}

/** null: it gives all of it. */
export function beyondV8(grants: Grants | null, interfaces: ReadonlySet<string>): NotStarted | null {
  const wants = grants === null ? [] : sockets(grants, interfaces);
  return wants.length === 0 ? null : unsupported("the V8 host", wants, "it has no raw sockets: let the guest speak HTTP (proto http or https), or take the endpoints out");
}

/** Wasmtime's command line takes variables and whole folders; it judges nobody's requests, and has one clock and one source of chance. */
export function beyondWasmtime(grants: Grants | null, interfaces: ReadonlySet<string>): NotStarted | null {
  if (grants === null) return null;
  const uses = (prefix: string): boolean => [...interfaces].some((name) => name.startsWith(prefix));
  const wants = [
    ...sockets(grants, interfaces),
    ...(uses("wasi:http/outgoing-handler") ? [`network.mode is ${grants.network.mode}, and the component imports wasi:http/outgoing-handler`] : []),
    ...(uses("wasi:clocks/") && grants.clocks !== "allow" ? [`clocks.mode is ${grants.clocks}, and the component imports wasi:clocks`] : []),
    ...(uses("wasi:random/") && grants.random !== "allow" ? [`random.mode is ${grants.random}, and the component imports wasi:random`] : []),
    ...(uses("wasi:filesystem/") && grants.folders.some((f) => !f.writable) ? ["fs.preopens has a folder of mode ro, and the component imports wasi:filesystem"] : []),
    ...(grants.evidence === null ? [] : ["evidence is recorded or played again"]),
  ];
  return wants.length === 0 ? null : unsupported("wasmtime serve", wants, "use --host v8, which enforces all of it");
}
