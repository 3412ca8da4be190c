/* The limits of the adapters: one, on request bodies. Comes first in a guest. */
#define LIMITS_ARE_DEFINED
#include "limits.h"

#define NO_LIMIT UINT32_MAX

uint32_t limit_max_request_body_bytes(void) { return 1048576; }
uint32_t limit_max_response_body_bytes(void) { return NO_LIMIT; }
uint32_t limit_max_headers(void) { return NO_LIMIT; }
uint32_t limit_max_header_bytes_total(void) { return NO_LIMIT; }
uint32_t limit_max_path_bytes(void) { return NO_LIMIT; }
uint32_t limit_max_query_bytes(void) { return NO_LIMIT; }
uint32_t limit_max_envelope_bytes(void) { return NO_LIMIT; }

uint32_t limit_max_stdin_bytes(void) { return NO_LIMIT; }
uint32_t limit_max_stdout_bytes(void) { return NO_LIMIT; }
uint32_t limit_max_stderr_bytes(void) { return NO_LIMIT; }
