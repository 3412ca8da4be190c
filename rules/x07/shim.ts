// The little C library that a freestanding x07 program is linked with: memory functions and a tiny snprintf. Our own text.

import { output, rule } from "../../engine/index.ts";

export const SHIM = `// Freestanding support for generated x07 programs: memory functions, getenv that knows nothing, and the few
// conversions of snprintf that generated code uses (%u %p %s %%).
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

// One instruction each: memory.copy and memory.fill. The rest of the program need not be built for bulk memory.
#define BULK __attribute__((target("bulk-memory")))

BULK void *memcpy(void *restrict to, const void *restrict from, size_t n) { return __builtin_memcpy(to, from, n); }

BULK void *memmove(void *to, const void *from, size_t n) { return __builtin_memmove(to, from, n); }

BULK void *memset(void *to, int byte, size_t n) { return __builtin_memset(to, byte, n); }

int memcmp(const void *a, const void *b, size_t n) {
  const unsigned char *x = a, *y = b;
  for (size_t i = 0; i < n; i++) if (x[i] != y[i]) return x[i] < y[i] ? -1 : 1;
  return 0;
}

char *getenv(const char *name) {
  (void)name;
  return 0;
}

struct sink { char *to; size_t room; size_t length; };

static void put(struct sink *s, char c) {
  if (s->length + 1 < s->room) s->to[s->length] = c;
  s->length++;
}

static void put_number(struct sink *s, uintptr_t value, unsigned base) {
  char digits[24];
  int n = 0;
  do digits[n++] = "0123456789abcdef"[value % base]; while ((value /= base) != 0);
  while (n > 0) put(s, digits[--n]);
}

int snprintf(char *restrict to, size_t room, const char *restrict format, ...) {
  struct sink s = { to, room, 0 };
  va_list args;
  va_start(args, format);
  for (; *format; format++) {
    if (*format != '%') { put(&s, *format); continue; }
    switch (*++format) {
      case 'u': put_number(&s, va_arg(args, unsigned), 10); break;
      case 'p': put(&s, '0'); put(&s, 'x'); put_number(&s, (uintptr_t)va_arg(args, void *), 16); break;
      case 's': for (const char *t = va_arg(args, const char *); *t; t++) put(&s, *t); break;
      case '%': put(&s, '%'); break;
      case 0: format--; break;
      default: put(&s, '%'); put(&s, *format); break;
    }
  }
  va_end(args);
  if (room > 0) to[s.length < room ? s.length : room - 1] = 0;
  return (int)s.length;
}
`;

export const shimSource = rule({
  id: "x07.shim",
  version: 2,
  inputs: {},
  outputs: { shim: output("c-source", "phase0_shim.c") },
  label: () => "phase0_shim.c",
  run: () => ({ ok: true, value: { shim: SHIM } }),
});
