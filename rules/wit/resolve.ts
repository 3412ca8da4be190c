// Packages as they are written -> their interfaces and worlds with every name looked up, in the types that components have.
// Knows no file and no index: a package that is not given is a fault.

import { fail, ok, type Result } from "../../engine/index.ts";
import type { ComponentType, Extern } from "../component/types.ts";
import { type Gate, type InterfaceAst, type InterfaceItem, memberId, type PackageBody, packageId, type Place, type TypeAstItem, type UseAst, type WitPath, type WorldAst, type WorldItem } from "./ast.ts";
import { faultIn, type WitFault } from "./lex.ts";
import type { WitPackage } from "./package.ts";
import { type Lookup, TypeScope } from "./type-scope.ts";

/** Chains of names that are longer than this are refused. */
const DEEPEST_CHAIN = 200;

/** An interface with its names looked up. */
interface Face {
  /** `ns:package/name@version`, or the plain name of one that is written inside a world. */
  readonly id: string;
  readonly exports: Map<string, Extern>;
  /** Interfaces whose types it uses, nearest first. */
  readonly uses: Face[];
}

/** A package by names, with the part (file) that each was written in. */
interface PackageScope {
  readonly of: WitPackage;
  readonly interfaces: ReadonlyMap<string, { readonly ast: InterfaceAst; readonly part: PackageBody }>;
  readonly worlds: ReadonlyMap<string, { readonly ast: WorldAst; readonly part: PackageBody }>;
}

/** Where something is being looked up. */
interface Site {
  readonly scope: PackageScope;
  readonly part: PackageBody;
}

/** Answers from a fixed set of packages; features are those whose `@unstable` items count. */
export class WitModel {
  readonly #packages = new Map<string, PackageScope>();
  readonly #texts = new Map<string, string>();
  readonly #features: ReadonlySet<string>;
  readonly #faces = new Map<InterfaceAst, Face | "busy">();
  readonly #worlds = new Map<WorldAst, WorldNames | "busy">();
  readonly #lookup: Lookup = { spoil: (place, message) => this.#spoil(place, message), on: (gate) => this.#on(gate), deeper: (place, inner) => this.#deeper(place, inner) };
  #depth = 0;
  #fault: WitFault | undefined;

  constructor(packages: readonly WitPackage[], features: readonly string[] = []) {
    this.#features = new Set(features);
    for (const p of packages.flatMap((each) => [each, ...each.nested])) {
      for (const [file, text] of p.texts) this.#texts.set(file, text);
      this.#packages.set(packageId(p.name), this.#scopeOf(p));
    }
  }

