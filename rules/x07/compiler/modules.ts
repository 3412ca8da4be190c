// Entry file -> every module it reaches through imports. Knows where ids lead only through the caller's `load`.

import type { Module } from "./ast.ts";
import type { CompileError } from "./errors.ts";
import { fault } from "./errors.ts";
import { parseModule } from "./parse.ts";

export type LoadedSource =
  | { readonly kind: "found"; readonly path: string; readonly bytes: Uint8Array }
  | { readonly kind: "missing"; readonly searched: readonly string[] }
  | { readonly kind: "ambiguous"; readonly paths: readonly string[] };

export type Load = (id: string) => LoadedSource;

export interface ModuleSet {
  readonly entry: Module;
  /** By id, the entry under "main". */
  readonly modules: ReadonlyMap<string, Module>;
}

export type ModulesOutcome = { readonly ok: true; readonly set: ModuleSet } | { readonly ok: false; readonly errors: CompileError[] };

/** Loads depth first, each id once; tells missing, ambiguous and cyclic imports and the syntax errors of every file. */
export function loadModules(entry: { readonly path: string; readonly bytes: Uint8Array }, load: Load): ModulesOutcome {
  const parsed = parseModule("main", entry.path, entry.bytes, "entry");
  if (!parsed.ok) return parsed;
  const walk = new Walk(load);
  walk.from(parsed.module);
  if (walk.errors.length > 0) return { ok: false, errors: walk.errors };
  return { ok: true, set: { entry: parsed.module, modules: walk.modules } };
}

class Walk {
  readonly modules = new Map<string, Module>();
  readonly errors: CompileError[] = [];
  private readonly load: Load;
  private readonly open = new Set<string>();
  private readonly failed = new Set<string>();

  constructor(load: Load) {
    this.load = load;
  }

  /** An explicit stack: import chains may be longer than the machine's stack. */
  from(entry: Module): void {
    this.modules.set(entry.id, entry);
    this.open.add(entry.id);
    const stack = [{ module: entry, next: 0 }];
    for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
      const id = top.module.imports[top.next];
      if (id === undefined) {
        this.open.delete(top.module.id);
        stack.pop();
        continue;
      }
      const pointer = `/imports/${top.next}`;
      top.next++;
      const child = this.enter(id, top.module, pointer);
      if (child !== undefined) stack.push({ module: child, next: 0 });
    }
  }

  private enter(id: string, from: Module, pointer: string): Module | undefined {
    if (this.open.has(id)) return this.bad(`cyclic import detected at module ${JSON.stringify(id)}`, from.path, pointer);
    if (this.modules.has(id) || this.failed.has(id)) return undefined;
    const source = this.load(id);
    if (source.kind !== "found") {
      this.failed.add(id);
      if (source.kind === "missing") return this.bad(`unknown module: ${JSON.stringify(id)} (searched: ${source.searched.join(" or ")})`, from.path, pointer);
      return this.bad(`module ${JSON.stringify(id)} is ambiguous across roots: ${JSON.stringify(source.paths)}`, from.path, pointer);
    }
    const parsed = parseModule(id, source.path, source.bytes, "module");
    if (!parsed.ok) {
      this.failed.add(id);
      this.errors.push(...parsed.errors);
      return undefined;
    }
    this.modules.set(id, parsed.module);
    this.open.add(id);
    return parsed.module;
  }

  private bad(message: string, path: string, pointer: string): undefined {
    this.errors.push({ ...fault("Parse", undefined, message, pointer), path });
    return undefined;
  }
}
