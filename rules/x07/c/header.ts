// x07.h: what a host of the generated C may call. Text only.

export const HEADER = `/* The public face of program.c. */
#ifndef X07_PKG_H
#define X07_PKG_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* \`len\` bytes at \`ptr\`. */
typedef struct {
  uint8_t* ptr;
  uint32_t len;
} bytes_t;

/* Where memory comes from instead of the arena. A request that cannot be met is answered with a null pointer. */
typedef struct {
  void* ctx;
  void* (*alloc)(void* ctx, uint32_t size, uint32_t align);
  void* (*realloc)(void* ctx, void* ptr, uint32_t old_size, uint32_t new_size, uint32_t align);
  void (*free)(void* ctx, void* ptr, uint32_t size, uint32_t align);
} allocator_v1_t;

/* May be defined by the host. The one in program.c is weak and returns zeros: use the arena. */
allocator_v1_t x07_custom_allocator(void);

/* Runs the program once on an input. The result lies in the arena, or in a block of the custom allocator. */
bytes_t x07_solve_v2(uint8_t* arena_mem, uint32_t arena_cap, const uint8_t* input_ptr, uint32_t input_len);

/* What the program asked its process to exit with; 0 when it asked for nothing. */
int32_t x07_exit_code_v1(void);

#ifdef __cplusplus
}
#endif

#endif
`;
