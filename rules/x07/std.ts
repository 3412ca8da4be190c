// The std modules: sources by module id, and what the compiler has made of them. They are part of this package: their digest is in the
// identity of the embedded compiler. The built package holds them compiled; run from its sources, it compiles what is asked for.

import { packageFile, readPackaged } from "../contract/packaged.ts";
import type { IrFunction } from "./compiler/ir.ts";
import { type Library, ownerOf } from "./compiler/library.ts";
import { anew } from "./compiler/make.ts";
import { type ModuleObject, type ObjectFunction, withShapes } from "./compiler/object.ts";
import { takeOut } from "./compiler/wasm/kept-code.ts";
import type { CodeFunction } from "./compiler/wasm/symbols.ts";
import type { StdModule } from "./std-build.ts";

declare const BUILD_ID: string;

const STD_NAME = /^std(\.[a-z0-9_-]+)+$/;

/** x07AST bytes of a std module, or undefined when there is none of that name. */
export function stdSource(id: string): { readonly path: string; readonly bytes: Uint8Array } | undefined {
  if (!STD_NAME.test(id)) return undefined;
  const read = readPackaged(`rules/x07/std/${id}.x07.json`);
  return read.ok ? { path: `std:${id}`, bytes: read.bytes } : undefined;
}

let library: Promise<Library> | undefined;

/** The library of this package. */
export function stdLibrary(): Promise<Library> {
  return (library ??= typeof BUILD_ID === "string" ? Promise.resolve(packagedLibrary()) : import("./std-build.ts").then((m) => libraryOf(m.compileOnDemand(), m.stdIds)));
}

/** Compiled modules, each from its file; parts that few builds want lie in files of their own. */
function packagedLibrary(): Library {
  const read = <T>(id: string, part: string): T | undefined => {
    const text = packageFile(`dist/std/${id}.${part}.json`);
    return text === undefined ? undefined : (JSON.parse(text) as T);
  };
  const names = new Set(read<string[]>("all", "names"));
  return libraryOf((id) => (names.has(id) ? { head: () => read(id, "head")!, code: () => read(id, "code")!, inline: () => read(id, "inline")!, object: () => read(id, "object")! } : undefined), () => [...names]);
}

/** Parts of a module, made or read when first asked for. */
export type StdParts = { readonly [part in keyof StdModule]: () => StdModule[part] };
export type StdFind = (unit: string) => StdParts | undefined;

export function libraryOf(find: StdFind, ids: () => readonly string[]): Library {
  const parts = memo(find);
  const heads = memo((id) => parts(id)?.head());
  const code = memo((unit): ReadonlyMap<string, CodeFunction> => {
    const kept = parts(unit)?.code();
    return kept === undefined ? new Map() : takeOut({ head: kept.head, bytes: Buffer.from(kept.base64, "base64") });
  });
  const forbidden = memo((id) => new Map(heads(id)?.forbidden.map((f) => [f.name, f])));
  const inline = memo((id) => parts(id)?.inline() ?? {});
  const bodies = memo((name): IrFunction | undefined => {
    const text = inline(ownerOf(name))[name];
    return text === undefined ? undefined : anew(JSON.parse(text) as IrFunction);
  });
  return {
    has: (id) => STD_NAME.test(id) && parts(id) !== undefined,
    ids: () => ids().filter((id) => STD_NAME.test(id)),
    facts: (id) => heads(id)?.facts,
    interface: (id) => heads(id)?.interface,
    checked: (name) => forbidden(ownerOf(name)).get(name),
    code,
    inline: bodies,
    object: memo((id): ModuleObject | undefined => {
      const texts = parts(id)?.object();
      return texts === undefined ? undefined : { id, roots: [], functions: texts.map((t) => withShapes(JSON.parse(t) as ObjectFunction)) };
    }),
  };
}

function memo<T>(make: (key: string) => T): (key: string) => T {
  const made = new Map<string, T>();
  return (key) => {
    const before = made.get(key);
    if (before !== undefined || made.has(key)) return before as T;
    const value = make(key);
    made.set(key, value);
    return value;
  };
}
