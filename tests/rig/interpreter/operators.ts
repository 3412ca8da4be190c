// The i32 operators of x07 on JS numbers in the signed 32-bit range. Knows nothing of evaluation order.

const bit = (b: boolean): number => (b ? 1 : 0);

/** Every strict binary operator; `&&` and `||` are forms, as they may skip their right side. */
export const operators: ReadonlyMap<string, (a: number, b: number) => number> = new Map([
  ["+", (a, b) => (a + b) | 0],
  ["-", (a, b) => (a - b) | 0],
  ["*", (a, b) => Math.imul(a, b)],
  ["/", (a, b) => (b === 0 ? 0 : Math.floor((a >>> 0) / (b >>> 0)) | 0)],
  ["%", (a, b) => (b === 0 ? a : ((a >>> 0) % (b >>> 0)) | 0)],
  ["&", (a, b) => a & b],
  ["|", (a, b) => a | b],
  ["^", (a, b) => a ^ b],
  ["<<u", (a, b) => a << (b & 31)],
  [">>u", (a, b) => (a >>> (b & 31)) | 0],
  ["=", (a, b) => bit(a === b)],
  ["!=", (a, b) => bit(a !== b)],
  ["<", (a, b) => bit(a < b)],
  ["<=", (a, b) => bit(a <= b)],
  [">", (a, b) => bit(a > b)],
  [">=", (a, b) => bit(a >= b)],
  ["<u", (a, b) => bit(a >>> 0 < b >>> 0)],
  ["<=u", (a, b) => bit(a >>> 0 <= b >>> 0)],
  [">u", (a, b) => bit(a >>> 0 > b >>> 0)],
  [">=u", (a, b) => bit(a >>> 0 >= b >>> 0)],
]);
