/* The command-line ports over the bindings of wasi:cli/command. */
#include "command.h"

typedef command_list_u8_t bindgen_bytes;

#include "bindgen-streams.h"
#include "cli.h"

/* Opened at the first read, dropped at the end. */
static handle input;
static bool input_is_open;

chunk_kind cli_read(uint32_t most, span *chunk) {
  if (!input_is_open) input = (handle)wasi_cli_stdin_get_stdin().__handle;
  input_is_open = true;
  return stream_read(input, most, chunk);
}

bool cli_write(span bytes) {
  handle stream = (handle)wasi_cli_stdout_get_stdout().__handle;
  bool written = stream_write(stream, bytes);
  drop_output_stream(stream);
  return written;
}

void cli_complain(span bytes) {
  handle stream = (handle)wasi_cli_stderr_get_stderr().__handle;
  (void)stream_write(stream, bytes);
  drop_output_stream(stream);
}

bool exports_wasi_cli_run_run(void) {
  bool well = cli_run();
  if (input_is_open) drop_input_stream(input);
  input_is_open = false;
  return well;
}
