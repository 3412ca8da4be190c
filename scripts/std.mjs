// Turns the readable text of x07 modules (rules/x07/std/src/*.x07s) into the committed x07AST JSON beside it.
// `node scripts/std.mjs` writes what changed; `--check` only says what is not current (exit 1). Knows nothing of types.
//
// The text is s-expressions, `;` starts a comment:
//   (module std.bytes 0.5.0) (import std.view …)          once, at the top
//   (fn name ((v bytes_view) (n i32)) bytes e…)            an exported function; `local` instead of `fn` keeps it private
//   (include name)                                         the declarations of src/<name>.x07i, for what modules share privately
//   (record Name (x i32) …)  (enum Name (A) (B i32) …)     types
//   (task name (…) bytes e…)                               an exported asynchronous function
//   (async name (…) bytes e…)  (solve e…)                  for programs
// A parameter may name its brand: (s bytes_view std.str.utf8_v1); so may a result: (brand bytes std.str.utf8_v1).
// Inside bodies: `.f` is the module's own `f`, 'a' is a character's code, 0x1f a number, "…" a text.
// Sugar: (cond (c e…) … (else e…)), (when c e…), (unless c e…); + * & | && || take two or more operands.

import { readdirSync, readFileSync, writeFileSync, existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** A text in quotes, to tell it from a name. */
class Text {
  constructor(value) {
    this.value = value;
  }
}

const token = /\s+|;[^\n]*|([()])|"((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\.[0-9a-f]{0,2}))'|([^\s()";']+)/gsy;

function read(source) {
  const top = [];
  const open = [top];
  token.lastIndex = 0;
  while (token.lastIndex < source.length) {
    const at = token.lastIndex;
    const m = token.exec(source);
    if (m === null) throw new Error(`cannot read at ${source.slice(at, at + 30)}`);
    const [, paren, text, char, atom] = m;
    const list = open[open.length - 1];
    if (paren === "(") {
      const child = [];
      list.push(child);
      open.push(child);
    } else if (paren === ")") {
      open.pop();
      if (open.length === 0) throw new Error(`one ) too many before ${source.slice(at, at + 30)}`);
    } else if (text !== undefined) list.push(new Text(JSON.parse(`"${text.replaceAll("\n", "\\n")}"`)));
    else if (char !== undefined) list.push(charCode(char));
    else if (atom !== undefined) list.push(atomOf(atom));
  }
  if (open.length !== 1) throw new Error(`${open.length - 1} ( not closed`);
  return top;
}

function charCode(char) {
  const named = { "\\n": 10, "\\t": 9, "\\r": 13, "\\0": 0, "\\\\": 92, "\\'": 39, "\\b": 8, "\\f": 12, "\\s": 32 };
  const code = named[char] ?? (char.length === 1 ? char.charCodeAt(0) : undefined);
  if (code === undefined) throw new Error(`unknown character '${char}'`);
  return code;
}

function atomOf(atom) {
  if (/^-?(0x[0-9a-fA-F]+|\d+)$/.test(atom)) {
    const n = atom.startsWith("-") ? -Number(atom.slice(1)) : Number(atom);
    if (n > 0xffffffff || n < -0x80000000) throw new Error(`number ${atom} does not fit 32 bits`);
    return n | 0;
  }
  return atom;
}

const folding = new Set(["+", "*", "&", "|", "&&", "||", "^"]);

function expression(e, id) {
  if (e instanceof Text) return e.value;
  if (typeof e === "string") return e.startsWith(".") ? id + e : e;
  if (typeof e === "number") return e;
  const [head, ...rest] = e;
  const sub = (x) => expression(x, id);
  if (head === "cond") return branches(rest, id);
  if (head === "when") return ["if", sub(rest[0]), block([...rest.slice(1), 0], id), 0];
  if (head === "unless") return ["if", sub(rest[0]), 0, block([...rest.slice(1), 0], id)];
  if (head === "while" || head === "for") {
    const n = head === "for" ? 3 : 1;
    return [head, ...rest.slice(0, n).map(sub), block(rest.slice(n), id)];
  }
  if (folding.has(head) && rest.length > 2) return rest.map(sub).reduce((a, b) => [head, a, b]);
  return [sub(head), ...rest.map(sub)];
}
function block(list, id) {
  return list.length === 1 ? expression(list[0], id) : ["begin", ...list.map((e) => expression(e, id))];
}
function branches([[condition, ...body], ...rest], id) {
  if (condition === "else") return block(body, id);
  if (rest.length === 0) throw new Error("cond without else");
  return ["if", expression(condition, id), block(body, id), branches(rest, id)];
}

function typeOf(t) {
  return Array.isArray(t) ? t.map(typeOf) : t;
}
function functionOf(kind, [name, params, result, ...body], id) {
  const [plain, types] = Array.isArray(name) ? [name[0], name.slice(1)] : [name, []];
  const branded = Array.isArray(result) && result[0] === "brand";
  const defn = {
    kind,
    name: `${id}.${plain}`,
    params: params.map(([p, ty, brand]) => ({ name: p, ty: typeOf(ty), ...(brand === undefined ? {} : { brand }) })),
    result: typeOf(branded ? result[1] : result),
    ...(branded ? { result_brand: result[2] } : {}),
    body: block(body, id),
  };
  if (types.length > 0) {
    defn.type_params = types.map((t) => (Array.isArray(t) ? { name: t[0], bound: t[1] } : { name: t }));
  }
  return defn;
}

const sources = new URL("../rules/x07/std/src/", import.meta.url);

function withIncludes(declarations) {
  return declarations.flatMap((d) => (d[0] === "include" ? read(readFileSync(new URL(`${d[1]}.x07i`, sources), "utf8")) : [d]));
}

/** The x07AST document of one source text. */
export function compileText(source) {
  const document = { kind: "module", imports: [], decls: [] };
  const exported = [];
  let id = "";
  for (const [head, ...rest] of withIncludes(read(source))) {
    if (head === "module") {
      id = rest[0];
      document.module_id = id;
      document.schema_version = `x07.x07ast@${rest[1]}`;
    } else if (head === "import") document.imports.push(...rest);
    else if (head === "fn" || head === "local" || head === "task") {
      const defn = functionOf(head === "task" ? "defasync" : "defn", rest, id);
      if (head !== "local") exported.push(defn.name);
      document.decls.push(defn);
    } else if (head === "async") document.decls.push(functionOf("defasync", rest, id));
    else if (head === "record") {
      const fields = rest.slice(1).map(([name, ty]) => ({ name, ty }));
      document.decls.push({ kind: "defrecord", name: `${id}.${rest[0]}`, fields });
    } else if (head === "enum") {
      const variants = rest.slice(1).map(([name, payload]) => (payload === undefined ? { name } : { name, payload }));
      document.decls.push({ kind: "defenum", name: `${id}.${rest[0]}`, variants });
    } else if (head === "solve") {
      document.kind = "entry";
      document.solve = block(rest, id);
    } else throw new Error(`unknown declaration ${head}`);
  }
  if (document.kind === "module") document.decls.unshift({ kind: "export", names: exported.sort() });
  document.imports.sort();
  return document;
}

/** JSON with sorted keys, no spaces and one newline at the end. */
export function canonical(value) {
  const write = (v) => {
    if (Array.isArray(v)) return `[${v.map(write).join(",")}]`;
    if (v === null || typeof v !== "object") return JSON.stringify(v);
    return `{${Object.keys(v).sort().map((k) => `${JSON.stringify(k)}:${write(v[k])}`).join(",")}}`;
  };
  return `${write(value)}\n`;
}

function main(argv) {
  const check = argv.includes("--check");
  const to = new URL("../rules/x07/std/", import.meta.url);
  let stale = 0;
  for (const name of readdirSync(sources).sort()) {
    if (!name.endsWith(".x07s")) continue;
    const target = new URL(name.replace(/\.x07s$/, ".x07.json"), to);
    let text;
    try {
      text = canonical(compileText(readFileSync(new URL(name, sources), "utf8")));
    } catch (error) {
      console.error(`${name}: ${error.message}`);
      process.exitCode = 1;
      continue;
    }
    if (existsSync(target) && readFileSync(target, "utf8") === text) continue;
    stale++;
    console.log(`${check ? "stale" : "wrote"} ${fileURLToPath(target)}`);
    if (!check) writeFileSync(target, text);
  }
  if (check && stale > 0) process.exitCode = 1;
}
if (process.argv[1] === fileURLToPath(import.meta.url)) main(process.argv.slice(2));
