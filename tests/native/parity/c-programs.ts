// Random C programs of a solve module: loops, switches, calls through pointers, recursion, block moves, structs, floats. Knows nothing of fuel.

import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { random, type Random } from "../../rules/wasm/random-module.ts";
import type { Subject } from "./subject.ts";

const HEAD = `typedef unsigned char u8; typedef unsigned int u32; typedef unsigned long long u64; typedef int i32;
typedef struct { u8 *ptr; u32 len; } bytes_t;
typedef struct { u32 a, b; } pair;
void *memcpy(void *to, const void *from, __SIZE_TYPE__ n) { u8 *a = to; const u8 *b = from; while (n--) *a++ = *b++; return to; }
void *memset(void *to, int v, __SIZE_TYPE__ n) { u8 *a = to; while (n--) *a++ = (u8)v; return to; }
static u32 table[64]; static u8 scratch[4096], other[4096];
`;

/** Expressions over the variables of every function. */
function expression(rnd: Random, depth: number): string {
  if (depth <= 0) return ["x", "y", "z", String(rnd(1000)), `table[${rnd(64)}]`, "s[i % n]"][rnd(6)]!;
  const [a, b] = [expression(rnd, depth - 1), expression(rnd, depth - 1)];
  return [`(${a} + ${b})`, `(${a} * ${b})`, `(${a} ^ ${b})`, `(${a} - ${b})`, `(${a} >> (${b} & 31))`, `(${a} < ${b} ? ${b} : ${a})`, `(${a} / (${b} | 1))`, `(u32)((float)(i32)${a} * 0.5f)`, `(u32)(((u64)${a} * ${b}) >> 32)`, `(u32)__builtin_popcount(${a})`, `(u32)(signed char)${a}`][rnd(11)]!;
}

function statement(rnd: Random, depth: number, callees: number): string {
  const e = (d = 2) => expression(rnd, d);
  const v = ["x", "y", "z"][rnd(3)]!;
  const inner = () => statement(rnd, depth - 1, callees);
  if (depth <= 0) return `${v} = ${e()};`;
  switch (rnd(10)) {
    case 0: return `for (u32 k = 0; k < ${1 + rnd(12)}; k++) { ${inner()} ${v} += k; }`;
    case 1: return `if (${e()} & 1) { ${inner()} } else { ${inner()} }`;
    case 2: return `switch (${e()} % ${3 + rnd(6)}) { ${Array.from({ length: 2 + rnd(5) }, (_, i) => `case ${i}: ${inner()} ${rnd(3) === 0 ? "" : "break;"}`).join(" ")} default: ${v} ^= 5; }`;
    case 3: return `while (${v} & ${1 + rnd(7)}) { ${v}--; if (${v} == ${rnd(9)}) break; }`;
    case 4: return `memcpy(scratch + (${e(1)} % 512), other + (${e(1)} % 512), ${e(1)} % 2048);`;
    case 5: return `memset(other + (${e(1)} % 512), (int)${v}, ${e(1)} % 1024);`;
    case 6: return callees === 0 ? `${v} += 1;` : `${v} += f${rnd(callees)}(x, y, s, n);`;
    case 7: return callees === 0 ? `${v} += 2;` : `${v} ^= fs[${e(1)} % ${callees}](y, z, s, n);`;
    case 8: return `{ pair p = swap((pair){ x, ${v} }); x = p.a; ${v} = p.b + 1; }`;
    default: return `table[${e(1)} % 64] = ${e()}; ${inner()}`;
  }
}

export function cProgram(seed: number): string {
  const rnd = random(seed);
  const functions = 2 + rnd(4);
  let text = `${HEAD}__attribute__((noinline)) static pair swap(pair p) { return (pair){ p.b, p.a }; }\n__attribute__((noinline)) static u32 deep(u32 n) { return n == 0 ? 1 : deep(n - 1) + n; }\n`;
  for (let f = 0; f < functions; f++) {
    const body = Array.from({ length: 2 + rnd(3) }, () => statement(rnd, 2, f)).join("\n  ");
    text += `__attribute__((noinline)) static u32 f${f}(u32 x, u32 y, const u8 *s, u32 n) { u32 z = 1, i = x;\n  ${f > 0 ? `u32 (*const fs[])(u32, u32, const u8 *, u32) = { ${Array.from({ length: f }, (_, i) => `f${i}`).join(", ")} }; (void)fs;` : ""}\n  ${body}\n  return x ^ y ^ z; }\n`;
  }
  return `${text}void x07_solve_v2(bytes_t *ret, u8 *arena, u32 cap, const u8 *in, u32 len) {
  u32 h = deep(${rnd(40)}); u32 n = len ? len : 1; static const u8 none[1]; const u8 *s = len ? in : none;
  for (u32 r = 0; r < ${1 + rnd(4)}; r++) h = h * 31 + f${functions - 1}(h, r, s, n);
  for (u32 i = 0; i < 8 && i < cap; i++) arena[i] = (u8)(h >> (4 * i));
  ret->ptr = arena; ret->len = cap < 8 ? cap : 8; }\n`;
}

const LEVELS = ["-O0", "-O1", "-O2", "-O3", "-Os"];
const FLAGS = ["--target=wasm32-unknown-unknown", "-nostdlib", "-ffreestanding", "-w", "-mbulk-memory", "-mmultivalue", "-msign-ext", "-mnontrapping-fptoint", "-mmutable-globals", "-c"];
const LINK = ["--no-entry", "--export=x07_solve_v2", "--export=__heap_base", "--export=__data_end", "--initial-memory=1048576", "--max-memory=1048576", "-zstack-size=65536", "--stack-first"];

/** `count` programs, each at one level of optimisation. */
export function cSubjects(count: number): Subject[] {
  const dir = mkdtempSync(join(tmpdir(), "x07-parity-c-"));
  try {
    return Array.from({ length: count }, (_, seed): Subject => {
      const level = LEVELS[seed % LEVELS.length]!;
      writeFileSync(join(dir, "a.c"), cProgram(seed));
      execFileSync("clang", [...FLAGS, level, ...(seed % 2 === 0 ? ["-mtail-call"] : []), "a.c", "-o", "a.o"], { cwd: dir, stdio: "pipe" });
      execFileSync("wasm-ld", [...LINK, "a.o", "-o", "a.wasm"], { cwd: dir, stdio: "pipe" });
      return { name: `C program ${seed} ${level}`, module: new Uint8Array(readFileSync(join(dir, "a.wasm"))), input: Buffer.from("some input for C"), arenaCap: 65536 };
    });
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}
