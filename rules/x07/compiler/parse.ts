// Bytes of one file -> Module, or every syntax error in source order. Knows the document's shape, not what the program means.

import { similar } from "../../../engine/index.ts";
import type { Clause, EnumDecl, Expr, FunctionDecl, Module, Param, RecordDecl, TypeDecl, TypeExpr } from "./ast.ts";
import { asExpr } from "./ast.ts";
import type { CompileError, Fault, FaultFacts } from "./errors.ts";
import { SUGGESTIONS, fault, renamed } from "./errors.ts";
import { excerpt, pieceAt } from "./excerpt.ts";
import type { Json, JsonObject } from "./json.ts";
import { OddNumber, readJson } from "./json.ts";
import { TYPE_NAMES } from "./types.ts";

/** The entry file may have this many bytes once white space is left out. */
export const ENTRY_LIMIT = 65_536;

const VERSIONS = ["0.3.0", "0.4.0", "0.5.0", "0.6.0", "0.7.0", "0.8.0", "0.9.0"];
const NEWEST = "x07.x07ast@0.9.0";
const AS_NEWEST = { hint: `set schema_version to ${NEWEST}`, quickfix: [{ op: "replace", path: "/schema_version", value: NEWEST }] } as const;
const DECLARATIONS = ["defn", "defasync", "defrecord", "defenum", "export"];
const MAX_ERRORS = 200;

/** `names` are all that its expressions name: heads and names, each once. */
export type ParseOutcome = { readonly ok: true; readonly module: Module; readonly names: ReadonlySet<string> } | { readonly ok: false; readonly errors: CompileError[] };

/** `id` is what the module was loaded under: "main" for the entry. */
export function parseModule(id: string, path: string, bytes: Uint8Array, expected: "entry" | "module"): ParseOutcome {
  const parser = new ModuleParser(id, expected);
  const module = parser.module(path, bytes);
  if (module !== undefined && parser.faults.length === 0) return { ok: true, module, names: parser.named };
  return { ok: false, errors: parser.faults.slice(0, MAX_ERRORS).map((f) => ({ ...f, path })).sort((a, b) => rank(a.pointer) - rank(b.pointer)) };
}

/** Of a part of the document: exports are looked at when all that they may name is known. */
function rank(pointer: string): number {
  if (pointer.startsWith("/solve")) return MAX_RANK;
  const decl = /^\/decls\/(\d+)/.exec(pointer)?.[1];
  return decl === undefined ? -1 : Number(decl);
}

const MAX_RANK = 2 ** 32;

class ModuleParser {
  readonly faults: Fault[] = [];
  private readonly id: string;
  private readonly expected: "entry" | "module";
  private version = 9;
  readonly named = new Set<string>();
  /** Where the expression at hand begins, and the way from there to what is looked at. */
  private exprAt = "";
  private readonly steps: number[] = [];

  constructor(id: string, expected: "entry" | "module") {
    this.id = id;
    this.expected = expected;
  }

  private bad(message: string, pointer: string, facts: FaultFacts = {}): undefined {
    this.faults.push(fault("Parse", undefined, `${this.id}: ${message}${pointer === "" ? "" : ` at ${pointer}`}`, pointer, facts));
    return undefined;
  }

  module(path: string, bytes: Uint8Array): Module | undefined {
    const read = readJson(bytes);
    if (!read.ok) return this.bad(read.message, "");
    const { value, compactBytes } = read.document;
    if (this.expected === "entry" && compactBytes > ENTRY_LIMIT) {
      this.faults.push(fault("Budget", undefined, `program too large: ${compactBytes} bytes (max ${ENTRY_LIMIT})`, "", { hint: "move functions into modules: only the entry file is limited" }));
      return undefined;
    }
    if (!(value instanceof Map)) return this.bad("x07AST must be a JSON object", "");
    const module = this.document(path, value);
    this.faults.forEach((f, i) => {
      const piece = i < MAX_ERRORS ? pieceAt(value, f.pointer) : undefined;
      if (piece !== undefined) this.faults[i] = { ...f, expression: excerpt(piece) };
    });
    return module;
  }

