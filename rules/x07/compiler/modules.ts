// Which modules a program has and in what order they can be checked: from the facts of each to an order, callees first, or what is
// wrong with the imports. Reads no files; the caller says where an id leads.

import { similar } from "../../../engine/index.ts";
import type { ModuleFacts, Parsed } from "./document.ts";
import type { CompileError } from "./errors.ts";
import { fault, type FaultFacts, renamed } from "./errors.ts";
import type { Library } from "./library.ts";

/** Where an id leads. */
export type Found<T> =
  | { readonly kind: "found"; readonly value: T }
  | { readonly kind: "missing"; readonly searched: readonly string[] }
  | { readonly kind: "ambiguous"; readonly paths: readonly string[] }
  /** Only there in the text surface, which is not read. */
  | { readonly kind: "text"; readonly path: string };

export type FoundFacts = Found<Parsed<ModuleFacts>>;

export interface Arrangement {
  /** The program's own modules, callees first. */
  readonly order: readonly ModuleFacts[];
  readonly errors: readonly CompileError[];
}

/** Goes through the imports depth first; tells missing, ambiguous and cyclic ones and the syntax errors of every file. */
export function arrange(entry: Parsed<ModuleFacts>, find: (id: string) => FoundFacts, library: Library): Arrangement {
  if (!entry.ok) return { order: [], errors: entry.errors };
  const walk = new Walk(find, library);
  walk.from(entry.value);
  return { order: walk.order, errors: walk.errors };
}

class Walk {
  readonly order: ModuleFacts[] = [];
  readonly errors: CompileError[] = [];
  private readonly find: (id: string) => FoundFacts;
  private readonly library: Library;
  private readonly open = new Set<string>();
  private readonly known = new Set<string>();

  constructor(find: (id: string) => FoundFacts, library: Library) {
    this.find = find;
    this.library = library;
  }

  /** An explicit stack: import chains may be longer than the machine's stack. */
  from(entry: ModuleFacts): void {
    this.open.add(entry.id);
    const stack = [{ module: entry, next: 0 }];
    for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
      const id = top.module.imports[top.next];
      if (id === undefined) {
        this.open.delete(top.module.id);
        this.order.push(top.module);
        stack.pop();
        continue;
      }
      const pointer = `/imports/${top.next}`;
      top.next++;
      const child = this.enter(id, top.module, pointer);
      if (child !== undefined) stack.push({ module: child, next: 0 });
    }
  }

  private enter(id: string, from: ModuleFacts, pointer: string): ModuleFacts | undefined {
    if (this.open.has(id)) return this.bad(`cyclic import detected at module ${JSON.stringify(id)}`, from.path, pointer, { hint: "move what both need into a module that imports neither" });
    if (this.known.has(id)) return undefined;
    this.known.add(id);
    if (this.library.has(id)) return undefined;
    const found = this.find(id);
    if (found.kind === "missing") return this.bad(`unknown module: ${JSON.stringify(id)} (searched: ${found.searched.join(" or ")})`, from.path, pointer, this.meant(id, from, pointer));
    if (found.kind === "ambiguous") return this.bad(`module ${JSON.stringify(id)} is ambiguous across roots: ${JSON.stringify(found.paths)}`, from.path, pointer, { hint: "keep one of the files, or take one folder out of module_roots" });
    if (found.kind === "text") {
      const message = `module ${JSON.stringify(id)} is written in the text surface (${found.path}), which this compiler does not read`;
      this.errors.push({ ...fault("Unsupported", "X07C_TEXT_SURFACE", message, pointer, { hint: "keep the module as x07AST JSON (.x07.json), or build with the installed x07: --provider native" }), path: from.path });
      return undefined;
    }
    if (!found.value.ok) {
      this.errors.push(...found.value.errors);
      return undefined;
    }
    this.open.add(id);
    return found.value.value;
  }

  /** The module most probably meant. Its name alone mends the file where nothing in it uses the wrong one. */
  private meant(id: string, from: ModuleFacts, pointer: string): FaultFacts {
    const [nearest] = similar(id, [...this.library.ids(), ...this.order.map((m) => m.id)], 1);
    if (nearest === undefined) return { hint: `write the module, or take ${JSON.stringify(id)} out of imports` };
    const used = from.mentions.includes(id);
    const { quickfix, ...facts } = renamed(nearest, pointer);
    return used || quickfix === undefined ? facts : { ...facts, quickfix };
  }

  private bad(message: string, path: string, pointer: string, facts: FaultFacts): undefined {
    this.errors.push({ ...fault("Parse", undefined, message, pointer, facts), path });
    return undefined;
  }
}

/** The modules whose interfaces the checking of `module` needs: those it names, and those that generic bodies of these name. */
export function interfacesNeeded(module: ModuleFacts, factsOf: (id: string) => ModuleFacts | undefined): string[] {
  const needed = new Set<string>();
  const queue: ModuleFacts[] = [module];
  let all: ReadonlySet<string> | undefined;
  // Names lead into imports, but for mistakes; all that is reached is looked through only then.
  const reached = (m: ModuleFacts, id: string): boolean => m.imports.includes(id) || (factsOf(id) !== undefined && (all ??= reachedBy(module, factsOf)).has(id));
  for (let m = queue.pop(); m !== undefined; m = queue.pop()) {
    for (const id of m.mentions) {
      if (id === module.id || needed.has(id) || !reached(m, id)) continue;
      needed.add(id);
      const facts = factsOf(id);
      if (facts?.generic === true) queue.push(facts);
    }
  }
  return [...needed].sort();
}

/** Ids of all modules that `module` reaches through imports. */
function reachedBy(module: ModuleFacts, factsOf: (id: string) => ModuleFacts | undefined): ReadonlySet<string> {
  const reached = new Set<string>();
  const queue = [...module.imports];
  for (let id = queue.pop(); id !== undefined; id = queue.pop()) {
    if (reached.has(id)) continue;
    reached.add(id);
    queue.push(...(factsOf(id)?.imports ?? []));
  }
  return reached;
}
