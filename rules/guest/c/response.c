/* Reads the response envelope: one pass over the text, unknown keys skipped, of repeated keys the last one counts. */
#include "base64.h"
#include "envelope.h"
#include "memory.h"
#include "text.h"

/* A place in JSON text. Functions that read give false where the text is no JSON; what is JSON but not of the form that an
 * envelope has only sets `invalid`, so that a text which is no JSON further on is still told as that. */
typedef struct {
  const uint8_t *at;
  const uint8_t *end;
  envelope_rules rules;
  bool invalid;
} reader;

/* ------------------------------------------------------------------------------------------------ tokens */

/* The next character that is not white space; 0 at the end (and for a NUL, which starts nothing). */
static uint8_t peek(reader *r) {
  while (r->at < r->end && (*r->at == ' ' || *r->at == '\n' || *r->at == '\r' || *r->at == '\t')) r->at++;
  return r->at < r->end ? *r->at : 0;
}

static bool take(reader *r, uint8_t c) {
  if (peek(r) != c) return false;
  r->at++;
  return true;
}

static bool four_digits(reader *r, uint32_t *value) {
  if (r->end - r->at < 4) return false;
  *value = 0;
  for (uint32_t i = 0; i < 4; i++) {
    uint8_t c = *r->at++, letter = c | 0x20;
    uint32_t digit = c >= '0' && c <= '9' ? c - '0' : letter >= 'a' && letter <= 'f' ? letter - 'a' + 10u : 16u;
    if (digit > 15) return false;
    *value = *value << 4 | digit;
  }
  return true;
}

static uint8_t *put_code_point(uint8_t *to, uint32_t c) {
  if (c < 0x80) {
    *to++ = (uint8_t)c;
    return to;
  }
  if (c < 0x800) {
    *to++ = (uint8_t)(0xc0 | c >> 6);
  } else {
    if (c < 0x10000) {
      *to++ = (uint8_t)(0xe0 | c >> 12);
    } else {
      *to++ = (uint8_t)(0xf0 | c >> 18);
      *to++ = (uint8_t)(0x80 | (c >> 12 & 63));
    }
    *to++ = (uint8_t)(0x80 | (c >> 6 & 63));
  }
  *to++ = (uint8_t)(0x80 | (c & 63));
  return to;
}

static bool unicode_escape(reader *r, uint8_t **to) {
  uint32_t c, low;
  if (!four_digits(r, &c)) return false;
  if (c >= 0xd800 && c < 0xdc00) {
    if (r->end - r->at < 2 || r->at[0] != '\\' || r->at[1] != 'u') return false;
    r->at += 2;
    if (!four_digits(r, &low) || low < 0xdc00 || low > 0xdfff) return false;
    c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
  } else if (c >= 0xdc00 && c < 0xe000) {
    if (r->rules.paired_surrogates) return false;
    c = 0xfffd;
  }
  *to = put_code_point(*to, c);
  return true;
}

static bool escape(reader *r, uint8_t **to) {
  if (r->at == r->end) return false;
  switch (*r->at++) {
    case '"': *(*to)++ = '"'; return true;
    case '\\': *(*to)++ = '\\'; return true;
    case '/': *(*to)++ = '/'; return true;
    case 'b': *(*to)++ = '\b'; return true;
    case 'f': *(*to)++ = '\f'; return true;
    case 'n': *(*to)++ = '\n'; return true;
    case 'r': *(*to)++ = '\r'; return true;
    case 't': *(*to)++ = '\t'; return true;
    case 'u': return unicode_escape(r, to);
    default: return false;
  }
}

/* A string, decoded over itself: no escape is shorter than what it stands for. */
static bool string(reader *r, span *s) {
  if (!take(r, '"')) return false;
  uint8_t *const from = (uint8_t *)r->at, *to = from;
  bool ascii = true;
  for (;;) {
    uint32_t run = text_string_run(r->at, (uint32_t)(r->end - r->at), &ascii);
    if (to != r->at) move_bytes(to, r->at, run);
    to += run;
    r->at += run;
    if (r->at == r->end) return false;
    if (*r->at++ == '"') break;
    if (!escape(r, &to)) return false;
  }
  *s = (span){ from, (uint32_t)(to - from) };
  return ascii || text_is_utf8(*s);
}

