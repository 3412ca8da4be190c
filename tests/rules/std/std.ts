// The std modules as documents, read from where they are committed.

import { readdirSync, readFileSync } from "node:fs";

const folder = new URL("../../../rules/x07/std/", import.meta.url);

export function stdDocuments(): { [id: string]: unknown } {
  const documents: { [id: string]: unknown } = {};
  for (const name of readdirSync(folder)) {
    if (!name.endsWith(".x07.json")) continue;
    documents[name.slice(0, -".x07.json".length)] = JSON.parse(readFileSync(new URL(name, folder), "utf8"));
  }
  return documents;
}
