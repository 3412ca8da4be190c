/* {"limit":…,"measured":…} in base64. */
#include "diag.h"

#include "base64.h"
#include "memory.h"

static uint8_t *put(uint8_t *to, span s) {
  copy_bytes(to, s.at, s.size);
  return to + s.size;
}

static uint8_t *put_number(uint8_t *to, uint64_t n) {
  uint8_t digits[20];
  uint32_t count = 0;
  do digits[count++] = (uint8_t)('0' + n % 10); while ((n /= 10) != 0);
  while (count > 0) *to++ = digits[--count];
  return to;
}

span diag_data(uint32_t limit, uint64_t measured) {
  uint8_t text[80], *to = text;
  to = put(to, TEXT("{\"limit\":"));
  to = put_number(to, limit);
  to = put(to, TEXT(",\"measured\":"));
  to = put_number(to, measured);
  to = put(to, TEXT("}"));
  uint32_t size = (uint32_t)(to - text);
  uint8_t *encoded = memory_take((uint32_t)base64_size(size), 1);
  return (span){ encoded, (uint32_t)(base64_write(encoded, (span){ text, size }) - encoded) };
}
