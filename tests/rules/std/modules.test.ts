// Every row of the table through both executors: what std does must not depend on who runs it.

import { describe, expect, test } from "vitest";
import { compiled, interpreted, programOf, type Execute } from "./execute.ts";
import * as table from "./table.ts";

const groups: { readonly [name: string]: readonly table.Row[] } = {
  vec: table.vectors,
  "view and slice": table.views,
  bytes: table.bytesRows,
  json: table.jsonRows,
  "http.envelope": table.envelopeRows,
  "codec and doc": table.codecRows,
  "parse and fmt": table.parseRows,
  text: table.textRows,
  numbers: table.numberRows,
  collections: table.collectionRows,
  others: table.otherRows,
};
const executors: { readonly [name: string]: (program: object) => Execute } = { interpreted, compiled };

for (const [executor, prepare] of Object.entries(executors)) {
  for (const [group, rows] of Object.entries(groups)) {
    describe(`${group}, ${executor}`, () => {
      test.each(rows)("$about", (row) => {
        const execute = prepare(programOf(row.solve));
        for (const [input, output] of row.runs) expect(execute(Buffer.from(input, "latin1")), JSON.stringify(input)).toBe(output);
      });
    });
  }
}
