/* Reading and writing of wasi:io streams. Knows nothing of what flows. */
#include "wasi-streams.h"

/* result<list<u8>, stream-error> and result<_, stream-error>. */
typedef struct {
  uint8_t failed;
  union {
    span bytes;
    struct {
      uint8_t closed;
      handle error;
    };
  };
} stream_result;

/* result<u64, stream-error>. */
typedef struct {
  uint8_t failed;
  union {
    uint64_t permit;
    struct {
      uint8_t closed;
      handle error;
    };
  };
} permit_result;

IMPORT(STREAMS, "[method]input-stream.blocking-read") void blocking_read(handle self, uint64_t most, stream_result *result);
IMPORT(STREAMS, "[method]output-stream.check-write") void check_write(handle self, permit_result *result);
IMPORT(STREAMS, "[method]output-stream.write") void write_now(handle self, const uint8_t *at, uint32_t size, stream_result *result);
IMPORT(STREAMS, "[method]output-stream.blocking-write-and-flush") void blocking_write_and_flush(handle self, const uint8_t *at, uint32_t size, stream_result *result);
IMPORT(STREAMS, "[method]output-stream.blocking-flush") void blocking_flush(handle self, stream_result *result);
IMPORT("wasi:io/error@0.2.8", "[resource-drop]error") void drop_error(handle error);

chunk_kind stream_read(handle stream, uint32_t most, span *chunk) {
  stream_result r;
  blocking_read(stream, most, &r);
  if (!r.failed) {
    *chunk = r.bytes;
    return CHUNK;
  }
  if (r.closed) return CHUNK_END;
  drop_error(r.error);
  return CHUNK_FAILED;
}

/* The most that blocking-write-and-flush takes. */
#define BLOCKING_STEP 4096u

/* Where the host has room, as much as it has room for; else one step that waits. */
static bool write_some(handle stream, span *bytes) {
  permit_result p;
  stream_result r;
  check_write(stream, &p);
  if (p.failed) {
    if (!p.closed) drop_error(p.error);
    return false;
  }
  uint32_t most = p.permit == 0 ? BLOCKING_STEP : p.permit > UINT32_MAX ? UINT32_MAX : (uint32_t)p.permit;
  uint32_t size = bytes->size < most ? bytes->size : most;
  if (p.permit == 0) blocking_write_and_flush(stream, bytes->at, size, &r);
  else write_now(stream, bytes->at, size, &r);
  if (r.failed) {
    if (!r.closed) drop_error(r.error);
    return false;
  }
  *bytes = (span){ bytes->at + size, bytes->size - size };
  return true;
}

bool stream_write(handle stream, span bytes) {
  while (bytes.size > 0)
    if (!write_some(stream, &bytes)) return false;
  stream_result r;
  blocking_flush(stream, &r);
  if (r.failed && !r.closed) drop_error(r.error);
  return !r.failed;
}