  private document(path: string, doc: JsonObject): Module | undefined {
    if (!this.schemaVersion(doc.get("schema_version"))) return undefined;
    const kind = doc.get("kind");
    if (kind !== "entry" && kind !== "module") return this.bad('kind must be "entry" or "module"', "/kind", { expected: this.expected, hint: `write ${JSON.stringify(this.expected)}`, quickfix: [{ op: kind === undefined ? "add" : "replace", path: "/kind", value: this.expected }] });
    if (kind !== this.expected) return this.bad(`expected kind="${this.expected}" got ${kind === "entry" ? "Entry" : "Module"}`, "/kind", { expected: this.expected, found: kind, hint: this.expected === "entry" ? "the manifest's entry must be a program with solve" : "only the manifest's entry is one: give this file kind module, and export what it has" });
    if (!this.moduleId(doc.get("module_id"))) return undefined;
    const imports = this.names(doc.get("imports"), "/imports");
    const decls = doc.get("decls");
    if (!Array.isArray(decls)) return this.bad("decls must be an array", "/decls", arrayRepair(decls, "/decls"));
    const found = new Declarations();
    decls.forEach((d, i) => this.decl(d, `/decls/${i}`, found));
    const solve = kind === "entry" ? this.solve(doc.get("solve")) : undefined;
    if (kind === "module") this.checkExports(found);
    return { id: this.id, path, kind, imports, exports: new Set(found.exports), functions: found.functions, types: found.types, solve };
  }

  private schemaVersion(value: Json | undefined): boolean {
    // The newest has all that the others have.
    const newest = { quickfix: [{ op: value === undefined ? "add" : "replace", path: "/schema_version", value: NEWEST }] } as const;
    const supported = VERSIONS.map((v) => `x07.x07ast@${v}`);
    const index = typeof value === "string" ? supported.indexOf(value) : -1;
    if (index < 0) {
      const got = typeof value === "string" ? `got ${JSON.stringify(value)}` : "missing";
      this.bad(`unsupported schema_version: ${got} (supported: ${supported.join(", ")})`, "/schema_version", newest);
      return false;
    }
    this.version = index + 3;
    return true;
  }

  private moduleId(value: Json | undefined): boolean {
    if (value === this.id) return true;
    const got = JSON.stringify(typeof value === "string" ? value : null);
    const expected = { expected: this.id, ...(value === undefined ? {} : { found: got }), hint: `write ${JSON.stringify(this.id)}`, quickfix: [{ op: value === undefined ? "add" : "replace", path: "/module_id", value: this.id }] } as const;
    if (this.expected === "entry") this.bad(`entry module_id must be "main" got ${got}`, "/module_id", expected);
    else this.bad(`module ${JSON.stringify(this.id)}: module_id mismatch in file: got ${got}`, "/module_id", expected);
    return false;
  }

  private names(value: Json | undefined, pointer: string): string[] {
    if (!Array.isArray(value)) {
      this.bad("must be an array of names", pointer, arrayRepair(value, pointer));
      return [];
    }
    const names: string[] = [];
    value.forEach((item, i) => {
      if (typeof item === "string" && isSymbol(item)) names.push(item);
      else this.bad("must be a module or symbol name", `${pointer}/${i}`);
    });
    return names;
  }

  private solve(value: Json | undefined): Expr | undefined {
    if (value === undefined) return this.bad("entry is missing solve", "/solve", { hint: "solve is the expression that gives the program's answer, as bytes" });
    return this.expr(value, "/solve");
  }

  private decl(value: Json, at: string, found: Declarations): void {
    if (!(value instanceof Map)) return this.bad("declaration must be an object", at);
    const kind = value.get("kind");
    switch (kind) {
      case "export":
        return this.exports(value, at, found);
      case "defn":
      case "defasync":
        return this.function(value, at, kind === "defasync", found);
      case "defrecord":
      case "defenum":
        return this.type(value, at, kind, found);
      case "extern":
        this.faults.push(fault("Unsupported", undefined, `${this.id}: extern functions are not available in world solve-pure at ${at}`, at));
        return;
      default:
        return this.bad(`unsupported declaration kind: ${JSON.stringify(typeof kind === "string" ? kind : null)}`, `${at}/kind`, { hint: `kinds are ${DECLARATIONS.join(", ")}`, ...this.meant(kind, DECLARATIONS, `${at}/kind`) });
    }
  }

  /** The nearest of the words that may stand at `pointer`. */
  private meant(word: Json | undefined, words: Iterable<string>, pointer: string): FaultFacts {
    if (typeof word !== "string" || this.faults.length > SUGGESTIONS) return {};
    return renamed(typeNamed(word, words), pointer);
  }

