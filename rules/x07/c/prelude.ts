// The C functions that generated code leans on: memory words, and operators whose edge cases C leaves open. Text only; each is
// written out only where it is used.

interface Helper {
  readonly text: string;
  readonly needs?: readonly string[];
}

const UNALIGNED = (bits: number): Helper => ({ text: `typedef uint${bits}_t __attribute__((may_alias, aligned(1))) word${bits};` });
const LOAD = (bits: number, type: string): Helper => ({
  needs: [`word${bits}`],
  text: `static inline ${type} load${bits}(uint32_t at) { return *(const word${bits}*)(uintptr_t)at; }`,
});
const STORE = (bits: number, type: string): Helper => ({
  needs: [`word${bits}`],
  text: `static inline void store${bits}(uint32_t at, ${type} value) { *(word${bits}*)(uintptr_t)at = (uint${bits}_t)value; }`,
});

/** In the order of their definitions. */
const HELPERS: ReadonlyMap<string, Helper> = new Map<string, Helper>([
  ["word8", UNALIGNED(8)],
  ["word16", UNALIGNED(16)],
  ["word32", UNALIGNED(32)],
  ["word64", UNALIGNED(64)],
  ["address", { text: "static inline uint32_t address(const void* p) { return (uint32_t)(uintptr_t)p; }" }],
  ["load8", LOAD(8, "uint32_t")],
  ["load16", LOAD(16, "uint32_t")],
  ["load32", LOAD(32, "uint32_t")],
  ["load64", LOAD(64, "uint64_t")],
  ["store8", STORE(8, "uint32_t")],
  ["store16", STORE(16, "uint32_t")],
  ["store32", STORE(32, "uint32_t")],
  ["store64", STORE(64, "uint64_t")],
  ["copy", { text: `static inline void copy(uint32_t to, uint32_t from, uint32_t size) {
  if (size != 0) __builtin_memmove((void*)(uintptr_t)to, (const void*)(uintptr_t)from, size);
}` }],
  ["fill", { text: `static inline void fill(uint32_t to, uint32_t byte, uint32_t size) {
  if (size != 0) __builtin_memset((void*)(uintptr_t)to, (int)(byte & 255), size);
}` }],
  ["divide_u32", { text: `static inline uint32_t divide_u32(uint32_t a, uint32_t b) {
  if (b == 0) __builtin_trap();
  return a / b;
}` }],
  ["remainder_u32", { text: `static inline uint32_t remainder_u32(uint32_t a, uint32_t b) {
  if (b == 0) __builtin_trap();
  return a % b;
}` }],
  ["leading_zeros", { text: "static inline uint32_t leading_zeros(uint32_t x) { return x == 0 ? 32u : (uint32_t)__builtin_clz(x); }" }],
  ["trailing_zeros", { text: "static inline uint32_t trailing_zeros(uint32_t x) { return x == 0 ? 32u : (uint32_t)__builtin_ctz(x); }" }],
  ["trailing_zeros64", { text: "static inline uint64_t trailing_zeros64(uint64_t x) { return x == 0 ? 64u : (uint64_t)__builtin_ctzll(x); }" }],
  ["count_ones", { text: "static inline uint32_t count_ones(uint32_t x) { return (uint32_t)__builtin_popcount(x); }" }],
  ["truncate_f64", { text: `/* Toward zero; what does not fit becomes the nearest i32, NaN becomes 0. */
static inline uint32_t truncate_f64(double x) {
  if (x != x) return 0;
  if (x >= 2147483647.0) return 0x7fffffffu;
  if (x <= -2147483648.0) return 0x80000000u;
  return (uint32_t)(int32_t)x;
}` }],
]);

/** The definitions of the helpers that are used, and of those that they use. */
export function prelude(used: ReadonlySet<string>): string[] {
  const wanted = new Set(used);
  for (const name of used) for (const n of HELPERS.get(name)?.needs ?? []) wanted.add(n);
  return [...HELPERS].flatMap(([name, h]) => (wanted.has(name) ? [h.text] : []));
}

/** The weak answer to "where does memory come from", and what the heap does when the host has a better one. */
export const ALLOCATOR = `/* Memory comes from the arena unless the host brings an allocator. */
__attribute__((weak)) allocator_v1_t x07_custom_allocator(void) { return (allocator_v1_t){0}; }`;

/** Blocks of a foreign allocator look like those of the heap: their size in front, so that everything else works on both. */
export const FOREIGN_ALLOC = `static allocator_v1_t foreign;

static uint32_t foreign_alloc(uint32_t size) {
  const uint32_t block = (uint32_t)(uintptr_t)foreign.alloc(foreign.ctx, size, 8);
  if (block == 0) __builtin_trap();
  *(uint32_t*)(uintptr_t)block = size;
  return block + 4u;
}`;

export const FOREIGN_FREE = `static void foreign_free(uint32_t payload) {
  uint32_t* const block = (uint32_t*)(uintptr_t)(payload - 4u);
  if (payload != 0 && foreign.free != 0) foreign.free(foreign.ctx, block, *block, 8);
}`;
