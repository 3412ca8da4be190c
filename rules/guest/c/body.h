/* Bytes that arrive in chunks, as one piece. */
#ifndef GUEST_BODY_H
#define GUEST_BODY_H

#include "ports.h"

/* The most that is asked for at once. */
#define BODY_STEP 65536u

/* `room` is 0 while the bytes lie where the host put them. */
typedef struct {
  span bytes;
  uint32_t room;
} gathered;

/* Chunks that the host lays one behind another need no copy. */
void body_append(gathered *b, span chunk);

#endif
