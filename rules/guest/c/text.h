/* Text: UTF-8 and what JSON writes differently. Eight bytes at a time where nothing special is among them. */
#ifndef GUEST_TEXT_H
#define GUEST_TEXT_H

#include "span.h"

/* The bytes as well-formed UTF-8: themselves, or a copy with U+FFFD for each part that is none. */
span text_of(span bytes);

bool text_is_utf8(span bytes);

/* How many bytes from the start stand for themselves in a JSON string that we write: no quote, backslash or control. */
uint32_t text_plain_run(const uint8_t *at, uint32_t size);

/* How many bytes from the start are before the first quote or backslash; `ascii` becomes false when one of them is not. */
uint32_t text_string_run(const uint8_t *at, uint32_t size, bool *ascii);

/* Both give the place behind what they wrote. */
uint8_t *text_put(uint8_t *to, span s);
uint8_t *text_put_number(uint8_t *to, uint64_t n);

#endif
