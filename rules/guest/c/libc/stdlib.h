/* What generated bindings ask of <stdlib.h>; only declared, since a guest takes memory in a way of its own. */
#ifndef GUEST_STDLIB_H
#define GUEST_STDLIB_H

#include <stddef.h>

void *realloc(void *block, size_t size);
void free(void *block);
_Noreturn void abort(void);

#endif
