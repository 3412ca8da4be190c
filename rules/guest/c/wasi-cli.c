/* The command-line ports over the canonical ABI of wasi:cli@0.2.8, and the export that hosts call. */
#include "cli.h"
#include "wasi-streams.h"

IMPORT("wasi:cli/stdin@0.2.8", "get-stdin") handle get_stdin(void);
IMPORT("wasi:cli/stdout@0.2.8", "get-stdout") handle get_stdout(void);
IMPORT("wasi:cli/stderr@0.2.8", "get-stderr") handle get_stderr(void);

/* Opened at the first read, dropped at the end. */
static handle input;
static bool input_is_open;

static void close_input(void) {
  if (input_is_open) drop_input_stream(input);
  input_is_open = false;
}

chunk_kind cli_read(uint32_t most, span *chunk) {
  if (!input_is_open) input = get_stdin();
  input_is_open = true;
  return stream_read(input, most, chunk);
}

bool cli_write(span bytes) {
  handle stream = get_stdout();
  bool written = stream_write(stream, bytes);
  drop_output_stream(stream);
  return written;
}

void cli_complain(span bytes) {
  handle stream = get_stderr();
  (void)stream_write(stream, bytes);
  drop_output_stream(stream);
}

/* result: 0 is ok. */
__attribute__((export_name("wasi:cli/run@0.2.8#run"))) uint32_t exported_run(void) {
  bool well = cli_run();
  close_input();
  return well ? 0 : 1;
}
