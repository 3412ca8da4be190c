// A piece of a document as one short line for people and agents. Knows JSON's shape, not what the piece means.

import type { Expr } from "./ast.ts";
import type { Json } from "./json.ts";

/** Letters that an excerpt may have; what does not fit becomes `…`. */
const ROOM = 96;
const DEEP = 4;

/** The piece in one line of at most about 100 letters. Bounded work, however large the piece is. */
export function excerpt(piece: Json | Expr): string {
  return short(piece, ROOM, 0);
}

function short(piece: Json | Expr, room: number, depth: number): string {
  if (typeof piece === "string") return quoted(piece, room);
  if (Array.isArray(piece)) return listed(piece, room, depth);
  if (piece instanceof Map) return "{…}";
  if (typeof piece === "object" && piece !== null) return "text" in piece ? quoted(piece.text, room).slice(1, -1) : "…";
  return String(piece);
}

function quoted(text: string, room: number): string {
  const most = Math.max(room - 3, 8);
  // Cut before it is quoted: a literal may have megabytes.
  return text.length <= most ? JSON.stringify(text) : `${JSON.stringify(text.slice(0, most)).slice(0, -1)}…"`;
}

function listed(items: readonly (Json | Expr)[], room: number, depth: number): string {
  if (items.length > 0 && (depth >= DEEP || room < 4)) return "[…]";
  let text = "[";
  for (let i = 0; i < items.length; i++) {
    const left = room - text.length - 1;
    if (left < 6) return `${text}${i > 0 ? "," : ""}…]`;
    text += `${i > 0 ? "," : ""}${short(items[i] ?? 0, left, depth + 1)}`;
  }
  return `${text}]`;
}

/** What a JSON pointer made of plain keys and indices leads to; undefined when it leads nowhere. */
export function pieceAt(root: Json, pointer: string): Json | undefined {
  let piece: Json | undefined = root;
  for (const step of pointer.split("/").slice(1)) {
    if (piece instanceof Map) piece = piece.get(step);
    else if (Array.isArray(piece)) piece = piece[Number(step)];
    else return undefined;
  }
  return piece;
}
