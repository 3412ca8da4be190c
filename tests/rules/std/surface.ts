// The signatures of all std functions, module by module: what a program may call and what it may give. Knows no behaviour.

export const surface: { readonly [module: string]: string } = {
  "std.bit": `
  popcount_u32(i32) -> i32`,
  "std.bitset": `
  intersection_count(bytes_view, bytes_view) -> i32
  new(i32) -> bytes
  set(bytes, i32) -> bytes
  test(bytes_view, i32) -> i32`,
  "std.btree_map": `
  contains<K: orderable, V: num_like>(bytes_view, K) -> i32
  contains_u32_u32(bytes_view, i32) -> i32
  emit_kv_le<K: orderable, V: num_like>(bytes) -> bytes
  emit_kv_u32le_u32le(bytes) -> bytes
  empty() -> bytes
  empty_u32_u32() -> bytes
  get_or<K: orderable, V: num_like>(bytes_view, K, V) -> V
  get_u32_u32_or(bytes_view, i32, i32) -> i32
  len<K: orderable, V: num_like>(bytes_view) -> i32
  len_u32_u32(bytes_view) -> i32
  put<K: orderable, V: num_like>(bytes, K, V) -> bytes
  put_u32_u32(bytes, i32, i32) -> bytes`,
  "std.btree_set": `
  contains<A: orderable>(bytes_view, A) -> i32
  contains_u32(bytes_view, i32) -> i32
  emit_le<A: orderable>(bytes) -> bytes
  emit_u32le(bytes) -> bytes
  empty() -> bytes
  empty_u32() -> bytes
  insert<A: orderable>(bytes, A) -> bytes
  insert_u32(bytes, i32) -> bytes
  len<A: orderable>(bytes_view) -> i32
  len_u32(bytes_view) -> i32`,
  "std.bytes": `
  alloc(i32) -> bytes
  cmp_range(bytes_view, i32, i32, bytes_view, i32, i32) -> i32
  concat(bytes_view, bytes_view) -> bytes
  copy(bytes_view) -> bytes
  count_u8(bytes_view, i32) -> i32
  drop(bytes_view, i32) -> bytes
  ends_with(bytes_view, bytes_view) -> i32
  eq(bytes_view, bytes_view) -> i32
  find_sub(bytes_view, bytes_view) -> i32
  find_u8(bytes_view, i32) -> i32
  get_u8(bytes_view, i32) -> i32
  len(bytes_view) -> i32
  max_u8(bytes_view) -> i32
  reverse(bytes_view) -> bytes
  set_u8(bytes, i32, i32) -> bytes
  slice(bytes_view, i32, i32) -> bytes
  slice_v1(bytes_view, i32, i32) -> bytes
  starts_with(bytes_view, bytes_view) -> i32
  strip_prefix_view(bytes_view, bytes_view) -> bytes_view
  strip_suffix_view(bytes_view, bytes_view) -> bytes_view
  sum_u8(bytes_view) -> i32
  take(bytes_view, i32) -> bytes
  trim_ascii_view(bytes_view) -> bytes_view`,
  "std.codec": `
  base64_decode_v1(bytes_view) -> bytes
  base64_encode_v1(bytes_view) -> bytes
  hex_decode_v1(bytes_view) -> bytes
  hex_encode_v1(bytes_view) -> bytes
  read_u32_le(bytes_view, i32) -> i32
  write_u32_le(i32) -> bytes`,
  "std.csv": `
  sum_second_col_i32_status_le(bytes_view) -> bytes
  sum_second_col_i32le_or_err(bytes_view) -> bytes`,
  "std.deque": `
  emit_le<A: num_like>(bytes_view) -> bytes
  front_or<A: num_like>(bytes_view, A) -> A
  len(bytes_view) -> i32
  pop_front(bytes) -> bytes
  push_back<A: num_like>(bytes, A) -> bytes
  with_capacity<A: num_like>(i32) -> bytes`,
  "std.deque_u32": `
  emit_u32le(bytes_view) -> bytes
  front_or(bytes_view, i32) -> i32
  len(bytes_view) -> i32
  pop_front(bytes) -> bytes
  push_back(bytes, i32) -> bytes
  with_capacity(i32) -> bytes`,
  "std.doc": `
  err_from_code_msg_v1(i32, bytes_view) -> bytes
  err_from_code_v1(i32) -> bytes
  err_payload_v1(bytes_view) -> bytes
  err_v1(bytes_view) -> bytes
  error_code_v1(bytes_view) -> i32
  error_msg_v1(bytes_view) -> bytes
  is_err_v1(bytes_view) -> i32
  is_ok_v1(bytes_view) -> i32
  ok_v1(bytes_view) -> bytes
  payload_v1(bytes_view) -> bytes`,
  "std.fmt": `
  s32_to_dec(i32) -> bytes
  u32_to_dec(i32) -> bytes`,
  "std.fs": `
  list_dir(bytes_view) -> bytes
  list_dir_sorted(bytes_view) -> bytes
  open_read(bytes_view) -> iface
  read(bytes_view) -> bytes
  read_async(bytes_view) -> bytes
  async read_task(bytes) -> bytes`,
  "std.hash": `
  fnv1a32_bytes(bytes_view) -> i32
  fnv1a32_range(bytes_view, i32, i32) -> i32
  fnv1a32_view(bytes_view) -> i32
  mix32(i32) -> i32`,
  "std.hash_map": `
  contains<K: hashable>(i32, K) -> i32
  contains_u32(i32, i32) -> i32
  emit_kv_le<K: orderable, V: num_like>(i32) -> bytes
  emit_kv_u32le_u32le(i32) -> bytes
  get_or<K: hashable, V: num_like>(i32, K, V) -> V
  get_u32_or(i32, i32, i32) -> i32
  len(i32) -> i32
  len_u32(i32) -> i32
  new(i32) -> i32
  new_u32(i32) -> i32
  set<K: hashable, V: num_like>(i32, K, V) -> i32
  set_u32(i32, i32, i32) -> i32
  with_capacity(i32) -> i32
  with_capacity_u32(i32) -> i32`,
  "std.hash_map_value": `
  clear(i32) -> i32
  contains<K: hashable>(i32, K) -> i32
  contains_bytes(i32, bytes) -> i32
  get_bytes_bytes_or(i32, bytes, bytes) -> bytes
  get_or<K: hashable, V: value>(i32, K, V) -> V
  len(i32) -> i32
  new<K: hashable, V: value>(i32) -> i32
  new_bytes_bytes(i32) -> i32
  remove<K: hashable>(i32, K) -> i32
  remove_bytes(i32, bytes) -> i32
  set<K: hashable, V: value>(i32, K, V) -> i32
  set_bytes_bytes(i32, bytes, bytes) -> i32
  with_capacity<K: hashable, V: value>(i32) -> i32
  with_capacity_bytes_bytes(i32) -> i32`,
  "std.hash_set": `
  add<A: hashable>(i32, A) -> i32
  add_u32(i32, i32) -> i32
  contains<A: hashable>(i32, A) -> i32
  contains_u32(i32, i32) -> i32
  emit_le<A: orderable>(i32) -> bytes
  emit_u32le(i32) -> bytes
  len(i32) -> i32
  len_u32(i32) -> i32
  new(i32) -> i32
  new_u32(i32) -> i32
  view_contains(bytes_view, bytes_view, i32, i32) -> i32
  view_insert(vec_u8, bytes_view, i32, i32) -> vec_u8
  view_len(bytes_view) -> i32
  view_new(i32) -> vec_u8`,
  "std.heap": `
  emit_le<A: orderable>(bytes) -> bytes
  len(bytes_view) -> i32
  min_or<A: orderable>(bytes_view, A) -> A
  pop_min<A: orderable>(bytes) -> bytes
  push<A: orderable>(bytes, A) -> bytes
  with_capacity<A: orderable>(i32) -> bytes`,
  "std.heap_u32": `
  emit_u32le(bytes) -> bytes
  len(bytes_view) -> i32
  min_or(bytes_view, i32) -> i32
  pop_min(bytes) -> bytes
  push(bytes, i32) -> bytes
  with_capacity(i32) -> bytes`,
  "std.http.envelope": `
  extract_body_base64_canon_or_err_v1(bytes_view) -> bytes
  extract_body_text_canon_or_err_v1(bytes_view) -> bytes
  extract_id_canon_or_err_v1(bytes_view) -> bytes
  extract_method_canon_or_err_v1(bytes_view) -> bytes
  extract_path_canon_or_err_v1(bytes_view) -> bytes
  extract_query_canon_or_err_v1(bytes_view) -> bytes
  response_base64_canon_v1(bytes_view, i32, bytes_view, i32, bytes_view) -> bytes
  response_text_canon_v1(bytes_view, i32, bytes_view, i32, bytes_view) -> bytes`,
  "std.io": `
  read(iface, i32) -> bytes
  read_all(iface) -> bytes`,
  "std.io.bufread": `
  consume(i32, i32) -> i32
  fill(i32) -> bytes_view
  new(iface, i32) -> i32`,
  "std.json": `
  canonicalize_small(bytes_view) -> bytes
  encode(bytes_view, i32) -> bytes
  extract_path_canon_or_err(bytes_view) -> bytes
  pretty_encode(bytes_view) -> bytes`,
  "std.kv": `
  get(bytes_view) -> bytes
  get_async(bytes_view) -> bytes
  get_stream(bytes_view) -> iface
  async get_task(bytes) -> bytes
  set(bytes, bytes) -> i32`,
  "std.lru_cache": `
  len(bytes_view) -> i32
  len_u32(bytes_view) -> i32
  new(i32) -> bytes
  new_u32(i32) -> bytes
  peek_opt<K: hashable, V: num_like>(bytes_view, K) -> option_i32
  peek_or<K: hashable, V: num_like>(bytes_view, K, V) -> V
  peek_u32_opt(bytes_view, i32) -> option_i32
  peek_u32_or(bytes_view, i32, i32) -> i32
  put<K: hashable, V: num_like>(bytes, K, V) -> bytes
  put_u32(bytes, i32, i32) -> bytes
  touch<K: hashable>(bytes, K) -> bytes
  touch_u32(bytes, i32) -> bytes`,
  "std.map": `
  word_freq_sorted_ascii(bytes_view) -> bytes`,
  "std.option": `
  is_some(bytes_view) -> i32
  none() -> bytes
  payload(bytes_view) -> bytes
  some_bytes(bytes_view) -> bytes
  some_i32_le(i32) -> bytes
  unwrap_i32_le(bytes_view, i32) -> i32`,
  "std.parse": `
  i32_dec(bytes_view) -> result_i32
  i32_status_le(bytes_view) -> bytes
  i32_status_le_at(bytes_view, i32) -> bytes
  u32_dec(bytes_view) -> result_i32
  u32_dec_at(bytes_view, i32) -> i32
  u32_status_le(bytes_view) -> bytes
  u32_status_le_at(bytes_view, i32) -> bytes`,
  "std.path": `
  basename(bytes_view) -> bytes
  extname(bytes_view) -> bytes
  is_safe_relative(bytes_view) -> i32
  join(bytes_view, bytes_view) -> bytes
  join_checked(bytes_view, bytes_view) -> result_bytes
  normalize_posix(bytes_view) -> bytes
  parent(bytes_view) -> bytes`,
  "std.pbt.case_v1": `
  encode_v1(i32, bytes_view, bytes_view) -> bytes
  param_count_v1(bytes_view) -> i32
  param_slice_v1(bytes_view, i32) -> bytes_view
  payload_base_v1(bytes_view) -> i32
  read_bytes_v1(bytes_view, i32) -> bytes
  read_i32_v1(bytes_view, i32) -> i32`,
  "std.pbt.gen_v1": `
  map_u32_to_bounded_v1(i32, i32) -> i32
  next_bounded_u32_v1(i32, i32) -> bytes
  next_bytes_v1(i32, i32) -> bytes`,
  "std.pbt.shrink_v1": `
  bytes_candidates_case_v1(bytes_view) -> bytes
  i32_candidates_case_v1(i32) -> bytes`,
  "std.prng": `
  lcg_next_u32(i32) -> i32
  x07rand32_v1_stream(bytes_view) -> bytes`,
  "std.process": `
  set_exit_code_v1(i32) -> i32`,
  "std.regex-lite": `
  count_matches_u32le(bytes_view) -> bytes
  find_literal(bytes_view, bytes_view) -> i32
  is_match_literal(bytes_view, bytes_view) -> i32`,
  "std.result": `
  chain_sum_csv_i32(bytes_view) -> bytes
  err0() -> bytes
  is_ok(bytes_view) -> i32
  ok_bytes(bytes_view) -> bytes
  ok_i32_le(i32) -> bytes
  payload(bytes_view) -> bytes
  unwrap_i32_le(bytes_view, i32) -> i32`,
  "std.rr": `
  append_v1(i32, bytes_view) -> result_i32
  close_v1(i32) -> i32
  current_v1() -> i32
  entry_err_v1(bytes_view) -> i32
  entry_resp_v1(bytes_view) -> bytes
  next_v1(i32, bytes_view, bytes_view, bytes_view) -> result_bytes
  open_v1(bytes_view) -> result_i32
  stats_v1(i32) -> bytes`,
  "std.set": `
  unique_lines_sorted(bytes_view) -> bytes`,
  "std.slab": `
  alloc(bytes) -> bytes
  alloc_u32(bytes) -> bytes
  cap(bytes_view) -> i32
  cap_u32(bytes_view) -> i32
  free(bytes, i32) -> bytes
  free_head(bytes_view) -> i32
  free_head_u32(bytes_view) -> i32
  free_u32(bytes, i32) -> bytes
  get_or<V: num_like>(bytes_view, i32, V) -> V
  get_u32(bytes_view, i32, i32) -> i32
  len(bytes_view) -> i32
  len_u32(bytes_view) -> i32
  new<V: num_like>(i32) -> bytes
  new_u32(i32) -> bytes
  set<V: num_like>(bytes, i32, V) -> bytes
  set_u32(bytes, i32, i32) -> bytes`,
  "std.slice": `
  clamp(bytes, i32, i32) -> bytes
  cmp_bytes(bytes, bytes) -> i32`,
  "std.small_map": `
  empty() -> bytes
  empty_bytes_u32() -> bytes
  get_bytes_u32(bytes_view, bytes_view) -> i32
  get_bytes_u32_or(bytes_view, bytes_view, i32) -> i32
  get_or<V: num_like>(bytes_view, bytes_view, V) -> V
  inc1<V: num_like>(bytes, bytes_view) -> bytes
  inc1_bytes_u32(bytes, bytes_view) -> bytes
  iter_init_v1(bytes_view) -> i32
  iter_next_v1(bytes_view, i32) -> bytes
  len<V: num_like>(bytes_view) -> i32
  len_bytes_u32(bytes_view) -> i32
  put<V: num_like>(bytes, bytes_view, V) -> bytes
  put_bytes_u32(bytes, bytes_view, i32) -> bytes
  remove<V: num_like>(bytes, bytes_view) -> bytes
  remove_bytes_u32(bytes, bytes_view) -> bytes`,
  "std.small_set": `
  contains<K: bytes_like>(bytes_view, K) -> i32
  contains_bytes(bytes, bytes) -> i32
  empty() -> bytes
  empty_bytes() -> bytes
  insert<K: bytes_like>(bytes, K) -> bytes
  insert_bytes(bytes, bytes) -> bytes
  iter_init_v1(bytes_view) -> i32
  iter_next_v1(bytes_view, i32) -> bytes
  len(bytes_view) -> i32
  len_bytes(bytes) -> i32`,
  "std.str": `
  as_bytes(bytes@std.str.utf8_v1) -> bytes
  char_count(bytes_view@std.str.utf8_v1) -> i32
  from_bytes_v1(bytes) -> result_bytes@std.str.utf8_v1
  len(bytes_view@std.str.utf8_v1) -> i32
  slice_v1(bytes_view@std.str.utf8_v1, i32, i32) -> result_bytes@std.str.utf8_v1
  to_lower_ascii(bytes_view@std.str.utf8_v1) -> bytes
  to_upper_ascii(bytes_view@std.str.utf8_v1) -> bytes
  validate_v1(bytes_view) -> result_i32`,
  "std.test": `
  assert_bytes_eq(bytes, bytes, i32) -> result_i32
  assert_i32_eq(i32, i32, i32) -> result_i32
  assert_true(i32, i32) -> result_i32
  assert_view_eq(bytes_view, bytes_view, i32) -> result_i32
  code_assert_bytes_eq() -> i32
  code_assert_i32_eq() -> i32
  code_assert_true() -> i32
  code_assert_view_eq() -> i32
  code_fail_generic() -> i32
  fail(i32) -> result_i32
  pass() -> result_i32
  status_fail(i32) -> bytes
  status_from_result_i32(result_i32) -> bytes
  status_ok() -> bytes
  status_skip() -> bytes
  status_v1(i32, i32) -> bytes`,
  "std.text.ascii": `
  first_line_view(bytes_view) -> bytes_view
  is_alpha(i32) -> i32
  is_space_tab(i32) -> i32
  kth_line_view(bytes_view, i32) -> bytes_view
  last_line_view(bytes_view) -> bytes_view
  normalize_lines(bytes_view) -> bytes
  split_lines_view(bytes_view) -> bytes@std.text.slices.x7sl_v1
  split_u8(bytes_view, i32) -> bytes@std.text.slices.x7sl_v1
  to_lower_u8(i32) -> i32
  to_upper_u8(i32) -> i32
  tokenize_words_lower(bytes_view) -> bytes`,
  "std.text.slices": `
  builder_finish_v1(vec_u8, i32) -> bytes@std.text.slices.x7sl_v1
  builder_new_v1(i32) -> vec_u8
  builder_push_v1(vec_u8, i32, i32) -> vec_u8
  cast_bytes_v1(bytes) -> result_bytes@std.text.slices.x7sl_v1
  copy_at_v1(bytes_view, bytes_view@std.text.slices.x7sl_v1, i32) -> bytes
  count_v1(bytes_view@std.text.slices.x7sl_v1) -> i32
  len_v1(bytes_view@std.text.slices.x7sl_v1, i32) -> i32
  start_v1(bytes_view@std.text.slices.x7sl_v1, i32) -> i32
  validate_v1(bytes_view) -> result_i32
  view_at_v1(bytes_view, bytes_view@std.text.slices.x7sl_v1, i32) -> bytes_view`,
  "std.text.utf8": `
  count_codepoints_or_neg1(bytes_view) -> i32
  is_valid(bytes_view) -> i32
  validate_or_empty(bytes_view) -> bytes`,
  "std.u32": `
  pow2_ceil(i32) -> i32
  push_le(vec_u8, i32) -> vec_u8
  read_le_at(bytes_view, i32) -> i32
  read_le_at_vec_u8(vec_u8, i32) -> i32
  write_le_at(bytes, i32, i32) -> bytes
  write_le_at_vec_u8(vec_u8, i32, i32) -> vec_u8`,
  "std.vec": `
  as_bytes(vec_u8) -> bytes
  extend_bytes(vec_u8, bytes_view) -> vec_u8
  get(vec_u8, i32) -> i32
  len(vec_u8) -> i32
  push(vec_u8, i32) -> vec_u8
  reserve_exact(vec_u8, i32) -> vec_u8
  with_capacity(i32) -> vec_u8`,
  "std.vec_value": `
  clear(i32) -> i32
  get_bytes_or(i32, i32, bytes) -> bytes
  get_or<T: value>(i32, i32, T) -> T
  len(i32) -> i32
  pop(i32) -> i32
  push<T: value>(i32, T) -> i32
  push_bytes(i32, bytes) -> i32
  reserve_exact(i32, i32) -> i32
  set<T: value>(i32, i32, T) -> i32
  set_bytes(i32, i32, bytes) -> i32
  with_capacity<T: value>(i32) -> i32
  with_capacity_bytes(i32) -> i32`,
  "std.view": `
  slice_v1(bytes_view, i32, i32) -> bytes_view`,
  "std.world.fs": `
  read_file(bytes_view) -> bytes
  read_file_async(bytes_view) -> bytes`,
};
