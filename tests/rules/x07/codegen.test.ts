// The committed table of fuel and size holds: no bench program costs more than it says. BLESS=1 writes what is measured now.

import { readFileSync, writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { measured, type Table } from "../../bench/codegen.ts";

const path = new URL("../../bench/codegen/table.json", import.meta.url);

test("no program spends more fuel or bytes than the table says", () => {
  const now = measured();
  if (process.env["BLESS"] === "1") writeFileSync(path, `${JSON.stringify(now, null, 2)}\n`);
  const table = JSON.parse(readFileSync(path, "utf8")) as Table;
  expect(Object.keys(now)).toEqual(Object.keys(table));
  const worse = Object.entries(now).flatMap(([name, cost]) => (["fuel", "bytes"] as const).flatMap((what) => (cost[what] > (table[name]?.[what] ?? 0) ? [`${name}: ${cost[what]} ${what}, the table says ${table[name]?.[what]}`] : [])));
  expect(worse).toEqual([]);
});
