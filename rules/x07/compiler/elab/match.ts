// `match` over an enum value. Knows the layout of enums: a u32 index, then the payload.

import { similar } from "../../../../engine/index.ts";
import type { EnumDecl, Expr, Place } from "../ast.ts";
import { pointerOf } from "../ast.ts";
import type { FaultFacts } from "../errors.ts";
import { renamed } from "../errors.ts";
import type { IrStmt } from "../ir.ts";
import { eq, k } from "../ops.ts";
import { isOwned, shape } from "../types.ts";
import { branded, word } from "./calls.ts";
import type { BranchEnd, Context } from "./context.ts";
import { child, describeType, materialize, own } from "./expr.ts";
import { assign, joined } from "./forms.ts";
import { unsupportedInAsync } from "./tasks.ts";
import type { Value } from "./values.ts";
import { ERROR, NEVER } from "./values.ts";
import * as make from "../make.ts";

interface Arm {
  readonly variant: number;
  readonly binding: string | undefined;
  readonly body: Expr;
  readonly at: Place;
  readonly bodyIndex: number;
}

export function matchForm(cx: Context, e: Expr[], at: Place): Value {
  if (e.length < 3) return cx.fail("Parse", undefined, "match form: (match <value> <arm>...)", at);
  if (cx.facts.kind === "defasync") return unsupportedInAsync(cx, "match", at);
  const decl = enumOfArms(cx, e);
  if (decl === undefined) return cx.typing(undefined, "match needs arms of an enum: [E.V, body] or [E.V, name, body]", child(at, 2));
  return cx.frame(() => {
    const scrutinee = lookAt(cx, decl, e[1] ?? 0, child(at, 1));
    const arms = readArms(cx, decl, e, at);
    if (scrutinee === undefined || arms === undefined) return ERROR;
    return branches(cx, scrutinee, arms, at);
  });
}

/** A named value is free again before the arms run, which may move it; a temporary stays until the whole match is over. */
function lookAt(cx: Context, decl: EnumDecl, e: Expr, at: Place): Value | undefined {
  if (typeof e !== "string") return branded(cx, decl, e, at);
  const v = cx.frame(() => branded(cx, decl, e, at) ?? ERROR);
  return v.type === "error" ? undefined : v;
}

function enumOfArms(cx: Context, e: Expr[]): EnumDecl | undefined {
  const arm = e[2];
  const head = Array.isArray(arm) ? arm[0] : undefined;
  if (typeof head !== "string") return undefined;
  const target = cx.program.resolve(head, cx.facts.module);
  return target.kind === "type" && target.decl.kind === "enum" ? target.decl : undefined;
}

function readArms(cx: Context, decl: EnumDecl, e: Expr[], at: Place): Arm[] | undefined {
  const arms: Arm[] = [];
  const seen = new Set<number>();
  let ok = true;
  for (let i = 2; i < e.length; i++) {
    const arm = readArm(cx, decl, e, i, at);
    if (arm === undefined) {
      ok = false;
      continue;
    }
    if (seen.has(arm.variant)) {
      cx.typing(undefined, `duplicate match arm: ${decl.variants[arm.variant]?.name ?? ""}`, child(at, i), { hint: "one arm for each variant: take one of the two out" });
      ok = false;
    }
    seen.add(arm.variant);
    arms.push(arm);
  }
  const missing = decl.variants.filter((_, i) => !seen.has(i)).map((v) => v.name);
  if (ok && missing.length > 0) {
    cx.typing(undefined, `non-exhaustive match on enum ${decl.name}; missing arm(s): ${missing.join(", ")}`, at, { hint: `every variant needs an arm: add ${decl.variants.filter((_, i) => !seen.has(i)).map((v) => JSON.stringify([`${decl.name}.${v.name}`, ...(v.payload ? ["x"] : []), "..."])).join(", ")}` });
    return undefined;
  }
  return ok ? arms : undefined;
}

