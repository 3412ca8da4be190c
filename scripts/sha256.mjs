// Writes engine/lib/sha256-wasm.ts: sha256 as a module of 1.8 KB, assembled here. Small on purpose: it is compiled in every
// process that builds, before V8 knows that it is worth optimising. Run by hand; a test compares the file with what this makes.
import { writeFileSync } from "node:fs";
import { fileURLToPath, pathToFileURL } from "node:url";

// ---- the numbers of the standard: fractional parts of roots of the first primes ------------------------

const primes = [];
for (let n = 2; primes.length < 64; n++) if (primes.every((p) => n % p !== 0)) primes.push(n);

/** The first 32 bits behind the point of the root of that degree. */
function fraction(prime, degree) {
  const value = BigInt(prime) << (32n * degree);
  let [low, high] = [0n, 1n << 36n];
  while (low < high) {
    const middle = (low + high + 1n) >> 1n;
    if (middle ** degree <= value) low = middle;
    else high = middle - 1n;
  }
  return Number(low & 0xffffffffn);
}

const ROUND = primes.map((p) => fraction(p, 3n));
const START = primes.slice(0, 8).map((p) => fraction(p, 2n));

// ---- an assembler as small as it can be: expressions are arrays of bytes -------------------------------

const unsigned = (n) => (n < 128 ? [n] : [(n & 127) | 128, ...unsigned(n >>> 7)]);
const signed = (n) => (n >= -64 && n < 64 ? [n & 127] : [(n & 127) | 128, ...signed(n >> 7)]);
const sized = (bytes) => [...unsigned(bytes.length), ...bytes];
const list = (items) => [...unsigned(items.length), ...items.flat()];
const section = (id, items) => [id, ...sized(list(items))];

const op = (code) => (...operands) => [...operands.flat(), code];
const int = (n) => [0x41, ...signed(n | 0)];
const get = (local) => [0x20, local];
const set = (local, value) => [...value, 0x21, local];
const tee = (local, value) => [...value, 0x22, local];
const load = (at, offset) => [...at, 0x28, 2, ...unsigned(offset)];
const store = (at, offset, value) => [...at, ...value, 0x36, 2, ...unsigned(offset)];
const storeByte = (at, value) => [...at, ...value, 0x3a, 0, 0];
const call = (f, ...operands) => [...operands.flat(), 0x10, f];
const [add2, subtract, and, or, xor2] = [0x6a, 0x6b, 0x71, 0x72, 0x73].map(op);
const [shiftRight, rotateLeft, rotateRight, below, notBelow, select] = [0x76, 0x77, 0x78, 0x49, 0x4f, 0x1b].map(op);
const add = (...all) => all.reduce((a, b) => add2(a, b));
const xor = (...all) => all.reduce((a, b) => xor2(a, b));
/** The body comes again while the condition holds. */
const doWhile = (body, condition) => [0x03, 0x40, ...body, ...condition, 0x0d, 0, 0x0b];
const whileNot = (condition, body) => [0x02, 0x40, 0x03, 0x40, ...condition, 0x0d, 1, ...body, 0x0c, 0, 0x0b, 0x0b];

// ---- sha256 --------------------------------------------------------------------------------------------

/** Where what lies in memory: round constants, the schedule of a block, the state; JS puts content behind them. */
const [CONSTANTS, SCHEDULE, STATE] = [0, 256, 512];
const [SWAP, BLOCKS] = [0, 2];
const UNROLLED = 8;

const rotations = (x, ...counts) => xor(...counts.map((n) => rotateRight(x, int(n))));

/** Bytes of a word in the other order. */
const swap = { params: 1, results: 1, locals: 0, code: or(and(rotateLeft(get(0), int(8)), int(0x00ff00ff)), and(rotateRight(get(0), int(8)), int(0xff00ff00))) };

const begin = { params: 0, results: 0, locals: 0, code: START.flatMap((word, i) => store(int(0), STATE + 4 * i, int(word))) };

