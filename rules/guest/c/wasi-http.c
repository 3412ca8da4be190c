/* The HTTP ports over the canonical ABI of wasi:http@0.2.8, and the export that hosts call. */
#include "http.h"
#include "wasi-streams.h"

#define TYPES "wasi:http/types@0.2.8"

/* option<string>, result<own<…>> and the method, as they lie in memory. */
typedef struct {
  uint8_t is;
  span text;
} tagged_text;

typedef struct {
  uint8_t failed;
  handle made;
} made_result;

typedef struct {
  const field *at;
  uint32_t size;
} field_list;

IMPORT(TYPES, "[method]incoming-request.method") void request_method(handle self, tagged_text *method);
IMPORT(TYPES, "[method]incoming-request.path-with-query") void request_target(handle self, tagged_text *target);
IMPORT(TYPES, "[method]incoming-request.headers") handle request_headers(handle self);
IMPORT(TYPES, "[method]incoming-request.consume") void request_consume(handle self, made_result *body);
IMPORT(TYPES, "[resource-drop]incoming-request") void drop_request(handle self);
IMPORT(TYPES, "[method]incoming-body.stream") void incoming_stream(handle self, made_result *stream);
IMPORT(TYPES, "[resource-drop]incoming-body") void drop_incoming_body(handle self);
IMPORT(TYPES, "[method]fields.entries") void fields_entries(handle self, field_list *entries);
IMPORT(TYPES, "[static]fields.from-list") void fields_from_list(const field *at, uint32_t size, made_result *fields);
IMPORT(TYPES, "[resource-drop]fields") void drop_fields(handle self);
IMPORT(TYPES, "[constructor]outgoing-response") handle new_response(handle fields);
IMPORT(TYPES, "[method]outgoing-response.set-status-code") uint32_t response_set_status(handle self, uint32_t status);
IMPORT(TYPES, "[method]outgoing-response.body") void response_body(handle self, made_result *body);
IMPORT(TYPES, "[resource-drop]outgoing-response") void drop_response(handle self);
IMPORT(TYPES, "[method]outgoing-body.write") void outgoing_stream(handle self, made_result *stream);
/* The result, of which only the first byte is looked at: result<_, error-code> takes 40 bytes. */
IMPORT(TYPES, "[static]outgoing-body.finish") void finish_body(handle self, uint32_t has_trailers, handle trailers, uint64_t result[5]);
IMPORT(TYPES, "[resource-drop]outgoing-body") void drop_outgoing_body(handle self);
/* result<own<outgoing-response>, error-code>, flat: 0 and the response. */
IMPORT(TYPES, "[static]response-outparam.set") void outparam_set(handle self, uint32_t failed, handle response, uint32_t, uint64_t, uint32_t, uint32_t, uint32_t, uint32_t);

span http_method(handle request) {
  tagged_text m;
  request_method(request, &m);
  switch (m.is) {
    case 0: return TEXT("GET");
    case 1: return TEXT("HEAD");
    case 2: return TEXT("POST");
    case 3: return TEXT("PUT");
    case 4: return TEXT("DELETE");
    case 5: return TEXT("CONNECT");
    case 6: return TEXT("OPTIONS");
    case 7: return TEXT("TRACE");
    case 8: return TEXT("PATCH");
    default: return m.text;
  }
}

bool http_target(handle request, span *target) {
  tagged_text t;
  request_target(request, &t);
  *target = t.text;
  return t.is != 0;
}

uint32_t http_fields(handle request, field **fields) {
  field_list list;
  handle headers = request_headers(request);
  fields_entries(headers, &list);
  drop_fields(headers);
  *fields = (field *)list.at;
  return list.size;
}

void http_drop_request(handle request) { drop_request(request); }

bool http_open_body(handle request, http_body *body) {
  made_result r;
  request_consume(request, &r);
  if (r.failed) return false;
  body->body = r.made;
  incoming_stream(body->body, &r);
  if (r.failed) drop_incoming_body(body->body);
  body->stream = r.made;
  return !r.failed;
}

chunk_kind http_read_body(const http_body *body, uint32_t most, span *chunk) { return stream_read(body->stream, most, chunk); }

void http_close_body(const http_body *body) {
  drop_input_stream(body->stream);
  drop_incoming_body(body->body);
}

/* The body behind its response. A host that takes no more has its reasons: the client is gone. */
static void send_body(handle body, span bytes) {
  made_result stream;
  uint64_t finished[5];
  outgoing_stream(body, &stream);
  bool sent = !stream.failed && (bytes.size == 0 || stream_write(stream.made, bytes));
  if (!stream.failed) drop_output_stream(stream.made);
  if (sent) finish_body(body, 0, 0, finished);
  else drop_outgoing_body(body);
}

http_outcome http_answer(handle outparam, uint32_t status, const field *fields, uint32_t field_count, span bytes) {
  made_result made;
  fields_from_list(fields, field_count, &made);
  if (made.failed) return FIELDS_REFUSED;
  handle response = new_response(made.made);
  if (response_set_status(response, status) != 0) {
    drop_response(response);
    return STATUS_REFUSED;
  }
  response_body(response, &made);
  if (made.failed) TRAP();
  outparam_set(outparam, 0, response, 0, 0, 0, 0, 0, 0);
  send_body(made.made, bytes);
  return ANSWERED;
}

__attribute__((export_name("wasi:http/incoming-handler@0.2.8#handle"))) void exported_handle(handle request, handle outparam) { http_handle(request, outparam); }
