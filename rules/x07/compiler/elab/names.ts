// Finds what a full name stands for among modules. Knows only that a name begins with the id of its module.

import type { FunctionDecl, Module, TypeDecl } from "../ast.ts";

export class Names {
  private readonly modules: ReadonlyMap<string, Module>;

  constructor(modules: ReadonlyMap<string, Module>) {
    this.modules = modules;
  }

  function(name: string): { readonly module: Module; readonly decl: FunctionDecl } | undefined {
    const module = this.owner(name, (m) => m.functions.has(name));
    const decl = module?.functions.get(name);
    return module === undefined || decl === undefined ? undefined : { module, decl };
  }

  type(name: string): { readonly module: Module; readonly decl: TypeDecl } | undefined {
    const module = this.owner(name, (m) => m.types.has(name));
    const decl = module?.types.get(name);
    return module === undefined || decl === undefined ? undefined : { module, decl };
  }

  /** `a.b.c` may be the c of module a.b or the b.c of module a. Where both have it, the later of them counts. */
  private owner(name: string, declares: (m: Module) => boolean): Module | undefined {
    let found: Module | undefined;
    for (let dot = name.lastIndexOf("."); dot > 0; dot = name.lastIndexOf(".", dot - 1)) {
      const m = this.modules.get(name.slice(0, dot));
      if (m !== undefined && declares(m)) found = found === undefined ? m : this.later(found, m);
    }
    return found;
  }

  private later(a: Module, b: Module): Module {
    for (const m of this.modules.values()) if (m === a || m === b) return m === a ? b : a;
    return a;
  }
}
