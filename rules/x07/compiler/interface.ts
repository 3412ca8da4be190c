// What a module shows to others: signatures and types, as plain data. Knows no bodies.

import type { FunctionDecl, Module, TypeDecl, TypeExpr } from "./ast.ts";

export interface Signature {
  readonly name: string;
  readonly module: string;
  readonly exported: boolean;
  readonly async: boolean;
  readonly typeParams: readonly { readonly name: string; readonly bound: string | undefined }[];
  readonly params: readonly { readonly type: TypeExpr; readonly brand: string | undefined }[];
  readonly result: TypeExpr;
  readonly resultBrand: string | undefined;
}

export interface ModuleInterface {
  readonly id: string;
  readonly imports: readonly string[];
  readonly functions: { readonly [name: string]: Signature };
  readonly types: { readonly [name: string]: TypeDecl };
}

export function signatureOf(module: Module, decl: FunctionDecl): Signature {
  return {
    name: decl.name,
    module: module.id,
    exported: module.exports.has(decl.name),
    async: decl.async,
    typeParams: decl.typeParams,
    params: decl.params.map((p) => ({ type: p.type, brand: p.brand })),
    result: decl.result,
    resultBrand: decl.resultBrand,
  };
}

export function interfaceOf(module: Module): ModuleInterface {
  const functions: { [name: string]: Signature } = {};
  for (const [name, decl] of module.functions) functions[name] = signatureOf(module, decl);
  return { id: module.id, imports: module.imports, functions, types: Object.fromEntries(module.types) };
}
