// Projects of many modules for benchmarks: loops over bytes, a call into the module before. Knows the form of x07AST.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const VERSION = "x07.x07ast@0.5.0";

/** A function of some thirty operations on its bytes, different for each pair of numbers. */
function body(i, f) {
  const mixed = ["if", ["&&", [">=u", "c", 97], ["<=u", "c", 122]], ["set", "h", ["^", ["*", "h", 16777619], ["-", "c", 32]]], ["set", "h", ["+", ["<<u", "h", 5], ["^", "c", i + f]]]];
  const kept = ["if", ["=", ["&", "h", 7], f % 8], ["set", "out", ["vec_u8.push", "out", ["&", "h", 255]]], 0];
  const round = ["begin", ["let", "c", ["bytes.get_u8", "b", "i"]], mixed, kept];
  return ["begin", ["let", "n", ["bytes.len", "b"]], ["let", "h", ["+", i * 31 + f, "seed"]], ["let", "out", ["vec_u8.with_capacity", "n"]], ["for", "i", 0, "n", round], ["let", "v", ["vec_u8.into_bytes", "out"]], ["+", "h", ["bytes.len", "v"]]];
}

export function moduleDocument(i, functions) {
  const id = `app.m${i}`;
  const params = [{ name: "b", ty: "bytes_view" }, { name: "seed", ty: "i32" }];
  const defn = (name, e) => ({ kind: "defn", name: `${id}.${name}`, params, result: "i32", body: e });
  const work = Array.from({ length: functions }, (_, f) => defn(`work${f}`, body(i, f)));
  const all = work.reduce((sum, d) => ["+", sum, [d.name, "b", "seed"]], i > 0 ? [`app.m${i - 1}.run`, "b", "seed"] : 0);
  const decls = [...work, defn("run", all)];
  return { schema_version: VERSION, kind: "module", module_id: id, imports: i > 0 ? [`app.m${i - 1}`] : [], decls: [{ kind: "export", names: decls.map((d) => d.name) }, ...decls] };
}

export function writeProject(folder, modules, functions = 8) {
  mkdirSync(join(folder, "src/app"), { recursive: true });
  const write = (path, document) => writeFileSync(join(folder, path), `${JSON.stringify(document)}\n`);
  for (let i = 0; i < modules; i++) write(`src/app/m${i}.x07.json`, moduleDocument(i, functions));
  const last = `app.m${modules - 1}`;
  write("src/main.x07.json", { schema_version: VERSION, kind: "entry", module_id: "main", imports: [last], decls: [], solve: ["codec.write_u32_le", [`${last}.run`, "input", 7]] });
  write("x07.json", { schema_version: "x07.project@0.2.0", world: "solve-pure", entry: "src/main.x07.json", module_roots: ["src"] });
}
