/* The HTTP ports over the bindings of wasi:http/proxy. */
#include "proxy.h"

typedef proxy_list_u8_t bindgen_bytes;

#include "bindgen-streams.h"
#include "http.h"

#define REQUEST(h) HANDLE(wasi_http_types_borrow_incoming_request_t, h)

static span span_of(proxy_string_t s) { return (span){ s.ptr, (uint32_t)s.len }; }

span http_method(handle request) {
  wasi_http_types_method_t m;
  wasi_http_types_method_incoming_request_method(REQUEST(request), &m);
  switch (m.tag) {
    case WASI_HTTP_TYPES_METHOD_GET: return TEXT("GET");
    case WASI_HTTP_TYPES_METHOD_HEAD: return TEXT("HEAD");
    case WASI_HTTP_TYPES_METHOD_POST: return TEXT("POST");
    case WASI_HTTP_TYPES_METHOD_PUT: return TEXT("PUT");
    case WASI_HTTP_TYPES_METHOD_DELETE: return TEXT("DELETE");
    case WASI_HTTP_TYPES_METHOD_CONNECT: return TEXT("CONNECT");
    case WASI_HTTP_TYPES_METHOD_OPTIONS: return TEXT("OPTIONS");
    case WASI_HTTP_TYPES_METHOD_TRACE: return TEXT("TRACE");
    case WASI_HTTP_TYPES_METHOD_PATCH: return TEXT("PATCH");
    default: return span_of(m.val.other);
  }
}

bool http_target(handle request, span *target) {
  proxy_string_t t;
  if (!wasi_http_types_method_incoming_request_path_with_query(REQUEST(request), &t)) return false;
  *target = span_of(t);
  return true;
}

_Static_assert(sizeof(field) == sizeof(proxy_tuple2_field_name_field_value_t), "a field is laid out as its tuple");

uint32_t http_fields(handle request, field **fields) {
  proxy_list_tuple2_field_name_field_value_t list;
  wasi_http_types_own_headers_t headers = wasi_http_types_method_incoming_request_headers(REQUEST(request));
  wasi_http_types_method_fields_entries(HANDLE(wasi_http_types_borrow_fields_t, headers.__handle), &list);
  wasi_http_types_fields_drop_own(headers);
  *fields = (field *)list.ptr;
  return (uint32_t)list.len;
}

void http_drop_request(handle request) { wasi_http_types_incoming_request_drop_own(HANDLE(wasi_http_types_own_incoming_request_t, request)); }

bool http_open_body(handle request, http_body *body) {
  wasi_http_types_own_incoming_body_t own;
  wasi_http_types_own_input_stream_t stream;
  if (!wasi_http_types_method_incoming_request_consume(REQUEST(request), &own)) return false;
  bool opened = wasi_http_types_method_incoming_body_stream(HANDLE(wasi_http_types_borrow_incoming_body_t, own.__handle), &stream);
  if (opened) *body = (http_body){ (handle)own.__handle, (handle)stream.__handle };
  else wasi_http_types_incoming_body_drop_own(own);
  return opened;
}

chunk_kind http_read_body(const http_body *body, uint32_t most, span *chunk) { return stream_read(body->stream, most, chunk); }

void http_close_body(const http_body *body) {
  drop_input_stream(body->stream);
  wasi_http_types_incoming_body_drop_own(HANDLE(wasi_http_types_own_incoming_body_t, body->body));
}

/* The body behind its response. A host that takes no more has its reasons: the client is gone. */
static void send_body(wasi_http_types_own_outgoing_body_t body, span bytes) {
  wasi_http_types_own_output_stream_t stream;
  wasi_http_types_error_code_t e;
  bool opened = wasi_http_types_method_outgoing_body_write(HANDLE(wasi_http_types_borrow_outgoing_body_t, body.__handle), &stream);
  bool sent = opened && (bytes.size == 0 || stream_write((handle)stream.__handle, bytes));
  if (opened) drop_output_stream((handle)stream.__handle);
  if (sent) (void)wasi_http_types_static_outgoing_body_finish(body, 0, &e);
  else wasi_http_types_outgoing_body_drop_own(body);
}

http_outcome http_answer(handle outparam, uint32_t status, const field *fields, uint32_t field_count, span bytes) {
  proxy_list_tuple2_field_name_field_value_t list = { (proxy_tuple2_field_name_field_value_t *)fields, field_count };
  wasi_http_types_own_fields_t made;
  wasi_http_types_header_error_t e;
  wasi_http_types_own_outgoing_body_t body;
  if (!wasi_http_types_static_fields_from_list(&list, &made, &e)) return FIELDS_REFUSED;
  wasi_http_types_own_outgoing_response_t response = wasi_http_types_constructor_outgoing_response(made);
  wasi_http_types_borrow_outgoing_response_t borrowed = HANDLE(wasi_http_types_borrow_outgoing_response_t, response.__handle);
  if (!wasi_http_types_method_outgoing_response_set_status_code(borrowed, (uint16_t)status)) {
    wasi_http_types_outgoing_response_drop_own(response);
    return STATUS_REFUSED;
  }
  if (!wasi_http_types_method_outgoing_response_body(borrowed, &body)) TRAP();
  wasi_http_types_result_own_outgoing_response_error_code_t result = { .is_err = false, .val.ok = response };
  wasi_http_types_static_response_outparam_set(HANDLE(wasi_http_types_own_response_outparam_t, outparam), &result);
  send_body(body, bytes);
  return ANSWERED;
}

void exports_wasi_http_incoming_handler_handle(exports_wasi_http_incoming_handler_own_incoming_request_t request, exports_wasi_http_incoming_handler_own_response_outparam_t outparam) {
  http_handle((handle)request.__handle, (handle)outparam.__handle);
}
