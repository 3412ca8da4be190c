/* Input, program, output, each held to its limit. Knows codes; not how hosts are spoken to. */
#include "cli.h"

#include "body.h"
#include "diag.h"
#include "limits.h"
#include "memory.h"

/* ------------------------------------------------------------------------------------------------ telling what is wrong */

typedef struct {
  uint8_t at[512];
  uint32_t size;
} text;

static void add(text *t, span s) {
  uint32_t room = sizeof t->at - t->size;
  if (s.size > room) s.size = room;
  copy_bytes(t->at + t->size, s.at, s.size);
  t->size += s.size;
}

static void complain(const text *t) {
  uint32_t most = limit_max_stderr_bytes();
  cli_complain((span){ t->at, t->size < most ? t->size : most });
}

static bool failed(span code, span data) {
  text t = { .size = 0 };
  add(&t, TEXT("x07-diag-code: "));
  add(&t, code);
  add(&t, TEXT("\n"));
  if (data.size > 0) {
    add(&t, TEXT("x07-diag-data-b64: "));
    add(&t, data);
    add(&t, TEXT("\n"));
  }
  complain(&t);
  return false;
}

#define CODE_STDOUT TEXT("X07WASM_BUDGET_EXCEEDED_CLI_STDOUT")

/* The host took no more output. An adapter has no limit of its own that this could be a breach of. */
static bool write_failed(void) {
  if (program_is_inside()) return failed(CODE_STDOUT, TEXT(""));
  text t = { .size = 0 };
  add(&t, TEXT("cannot write to standard output\n"));
  complain(&t);
  return false;
}

/* ------------------------------------------------------------------------------------------------ the run */

static bool read_input(span *input) {
  const uint64_t enough = (uint64_t)limit_max_stdin_bytes() + 1;
  gathered all = { 0 };
  chunk_kind kind = CHUNK;
  while (kind == CHUNK && all.bytes.size < enough) {
    span chunk;
    uint64_t most = enough - all.bytes.size;
    kind = cli_read(most < BODY_STEP ? (uint32_t)most : BODY_STEP, &chunk);
    if (kind == CHUNK) body_append(&all, chunk);
  }
  if (kind == CHUNK_FAILED) return failed(TEXT("X07WASM_COMPONENT_RUN_STDIN_READ_FAILED"), TEXT(""));
  if (all.bytes.size >= enough) return failed(TEXT("X07WASM_BUDGET_EXCEEDED_CLI_STDIN"), diag_data(limit_max_stdin_bytes(), all.bytes.size));
  *input = all.bytes;
  return true;
}

static bool run(void) {
  span input;
  if (!read_input(&input)) return false;
  span output = solve(input);
  if (output.size > limit_max_stdout_bytes()) return failed(CODE_STDOUT, diag_data(limit_max_stdout_bytes(), output.size));
  return output.size == 0 || cli_write(output) || write_failed();
}

bool cli_run(void) {
  solve_prepare();
  uint32_t mark = memory_mark();
  bool well = run();
  memory_give_back(mark);
  return well;
}
