/* Memory of a guest: a bump allocator over everything above the static data. What a call took is given back at its end. */
#ifndef GUEST_MEMORY_H
#define GUEST_MEMORY_H

#include "span.h"

/* Never null: a guest whose memory has run out traps. `align` is a power of two. */
void *memory_take(uint32_t size, uint32_t align);

/* The place up to which memory is taken; giving back to it frees all that was taken since. */
uint32_t memory_mark(void);
void memory_give_back(uint32_t mark);

/* Where free memory starts: known to the linker, of C (heap-of-the-linker.c) or our own. */
#ifdef HEAP_BASE_IS_DEFINED
uint32_t memory_heap_base(void);
#else
uint32_t memory_heap_base(void) __attribute__((import_module("x07:link"), import_name("heap_base")));
#endif

#endif