  /** Looks up every name of a package (and of those in braces in its files); the first fault, if there is one. */
  check(id: string): WitFault | undefined {
    const scope = this.#packages.get(id);
    for (const s of scope === undefined ? [] : [scope, ...scope.of.nested.map((n) => this.#packages.get(packageId(n.name))!)]) {
      for (const part of s.of.parts) for (const u of part.uses) this.#topUse(u, { scope: s, part });
      for (const { ast, part } of s.interfaces.values()) if (this.#on(ast.gate)) this.#face(ast, { scope: s, part });
      for (const { ast, part } of s.worlds.values()) if (this.#on(ast.gate)) this.#elaborated(ast, { scope: s, part });
    }
    return this.#fault;
  }

  /** A world's imports and exports, those that it implies among them. */
  world(id: string, name: string): Result<ComponentType, WitFault> {
    const scope = this.#packages.get(id);
    const found = scope?.worlds.get(name);
    if (scope === undefined || found === undefined || !this.#on(found.ast.gate)) {
      const all = scope === undefined ? [] : [...scope.worlds.keys()];
      return fail({ file: "", message: `${id} has no world ${name}${all.length > 0 ? `; it has ${all.join(", ")}` : ""}`, line: 1, column: 1 });
    }
    const world = this.#elaborated(found.ast, { scope, part: found.part });
    return this.#fault === undefined ? ok({ imports: world.imports, exports: world.exports }) : fail(this.#fault);
  }

  // ---- names ---------------------------------------------------------------------------------------

  #spoil(place: Place, message: string): void {
    this.#fault ??= faultIn(this.#texts.get(place.file) ?? "", place, message);
  }

  #on(gate: Gate): boolean {
    return gate === undefined || this.#features.has(gate.feature);
  }

  #scopeOf(p: WitPackage): PackageScope {
    const interfaces = new Map<string, { ast: InterfaceAst; part: PackageBody }>();
    const worlds = new Map<string, { ast: WorldAst; part: PackageBody }>();
    const taken = new Set<string>();
    for (const part of p.parts) {
      const here = new Set<string>();
      const take = (names: Set<string>, name: string, place: Place) => (names.has(name) ? this.#spoil(place, `\`${name}\` is defined more than once`) : names.add(name));
      for (const ast of part.interfaces) take(taken, ast.name, ast), here.add(ast.name), interfaces.set(ast.name, { ast, part });
      for (const ast of part.worlds) take(taken, ast.name, ast), here.add(ast.name), worlds.set(ast.name, { ast, part });
      for (const u of part.uses) take(here, u.as, u);
    }
    return { of: p, interfaces, worlds };
  }

  /** The package and the name that a path means from here. */
  #find(path: WitPath, site: Site): { readonly scope: PackageScope; readonly name: string } | undefined {
    if (path.package !== undefined) {
      const scope = this.#packages.get(packageId(path.package));
      if (scope === undefined) this.#spoil(path, `the package ${packageId(path.package)} is not known`);
      return scope && { scope, name: path.name };
    }
    const top = site.part.uses.find((u) => u.as === path.name);
    if (top === undefined) return { scope: site.scope, name: path.name };
    // A name of the file may stand for one of the package, but not for another name of the file.
    return this.#find(top.path, { scope: site.scope, part: { ...site.part, uses: [] } });
  }

  #topUse({ path }: PackageBody["uses"][number], site: Site): void {
    const at = this.#find(path, { scope: site.scope, part: { ...site.part, uses: [] } });
    if (at !== undefined && !at.scope.interfaces.has(at.name) && !at.scope.worlds.has(at.name)) this.#spoil(path, `there is no interface or world \`${at.name}\` in ${packageId(at.scope.of.name)}`);
  }

  #faceAt(path: WitPath, site: Site): Face | undefined {
    const at = this.#find(path, site);
    const found = at?.scope.interfaces.get(at.name);
    if (at === undefined) return undefined;
    if (found === undefined) return void this.#spoil(path, at.scope.worlds.has(at.name) ? `\`${path.name}\` is a world, an interface is wanted` : `there is no interface \`${at.name}\` in ${packageId(at.scope.of.name)}`);
    if (!this.#on(found.ast.gate)) return void this.#spoil(path, `the interface \`${path.name}\` is there only with the feature ${found.ast.gate!.feature}`);
    return this.#face(found.ast, { scope: at.scope, part: found.part }, path);
  }

