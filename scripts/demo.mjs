// `npm run demo`: builds an example with the built tool and prints what its module answers, as a newcomer would by hand.
import { spawnSync } from "node:child_process";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const root = resolve(dirname(fileURLToPath(import.meta.url)), "..");

function x07wasm(...words) {
  console.log(`$ x07-wasm ${words.join(" ")}`);
  const ran = spawnSync(process.execPath, [join(root, "dist/x07-wasm.cjs"), ...words], { cwd: root, stdio: "inherit" });
  if (ran.status !== 0) process.exit(ran.status ?? 1);
}

const example = "examples/solve_pure_echo";
x07wasm("build", "--project", `${example}/x07.json`);
x07wasm("run", "--wasm", `${example}/dist/solve_pure_echo.wasm`, "--input", `${example}/tests/fixtures/in_hello.bin`);
