/* The two envelopes between HTTP and a solve program: how a request is written, how a response is read. */
#ifndef GUEST_ENVELOPE_H
#define GUEST_ENVELOPE_H

#include "span.h"

typedef struct {
  span method;
  span path;
  span query;
  field *fields;
  uint32_t field_count;
  span body;
} request;

/* x07.http.request.envelope@0.1.0, with the fields sorted; the request's texts become well-formed UTF-8. */
span envelope_write(request *r);

typedef struct {
  uint32_t status;
  field *fields;
  uint32_t field_count;
  uint64_t field_bytes;
  span body;
} response;

typedef enum { ENVELOPE_FINE, ENVELOPE_NOT_JSON, ENVELOPE_BASE64_INVALID, ENVELOPE_INVALID } envelope_fault;

/* How much a reader forgives. */
typedef struct {
  /* request_id must be the one that was sent. */
  bool exact_request_id;
  /* An escaped low surrogate without a high one is a fault (else U+FFFD). */
  bool paired_surrogates;
} envelope_rules;

/* Reads x07.http.response.envelope@0.1.0. The text is decoded in place; what follows the object is not looked at. */
envelope_fault envelope_read(span text, envelope_rules rules, response *r);

#endif
