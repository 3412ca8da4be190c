/* An HTTP request becomes a request envelope, the program's answer a response. Knows limits and codes; not how hosts are spoken to. */
#include "http.h"

#include "body.h"
#include "diag.h"
#include "envelope.h"
#include "limits.h"
#include "memory.h"

/* A call on its way: where its answer goes, and whether that has been given. */
typedef struct {
  handle request;
  handle outparam;
} call;

/* ------------------------------------------------------------------------------------------------ telling what is wrong */

/* A code, what it means, and for a limit what was measured. */
typedef struct {
  uint32_t status;
  span code;
  span text;
  bool has_data;
  uint32_t limit;
  uint64_t measured;
} fault;

static fault broken(uint32_t status, span code, span text) { return (fault){ .status = status, .code = code, .text = text }; }

static fault over(uint32_t status, span code, span text, uint32_t limit, uint64_t measured) {
  return (fault){ .status = status, .code = code, .text = text, .has_data = true, .limit = limit, .measured = measured };
}

static void tell(const call *c, fault f) {
  field fields[3] = { { TEXT("x-x07-diag-code"), f.code } };
  uint32_t count = 1;
  /* An adapter says no more than the code. */
  if (program_is_inside()) {
    fields[count++] = (field){ TEXT("content-type"), TEXT("text/plain; charset=utf-8") };
    if (f.has_data) fields[count++] = (field){ TEXT("x-x07-diag-data-b64"), diag_data(f.limit, f.measured) };
  }
  http_drop_request(c->request);
  if (http_answer(c->outparam, f.status, fields, count, f.text) != ANSWERED) TRAP();
}

/* What is wrong with the program's answer. An adapter cannot know what its composer wants to show of it: it traps. */
static void tell_of_program(const call *c, fault f) {
  if (!program_is_inside()) TRAP();
  tell(c, f);
}

/* ------------------------------------------------------------------------------------------------ the request */

static void split(span target, request *r) {
  uint32_t at = 0;
  while (at < target.size && target.at[at] != '?') at++;
  r->path = (span){ target.at, at };
  r->query = at == target.size ? TEXT("") : (span){ target.at + at + 1, target.size - at - 1 };
}

/* Method, path, query and fields, held to their limits. */
static bool read_head(const call *c, request *r, fault *f) {
  span target;
  r->method = http_method(c->request);
  if (http_target(c->request, &target)) split(target, r);
  else r->path = TEXT("/"), r->query = TEXT("");
  if (r->path.size > limit_max_path_bytes()) {
    *f = over(413, TEXT("X07WASM_BUDGET_EXCEEDED_HTTP_PATH_BYTES"), TEXT("path too large"), limit_max_path_bytes(), r->path.size);
    return false;
  }
  if (r->query.size > limit_max_query_bytes()) {
    *f = over(413, TEXT("X07WASM_BUDGET_EXCEEDED_HTTP_QUERY_BYTES"), TEXT("query too large"), limit_max_query_bytes(), r->query.size);
    return false;
  }
  r->field_count = http_fields(c->request, &r->fields);
  if (r->field_count > limit_max_headers()) {
    *f = over(413, TEXT("X07WASM_BUDGET_EXCEEDED_HTTP_HEADERS"), TEXT("too many headers"), limit_max_headers(), r->field_count);
    return false;
  }
  uint64_t total = 0;
  for (uint32_t i = 0; i < r->field_count; i++) total += (uint64_t)r->fields[i].name.size + r->fields[i].value.size;
  if (total > limit_max_header_bytes_total()) {
    *f = over(413, TEXT("X07WASM_BUDGET_EXCEEDED_HTTP_HEADER_BYTES_TOTAL"), TEXT("headers too large"), limit_max_header_bytes_total(), total);
    return false;
  }
  return true;
}

/* All of the body, or one byte more than the limit: that much is always read before it is refused. */
static bool read_body(const call *c, span *bytes, fault *f) {
  const fault failed = broken(500, TEXT("X07WASM_SERVE_REQUEST_FAILED"), TEXT("incoming body read failed"));
  const uint64_t enough = (uint64_t)limit_max_request_body_bytes() + 1;
  http_body in;
  gathered all = { 0 };
  if (!http_open_body(c->request, &in)) {
    *f = failed;
    return false;
  }
  chunk_kind kind = CHUNK;
  while (kind == CHUNK && all.bytes.size < enough) {
    span chunk;
    uint64_t most = enough - all.bytes.size;
    kind = http_read_body(&in, most < BODY_STEP ? (uint32_t)most : BODY_STEP, &chunk);
    if (kind == CHUNK) body_append(&all, chunk);
  }
  http_close_body(&in);
  if (kind == CHUNK_FAILED) {
    *f = failed;
    return false;
  }
  if (all.bytes.size >= enough) {
    span text = program_is_inside() ? TEXT("request body too large") : TEXT("request too large");
    *f = over(413, TEXT("X07WASM_BUDGET_EXCEEDED_HTTP_REQUEST_BODY"), text, limit_max_request_body_bytes(), all.bytes.size);
    return false;
  }
  *bytes = all.bytes;
  return true;
}