function readArm(cx: Context, decl: EnumDecl, match: Expr[], i: number, matchAt: Place): Arm | undefined {
  const e = match[i] ?? 0;
  const at = child(matchAt, i);
  const name = Array.isArray(e) && typeof e[0] === "string" ? e[0] : "";
  const variant = decl.variants.findIndex((v) => `${decl.name}.${v.name}` === name);
  const payload = decl.variants[variant]?.payload;
  if (!Array.isArray(e) || payload === undefined) {
    cx.typing(undefined, `match arm is not a variant of ${decl.name}`, at, variantMeant(decl, name, match, `${pointerOf(at)}/0`));
    return undefined;
  }
  const binding = payload ? e[1] : undefined;
  if (e.length !== (payload ? 3 : 2) || (payload && typeof binding !== "string")) {
    cx.fail("Parse", undefined, payload ? `arm form: (${name} <name> <body>)` : `arm form: (${name} <body>)`, at, armRepair(e, payload, pointerOf(at)));
    return undefined;
  }
  const bodyIndex = payload ? 2 : 1;
  return { variant, binding: typeof binding === "string" ? binding : undefined, body: e[bodyIndex] ?? 0, at, bodyIndex };
}

/** The nearest variant that has no arm yet. */
function variantMeant(decl: EnumDecl, name: string, match: Expr[], pointer: string): FaultFacts {
  const taken = new Set(match.map((arm) => (Array.isArray(arm) ? arm[0] : undefined)));
  const free = decl.variants.map((v) => `${decl.name}.${v.name}`).filter((v) => !taken.has(v));
  if (free.length === 0) return { hint: "every variant has its arm already: take this one out" };
  const near = name === "" ? {} : renamed(similar(name, free, 1)[0], pointer);
  return near.nearest === undefined ? { hint: `variants without an arm are ${free.join(", ")}` } : near;
}

/** A payload needs a name, and only a payload has one. */
function armRepair(e: Expr[], payload: boolean, pointer: string): FaultFacts {
  if (payload) return e.length === 2 ? { hint: "name the payload", quickfix: [{ op: "add", path: `${pointer}/1`, value: "_payload" }] } : { hint: "name the payload, then write one body" };
  return e.length === 3 ? { hint: "this variant has no payload to name", quickfix: [{ op: "remove", path: `${pointer}/1` }] } : { hint: "write one body" };
}

interface Done {
  readonly arm: Arm;
  readonly code: IrStmt[];
  readonly value: Value;
  readonly end: BranchEnd;
}

function branches(cx: Context, scrutinee: Value, arms: readonly Arm[], at: Place): Value {
  const tag = cx.b.keep(word(cx, scrutinee, 0));
  const done = arms.map((arm) => runArm(cx, scrutinee, arm));
  let result: Value = NEVER;
  for (const d of done) {
    if (d.value.type === "error") return ERROR;
    if (result.type !== "never" && d.value.type !== "never" && d.value.type !== result.type)
      return cx.typing("X07-TYPE-UNIFY-0001", `match arms must have the same type: got ${describeType(result)} and ${describeType(d.value)}`, child(d.arm.at, d.arm.bodyIndex), { expected: describeType(result), found: describeType(d.value) });
    if (result.type === "never") result = d.value;
    else if (d.value.type !== "never") result = joined(result, d.value, result.type, result.parts, cx, at);
  }
  const locals = shape(result.type).map((t) => cx.b.local(t));
  for (const d of done) if (d.value.type !== "never") for (const s of cx.b.block(() => assign(cx, locals, d.value.parts))) d.code.push(s);
  cx.joinBlocks(done.map((d) => d.end), done.map((d) => d.value.type !== "never"), done.map((d) => d.code));
  // A value that carries the brand but no known index can only be a forged one: it traps.
  let chain: IrStmt[] = [make.trap()];
  for (let i = done.length - 1; i >= 0; i--) {
    const d = done[i];
    if (d !== undefined) chain = [make.if(eq(tag, k(d.arm.variant)), d.code, chain)];
  }
  for (const s of chain) cx.b.emit(s);
  return result.withParts(locals.map((l) => cx.b.get(l)), isOwned(result.type) ? "temp" : undefined);
}

function runArm(cx: Context, scrutinee: Value, arm: Arm): Done {
  const mark = cx.mark();
  let v: Value = ERROR;
  const code = cx.b.block(() => {
    cx.openScope();
    if (arm.binding !== undefined) {
      const local = cx.b.local();
      cx.b.set(local, word(cx, scrutinee, 4));
      cx.declare(arm.binding, "i32", undefined, [local]);
    }
    v = cx.frame(() => materialize(cx, own(cx, arm.body, child(arm.at, arm.bodyIndex))));
    v = cx.closeScope(v, v.type === "never");
  });
  return { arm, code, value: v, end: cx.undo(mark) };
}