static bool digits(reader *r) {
  const uint8_t *from = r->at;
  while (r->at < r->end && *r->at >= '0' && *r->at <= '9') r->at++;
  return r->at != from;
}

static bool number(reader *r) {
  if (r->at < r->end && *r->at == '-') r->at++;
  if (!digits(r)) return false;
  if (r->at < r->end && *r->at == '.') {
    r->at++;
    if (!digits(r)) return false;
  }
  if (r->at < r->end && (*r->at | 0x20) == 'e') {
    r->at++;
    if (r->at < r->end && (*r->at == '+' || *r->at == '-')) r->at++;
    if (!digits(r)) return false;
  }
  return true;
}

static bool word(reader *r, span text) {
  if ((uint32_t)(r->end - r->at) < text.size || span_compare((span){ r->at, text.size }, text) != 0) return false;
  r->at += text.size;
  return true;
}

/* ------------------------------------------------------------------------------------------------ structure */

typedef enum { ITEM, CLOSED, BROKEN } step;

/* To the next item of a list that ends with `close`. */
static step next(reader *r, uint8_t close, bool *first) {
  uint8_t c = peek(r);
  if (c == close) {
    r->at++;
    return CLOSED;
  }
  if (!*first) {
    if (c != ',') return BROKEN;
    r->at++;
  }
  *first = false;
  return ITEM;
}

/* To the value of the next member of an object. */
static step next_member(reader *r, bool *first, span *key) {
  step s = next(r, '}', first);
  if (s == ITEM && !(string(r, key) && take(r, ':'))) return BROKEN;
  return s;
}

static bool scalar(reader *r) {
  span unused;
  switch (peek(r)) {
    case '"': return string(r, &unused);
    case 't': return word(r, TEXT("true"));
    case 'f': return word(r, TEXT("false"));
    case 'n': return word(r, TEXT("null"));
    default: return number(r);
  }
}

/* Deeper nesting than this in a value that nobody wants is taken for no JSON. */
#define MAX_DEPTH 1024u

/* Past any value, without recursion: `open` has a bit for each level, set for an object. */
static bool skip(reader *r) {
  uint8_t open[MAX_DEPTH / 8] = { 0 };
  uint32_t depth = 0;
  bool first = true;
  for (;;) {
    uint8_t c = peek(r);
    if (c == '{' || c == '[') {
      if (depth == MAX_DEPTH) return false;
      r->at++;
      uint8_t bit = (uint8_t)(1u << depth % 8);
      open[depth / 8] = c == '{' ? open[depth / 8] | bit : open[depth / 8] & (uint8_t)~bit;
      depth++;
      first = true;
    } else {
      if (!scalar(r)) return false;
      first = false;
    }
    step s = CLOSED;
    while (depth > 0 && s == CLOSED) {
      span key;
      bool object = (open[(depth - 1) / 8] >> (depth - 1) % 8 & 1) != 0;
      s = object ? next_member(r, &first, &key) : next(r, ']', &first);
      if (s == BROKEN) return false;
      if (s == CLOSED) {
        depth--;
        first = false;
      }
    }
    if (depth == 0) return true;
  }
}

/* ------------------------------------------------------------------------------------------------ typed values */

static bool otherwise(reader *r) {
  r->invalid = true;
  return skip(r);
}

static bool want_string(reader *r, span *s) { return peek(r) == '"' ? string(r, s) : otherwise(r); }

/* Plain digits up to `most`. */
static bool want_number(reader *r, uint32_t most, uint32_t *value) {
  uint8_t c = peek(r);
  if (c != '-' && (c < '0' || c > '9')) return otherwise(r);
  const uint8_t *from = r->at;
  if (!number(r)) return false;
  uint64_t sum = 0;
  for (const uint8_t *d = from; d < r->at; d++) {
    if (*d < '0' || *d > '9' || (sum = sum * 10 + (*d - '0')) > most) {
      r->invalid = true;
      return true;
    }
  }
  *value = (uint32_t)sum;
  return true;
}

/* ------------------------------------------------------------------------------------------------ the envelope */

typedef struct {
  span schema_version, request_id, base64, text;
  uint32_t bytes_len, capacity;
  bool has_schema_version, has_request_id, has_status, has_headers, has_body, has_bytes_len, has_base64, has_text;
} found;

