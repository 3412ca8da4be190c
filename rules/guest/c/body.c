/* Appending without copying, where the allocator allows it. */
#include "body.h"

#include "memory.h"

void body_append(gathered *b, span chunk) {
  if (b->room == 0) {
    if (b->bytes.size == 0) {
      b->bytes = chunk;
      return;
    }
    if (b->bytes.at + b->bytes.size == chunk.at) {
      b->bytes.size += chunk.size;
      return;
    }
  }
  uint64_t need = (uint64_t)b->bytes.size + chunk.size;
  if (need > b->room) {
    uint64_t room = 2 * need;
    if (room > UINT32_MAX) TRAP();
    uint8_t *grown = memory_take((uint32_t)room, 1);
    copy_bytes(grown, b->bytes.at, b->bytes.size);
    b->bytes.at = grown;
    b->room = (uint32_t)room;
  }
  copy_bytes((uint8_t *)b->bytes.at + b->bytes.size, chunk.at, chunk.size);
  b->bytes.size = (uint32_t)need;
}
