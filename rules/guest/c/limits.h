/* The limits of a guest, each a function that gives a constant: bound by our own linker, or defined in C (limits-of-*.c). */
#ifndef GUEST_LIMITS_H
#define GUEST_LIMITS_H

#include <stdint.h>

#ifdef LIMITS_ARE_DEFINED
#define LIMIT(name) uint32_t limit_##name(void)
#else
#define LIMIT(name) uint32_t limit_##name(void) __attribute__((import_module("x07:link"), import_name(#name)))
#endif

LIMIT(arena_cap_bytes);
LIMIT(max_output_bytes);

LIMIT(max_request_body_bytes);
LIMIT(max_response_body_bytes);
LIMIT(max_headers);
LIMIT(max_header_bytes_total);
LIMIT(max_path_bytes);
LIMIT(max_query_bytes);
LIMIT(max_envelope_bytes);

LIMIT(max_stdin_bytes);
LIMIT(max_stdout_bytes);
LIMIT(max_stderr_bytes);

#endif
