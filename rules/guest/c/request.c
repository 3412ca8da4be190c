/* Writes the request envelope: UTF-8 JSON with one order of keys and no white space. */
#include "base64.h"
#include "envelope.h"
#include "memory.h"
#include "text.h"

static uint8_t *put_escaped(uint8_t *to, span s) {
  for (uint32_t i = 0; i < s.size; i++) {
    uint32_t run = text_plain_run(s.at + i, s.size - i);
    to = text_put(to, (span){ s.at + i, run });
    i += run;
    if (i == s.size) break;
    uint8_t c = s.at[i];
    if (c >= 0x20) {
      *to++ = '\\';
      *to++ = c;
    } else {
      to = text_put(to, TEXT("\\u00"));
      *to++ = (uint8_t)('0' + (c >> 4));
      *to++ = "0123456789abcdef"[c & 15];
    }
  }
  return to;
}

static bool in_order(const field *a, const field *b) {
  int names = span_compare(a->name, b->name);
  return names < 0 || (names == 0 && span_compare(a->value, b->value) <= 0);
}

/* Merges neighbouring runs of doubling length; an already sorted list costs one look at each pair. */
static field *sorted(field *fields, uint32_t count) {
  uint32_t ordered = 1;
  while (ordered < count && in_order(&fields[ordered - 1], &fields[ordered])) ordered++;
  if (ordered >= count) return fields;
  field *from = fields, *to = memory_take(count * sizeof(field), _Alignof(field));
  for (uint32_t run = 1; run < count; run *= 2) {
    for (uint32_t start = 0; start < count; start += 2 * run) {
      uint32_t middle = start + run < count ? start + run : count, end = start + 2 * run < count ? start + 2 * run : count;
      for (uint32_t left = start, right = middle, at = start; at < end; at++) {
        bool take_left = right == end || (left < middle && in_order(&from[left], &from[right]));
        to[at] = take_left ? from[left++] : from[right++];
      }
    }
    field *swapped = from;
    from = to;
    to = swapped;
  }
  return from;
}

/* An escaped byte takes six characters at most. */
static uint64_t room(const request *r) {
  uint64_t size = 256 + 6ull * ((uint64_t)r->method.size + r->path.size + r->query.size) + base64_size(r->body.size);
  for (uint32_t i = 0; i < r->field_count; i++) size += 16 + 6ull * ((uint64_t)r->fields[i].name.size + r->fields[i].value.size);
  return size;
}

span envelope_write(request *r) {
  r->method = text_of(r->method);
  r->path = text_of(r->path);
  r->query = text_of(r->query);
  for (uint32_t i = 0; i < r->field_count; i++) {
    r->fields[i].name = text_of(r->fields[i].name);
    r->fields[i].value = text_of(r->fields[i].value);
  }
  r->fields = sorted(r->fields, r->field_count);
  uint64_t most = room(r);
  if (most > UINT32_MAX) TRAP();
  uint8_t *const text = memory_take((uint32_t)most, 1), *to = text;
  to = text_put(to, TEXT("{\"schema_version\":\"x07.http.request.envelope@0.1.0\",\"id\":\"req0\",\"method\":\""));
  to = put_escaped(to, r->method);
  to = text_put(to, TEXT("\",\"path\":\""));
  to = put_escaped(to, r->path);
  to = text_put(to, TEXT("\",\"query\":\""));
  to = put_escaped(to, r->query);
  to = text_put(to, TEXT("\",\"headers\":["));
  for (uint32_t i = 0; i < r->field_count; i++) {
    to = text_put(to, i == 0 ? TEXT("{\"k\":\"") : TEXT(",{\"k\":\""));
    to = put_escaped(to, r->fields[i].name);
    to = text_put(to, TEXT("\",\"v\":\""));
    to = put_escaped(to, r->fields[i].value);
    to = text_put(to, TEXT("\"}"));
  }
  to = text_put(to, TEXT("],\"body\":{\"bytes_len\":"));
  to = text_put_number(to, r->body.size);
  to = text_put(to, TEXT(",\"base64\":\""));
  to = base64_write(to, r->body);
  to = text_put(to, TEXT("\"}}"));
  memory_give_back((uint32_t)(uintptr_t)to);
  return (span){ text, (uint32_t)(to - text) };
}
