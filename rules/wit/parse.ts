// The text of one WIT file -> its form, or the first thing that is wrong with it. Knows the syntax of WIT, and nothing of
// what names mean.

import { fail, ok, type Result } from "../../engine/index.ts";
import {
  type FuncAst,
  type Gate,
  type IncludeItem,
  type InterfaceAst,
  type InterfaceItem,
  type MethodAst,
  type PackageBody,
  type PackageName,
  type Parameter,
  type PortAst,
  type Primitive,
  PRIMITIVES,
  type TopUse,
  type TypeAst,
  type TypeDefinition,
  type UseAst,
  type WitFileAst,
  type WitPath,
  type WorldAst,
  type WorldItem,
} from "./ast.ts";
import { Lexer, type WitFault } from "./lex.ts";

/** A type inside a type inside a type … ends here. */
const DEEPEST_TYPE = 100;

const TYPE_FORMS: ReadonlySet<string> = new Set([...PRIMITIVES, "list", "map", "option", "tuple", "result", "future", "stream", "own", "borrow"]);

const TYPE_WORDS = ["type", "record", "variant", "enum", "flags", "resource"] as const;

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

class Parser {
  readonly #file: string;
  readonly #l: Lexer;

  constructor(file: string, lexer: Lexer) {
    this.#file = file;
    this.#l = lexer;
  }

  #here(): { readonly file: string; readonly at: number } {
    return { file: this.#file, at: this.#l.peek().at };
  }

