/* Bytes in memory: where they are and how many. What every other part of a guest is written in. */
#ifndef GUEST_SPAN_H
#define GUEST_SPAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct {
  const uint8_t *at;
  uint32_t size;
} span;

/* A literal text as a span. */
#define TEXT(literal) ((span){ (const uint8_t *)(literal), sizeof(literal) - 1 })

/* A name and a value; laid out as the canonical ABI lays out tuple<string, list<u8>>. */
typedef struct {
  span name;
  span value;
} field;

/* Negative, zero or positive as `a` stands before, is, or stands behind `b`, byte by byte. */
int span_compare(span a, span b);

static inline bool span_equals(span a, span b) { return a.size == b.size && span_compare(a, b) == 0; }

#define TRAP() __builtin_trap()

/* One instruction each: the guests are built for bulk memory. */
static inline void copy_bytes(void *to, const void *from, uint32_t size) { __builtin_memcpy(to, from, size); }
static inline void move_bytes(void *to, const void *from, uint32_t size) { __builtin_memmove(to, from, size); }

#endif
