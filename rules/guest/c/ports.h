/* What a guest needs from outside, as few functions. They exist twice: over the canonical ABI itself (wasi-*.c, which need no
 * generated code), and over what `wit-bindgen c` generates (bindgen-*.c). */
#ifndef GUEST_PORTS_H
#define GUEST_PORTS_H

#include "span.h"

/* A resource of the host. */
typedef uint32_t handle;

/* ------------------------------------------------------------------------------------------------ the program */

/* Runs the program once. The answer may be written to. Traps when the program does, or answers more than it may. */
span solve(span input);

/* Takes the memory that outlives a call; before anything else in a call. */
void solve_prepare(void);

/* Whether the program is part of this module. Then what is wrong with its answer is told in words, and limits are the profile's. */
bool program_is_inside(void);

/* ------------------------------------------------------------------------------------------------ reading */

typedef enum { CHUNK, CHUNK_END, CHUNK_FAILED } chunk_kind;

/* ------------------------------------------------------------------------------------------------ HTTP */

/* The method in upper case, or the word of a method without a name of its own. */
span http_method(handle request);

/* Path and query; false when the request has none. */
bool http_target(handle request, span *target);

/* All fields in the host's order; the list belongs to the caller. */
uint32_t http_fields(handle request, field **fields);

void http_drop_request(handle request);

typedef struct {
  handle body;
  handle stream;
} http_body;

bool http_open_body(handle request, http_body *body);
chunk_kind http_read_body(const http_body *body, uint32_t most, span *chunk);
void http_close_body(const http_body *body);

typedef enum { ANSWERED, FIELDS_REFUSED, STATUS_REFUSED } http_outcome;

/* Hands the response to the host, then its body, piece by piece. Once it is handed over, a host that no longer wants the body ends the call early. */
http_outcome http_answer(handle outparam, uint32_t status, const field *fields, uint32_t field_count, span body);

/* ------------------------------------------------------------------------------------------------ the command line */

/* The next bytes of standard input. */
chunk_kind cli_read(uint32_t most, span *chunk);

/* Writes to standard output and waits until it is taken; false when it cannot be. */
bool cli_write(span bytes);

/* Writes to standard error as much as is taken. */
void cli_complain(span bytes);

#endif
