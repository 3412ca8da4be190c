#!/usr/bin/env node
// Speaks the command line of the x07 compiler for one fixed program (echo), so that the native path can be tested where no
// x07 is installed: writes C and header that keep the freestanding ABI, and a module for --emit-wasm when one is given.
import { copyFileSync, existsSync, readFileSync, writeFileSync } from "node:fs";

const words = process.argv.slice(2);
const value = (flag) => words[words.indexOf(flag) + 1];
if (words[0] === "--version") {
  console.log("x07 0.2.17");
} else if (words[0] === "build") {
  const project = JSON.parse(readFileSync(value("--project"), "utf8"));
  if (!existsSync(project.entry)) {
    console.error(`compile failed: Parse: ${project.entry} is not here`);
    process.exit(2);
  }
  if (process.env.SECRET !== undefined) process.exit(9);
  writeFileSync(value("--emit-c-header"), '#ifndef X07_PKG_H\n#define X07_PKG_H\n#include <stdint.h>\ntypedef struct { uint8_t* ptr; uint32_t len; } bytes_t;\nbytes_t x07_solve_v2(uint8_t* arena_mem, uint32_t arena_cap, const uint8_t* input_ptr, uint32_t input_len);\n#endif\n');
  writeFileSync(value("--out"), '#include "x07.h"\nvoid *memcpy(void *, const void *, __SIZE_TYPE__);\nbytes_t x07_solve_v2(uint8_t* a, uint32_t cap, const uint8_t* in, uint32_t len) {\n  if (len > cap) __builtin_trap();\n  memcpy(a, in, len);\n  return (bytes_t){ a, len };\n}\n');
  if (words.includes("--emit-wasm")) copyFileSync(process.env.X07_STAND_IN_WASM ?? "/nonexistent", value("--emit-wasm"));
} else process.exit(64);