/** blocks(at, end): takes in content in steps of 64 bytes. */
function blocks() {
  const [at, end, i, t] = [0, 1, 2, 3];
  const state = [4, 5, 6, 7, 8, 9, 10, 11];
  const step = add(get(i), int(4));
  const loaded = store(get(i), SCHEDULE, swapped(load(add(get(at), get(i)), 0)));
  const early = xor(rotations(get(t), 7, 18), shiftRight(get(t), int(3)));
  const late = xor(rotations(get(t), 17, 19), shiftRight(get(t), int(10)));
  const expanded = store(get(i), SCHEDULE + 64, add(load(get(i), SCHEDULE), load(get(i), SCHEDULE + 36), [...set(t, load(get(i), SCHEDULE + 4)), ...early], [...set(t, load(get(i), SCHEDULE + 56)), ...late]));
  const round = (n) => {
    const [a, b, c, d, e, f, g, h] = state.map((_, k) => state[(k - n + 8) % 8]);
    const choice = xor(get(g), and(get(e), xor(get(f), get(g))));
    const majority = or(and(get(a), get(b)), and(get(c), or(get(a), get(b))));
    return [
      ...set(t, add(get(h), rotations(get(e), 6, 11, 25), choice, load(get(i), CONSTANTS + 4 * n), load(get(i), SCHEDULE + 4 * n))),
      ...set(d, add(get(d), get(t))),
      ...set(h, add(get(t), rotations(get(a), 2, 13, 22), majority)),
    ];
  };
  const rounds = Array.from({ length: UNROLLED }, (_, n) => round(n)).flat();
  const block = [
    ...set(i, int(0)),
    ...doWhile(loaded, below(tee(i, step), int(64))),
    ...set(i, int(0)),
    ...doWhile(expanded, below(tee(i, step), int(192))),
    ...set(i, int(0)),
    ...state.flatMap((local, k) => set(local, load(int(0), STATE + 4 * k))),
    ...doWhile(rounds, below(tee(i, add(get(i), int(4 * UNROLLED))), int(256))),
    ...state.flatMap((local, k) => store(int(0), STATE + 4 * k, add(get(local), load(int(0), STATE + 4 * k)))),
    ...set(at, add(get(at), int(64))),
  ];
  return { params: 2, results: 0, locals: 10, code: whileNot(notBelow(get(at), get(end)), block) };
}

function swapped(word) {
  return call(SWAP, word);
}

/** end(at, rest, bits above 32, bits below): pads the last `rest` bytes; the digest stands in place of the state. */
function end() {
  const [at, rest, high, low, i, last] = [0, 1, 2, 3, 4, 5];
  const code = [
    ...set(last, add(get(at), select(int(64), int(128), below(get(rest), int(56))))),
    ...set(i, add(get(at), get(rest))),
    ...storeByte(get(i), int(0x80)),
    ...whileNot(notBelow(tee(i, add(get(i), int(1))), get(last)), storeByte(get(i), int(0))),
    ...store(subtract(get(last), int(8)), 0, swapped(get(high))),
    ...store(subtract(get(last), int(4)), 0, swapped(get(low))),
    ...call(BLOCKS, get(at), get(last)),
    ...set(i, int(0)),
    ...doWhile(store(get(i), STATE, swapped(load(get(i), STATE))), below(tee(i, add(get(i), int(4))), int(32))),
  ];
  return { params: 4, results: 0, locals: 2, code };
}

function module() {
  const functions = [swap, begin, blocks(), end()];
  const I32 = 0x7f;
  const words = (n) => list(Array.from({ length: n }, () => [I32]));
  const bodies = functions.map((f) => sized([...(f.locals === 0 ? [0] : [1, f.locals, I32]), ...f.code, 0x0b]));
  const name = (text) => sized([...Buffer.from(text)]);
  const constants = ROUND.flatMap((word) => [word & 255, (word >>> 8) & 255, (word >>> 16) & 255, word >>> 24]);
  return Buffer.from([
    ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, functions.map((f) => [0x60, ...words(f.params), ...words(f.results)])),
    ...section(3, functions.map((_, i) => [i])),
    ...section(5, [[0, 2]]),
    ...section(7, [[...name("memory"), 2, 0], [...name("begin"), 0, 1], [...name("blocks"), 0, 2], [...name("end"), 0, 3]]),
    ...section(10, bodies),
    ...section(11, [[0, ...int(CONSTANTS), 0x0b, ...sized(constants)]]),
  ]);
}

export function source() {
  return `// Made by scripts/sha256.mjs; do not edit. A wasm module: begin, blocks and end of sha256 over its memory.

export const STATE_AT = ${STATE};
/** Two pages: what is before this is the module's own. */
export const CONTENT_AT = 1024;

export const SHA256_WASM = "${module().toString("base64")}";
`;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  writeFileSync(fileURLToPath(new URL("../engine/lib/sha256-wasm.ts", import.meta.url)), source());
}
