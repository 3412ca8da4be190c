/* Base64, four characters a turn. */
#include "base64.h"

static const uint8_t letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

uint8_t *base64_write(uint8_t *to, span bytes) {
  const uint8_t *from = bytes.at, *const whole = from + bytes.size / 3 * 3;
  for (; from < whole; from += 3, to += 4) {
    uint32_t a = from[0], b = from[1], c = from[2];
    uint32_t four = letters[a >> 2] | (uint32_t)letters[(a & 3) << 4 | b >> 4] << 8 | (uint32_t)letters[(b & 15) << 2 | c >> 6] << 16 | (uint32_t)letters[c & 63] << 24;
    __builtin_memcpy(to, &four, 4);
  }
  uint32_t left = bytes.size % 3;
  if (left == 0) return to;
  uint32_t a = from[0], b = left == 2 ? from[1] : 0;
  to[0] = letters[a >> 2];
  to[1] = letters[(a & 3) << 4 | b >> 4];
  to[2] = left == 2 ? letters[(b & 15) << 2] : '=';
  to[3] = '=';
  return to + 4;
}

/* The value of a character, negative where it has none. */
#define __ -1
static const int8_t values[256] = {
  __, __, __, __, __, __, __, __, __, __, __, __, __, __, __, __, __, __, __, __, __, __, __, __, __, __, __, __, __, __, __, __,
  __, __, __, __, __, __, __, __, __, __, __, 62, __, __, __, 63, 52, 53, 54, 55, 56, 57, 58, 59, 60, 61, __, __, __, __, __, __,
  __,  0,  1,  2,  3,  4,  5,  6,  7,  8,  9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, __, __, __, __, __,
  __, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51, __, __, __, __, __,
  __, __, __, __, __, __, __, __, __, __, __, __, __, __, __, __, __, __, __, __, __, __, __, __, __, __, __, __, __, __, __, __,
  __, __, __, __, __, __, __, __, __, __, __, __, __, __, __, __, __, __, __, __, __, __, __, __, __, __, __, __, __, __, __, __,
  __, __, __, __, __, __, __, __, __, __, __, __, __, __, __, __, __, __, __, __, __, __, __, __, __, __, __, __, __, __, __, __,
  __, __, __, __, __, __, __, __, __, __, __, __, __, __, __, __, __, __, __, __, __, __, __, __, __, __, __, __, __, __, __, __,
};
#undef __

bool base64_read(span text, span *bytes) {
  if (text.size % 4 != 0) return false;
  *bytes = (span){ text.at, 0 };
  if (text.size == 0) return true;
  uint8_t *to = (uint8_t *)text.at;
  const uint8_t *from = text.at, *const last = text.at + text.size - 4;
  int32_t wrong = 0;
  for (; from < last; from += 4, to += 3) {
    int32_t a = values[from[0]], b = values[from[1]], c = values[from[2]], d = values[from[3]];
    wrong |= a | b | c | d;
    to[0] = (uint8_t)(a << 2 | b >> 4);
    to[1] = (uint8_t)(b << 4 | c >> 2);
    to[2] = (uint8_t)(c << 6 | d);
  }
  uint32_t padding = last[3] != '=' ? 0 : last[2] != '=' ? 1 : 2;
  int32_t a = values[last[0]], b = values[last[1]], c = padding == 2 ? 0 : values[last[2]], d = padding != 0 ? 0 : values[last[3]];
  wrong |= a | b | c | d;
  if (wrong < 0 || (padding == 2 && (b & 15) != 0) || (padding == 1 && (c & 3) != 0)) return false;
  to[0] = (uint8_t)(a << 2 | b >> 4);
  if (padding < 2) to[1] = (uint8_t)(b << 4 | c >> 2);
  if (padding < 1) to[2] = (uint8_t)(c << 6 | d);
  bytes->size = (uint32_t)(to + 3 - padding - text.at);
  return true;
}
