/* Base64 with the standard alphabet and padding. */
#ifndef GUEST_BASE64_H
#define GUEST_BASE64_H

#include "span.h"

static inline uint64_t base64_size(uint32_t bytes) { return ((uint64_t)bytes + 2) / 3 * 4; }

/* Writes base64_size(bytes.size) characters and gives the place behind them. */
uint8_t *base64_write(uint8_t *to, span bytes);

/* The bytes that a text stands for, decoded over the text itself. Strict: padding is needed, unused bits must be zero. */
bool base64_read(span text, span *bytes);

#endif
