// Heads of answers as text, bodies in chunks: what HTTP/1.1 wants around them. Knows no sockets, no guests.

import { STATUS_CODES } from "node:http";

export interface OutHeader {
  readonly name: string;
  readonly value: Uint8Array;
}

/** How an answer's body is told apart from what follows it. */
export type OutFraming = { readonly kind: "length"; readonly length: number } | { readonly kind: "chunked" } | { readonly kind: "close" } | { readonly kind: "given" };

let second = 0;
let date = "";

/** The date as headers have it; made once a second. */
function dateHeader(): string {
  const now = Math.floor(Date.now() / 1000);
  if (now !== second) {
    second = now;
    date = `date: ${new Date(now * 1000).toUTCString()}\r\n`;
  }
  return date;
}

/** Status codes that never have a body. */
export function bodyless(status: number): boolean {
  return status === 204 || status === 304;
}

export function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1");
}

const REASONS = STATUS_CODES as { readonly [status: number]: string | undefined };

/** The head of an answer. `idleSeconds`: how long the connection may wait for another request; null: it is closed. */
export function responseHead(status: number, headers: Iterable<OutHeader>, id: string, framing: OutFraming, idleSeconds: number | null): string {
  let head = `HTTP/1.1 ${status} ${REASONS[status] ?? "Unknown"}\r\n`;
  let dated = false;
  for (const { name, value } of headers) {
    if (name === "x-request-id" || (name === "content-length" && framing.kind !== "given")) continue;
    if (name === "date") dated = true;
    head += `${name}: ${latin1(value)}\r\n`;
  }
  if (id !== "") head += `x-request-id: ${id}\r\n`;
  if (framing.kind === "length") head += `content-length: ${framing.length}\r\n`;
  else if (framing.kind === "chunked") head += "transfer-encoding: chunked\r\n";
  head += idleSeconds === null ? "connection: close\r\n" : `connection: keep-alive\r\nkeep-alive: timeout=${idleSeconds}\r\n`;
  return `${head}${dated ? "" : dateHeader()}\r\n`;
}

export const CONTINUE = "HTTP/1.1 100 Continue\r\n\r\n";
export const LAST_CHUNK = "0\r\n\r\n";

export function chunkHead(length: number): string {
  return `${length.toString(16)}\r\n`;
}