  private exports(value: JsonObject, at: string, found: Declarations): void {
    if (this.expected === "entry") return this.bad("entry must not have an export declaration", `${at}/kind`, { hint: "nobody imports the entry: take it out", quickfix: [{ op: "remove", path: at }] });
    if (found.exportSeen) return this.bad("multiple export declarations", at, { hint: `put the names into ${found.exportAt}` });
    found.exportSeen = true;
    for (const name of this.names(value.get("names"), `${at}/names`)) {
      if (!name.startsWith(`${this.id}.`)) this.foreign(name, `${at}/names/${(value.get("names") as Json[]).indexOf(name)}`);
      found.exports.push(name);
    }
    found.exportAt = `${at}/names`;
    const written = value.get("names");
    found.written = Array.isArray(written) ? written : [];
  }

  private foreign(name: string, at: string): void {
    this.bad(`export ${JSON.stringify(name)} must start with ${JSON.stringify(`${this.id}.`)}`, at, name.includes(".") ? { hint: "a module exports what it declares itself" } : renamed(`${this.id}.${name}`, at));
  }

  private checkExports(found: Declarations): void {
    if (!found.exportSeen || found.exports.length === 0) {
      this.faults.push(fault("Parse", undefined, `module ${JSON.stringify(this.id)} is missing an export declaration`, "/decls", exportRepair(found)));
      return;
    }
    for (const name of found.exports) {
      if (found.names.has(name) || !name.startsWith(`${this.id}.`)) continue;
      const at = `${found.exportAt}/${found.written.indexOf(name)}`;
      const repair = found.types.has(name) ? { hint: "records and enums are seen without an export", quickfix: [{ op: "remove" as const, path: at }] } : this.meant(name, found.names, at);
      this.faults.push(fault("Parse", undefined, `export ${JSON.stringify(name)} is not defined in module ${JSON.stringify(this.id)}`, at, repair));
    }
  }

  private type(value: JsonObject, at: string, kind: "defrecord" | "defenum", found: Declarations): void {
    if (this.version < 9) return this.bad(`${kind} is only supported in x07.x07ast@0.9.0`, `${at}/kind`, AS_NEWEST);
    const name = this.declName(value, at);
    if (name === undefined) return;
    const members = value.get(kind === "defrecord" ? "fields" : "variants");
    const key = kind === "defrecord" ? "fields" : "variants";
    if (!Array.isArray(members) || members.length === 0) return this.bad(`${kind} needs at least one member`, `${at}/${key}`);
    const seen = new Set<string>();
    const payloads: boolean[] = [];
    members.forEach((m, i) => {
      const memberAt = `${at}/${key}/${i}`;
      const memberName = m instanceof Map ? m.get("name") : undefined;
      if (!(m instanceof Map) || typeof memberName !== "string" || !isLocalName(memberName)) return this.bad("member needs a name", memberAt);
      if (seen.has(memberName)) return this.bad(`duplicate member: ${JSON.stringify(memberName)}`, memberAt, { hint: "give it another name" });
      seen.add(memberName);
      const ty = m.get(kind === "defrecord" ? "ty" : "payload");
      const absent = ty === undefined || ty === null;
      if (ty !== "i32" && ty !== "u32" && !(kind === "defenum" && absent)) return this.bad("member type must be i32 or u32", `${memberAt}/${kind === "defrecord" ? "ty" : "payload"}`, { expected: "i32 or u32" });
      payloads.push(!absent);
    });
    const names = [...seen];
    const decl: TypeDecl =
      kind === "defrecord"
        ? ({ kind: "record", name, fields: names } satisfies RecordDecl)
        : ({ kind: "enum", name, variants: names.map((n, i) => ({ name: n, payload: payloads[i] ?? false })) } satisfies EnumDecl);
    if (found.types.has(name) || found.functions.has(name)) return this.bad(`duplicate declaration: ${JSON.stringify(name)}`, at);
    found.types.set(name, decl);
  }

  private declName(value: JsonObject, at: string): string | undefined {
    const name = value.get("name");
    if (typeof name !== "string" || !isSymbol(name)) return this.bad("declaration needs a name", `${at}/name`);
    if (!name.startsWith(`${this.id}.`)) return this.bad(`function name must start with ${JSON.stringify(`${this.id}.`)}: got ${JSON.stringify(name)}`, `${at}/name`, name.includes(".") ? {} : renamed(`${this.id}.${name}`, `${at}/name`));
    return name;
  }

