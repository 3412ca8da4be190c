// A graph file is compiled once: what it was compiled to is taken again only while nothing that could change it has changed.

import { afterEach, beforeEach, expect, test } from "vitest";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, realpathSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { realDisk } from "../../engine/host/disk.ts";
import { loadUserGraph } from "../../engine/load.ts";

const FILE = "x07wasm.graph.ts";
const STATE = ".x07-wasm/state/graph";
const graph = (about: string) => `export default { app: { name: "t", about: ${about} }, goals: {} };\n`;
const home = process.cwd();
let dir: string;

beforeEach(() => {
  dir = realpathSync(mkdtempSync(join(tmpdir(), "x07-bundle-")));
  process.chdir(dir);
});
afterEach(() => {
  process.chdir(home);
  rmSync(dir, { recursive: true, force: true });
});

function write(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}
const kept = () => {
  try {
    return readdirSync(STATE).length;
  } catch {
    return 0;
  }
};
async function about(readOnly = false): Promise<string> {
  const loaded = await loadUserGraph(FILE, { "x07-wasm/engine": () => ({}) }, { disk: realDisk(dir), buildId: "b", readOnly });
  return loaded.ok ? loaded.value.module.app.about : `failed: ${loaded.error[0]!.message}`;
}
/** Makes what is kept say something else: the mark of its being used. */
function mark(): void {
  const path = join(STATE, readdirSync(STATE)[0]!);
  const text = readFileSync(path, "utf8");
  writeFileSync(path, text.replace("one", "two"));
}

test("what is kept is used while sources are the same, and never when it is damaged", async () => {
  write("part.ts", `export const about: string = "one";\n`);
  write(FILE, `import { about } from "./part.ts";\n${graph("about")}`);
  expect(await about()).toBe("one");
  expect(kept()).toBe(1);
  expect(await about()).toBe("one");
  mark();
  expect(await about()).toBe("one");
  write("part.ts", `export const about: string = "three";\n`);
  expect(await about()).toBe("three");
});

test("a setting that appears is heeded", async () => {
  write("settings.ts", "");
  write(FILE, `class A { about: string | undefined = "one"; }\nclass B extends A { declare x: 1; about; }\n${graph("String(new B().about)")}`);
  expect(await about()).toBe("undefined");
  expect(kept()).toBe(1);
  write("tsconfig.json", `{ "compilerOptions": { "useDefineForClassFields": false } }`);
  expect(await about()).toBe("one");
  rmSync("tsconfig.json");
  expect(await about()).toBe("undefined");
});

test.each([
  ["an import whose ending is searched for", () => (write("part.ts", `export const about = "one";\n`), write(FILE, `import { about } from "./part";\n${graph("about")}`))],
  ["a package", () => (write("node_modules/p/index.js", `exports.about = "one";\n`), write(FILE, `import { about } from "p";\n${graph("about")}`))],
  ["a file behind a link", () => (write("real/part.ts", `export const about = "one";\n`), symlinkSync("real/part.ts", "part.ts"), write(FILE, `import { about } from "./part.ts";\n${graph("about")}`))],
  ["settings that extend others", () => (write("base.json", "{}"), write("tsconfig.json", `{ "extends": "./base.json" }`), write(FILE, graph(`"one"`)))],
])("is not kept: %s", async (_, lay) => {
  lay();
  expect(await about()).toBe("one");
  expect(kept()).toBe(0);
});

test("the same bytes behind a link are another place, and a dry run keeps nothing", async () => {
  write("x/part.ts", `export { about } from "./about.ts";\n`);
  write("x/about.ts", `export const about = "one";\n`);
  write(FILE, `import { about } from "./x/part.ts";\n${graph("about")}`);
  expect(await about(true)).toBe("one");
  expect(kept()).toBe(0);
  expect(await about()).toBe("one");
  expect(kept()).toBe(1);
  renameSync("x", "y");
  write("z/part.ts", `export { about } from "./about.ts";\n`);
  write("z/about.ts", `export const about = "other";\n`);
  symlinkSync("z", "x");
  expect(await about()).toBe("other");
});