static bool is(span key, span name) { return span_equals(key, name); }

static bool header(reader *r, field *f) {
  if (peek(r) != '{') return otherwise(r);
  r->at++;
  bool first = true, has_name = false, has_value = false;
  span key;
  step s;
  while ((s = next_member(r, &first, &key)) == ITEM) {
    bool read;
    if (is(key, TEXT("k"))) read = want_string(r, &f->name), has_name = true;
    else if (is(key, TEXT("v"))) read = want_string(r, &f->value), has_value = true;
    else read = skip(r);
    if (!read) return false;
  }
  if (!has_name || !has_value) r->invalid = true;
  return s == CLOSED;
}

static bool header_list(reader *r, found *f, response *out) {
  out->field_count = 0;
  out->field_bytes = 0;
  if (peek(r) != '[') return otherwise(r);
  r->at++;
  bool first = true;
  step s;
  while ((s = next(r, ']', &first)) == ITEM) {
    if (out->field_count == f->capacity) {
      f->capacity = f->capacity == 0 ? 32 : 2 * f->capacity;
      field *grown = memory_take(f->capacity * sizeof(field), _Alignof(field));
      copy_bytes(grown, out->fields, out->field_count * sizeof(field));
      out->fields = grown;
    }
    field h = { { 0 }, { 0 } };
    if (!header(r, &h)) return false;
    out->fields[out->field_count++] = h;
    out->field_bytes += (uint64_t)h.name.size + h.value.size;
  }
  return s == CLOSED;
}

static bool body_member(reader *r, found *f) {
  f->has_bytes_len = f->has_base64 = f->has_text = false;
  if (peek(r) != '{') return otherwise(r);
  r->at++;
  bool first = true;
  span key;
  step s;
  while ((s = next_member(r, &first, &key)) == ITEM) {
    bool read;
    if (is(key, TEXT("bytes_len"))) read = want_number(r, UINT32_MAX, &f->bytes_len), f->has_bytes_len = true;
    else if (is(key, TEXT("base64"))) read = want_string(r, &f->base64), f->has_base64 = true;
    else if (is(key, TEXT("text"))) read = want_string(r, &f->text), f->has_text = true;
    else read = skip(r);
    if (!read) return false;
  }
  return s == CLOSED;
}

static bool members(reader *r, found *f, response *out) {
  bool first = true;
  span key;
  step s;
  while ((s = next_member(r, &first, &key)) == ITEM) {
    bool read;
    if (is(key, TEXT("schema_version"))) read = want_string(r, &f->schema_version), f->has_schema_version = true;
    else if (is(key, TEXT("request_id"))) read = want_string(r, &f->request_id), f->has_request_id = true;
    else if (is(key, TEXT("status"))) read = want_number(r, 65535, &out->status), f->has_status = true;
    else if (is(key, TEXT("headers"))) read = header_list(r, f, out), f->has_headers = true;
    else if (is(key, TEXT("body"))) read = body_member(r, f), f->has_body = true;
    else read = skip(r);
    if (!read) return false;
  }
  return s == CLOSED;
}

envelope_fault envelope_read(span text, envelope_rules rules, response *out) {
  reader r = { text.at, text.at + text.size, rules, false };
  found f = { 0 };
  *out = (response){ 0 };
  if (peek(&r) != '{') return skip(&r) ? ENVELOPE_INVALID : ENVELOPE_NOT_JSON;
  r.at++;
  if (!members(&r, &f, out)) return ENVELOPE_NOT_JSON;
  bool whole = f.has_schema_version && f.has_request_id && f.has_status && f.has_headers && f.has_body && f.has_bytes_len;
  if (r.invalid || !whole || !is(f.schema_version, TEXT("x07.http.response.envelope@0.1.0"))) return ENVELOPE_INVALID;
  if (rules.exact_request_id && !is(f.request_id, TEXT("req0"))) return ENVELOPE_INVALID;
  if (f.has_base64) {
    if (!base64_read(f.base64, &out->body)) return ENVELOPE_BASE64_INVALID;
  } else if (f.has_text) {
    out->body = f.text;
  }
  return out->body.size == f.bytes_len ? ENVELOPE_FINE : ENVELOPE_INVALID;
}
