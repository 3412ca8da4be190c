// Types, functions and gates as they are written in WIT. Knows the syntax of these, and nothing of what names mean.

import { type FuncAst, type Gate, type MethodAst, type Parameter, type Place, type Primitive, PRIMITIVES, type TypeAst, type TypeAstItem, type TypeDefinition } from "./ast.ts";
import type { Lexer } from "./lex.ts";

/** A type inside a type inside a type … ends here. */
const DEEPEST_TYPE = 100;

const TYPE_FORMS: ReadonlySet<string> = new Set([...PRIMITIVES, "list", "map", "option", "tuple", "result", "future", "stream", "own", "borrow"]);

const TYPE_WORDS = ["type", "record", "variant", "enum", "flags", "resource"] as const;

export class TypeParser {
  readonly #file: string;
  readonly #l: Lexer;

  constructor(file: string, lexer: Lexer) {
    this.#file = file;
    this.#l = lexer;
  }

  #here(): Place {
    return { file: this.#file, at: this.#l.peek().at };
  }

  /** `@since`, `@unstable` and `@deprecated` before an item. */
  gate(): Gate {
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

  // ---- types -------------------------------------------------------------------------------------

  /** `type`, `record`, `variant` …, or undefined where none of them comes. */
  typeItem(gate: Gate): TypeAstItem | undefined {
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
        return { form, fields: this.#l.list("{", "}", () => this.#parameter()) };
      case "variant":
        return { form, cases: this.#some("variant", this.#l.list("{", "}", () => this.#case())) };
      case "enum":
        return { form, names: this.#some("enum", this.#l.list("{", "}", () => this.#l.name())) };
      case "flags":
        return { form, names: this.#l.list("{", "}", () => this.#l.name()) };
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
    while (!this.#l.ended && !this.#l.is("}")) methods.push(this.#method());
    this.#l.expect("}");
    return methods;
  }

  #method(): MethodAst {
    const gate = this.gate();
    const place = this.#here();
    if (this.#l.eat("constructor")) {
      const params = this.#l.list("(", ")", () => this.#parameter());
      const result = this.#l.eat("->") ? this.#type(0) : undefined;
      this.#l.expect(";");
      return { ...place, gate, kind: "constructor", name: "", func: { async: false, params, result } };
    }
    const name = this.#l.name();
    this.#l.expect(":");
    const kind = this.#l.eat("static") ? "static" : "method";
    const func = this.func();
    this.#l.expect(";");
    return { ...place, gate, kind, name, func };
  }

  func(): FuncAst {
    const async = this.#l.eat("async");
    this.#l.expect("func");
    const params = this.#l.list("(", ")", () => this.#parameter());
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
        return { kind: text, items: this.#l.list("<", ">", inner) };
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
}
