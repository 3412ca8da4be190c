/* Streams of wasi:io over the canonical ABI. */
#ifndef GUEST_WASI_STREAMS_H
#define GUEST_WASI_STREAMS_H

#include "ports.h"

#define IMPORT(module, name) __attribute__((import_module(module), import_name(name)))

#define STREAMS "wasi:io/streams@0.2.8"

chunk_kind stream_read(handle stream, uint32_t most, span *chunk);

/* All of the bytes, and waits until they are taken; false when the host takes no more. */
bool stream_write(handle stream, span bytes);

IMPORT(STREAMS, "[resource-drop]input-stream") void drop_input_stream(handle stream);
IMPORT(STREAMS, "[resource-drop]output-stream") void drop_output_stream(handle stream);

#endif
