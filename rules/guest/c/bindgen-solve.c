/* The program as a component of its own: the export of x07:solve/handler over generated bindings. */
#include "solve.h"

#include "memory.h"
#include "ports.h"

/* Memory above this belongs to the call. */
static uint32_t call_mark;

void exports_x07_solve_handler_solve(solve_list_u8_t *input, solve_list_u8_t *answer) {
  if (input->len > INT32_MAX) TRAP();
  solve_prepare();
  if (call_mark == 0) call_mark = memory_mark();
  span s = solve((span){ input->ptr, (uint32_t)input->len });
  *answer = (solve_list_u8_t){ (uint8_t *)s.at, s.size };
}

/* Stands in for the generated one: the answer lies in the arena, so nothing of the call is needed any more. */
__attribute__((export_name("cabi_post_x07:solve/handler@0.1.0#solve"))) void __wasm_export_exports_x07_solve_handler_solve_post_return(uint8_t *area) {
  (void)area;
  memory_give_back(call_mark);
}
