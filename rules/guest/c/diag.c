/* {"limit":…,"measured":…} in base64. */
#include "diag.h"

#include "base64.h"
#include "memory.h"
#include "text.h"

span diag_data(uint32_t limit, uint64_t measured) {
  uint8_t text[80], *to = text;
  to = text_put(to, TEXT("{\"limit\":"));
  to = text_put_number(to, limit);
  to = text_put(to, TEXT(",\"measured\":"));
  to = text_put_number(to, measured);
  to = text_put(to, TEXT("}"));
  uint32_t size = (uint32_t)(to - text);
  uint8_t *encoded = memory_take((uint32_t)base64_size(size), 1);
  return (span){ encoded, (uint32_t)(base64_write(encoded, (span){ text, size }) - encoded) };
}