  private function(value: JsonObject, at: string, isAsync: boolean, found: Declarations): void {
    const name = this.declName(value, at);
    if (name !== undefined) found.names.add(name);
    const typeParams = value.has("type_params") ? this.typeParams(value.get("type_params"), `${at}/type_params`) : [];
    const scope = typeParams.length === 0 ? NO_SCOPE : new Set(typeParams.map((p) => p.name));
    const params = this.params(value.get("params"), `${at}/params`, scope);
    const result = this.typeExpr(value.get("result"), `${at}/result`, scope);
    const body = value.get("body");
    const expr = body === undefined ? this.bad("function is missing body", `${at}/body`, { hint: "body is the expression that gives the function's result" }) : this.expr(body, `${at}/body`);
    const contracts = CONTRACTS.some((key) => value.has(key)) ? this.contracts(value, at) : NO_CONTRACTS;
    if (name === undefined || result === undefined || expr === undefined) return;
    if (isAsync && result !== "bytes" && result !== "result_bytes") return this.bad("defasync result must be bytes or result_bytes", `${at}/result`);
    if (found.functions.has(name) || found.types.has(name)) return this.bad(`duplicate function name: ${JSON.stringify(name)}`, `${at}/name`, { hint: `the first one is ${found.functions.get(name)?.pointer ?? "a type"}; rename one of them or take it out` });
    const { requires, ensures, invariant, decreases } = contracts;
    found.functions.set(name, { name, pointer: at, async: isAsync, typeParams, params, result, resultBrand: optionalText(value.get("result_brand")), body: expr, requires, ensures, invariant, decreases });
  }

  private contracts(value: JsonObject, at: string): Pick<FunctionDecl, "requires" | "ensures" | "invariant" | "decreases"> {
    for (const [key, since] of GATES) {
      if (value.has(key) && this.version < since) this.bad(`${key} is only supported since x07.x07ast@0.${since}.0`, `${at}/${key}`, AS_NEWEST);
    }
    return {
      requires: this.clauses(value.get("requires"), `${at}/requires`),
      ensures: this.clauses(value.get("ensures"), `${at}/ensures`),
      invariant: this.clauses(value.get("invariant"), `${at}/invariant`),
      decreases: this.clauses(value.get("decreases"), `${at}/decreases`).length,
    };
  }

  private clauses(value: Json | undefined, at: string): Clause[] {
    if (value === undefined || value === null) return [];
    if (!Array.isArray(value)) {
      this.bad("must be an array of clauses", at, { hint: "put it into a list" });
      return [];
    }
    const clauses: Clause[] = [];
    value.forEach((c, i) => {
      const expr = c instanceof Map ? c.get("expr") : undefined;
      if (expr === undefined) return this.bad("clause needs an expr", `${at}/${i}`, { hint: 'write {"expr": <condition>}' });
      const checked = this.expr(expr, `${at}/${i}/expr`);
      if (checked !== undefined) clauses.push({ expr: checked, pointer: `${at}/${i}/expr` });
      if (c instanceof Map) this.witnesses(c.get("witness"), `${at}/${i}/witness`);
    });
    return clauses;
  }

  private witnesses(value: Json | undefined, at: string): void {
    if (value === undefined || value === null) return;
    if (!Array.isArray(value)) return this.bad("witness must be an array", at);
    value.forEach((w, i) => this.expr(w, `${at}/${i}`));
  }

  private typeParams(value: Json | undefined, at: string): { name: string; bound: string | undefined }[] {
    if (value === undefined || value === null) return [];
    if (!Array.isArray(value)) {
      this.bad("type_params must be an array", at, { hint: 'write [{"name": "T"}]' });
      return [];
    }
    const params: { name: string; bound: string | undefined }[] = [];
    value.forEach((p, i) => {
      const name = p instanceof Map ? p.get("name") : undefined;
      if (typeof name !== "string" || !isTypeName(name)) return this.bad("type parameter needs a name", `${at}/${i}`);
      const bound = p instanceof Map ? optionalText(p.get("bound")) : undefined;
      if (bound !== undefined && !BOUNDS.has(bound)) this.bad(`unknown type bound: ${JSON.stringify(bound)}`, `${at}/${i}/bound`, { hint: `bounds are ${[...BOUNDS].join(", ")}`, ...this.meant(bound, BOUNDS, `${at}/${i}/bound`) });
      params.push({ name, bound });
    });
    return params;
  }

