/* Streams of wasi:io over the bindings that `wit-bindgen c` generates. The world's header comes first, and `bindgen_bytes` is its
 * list of bytes. */
#ifndef GUEST_BINDGEN_STREAMS_H
#define GUEST_BINDGEN_STREAMS_H

#include "ports.h"

#define HANDLE(type, h) ((type){ (int32_t)(h) })

static void drop_stream_error(const wasi_io_streams_stream_error_t *e) {
  if (e->tag == WASI_IO_STREAMS_STREAM_ERROR_LAST_OPERATION_FAILED) wasi_io_error_error_drop_own(e->val.last_operation_failed);
}

static chunk_kind stream_read(handle stream, uint32_t most, span *chunk) {
  bindgen_bytes got;
  wasi_io_streams_stream_error_t e;
  if (wasi_io_streams_method_input_stream_blocking_read(HANDLE(wasi_io_streams_borrow_input_stream_t, stream), most, &got, &e)) {
    *chunk = (span){ got.ptr, (uint32_t)got.len };
    return CHUNK;
  }
  drop_stream_error(&e);
  return e.tag == WASI_IO_STREAMS_STREAM_ERROR_CLOSED ? CHUNK_END : CHUNK_FAILED;
}

/* The most that blocking-write-and-flush takes. */
#define BLOCKING_STEP 4096u

/* Where the host has room, as much as it has room for; else one step that waits. */
static bool write_some(wasi_io_streams_borrow_output_stream_t stream, span *bytes) {
  uint64_t permit;
  wasi_io_streams_stream_error_t e;
  if (!wasi_io_streams_method_output_stream_check_write(stream, &permit, &e)) {
    drop_stream_error(&e);
    return false;
  }
  uint64_t most = permit == 0 ? BLOCKING_STEP : permit;
  uint32_t size = bytes->size < most ? bytes->size : (uint32_t)most;
  bindgen_bytes part = { (uint8_t *)bytes->at, size };
  bool taken = permit == 0 ? wasi_io_streams_method_output_stream_blocking_write_and_flush(stream, &part, &e) : wasi_io_streams_method_output_stream_write(stream, &part, &e);
  if (!taken) drop_stream_error(&e);
  *bytes = (span){ bytes->at + size, bytes->size - size };
  return taken;
}

static bool stream_write(handle h, span bytes) {
  wasi_io_streams_borrow_output_stream_t stream = HANDLE(wasi_io_streams_borrow_output_stream_t, h);
  while (bytes.size > 0)
    if (!write_some(stream, &bytes)) return false;
  wasi_io_streams_stream_error_t e;
  bool flushed = wasi_io_streams_method_output_stream_blocking_flush(stream, &e);
  if (!flushed) drop_stream_error(&e);
  return flushed;
}

static void drop_input_stream(handle h) { wasi_io_streams_input_stream_drop_own(HANDLE(wasi_io_streams_own_input_stream_t, h)); }
static void drop_output_stream(handle h) { wasi_io_streams_output_stream_drop_own(HANDLE(wasi_io_streams_own_output_stream_t, h)); }

#endif
