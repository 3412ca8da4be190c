/* The bump allocator, and the door through which hosts put values into the guest's memory. */
#include "memory.h"

#define PAGE 65536u

/* 0 until the first use. */
static uint32_t taken_up_to;

static void have_memory_up_to(uint32_t end) {
  uint32_t pages = (uint32_t)(((uint64_t)end + PAGE - 1) / PAGE);
  uint32_t had = (uint32_t)__builtin_wasm_memory_size(0);
  if (pages > had && __builtin_wasm_memory_grow(0, pages - had) == (size_t)-1) TRAP();
}

uint32_t memory_mark(void) {
  if (taken_up_to == 0) taken_up_to = memory_heap_base();
  return taken_up_to;
}

void memory_give_back(uint32_t mark) { taken_up_to = mark; }

void *memory_take(uint32_t size, uint32_t align) {
  uint32_t from = memory_mark();
  uint32_t at = (from + align - 1) & -align;
  uint32_t end = at + size;
  if (at < from || end < at) TRAP();
  have_memory_up_to(end);
  taken_up_to = end;
  return (void *)(uintptr_t)at;
}

/* The canonical ABI's allocator. The block that was taken last grows where it is. */
__attribute__((export_name("cabi_realloc"))) void *cabi_realloc(void *old, size_t old_size, size_t align, size_t size) {
  if (size == 0) return (void *)align;
  if (align == 0) TRAP();
  if (old_size != 0 && (uint32_t)(uintptr_t)old + old_size == taken_up_to) {
    taken_up_to = (uint32_t)(uintptr_t)old;
    return memory_take(size, align);
  }
  void *made = memory_take(size, align);
  if (old_size != 0) copy_bytes(made, old, old_size < size ? old_size : size);
  return made;
}

int span_compare(span a, span b) {
  uint32_t both = a.size < b.size ? a.size : b.size;
  for (uint32_t i = 0; i < both; i++)
    if (a.at[i] != b.at[i]) return a.at[i] < b.at[i] ? -1 : 1;
  return a.size < b.size ? -1 : a.size > b.size;
}
