/* Where free memory starts in a module that wasm-ld made. Comes first in a guest. */
#define HEAP_BASE_IS_DEFINED
#include "memory.h"

extern uint8_t __heap_base;

uint32_t memory_heap_base(void) { return (uint32_t)(uintptr_t)&__heap_base; }
