/* UTF-8 and the bytes that matter to JSON. Knows no envelope. */
#include "text.h"

#include "memory.h"

#define EACH(byte) (0x0101010101010101ull * (byte))
#define HIGH EACH(0x80)

static inline uint64_t eight(const uint8_t *at) {
  uint64_t word;
  __builtin_memcpy(&word, at, 8);
  return word;
}

/* The high bit of every byte that is 0; bytes behind the first such one may be marked as well, which does no harm here. */
static inline uint64_t zero_bytes(uint64_t word) { return (word - EACH(1)) & ~word & HIGH; }

static inline uint32_t first_marked(uint64_t marks) { return (uint32_t)__builtin_ctzll(marks) / 8; }

/* The high bit of every byte below 0x20, with the same licence. */
static inline uint64_t controls(uint64_t word) { return (word - EACH(0x20)) & ~word & HIGH; }

uint32_t text_plain_run(const uint8_t *at, uint32_t size) {
  uint32_t i = 0;
  for (; i + 8 <= size; i += 8) {
    uint64_t word = eight(at + i);
    uint64_t marks = zero_bytes(word ^ EACH('"')) | zero_bytes(word ^ EACH('\\')) | controls(word);
    if (marks != 0) return i + first_marked(marks);
  }
  while (i < size && at[i] >= 0x20 && at[i] != '"' && at[i] != '\\') i++;
  return i;
}

uint32_t text_string_run(const uint8_t *at, uint32_t size, bool *ascii) {
  uint32_t i = 0;
  uint64_t seen = 0;
  for (; i + 8 <= size; i += 8) {
    uint64_t word = eight(at + i);
    if ((zero_bytes(word ^ EACH('"')) | zero_bytes(word ^ EACH('\\'))) != 0) break;
    seen |= word;
  }
  for (; i < size && at[i] != '"' && at[i] != '\\'; i++) seen |= at[i];
  if ((seen & HIGH) != 0) *ascii = false;
  return i;
}

/* Bytes of the well-formed sequence at `at`, or 0: then `*bad` bytes are what one replacement character stands for. */
static uint32_t sequence(const uint8_t *at, uint32_t left, uint32_t *bad) {
  uint8_t first = at[0], low = 0x80, high = 0xbf;
  uint32_t more;
  *bad = 1;
  if (first < 0x80) return 1;
  if (first < 0xc2 || first > 0xf4) return 0;
  if (first < 0xe0) {
    more = 1;
  } else if (first < 0xf0) {
    more = 2;
    if (first == 0xe0) low = 0xa0;
    if (first == 0xed) high = 0x9f;
  } else {
    more = 3;
    if (first == 0xf0) low = 0x90;
    if (first == 0xf4) high = 0x8f;
  }
  for (uint32_t i = 1; i <= more; i++) {
    *bad = i;
    if (i >= left || at[i] < low || at[i] > high) return 0;
    low = 0x80;
    high = 0xbf;
  }
  return more + 1;
}

static uint32_t ascii_run(span s, uint32_t from) {
  while (from + 8 <= s.size && (eight(s.at + from) & HIGH) == 0) from += 8;
  while (from < s.size && s.at[from] < 0x80) from++;
  return from;
}

/* The first place that is no UTF-8, or the size. */
static uint32_t well_formed_up_to(span s) {
  uint32_t i = 0, bad;
  while ((i = ascii_run(s, i)) < s.size) {
    uint32_t n = sequence(s.at + i, s.size - i, &bad);
    if (n == 0) break;
    i += n;
  }
  return i;
}

bool text_is_utf8(span bytes) { return well_formed_up_to(bytes) == bytes.size; }

span text_of(span bytes) {
  uint32_t good = well_formed_up_to(bytes);
  if (good == bytes.size) return bytes;
  if (bytes.size > UINT32_MAX / 3) TRAP();
  uint8_t *to = memory_take(3 * bytes.size, 1);
  copy_bytes(to, bytes.at, good);
  uint32_t out = good;
  for (uint32_t i = good, bad; i < bytes.size;) {
    uint32_t n = sequence(bytes.at + i, bytes.size - i, &bad);
    if (n == 0) {
      copy_bytes(to + out, "\xef\xbf\xbd", 3);
      out += 3;
      i += bad;
    } else {
      copy_bytes(to + out, bytes.at + i, n);
      out += n;
      i += n;
    }
  }
  return (span){ to, out };
}

uint8_t *text_put(uint8_t *to, span s) {
  copy_bytes(to, s.at, s.size);
  return to + s.size;
}

uint8_t *text_put_number(uint8_t *to, uint64_t n) {
  uint8_t digits[20];
  uint32_t count = 0;
  do digits[count++] = (uint8_t)('0' + n % 10); while ((n /= 10) != 0);
  while (count > 0) *to++ = digits[--count];
  return to;
}