  #face(ast: InterfaceAst, site: Site, from: Place = ast): Face | undefined {
    const known = this.#faces.get(ast);
    if (known === "busy") return void this.#spoil(from, `\`${ast.name}\` depends on itself`);
    if (known !== undefined) return known;
    this.#faces.set(ast, "busy");
    const face = this.#deeper(from, () => this.#interface(memberId(site.scope.of.name, ast.name), ast.items, site)) ?? { id: ast.name, exports: new Map(), uses: [] };
    this.#faces.set(ast, face);
    return face;
  }

  #deeper<T>(place: Place, inner: () => T): T | undefined {
    if (this.#depth > DEEPEST_CHAIN) return void this.#spoil(place, `names lead to names more than ${DEEPEST_CHAIN} times`);
    this.#depth++;
    const found = inner();
    this.#depth--;
    return found;
  }

  // ---- interfaces ----------------------------------------------------------------------------------

  #interface(id: string, items: readonly InterfaceItem[], site: Site): Face {
    const on = items.filter((i) => this.#on(i.gate));
    const face: Face = { id, exports: new Map(), uses: [] };
    const types = this.#typesOf(on);
    for (const item of on) if (item.item === "use") face.uses.push(...this.#use(item, types, site));
    for (const item of on) this.#interfaceItem(item, face.exports, types);
    return face;
  }

  #interfaceItem(item: InterfaceItem, into: Map<string, Extern>, types: TypeScope): void {
    if (item.item === "func") return this.#put(into, item.name, { kind: "func", type: types.func(item.func, item) }, item);
    if (item.item === "type") return this.#type(item, into, types);
    for (const n of item.names) this.#put(into, n.as, types.named(n.as, n), n);
  }

  /** A type, and the functions of it if it is a resource. */
  #type(item: TypeAstItem, into: Map<string, Extern>, types: TypeScope): void {
    this.#put(into, item.name, types.named(item.name, item), item);
    for (const [name, func] of types.methods(item)) this.#put(into, name, func, item);
  }

  #put(into: Map<string, Extern>, name: string, extern: Extern | undefined, place: Place): void {
    if (into.has(name)) this.#spoil(place, `\`${name}\` is defined more than once`);
    if (extern !== undefined) into.set(name, extern);
  }

  #typesOf(items: readonly (InterfaceItem | WorldItem)[]): TypeScope {
    return new TypeScope(items.filter((i): i is TypeAstItem => i.item === "type"), this.#lookup);
  }

  /** Brings the types of another interface; gives the interface. */
  #use(item: UseAst, types: TypeScope, site: Site): Face[] {
    const face = this.#faceAt(item.from, site);
    if (face === undefined) return [];
    for (const n of item.names) {
      const found = face.exports.get(n.name);
      if (found === undefined || found.kind === "func") this.#spoil(n, `there is no type \`${n.name}\` in ${face.id}`);
      else types.bring(n.as, found, n);
    }
    return [face];
  }

  // ---- worlds --------------------------------------------------------------------------------------

  #worldNames(ast: WorldAst, site: Site, from: Place = ast): WorldNames {
    const known = this.#worlds.get(ast);
    if (known === "busy") this.#spoil(from, `the world \`${ast.name}\` includes itself`);
    if (known !== undefined && known !== "busy") return known;
    const world: WorldNames = { imports: new Map(), exports: new Map(), faces: { imports: new Map(), exports: new Map() }, stated: { imports: new Set(), exports: new Set() } };
    if (known === "busy") return world;
    this.#worlds.set(ast, "busy");
    this.#deeper(from, () => this.#fillWorld(world, ast, site));
    this.#worlds.set(ast, world);
    return world;
  }

  #fillWorld(world: WorldNames, ast: WorldAst, site: Site): void {
    const on = ast.items.filter((i) => this.#on(i.gate));
    const types = this.#typesOf(on);
    for (const item of on) {
      if (item.item !== "use") continue;
      for (const face of this.#use(item, types, site)) this.#addFace(world, "imports", face);
      this.#interfaceItem(item, world.imports, types);
    }
    for (const item of on) {
      if (item.item === "type") this.#type(item, world.imports, types);
      else if (item.item === "import" || item.item === "export") this.#port(world, item, types, site);
    }
    for (const item of on) if (item.item === "include") this.#include(world, item, site);
  }

  #port(world: WorldNames, item: Extract<WorldItem, { item: "import" | "export" }>, types: TypeScope, site: Site): void {
    const into = item.item === "import" ? "imports" : "exports";
    const { port } = item;
    if (port.kind === "func") return this.#put(world[into], port.name, { kind: "func", type: types.func(port.func, item) }, item);
    const face = port.kind === "path" ? this.#faceAt(port.path, site) : this.#interface(port.name, port.items, site);
    if (face === undefined) return;
    if (world.stated[into].has(face.id) || (port.kind === "interface" && world[into].has(face.id))) this.#spoil(item, `\`${face.id}\` is ${item.item}ed twice`);
    world.stated[into].add(face.id);
    this.#addFace(world, into, face);
  }

  #addFace(world: WorldNames, into: "imports" | "exports", face: Face): void {
    world[into].set(face.id, { kind: "instance", exports: face.exports });
    world.faces[into].set(face.id, face);
  }

  #include(world: WorldNames, item: Extract<WorldItem, { item: "include" }>, site: Site): void {
    const at = this.#find(item.from, site);
    if (at === undefined) return;
    const found = at.scope.worlds.get(at.name);
    if (found === undefined) return this.#spoil(item.from, `there is no world \`${at.name}\` in ${packageId(at.scope.of.name)}`);
    if (!this.#on(found.ast.gate)) return this.#spoil(item.from, `the world \`${at.name}\` is there only with the feature ${found.ast.gate!.feature}`);
    const other = this.#worldNames(found.ast, { scope: at.scope, part: found.part }, item.from);
    for (const r of item.renames) if ((!other.imports.has(r.from) && !other.exports.has(r.from)) || r.from.includes(":")) this.#spoil(item, `${at.name} has no \`${r.from}\` to rename`);
    for (const into of ["imports", "exports"] as const) {
      for (const [name, extern] of other[into]) {
        const face = other.faces[into].get(name);
        const as = item.renames.find((r) => r.from === name)?.to ?? name;
        if (face !== undefined && name.includes(":")) this.#addFace(world, into, face);
        else if (world[into].has(as)) this.#spoil(item, `\`${as}\` of ${at.name} is there already`);
        else world[into].set(as, extern);
        if (face !== undefined) world.faces[into].set(as, face);
      }
    }
  }

  /** A world with the interfaces that its own imply: what an import or an export uses is imported, unless it is exported. */
  #elaborated(ast: WorldAst, site: Site): WorldNames {
    const world = this.#worldNames(ast, site);
    const implied = new Map<string, Extern>();
    const seen = new Set<Face>();
    const visit = (face: Face, exporting: boolean): void => {
      for (const used of face.uses) {
        if (exporting && world.exports.has(used.id)) continue;
        if (exporting && leadsTo(used, (f) => world.exports.has(f.id))) this.#spoil(ast, `\`${face.id}\` is exported and uses \`${used.id}\`, which is imported and uses an exported interface`);
        if (!seen.has(used)) seen.add(used), visit(used, exporting);
        implied.set(used.id, { kind: "instance", exports: used.exports });
      }
    };
    for (const face of world.faces.imports.values()) visit(face, false);
    for (const face of world.faces.exports.values()) visit(face, true);
    this.#distinct(ast, world);
    return { ...world, imports: new Map([...implied, ...world.imports]) };
  }

  /** Names that differ in case alone cannot be told apart in a component. */
  #distinct(ast: WorldAst, world: WorldNames): void {
    for (const into of ["imports", "exports"] as const) {
      const lower = new Map<string, string>();
      for (const name of world[into].keys()) {
        const other = lower.get(name.toLowerCase());
        if (other !== undefined) this.#spoil(ast, `\`${name}\` and \`${other}\` differ in case alone`);
        lower.set(name.toLowerCase(), name);
      }
    }
  }
}

interface WorldNames {
  readonly imports: Map<string, Extern>;
  readonly exports: Map<string, Extern>;
  readonly faces: { readonly imports: Map<string, Face>; readonly exports: Map<string, Face> };
  /** Interfaces that an item of the world names, not only implies. */
  readonly stated: { readonly imports: Set<string>; readonly exports: Set<string> };
}

function leadsTo(face: Face, wanted: (f: Face) => boolean, seen = new Set<Face>()): boolean {
  return face.uses.some((used) => {
    if (wanted(used)) return true;
    if (seen.has(used)) return false;
    seen.add(used);
    return leadsTo(used, wanted, seen);
  });
}