  get #ended(): boolean {
    return this.#l.peek().kind === "end";
  }

  // ---- files and packages ------------------------------------------------------------------------

  file(): WitFileAst {
    const body: Body = { interfaces: [], worlds: [], uses: [] };
    const nested: (PackageBody & { readonly file: string; readonly at: number; readonly package: PackageName })[] = [];
    let own: PackageName | undefined;
    for (let first = true; !this.#ended; first = false) {
      const place = this.#here();
      if (!this.#l.eat("package")) {
        this.#topItem(body);
        continue;
      }
      const name = this.#packageName();
      if (this.#l.eat("{")) {
        const inner: Body = { interfaces: [], worlds: [], uses: [] };
        while (!this.#ended && !this.#l.is("}")) this.#topItem(inner);
        this.#l.expect("}");
        nested.push({ ...place, package: name, ...inner });
        continue;
      }
      if (!first) this.#l.spoil("`package` comes first in a file, and once", place.at);
      own = name;
      this.#l.expect(";");
    }
    return { file: this.#file, package: own, nested, ...body };
  }

  #packageName(): PackageName {
    const namespace = this.#l.name();
    this.#l.expect(":");
    const name = this.#l.name();
    return { namespace, name, version: this.#l.eat("@") ? this.#l.version() : undefined };
  }

  #topItem(body: Body): void {
    const gate = this.#gate();
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
    if (!this.#l.eat(":")) return { ...place, package: undefined, name: first };
    const second = this.#l.name();
    this.#l.expect("/");
    const name = this.#l.name();
    return { ...place, package: { namespace: first, name: second, version: this.#l.eat("@") ? this.#l.version() : undefined }, name };
  }

  /** `@since`, `@unstable` and `@deprecated` before an item. */
  #gate(): Gate {
    let gate: Gate;
    while (this.#l.is("@")) {
      const { at } = this.#l.take();
      const word = this.#l.take().text;
      this.#l.expect("(");
      if (word === "unstable") gate = { feature: this.#gateFeature() };
      else if (word === "since" || word === "deprecated") this.#gateVersion();
      else this.#l.spoil(`\`@${word}\` is no gate: expected \`@since\`, \`@unstable\` or \`@deprecated\``, at);
      this.#l.expect(")");
    }
    return gate;
  }

  #gateFeature(): string {
    this.#l.expect("feature");
    this.#l.expect("=");
    return this.#l.name();
  }

  #gateVersion(): void {
    this.#l.expect("version");
    this.#l.expect("=");
    this.#l.version();
    if (!this.#l.eat(",")) return;
    this.#gateFeature();
  }

  // ---- interfaces and worlds ---------------------------------------------------------------------

  #interfaceBody(): InterfaceItem[] {
    const items: InterfaceItem[] = [];
    this.#l.expect("{");
    while (!this.#ended && !this.#l.is("}")) items.push(this.#interfaceItem());
    this.#l.expect("}");
    return items;
  }

  #interfaceItem(): InterfaceItem {
    const gate = this.#gate();
    const place = this.#here();
    if (this.#l.is("use")) return this.#use(gate);
    const typed = this.#typeItem(gate);
    if (typed !== undefined) return typed;
    const name = this.#l.name();
    this.#l.expect(":");
    const func = this.#func();
    this.#l.expect(";");
    return { ...place, gate, item: "func", name, func };
  }

  #worldBody(): WorldItem[] {
    const items: WorldItem[] = [];
    this.#l.expect("{");
    while (!this.#ended && !this.#l.is("}")) items.push(this.#worldItem());
    this.#l.expect("}");
    return items;
  }

  #worldItem(): WorldItem {
    const gate = this.#gate();
    const place = this.#here();
    if (this.#l.is("use")) return this.#use(gate);
    if (this.#l.eat("include")) return this.#include(gate, place.at);
    const typed = this.#typeItem(gate);
    if (typed !== undefined) return typed;
    const item = this.#l.is("export") ? "export" : "import";
    if (!this.#l.eat("import") && !this.#l.eat("export")) this.#l.unexpected("`import`, `export`, `include`, `use` or a type");
    return { ...place, gate, item, port: this.#port() };
  }

  /** `name: func(…);`, `name: interface { … }`, or the path of an interface. */
  #port(): PortAst {
    const path = this.#portPath();
    if (path !== undefined) {
      this.#l.expect(";");
      return { kind: "path", path };
    }
    const name = this.#pendingName;
    if (this.#l.eat("interface")) return { kind: "interface", name, items: this.#interfaceBody() };
    const func = this.#func();
    this.#l.expect(";");
    return { kind: "func", name, func };
  }

  #pendingName = "";

  /** Undefined when what was read is the name of a function or of an interface written here; it is then `#pendingName`. */
  #portPath(): WitPath | undefined {
    const place = this.#here();
    const first = this.#l.name();
    if (!this.#l.eat(":")) return { ...place, package: undefined, name: first };
    this.#pendingName = first;
    if (this.#l.is("func") || this.#l.is("interface") || this.#l.is("async")) return undefined;
    const second = this.#l.name();
    this.#l.expect("/");
    const name = this.#l.name();
    return { ...place, package: { namespace: first, name: second, version: this.#l.eat("@") ? this.#l.version() : undefined }, name };
  }

  #include(gate: Gate, at: number): IncludeItem {
    const from = this.#path();
    const renames: { from: string; to: string }[] = [];
    if (this.#l.eat("with")) {
      renames.push(
        ...this.#list("{", "}", () => {
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
    const names = this.#list("{", "}", () => {
      const here = this.#here();
      const name = this.#l.name();
      return { ...here, name, as: this.#l.eat("as") ? this.#l.name() : name };
    });
    this.#l.expect(";");
    return { ...place, gate, item: "use", from, names };
  }

  // ---- types -------------------------------------------------------------------------------------

  #typeItem(gate: Gate) {
    const place = this.#here();
    const form = TYPE_WORDS.find((word) => this.#l.eat(word));
    if (form === undefined) return undefined;
    const name = this.#l.name();
    return { ...place, gate, item: "type" as const, name, definition: this.#definition(form) };
  }

  #definition(form: (typeof TYPE_WORDS)[number]): TypeDefinition {
    switch (form) {
      case "type": {
        this.#l.expect("=");
        const type = this.#type(0);
        this.#l.expect(";");
        return { form: "alias", type };
      }
      case "record":
        return { form, fields: this.#list("{", "}", () => this.#parameter()) };
      case "variant":
        return { form, cases: this.#some("variant", this.#list("{", "}", () => this.#case())) };
      case "enum":
        return { form, names: this.#some("enum", this.#list("{", "}", () => this.#l.name())) };
      case "flags":
        return { form, names: this.#list("{", "}", () => this.#l.name()) };
      case "resource":
        return { form, methods: this.#methods() };
    }
  }

  #some<T>(what: string, list: readonly T[]): readonly T[] {
    if (list.length === 0) this.#l.spoil(`this ${what} has no case`, this.#l.peek().at);
    return list;
  }

  #case(): { readonly name: string; readonly type: TypeAst | undefined } {
    const name = this.#l.name();
    if (!this.#l.eat("(")) return { name, type: undefined };
    const type = this.#type(0);
    this.#l.expect(")");
    return { name, type };
  }

  #parameter(): Parameter {
    const name = this.#l.name();
    this.#l.expect(":");
    return { name, type: this.#type(0) };
  }

  #methods(): MethodAst[] {
    const methods: MethodAst[] = [];
    if (this.#l.eat(";")) return methods;
    this.#l.expect("{");
    while (!this.#ended && !this.#l.is("}")) methods.push(this.#method());
    this.#l.expect("}");
    return methods;
  }

  #method(): MethodAst {
    const gate = this.#gate();
    const place = this.#here();
    if (this.#l.eat("constructor")) {
      const params = this.#list("(", ")", () => this.#parameter());
      const result = this.#l.eat("->") ? this.#type(0) : undefined;
      this.#l.expect(";");
      return { ...place, gate, kind: "constructor", name: "", func: { async: false, params, result } };
    }
    const name = this.#l.name();
    this.#l.expect(":");
    const kind = this.#l.eat("static") ? "static" : "method";
    const func = this.#func();
    this.#l.expect(";");
    return { ...place, gate, kind, name, func };
  }

  #func(): FuncAst {
    const async = this.#l.eat("async");
    this.#l.expect("func");
    const params = this.#list("(", ")", () => this.#parameter());
    return { async, params, result: this.#l.eat("->") ? this.#type(0) : undefined };
  }

  #type(depth: number): TypeAst {
    const { at, kind, text } = this.#l.peek();
    if (depth > DEEPEST_TYPE) this.#l.spoil(`types are nested more than ${DEEPEST_TYPE} deep`, at);
    if (kind !== "word" || !TYPE_FORMS.has(text)) return { ...this.#here(), kind: "name", name: this.#l.name() };
    this.#l.take();
    const inner = () => this.#type(depth + 1);
    switch (text) {
      case "list":
        return this.#angled(() => ({ kind: text, element: inner(), length: this.#l.eat(",") ? this.#length() : undefined }));
      case "map":
        return this.#angled(() => {
          const key = this.#mapKey(inner());
          this.#l.expect(",");
          return { kind: text, key, value: inner() };
        });
      case "option":
        return this.#angled(() => ({ kind: text, some: inner() }));
      case "tuple":
        return { kind: text, items: this.#list("<", ">", inner) };
      case "result":
        return this.#result(inner);
      case "future":
      case "stream":
        return this.#l.is("<") ? this.#angled(() => ({ kind: text, element: inner() })) : { kind: text, element: undefined };
      case "own":
      case "borrow":
        return this.#angled(() => ({ ...this.#here(), kind: text, resource: this.#l.name() }));
      default:
        return { kind: "primitive", name: text as Primitive };
    }
  }

  #mapKey(key: TypeAst): TypeAst {
    if (key.kind !== "primitive" || ["f32", "f64", "error-context"].includes(key.name)) this.#l.unexpected("a whole number type, bool, char or string as the key");
    return key;
  }

  #length(): number {
    const { at } = this.#l.peek();
    const length = this.#l.number();
    if (length === 0) this.#l.spoil("a list of a fixed length has at least one item", at);
    return length;
  }

  /** `result`, `result<T>`, `result<_, E>`, `result<T, E>` */
  #result(inner: () => TypeAst): TypeAst {
    if (!this.#l.eat("<")) return { kind: "result", ok: undefined, error: undefined };
    const nothing = this.#l.eat("_");
    const good = nothing ? undefined : inner();
    const error = nothing || this.#l.is(",") ? (this.#l.expect(","), inner()) : undefined;
    this.#l.expect(">");
    return { kind: "result", ok: good, error };
  }

  #angled(inside: () => TypeAst): TypeAst {
    this.#l.expect("<");
    const type = inside();
    this.#l.expect(">");
    return type;
  }

  /** Items between two marks, with commas between them; one may follow the last. */
  #list<T>(open: string, close: string, item: () => T): T[] {
    const items: T[] = [];
    this.#l.expect(open);
    while (!this.#ended && !this.#l.is(close)) {
      items.push(item());
      if (!this.#l.eat(",")) break;
    }
    this.#l.expect(close);
    return items;
  }
}