  private params(value: Json | undefined, at: string, scope: ReadonlySet<string>): Param[] {
    if (!Array.isArray(value)) {
      this.bad("params must be an array", at, arrayRepair(value, at));
      return [];
    }
    const params: Param[] = [];
    value.forEach((p, i) => {
      const name = p instanceof Map ? p.get("name") : undefined;
      if (!(p instanceof Map) || typeof name !== "string" || !isLocalName(name)) return this.bad("parameter needs a name", `${at}/${i}`);
      if (name === "input") return this.bad('parameter must not be called "input"', `${at}/${i}/name`);
      const type = this.typeExpr(p.get("ty"), `${at}/${i}/ty`, scope);
      if (type !== undefined) params.push({ name, type, brand: optionalText(p.get("brand")) });
    });
    return params;
  }

  private typeExpr(value: Json | undefined, at: string, scope: ReadonlySet<string>): TypeExpr | undefined {
    if (typeof value === "string") {
      if (TYPE_NAMES.has(value)) return value === "u32" ? "i32" : value;
      return this.bad(`unknown type: ${JSON.stringify(value)} (expected ${[...TYPE_NAMES].join(", ")})`, at, this.meant(value, TYPE_NAMES, at));
    }
    if (Array.isArray(value) && value.length === 2 && value[0] === "t" && typeof value[1] === "string") {
      if (scope.has(value[1])) return { parameter: value[1] };
      return this.bad(`unknown type parameter: ${JSON.stringify(value[1])}`, at, { hint: "type_params declares the type parameters", ...this.meant(value[1], scope, `${at}/1`) });
    }
    return this.bad("expected a type", at, { hint: `types are ${[...TYPE_NAMES].filter((t) => !t.startsWith("ptr_")).join(", ")}, or ["t", <type parameter>]` });
  }

  private expr(value: Json, at: string): Expr | undefined {
    const before = this.faults.length;
    this.exprAt = at;
    this.check(value);
    return this.faults.length === before ? asExpr(value) : undefined;
  }

  /** A mistake in the expression at hand; only now is its place written out. */
  private badExpr(message: string, repair: (at: string) => FaultFacts = () => ({})): void {
    const at = this.exprAt + this.steps.map((i) => `/${i}`).join("");
    this.bad(message, at, repair(at));
  }

  private check(value: Json): void {
    if (typeof value === "number") return;
    if (typeof value === "string") return this.atom(value, false);
    if (value instanceof OddNumber) return this.badExpr(value.isInteger && fitsI64(value.text) ? `number out of i32 range: ${value.text}` : `number is not an i64: ${value.text}`, (at) => numberRepair(value, at));
    if (typeof value === "boolean") return this.badExpr(`unsupported JSON value in expr: ${describe(value)}`, (at) => ({ hint: "truth values are 1 and 0", quickfix: [{ op: "replace", path: at, value: value ? 1 : 0 }] }));
    if (!Array.isArray(value)) return this.badExpr(`unsupported JSON value in expr: ${describe(value)}`, () => ({ hint: "expressions are numbers, names and lists" }));
    const head = value[0];
    if (typeof head !== "string") return this.badExpr(value.length === 0 ? "list must not be empty" : "list head must be a string", () => ({ hint: "a list is a call: its first item names what is called" }));
    if (!this.named.has(head)) {
      if (head === "" || hasSpace(head)) return this.badExpr("list head must not contain whitespace");
      const literal = head === "bytes.lit" || head === "bytes.view_lit";
      if (literal && value.length === 2 && typeof value[1] === "string") return;
      if (!literal) this.named.add(head);
    }
    for (let i = 1; i < value.length; i++) {
      const item = value[i]!;
      if (typeof item === "number") continue;
      this.steps.push(i);
      if (typeof item === "string") this.atom(item, i === 1 && BINDERS.has(head));
      else this.check(item);
      this.steps.pop();
    }
  }

  /** `binds`: it stands where a form wants the name of a variable. */
  private atom(text: string, binds: boolean): void {
    // What was met before was found good.
    if (this.named.has(text)) return;
    if (text === "" || hasSpace(text)) return this.badExpr(text === "" ? "atom must not be empty" : "atom must not contain whitespace", (at) => (binds && text !== "" ? renamed(text.trim().replace(/\s+/gu, "_"), at) : textRepair(text, at)));
    this.named.add(text);
  }
}