static bool read_request(const call *c, span *envelope, fault *f) {
  request r;
  if (!read_head(c, &r, f) || !read_body(c, &r.body, f)) return false;
  *envelope = envelope_write(&r);
  if (envelope->size > limit_max_envelope_bytes()) {
    *f = over(413, TEXT("X07WASM_BUDGET_EXCEEDED_HTTP_ENVELOPE_BYTES"), TEXT("envelope too large"), limit_max_envelope_bytes(), envelope->size);
    return false;
  }
  return true;
}

/* ------------------------------------------------------------------------------------------------ the response */

#define INVALID TEXT("X07WASM_NATIVE_HTTP_RESPONSE_ENVELOPE_INVALID")

static bool is_content_length(span name) {
  const span wanted = TEXT("content-length");
  if (name.size != wanted.size) return false;
  for (uint32_t i = 0; i < name.size; i++) {
    uint8_t c = name.at[i];
    if ((c >= 'A' && c <= 'Z' ? c | 0x20 : c) != wanted.at[i]) return false;
  }
  return true;
}

/* A stated length must be the body's: a host that was given the response already could only break it off. */
static bool lengths_agree(const response *r) {
  for (uint32_t i = 0; i < r->field_count; i++) {
    if (!is_content_length(r->fields[i].name)) continue;
    span digits = r->fields[i].value;
    uint64_t length = 0;
    for (uint32_t d = 0; d < digits.size; d++) {
      if (digits.at[d] < '0' || digits.at[d] > '9' || length > UINT32_MAX) return false;
      length = length * 10 + (digits.at[d] - '0');
    }
    if (digits.size == 0 || length != r->body.size) return false;
  }
  return true;
}

static bool check_limits(const response *r, fault *f) {
  if (r->field_count > limit_max_headers()) {
    *f = over(500, TEXT("X07WASM_BUDGET_EXCEEDED_HTTP_HEADERS"), TEXT("response headers too many"), limit_max_headers(), r->field_count);
    return false;
  }
  if (r->field_bytes > limit_max_header_bytes_total()) {
    *f = over(500, TEXT("X07WASM_BUDGET_EXCEEDED_HTTP_HEADER_BYTES_TOTAL"), TEXT("response headers too large"), limit_max_header_bytes_total(), r->field_bytes);
    return false;
  }
  if (r->body.size > limit_max_response_body_bytes()) {
    *f = over(500, TEXT("X07WASM_BUDGET_EXCEEDED_HTTP_RESPONSE_BODY"), TEXT("response body too large"), limit_max_response_body_bytes(), r->body.size);
    return false;
  }
  if (!lengths_agree(r)) {
    *f = broken(500, INVALID, TEXT("response headers invalid for wasi:http"));
    return false;
  }
  return true;
}

static bool read_response(span answer, response *r, fault *f) {
  bool adapter = !program_is_inside();
  switch (envelope_read(answer, (envelope_rules){ .exact_request_id = adapter, .paired_surrogates = adapter }, r)) {
    case ENVELOPE_FINE: return check_limits(r, f);
    case ENVELOPE_NOT_JSON: *f = broken(500, TEXT("X07WASM_NATIVE_HTTP_RESPONSE_ENVELOPE_PARSE_FAILED"), TEXT("response envelope parse failed")); return false;
    case ENVELOPE_BASE64_INVALID: *f = broken(500, TEXT("X07WASM_NATIVE_HTTP_RESPONSE_BODY_B64_INVALID"), TEXT("response body base64 invalid")); return false;
    default: *f = broken(500, INVALID, TEXT("response envelope invalid")); return false;
  }
}

static void answer(const call *c, const response *r) {
  switch (http_answer(c->outparam, r->status, r->fields, r->field_count, r->body)) {
    case ANSWERED: http_drop_request(c->request); return;
    case FIELDS_REFUSED: tell_of_program(c, broken(500, INVALID, TEXT("response headers invalid for wasi:http"))); return;
    case STATUS_REFUSED: tell_of_program(c, broken(500, INVALID, TEXT("invalid status code"))); return;
  }
}

void http_handle(handle incoming, handle outparam) {
  const call c = { incoming, outparam };
  span envelope;
  response r;
  fault f;
  solve_prepare();
  uint32_t mark = memory_mark();
  if (!read_request(&c, &envelope, &f)) tell(&c, f);
  else if (!read_response(solve(envelope), &r, &f)) tell_of_program(&c, f);
  else answer(&c, &r);
  memory_give_back(mark);
}
