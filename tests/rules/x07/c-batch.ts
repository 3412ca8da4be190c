// Many generated C programs -> one C file, one call of clang and one module: definitions that are the same are written once. Knows the
// shape of the text that the C back end writes, and two command lines; not what the programs do.

import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { HEADER } from "../../../rules/x07/c/header.ts";
import { SHIM } from "../../../rules/x07/shim.ts";

const COMPILE = ["--target=wasm32-wasi", "-std=c11", "-ffreestanding", "-Wall", "-Werror", "-Wno-unused-function", "-Wno-tautological-compare", "-Wno-infinite-recursion", "-c"];
const LINK = ["--no-entry", "--gc-sections", "--stack-first", "-z", "stack-size=1048576", "--initial-memory=4194304", "--export=__heap_base", "--export=__data_end"];

export function haveClang(): boolean {
  return ["clang", "wasm-ld"].every((tool) => spawnSync(tool, ["--version"]).status === 0);
}

export type BuiltBatch = { readonly ok: true; readonly wasm: Uint8Array } | { readonly ok: false; readonly message: string };

/** A top-level definition: the lines that belong to one name. */
interface Item {
  readonly name: string;
  readonly text: string;
  readonly kind: "type" | "literal" | "variable" | "table" | "function";
}

const ENTRY = "x07_solve_v2";
/** Stands for a definition's own name until it has one: what differs in nothing else is the same. */
const SELF = "@self";
const ALLOCATOR = "__attribute__((weak)) allocator_v1_t x07_custom_allocator(void) { return (allocator_v1_t){0}; }";
/** Texts and comments are matched so that no name is found in them. */
const WORD = /"(?:[^"\\]|\\.)*"|\/\*.*?\*\/|[A-Za-z_]\w*/g;

/** Programs that are compiled and linked together. */
export class CBatch {
  private readonly items: { readonly [kind in Item["kind"]]: string[] } = { type: [], literal: [], variable: [], table: [], function: [] };
  /** Names in the file, by the text of what they stand for. */
  private readonly names = new Map<string, string>();
  private readonly prototypes: string[] = [];
  private count = 0;

  /** Adds a program; the name of its entry in the module. */
  add(program: string): string {
    const number = this.count++;
    const items = new Map(itemsOf(program).map((i) => [i.name, i]));
    const named = new Map<string, string>();
    const open = new Set<string>();
    const nameOf = (name: string): string => {
      const item = items.get(name);
      const known = named.get(name);
      if (item === undefined || known !== undefined) return known ?? name;
      // What is in a cycle with others belongs to this program alone.
      const own = `${name}_${number}`;
      if (open.has(name)) {
        named.set(name, own);
        return own;
      }
      open.add(name);
      const text = item.text.replaceAll(WORD, (word) => (word === name ? SELF : nameOf(word)));
      open.delete(name);
      // Two variables are two, however alike their definitions.
      const key = item.kind === "variable" ? `${name} ${text}` : text;
      const chosen = named.get(name) ?? this.names.get(key) ?? own;
      named.set(name, chosen);
      if (!this.names.has(key)) this.write(key, chosen, item.kind, text);
      return chosen;
    };
    return nameOf(ENTRY);
  }

  private write(key: string, name: string, kind: Item["kind"], text: string): void {
    this.names.set(key, name);
    const lines = text.replaceAll(SELF, name);
    this.items[kind].push(lines);
    if (kind !== "function") return;
    const head = lines.split("\n").find((l) => !l.startsWith("/*")) ?? "";
    const exported = name.startsWith(ENTRY) ? `__attribute__((export_name("${name}"))) ` : "";
    this.prototypes.push(`${exported}${head.slice(0, head.indexOf(" {"))};`);
  }

  /** The module of all, compiled with these flags. */
  build(flags: readonly string[]): BuiltBatch {
    const dir = mkdtempSync(join(tmpdir(), "x07-c-batch-"));
    const failed = (tool: string, args: readonly string[]): string | undefined => {
      const { status, stderr } = spawnSync(tool, args, { cwd: dir, encoding: "utf8" });
      return status === 0 ? undefined : `${tool} exits with ${status}: ${stderr.slice(0, 2000)}`;
    };
    try {
      writeFileSync(join(dir, "x07.h"), HEADER);
      writeFileSync(join(dir, "shim.c"), SHIM);
      writeFileSync(join(dir, "batch.c"), this.text());
      const message = failed("clang", [...COMPILE, ...flags, "batch.c", "shim.c"]) ?? failed("wasm-ld", [...LINK, "batch.o", "shim.o", "-o", "batch.wasm"]);
      return message === undefined ? { ok: true, wasm: readFileSync(join(dir, "batch.wasm")) } : { ok: false, message };
    } finally {
      rmSync(dir, { recursive: true, force: true });
    }
  }

  private text(): string {
    const { type, literal, variable, table, function: functions } = this.items;
    const around = (what: string): string => `#pragma clang attribute ${what}`;
    return ['#include "x07.h"', "#pragma STDC FP_CONTRACT OFF", around("push(__attribute__((disable_tail_calls)), apply_to = function)"), ALLOCATOR, ...type, ...literal, ...variable, ...this.prototypes, ...table, ...functions, around("pop"), ""].join("\n");
  }
}

/** The definitions of a program but for prototypes and what every program has once. */
function itemsOf(program: string): Item[] {
  const items: Item[] = [];
  const lines = program.split("\n");
  for (let i = 0; i < lines.length; i++) {
    const line = lines[i] ?? "";
    const found = /^typedef .*?(\w+);$/.exec(line) ?? /^static void \(\*const (\w+)\[\]/.exec(line) ?? /^(?:static (?:inline |const |_Alignas\(16\) )*|bytes_t )(?:\w+ )?\*?(\w+)/.exec(line);
    const name = found?.[1];
    if (name === undefined) continue;
    const isFunction = new RegExp(`\\b${name}\\([^)]*\\)(;| \\{)`).exec(line)?.[1];
    if (isFunction === ";") continue;
    const from = i;
    const ends = (l: string): boolean => (isFunction === undefined ? l.endsWith(";") : l === "}" || (i === from && l.endsWith(" }")));
    while (!ends(lines[i] ?? "")) i++;
    const comment = /^\/\*.*\*\/$/.test(lines[from - 1] ?? "") && isFunction !== undefined ? from - 1 : from;
    const kind = line.startsWith("typedef") ? "type" : line.startsWith("static void (*") ? "table" : isFunction !== undefined ? "function" : line.startsWith("static const ") ? "literal" : "variable";
    items.push({ name, text: lines.slice(comment, i + 1).join("\n"), kind });
  }
  return items;
}