/** A list that was left out is empty; one item stands for a list of it. */
function arrayRepair(value: Json | undefined, pointer: string): FaultFacts {
  if (value === undefined) return { hint: "an empty list will do", quickfix: [{ op: "add", path: pointer, value: [] }] };
  return typeof value === "string" ? { hint: "put it into a list", quickfix: [{ op: "replace", path: pointer, value: [value] }] } : {};
}

/** Offers all functions. */
function exportRepair(found: Declarations): FaultFacts {
  const names = [...found.functions.keys(), ...found.types.keys()];
  if (names.length === 0) return { hint: "a module needs something to export" };
  if (found.exportSeen) return { hint: "export what other modules may call", quickfix: [{ op: "replace", path: found.exportAt, value: names }] };
  return { hint: "export what other modules may call", quickfix: [{ op: "add", path: "/decls/0", value: { kind: "export", names } }] };
}

class Declarations {
  exportSeen = false;
  exportAt = "/decls";
  /** The export list as it stands in the file. */
  written: readonly Json[] = [];
  readonly exports: string[] = [];
  /** Of all functions that are declared, well or not. */
  readonly names = new Set<string>();
  readonly functions = new Map<string, FunctionDecl>();
  readonly types = new Map<string, TypeDecl>();
}

const GATES: readonly (readonly [string, number])[] = [
  ["requires", 5], ["ensures", 5], ["invariant", 5], ["loop_contracts", 6], ["protocol", 7], ["decreases", 8],
];
const NO_SCOPE: ReadonlySet<string> = new Set();
const CONTRACTS = GATES.map(([key]) => key);
const NO_CONTRACTS = { requires: [], ensures: [], invariant: [], decreases: 0 } as const;
const BOUNDS = new Set(["any", "bytes_like", "num_like", "value", "hashable", "orderable"]);

function optionalText(value: Json | undefined): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

/** Forms whose first operand is the name of a variable. */
const BINDERS = new Set(["let", "set", "set0", "for"]);

/** The type that another language's word, or a misspelt one, most probably means. */
export function typeNamed(word: string, types: Iterable<string>): string | undefined {
  return TYPE_ALIASES.get(word) ?? similar(word, types, 1)[0];
}

/** What others call these types. */
const TYPE_ALIASES: ReadonlyMap<string, string> = new Map([
  ["int", "i32"], ["integer", "i32"], ["number", "i32"], ["bool", "i32"], ["boolean", "i32"], ["string", "bytes"], ["str", "bytes"], ["text", "bytes"], ["view", "bytes_view"],
  ["float", "f64"], ["double", "f64"],
]);

/** Names are atoms; text is a literal. */
function textRepair(text: string, at: string): FaultFacts {
  return { hint: "text is written [\"bytes.lit\", …]", quickfix: [{ op: "replace", path: at, value: ["bytes.lit", text] }] };
}

/** Numbers up to 2^32 have the bits of a negative one; others fit no i32. */
function numberRepair(number: OddNumber, at: string): FaultFacts {
  if (!number.isInteger) return { hint: "numbers are whole; f64 values are made with f64.of_i32 and f64.div" };
  const value = Number(number.text);
  if (value < 2 ** 31 || value >= 2 ** 32) return { hint: "numbers are i32: -2147483648 to 2147483647, or to 4294967295 by their bits" };
  return { hint: "the i32 with the same bits", quickfix: [{ op: "replace", path: at, value: value - 2 ** 32 }] };
}

function describe(value: Json): string {
  if (value === null) return "Null";
  return typeof value === "boolean" ? `Bool(${value})` : "Object";
}

function hasSpace(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (c <= 32 ? c === 32 || (c >= 9 && c <= 13) : c >= 0x85 && /\s|\u0085/u.test(text.charAt(i))) return true;
  }
  return false;
}

function fitsI64(text: string): boolean {
  const n = BigInt(text);
  return n >= -(2n ** 63n) && n < 2n ** 63n;
}

function isSymbol(text: string): boolean {
  return /^[A-Za-z_][A-Za-z0-9_-]*(\.[A-Za-z_][A-Za-z0-9_-]*)*$/.test(text);
}

const LOCAL_NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;

function isLocalName(text: string): boolean {
  return LOCAL_NAME.test(text);
}

function isTypeName(text: string): boolean {
  return /^[A-Za-z][A-Za-z0-9_]*$/.test(text);
}
