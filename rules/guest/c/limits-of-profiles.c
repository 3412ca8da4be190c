/* The limits of a guest that is built with a C toolchain: what the profiles say, defined in front of this text. */
#define LIMITS_ARE_DEFINED
#include "limits.h"

uint32_t limit_arena_cap_bytes(void) { return X07_SOLVE_ARENA_CAP_BYTES; }
uint32_t limit_max_output_bytes(void) { return X07_SOLVE_MAX_OUTPUT_BYTES; }

#ifdef X07_NATIVE_HTTP_MAX_REQUEST_BODY_BYTES
uint32_t limit_max_request_body_bytes(void) { return X07_NATIVE_HTTP_MAX_REQUEST_BODY_BYTES; }
uint32_t limit_max_response_body_bytes(void) { return X07_NATIVE_HTTP_MAX_RESPONSE_BODY_BYTES; }
uint32_t limit_max_headers(void) { return X07_NATIVE_HTTP_MAX_HEADERS; }
uint32_t limit_max_header_bytes_total(void) { return X07_NATIVE_HTTP_MAX_HEADER_BYTES_TOTAL; }
uint32_t limit_max_path_bytes(void) { return X07_NATIVE_HTTP_MAX_PATH_BYTES; }
uint32_t limit_max_query_bytes(void) { return X07_NATIVE_HTTP_MAX_QUERY_BYTES; }
uint32_t limit_max_envelope_bytes(void) { return X07_NATIVE_HTTP_MAX_ENVELOPE_BYTES; }
#endif

#ifdef X07_NATIVE_CLI_MAX_STDIN_BYTES
uint32_t limit_max_stdin_bytes(void) { return X07_NATIVE_CLI_MAX_STDIN_BYTES; }
uint32_t limit_max_stdout_bytes(void) { return X07_NATIVE_CLI_MAX_STDOUT_BYTES; }
uint32_t limit_max_stderr_bytes(void) { return X07_NATIVE_CLI_MAX_STDERR_BYTES; }
#endif
