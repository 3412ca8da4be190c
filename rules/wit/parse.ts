// The text of one WIT file -> its form, or the first thing that is wrong with it. Knows the syntax of WIT, and nothing of
// what names mean.

import { fail, ok, type Result } from "../../engine/index.ts";
import type { Gate, IncludeItem, InterfaceAst, InterfaceItem, PackageName, Place, PortAst, TopUse, UseAst, WitFileAst, WitPath, WorldAst, WorldItem } from "./ast.ts";
import { Lexer, type WitFault } from "./lex.ts";
import { TypeParser } from "./parse-types.ts";

export function parseWit(file: string, text: string): Result<WitFileAst, WitFault> {
  const lexer = new Lexer(file, text);
  const parsed = new Parser(file, lexer).file();
  return lexer.fault === undefined ? ok(parsed) : fail(lexer.fault);
}

interface Body {
  readonly interfaces: InterfaceAst[];
  readonly worlds: WorldAst[];
  readonly uses: TopUse[];
}

type Nested = WitFileAst["nested"][number];

function emptyBody(): Body {
  return { interfaces: [], worlds: [], uses: [] };
}

class Parser {
  readonly #file: string;
  readonly #l: Lexer;
  readonly #types: TypeParser;

  constructor(file: string, lexer: Lexer) {
    this.#file = file;
    this.#l = lexer;
    this.#types = new TypeParser(file, lexer);
  }

  #here(): Place {
    return { file: this.#file, at: this.#l.peek().at };
  }

  // ---- files and packages ------------------------------------------------------------------------

  file(): WitFileAst {
    const own = emptyBody();
    const nested: Nested[] = [];
    let name: PackageName | undefined;
    for (let first = true; !this.#l.ended; first = false) {
      const place = this.#here();
      if (!this.#l.eat("package")) {
        this.#topItem(own);
        continue;
      }
      const stated = this.#packageName();
      if (this.#l.is("{")) {
        nested.push({ ...place, package: stated, ...this.#nestedBody() });
        continue;
      }
      if (!first) this.#l.spoil("`package` comes first in a file, and once", place.at);
      name = stated;
      this.#l.expect(";");
    }
    return { file: this.#file, package: name, nested, ...own };
  }

  #nestedBody(): Body {
    const body = emptyBody();
    this.#l.expect("{");
    while (!this.#l.ended && !this.#l.is("}")) this.#topItem(body);
    this.#l.expect("}");
    return body;
  }

  #packageName(): PackageName {
    const namespace = this.#l.name();
    this.#l.expect(":");
    const name = this.#l.name();
    return { namespace, name, version: this.#l.eat("@") ? this.#l.version() : undefined };
  }

  #topItem(body: Body): void {
    const gate = this.#types.gate();
    const place = this.#here();
    if (this.#l.eat("interface")) {
      const name = this.#l.name();
      body.interfaces.push({ ...place, gate, name, items: this.#interfaceBody() });
    } else if (this.#l.eat("world")) {
      const name = this.#l.name();
      body.worlds.push({ ...place, gate, name, items: this.#worldBody() });
    } else if (this.#l.eat("use")) {
      const path = this.#path();
      const as = this.#l.eat("as") ? this.#l.name() : path.name;
      this.#l.expect(";");
      body.uses.push({ ...place, path, as });
    } else this.#l.unexpected("`world`, `interface` or `use`");
  }

  /** `a`, or `ns:package/a`, with or without a version. */
  #path(): WitPath {
    const place = this.#here();
    const first = this.#l.name();
    return this.#l.eat(":") ? this.#foreign(place, first) : { ...place, package: undefined, name: first };
  }

  /** What follows `ns:` in the path of another package's member. */
  #foreign(place: Place, namespace: string): WitPath {
    const inside = this.#l.name();
    this.#l.expect("/");
    const name = this.#l.name();
    return { ...place, package: { namespace, name: inside, version: this.#l.eat("@") ? this.#l.version() : undefined }, name };
  }

  // ---- interfaces and worlds ---------------------------------------------------------------------

  #interfaceBody(): InterfaceItem[] {
    const items: InterfaceItem[] = [];
    this.#l.expect("{");
    while (!this.#l.ended && !this.#l.is("}")) items.push(this.#interfaceItem());
    this.#l.expect("}");
    return items;
  }

  #interfaceItem(): InterfaceItem {
    const gate = this.#types.gate();
    const place = this.#here();
    if (this.#l.is("use")) return this.#use(gate);
    const typed = this.#types.typeItem(gate);
    if (typed !== undefined) return typed;
    const name = this.#l.name();
    this.#l.expect(":");
    const func = this.#types.func();
    this.#l.expect(";");
    return { ...place, gate, item: "func", name, func };
  }

  #worldBody(): WorldItem[] {
    const items: WorldItem[] = [];
    this.#l.expect("{");
    while (!this.#l.ended && !this.#l.is("}")) items.push(this.#worldItem());
    this.#l.expect("}");
    return items;
  }

  #worldItem(): WorldItem {
    const gate = this.#types.gate();
    const place = this.#here();
    if (this.#l.is("use")) return this.#use(gate);
    if (this.#l.eat("include")) return this.#include(gate, place.at);
    const typed = this.#types.typeItem(gate);
    if (typed !== undefined) return typed;
    const item = this.#l.is("export") ? "export" : "import";
    if (!this.#l.eat("import") && !this.#l.eat("export")) this.#l.unexpected("`import`, `export`, `include`, `use` or a type");
    return { ...place, gate, item, port: this.#port() };
  }

  /** `name: func(…);`, `name: interface { … }`, or the path of an interface. */
  #port(): PortAst {
    const place = this.#here();
    const name = this.#l.name();
    const more = this.#l.eat(":");
    if (more && this.#l.eat("interface")) return { kind: "interface", name, items: this.#interfaceBody() };
    if (more && (this.#l.is("func") || this.#l.is("async"))) {
      const func = this.#types.func();
      this.#l.expect(";");
      return { kind: "func", name, func };
    }
    const path = more ? this.#foreign(place, name) : { ...place, package: undefined, name };
    this.#l.expect(";");
    return { kind: "path", path };
  }

  #include(gate: Gate, at: number): IncludeItem {
    const from = this.#path();
    const renames: { from: string; to: string }[] = [];
    if (this.#l.eat("with")) {
      renames.push(
        ...this.#l.list("{", "}", () => {
          const name = this.#l.name();
          this.#l.expect("as");
          return { from: name, to: this.#l.name() };
        }),
      );
      this.#l.eat(";");
    } else this.#l.expect(";");
    return { file: this.#file, at, gate, item: "include", from, renames };
  }

  #use(gate: Gate): UseAst {
    const place = this.#here();
    this.#l.expect("use");
    const from = this.#path();
    this.#l.expect(".");
    const names = this.#l.list("{", "}", () => {
      const here = this.#here();
      const name = this.#l.name();
      return { ...here, name, as: this.#l.eat("as") ? this.#l.name() : name };
    });
    this.#l.expect(";");
    return { ...place, gate, item: "use", from, names };
  }
}
