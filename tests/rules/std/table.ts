// What the std functions do, as a table: a body, inputs and outputs (latin1; "trap" for a trap). Knows no executor.

export interface Row {
  readonly about: string;
  /** The body of solve in the text of std sources; it must give bytes. */
  readonly solve: string;
  readonly runs: readonly (readonly [input: string, output: string])[];
}

const row = (about: string, solve: string, ...runs: Row["runs"]): Row => ({ about, solve, runs });
/** A number as decimal text. */
const dec = (e: string): string => `(fmt.s32_to_dec ${e})`;
/** Numbers as decimal text, each followed by a comma. */
const decs = (...es: string[]): string =>
  `(begin (let out (vec_u8.with_capacity 16)) ${es
    .map((e) => `(set out (vec_u8.push (vec_u8.extend_bytes out ${dec(e)}) ','))`)
    .join(" ")} (vec_u8.into_bytes out))`;
export const le = (...numbers: number[]): string => {
  const b = Buffer.alloc(4 * numbers.length);
  numbers.forEach((n, i) => b.writeUInt32LE(n >>> 0, 4 * i));
  return b.toString("latin1");
};
const at = (i: number): string => `(codec.read_u32_le input ${4 * i})`;
const error = (code: number): string => `\0${le(code, 0)}`;

export const vectors: Row[] = [
  row("vec: push keeps the low byte, as_bytes has the length", `(begin (let v (std.vec.with_capacity 0)) (set v (std.vec.push v 321)) (set v (std.vec.extend_bytes v input)) (std.vec.as_bytes (std.vec.reserve_exact v 3)))`, ["", "A"], ["xy", "Axy"]),
  row("vec: get beyond the end traps", dec(`(std.vec.get (std.vec.extend_bytes (std.vec.with_capacity 4) input) 1)`), ["ab", "98"], ["a", "trap"]),
  row("vec: len", dec(`(std.vec.len (std.vec.extend_bytes (std.vec.with_capacity 4) input))`), ["", "0"], ["abc", "3"]),
];

export const views: Row[] = [
  row("view.slice_v1 never traps", `(view.to_bytes (std.view.slice_v1 (view.slice input 8 (- (view.len input) 8)) ${at(0)} ${at(1)}))`,
    [le(1, 2) + "abcd", "bc"], [le(-1, 2) + "abcd", "ab"], [le(9, 1) + "abcd", ""], [le(1, -1) + "abcd", ""], [le(2, 0x7fffffff) + "abcd", "cd"], [le(0, 0), ""], [le(-5, -5) + "x", ""]),
  row("slice.clamp cuts to the bounds", `(std.slice.clamp (view.to_bytes input) 1 2)`, ["", ""], ["a", ""], ["abcd", "bc"]),
  row("slice.cmp_bytes: bytes are unsigned, a prefix comes first", dec(`(std.slice.cmp_bytes (std.bytes.take input 1) (std.bytes.drop input 1))`), ["", "0"], ["a", "1"], ["aa", "0"], ["a\xff", "-1"], ["\xff" + "a", "1"], ["aab", "-1"]),
];

export const bytesRows: Row[] = [
  row("bytes.find_u8", decs("(std.bytes.find_u8 input 'b')", "(std.bytes.count_u8 input 'b')"), ["", "-1,0,"], ["b", "0,1,"], ["aabb", "2,2,"]),
  row("bytes.find_sub", dec("(std.bytes.find_sub input (bytes.view_lit \"aab\"))"), ["", "-1"], ["aab", "0"], ["aaab", "1"], ["aaa", "-1"], ["xaaxaab", "4"]),
  row("bytes.find_sub of nothing is at 0", dec("(std.bytes.find_sub input (bytes.view_lit \"\"))"), ["", "0"], ["a", "0"]),
  row("bytes.max_u8 and sum_u8 are unsigned", decs("(std.bytes.max_u8 input)", "(std.bytes.sum_u8 input)"), ["", "0,0,"], ["\xff\x01", "255,256,"]),
  row("bytes.starts_with and ends_with", decs("(std.bytes.starts_with input (bytes.view_lit \"ab\"))", "(std.bytes.ends_with input (bytes.view_lit \"ab\"))"), ["", "0,0,"], ["a", "0,0,"], ["ab", "1,1,"], ["abx", "1,0,"], ["xab", "0,1,"]),
  row("bytes.starts_with nothing", decs("(std.bytes.starts_with input (bytes.view_lit \"\"))", "(std.bytes.ends_with input (bytes.view_lit \"\"))"), ["", "1,1,"], ["a", "1,1,"]),
  row("bytes.strip_prefix_view", `(view.to_bytes (std.bytes.strip_prefix_view input (bytes.view_lit "ab")))`, ["ab", ""], ["abab", "ab"], ["ba", "ba"]),
  row("bytes.strip_suffix_view", `(view.to_bytes (std.bytes.strip_suffix_view input (bytes.view_lit "ab")))`, ["ab", ""], ["xab", "x"], ["ba", "ba"]),
  row("bytes.trim_ascii_view", `(view.to_bytes (std.bytes.trim_ascii_view input))`, [" \t\r\n", ""], ["\n a\tb \r", "a\tb"], ["\0 ", "\0"]),
  row("bytes.reverse, copy, concat", `(std.bytes.concat (std.bytes.reverse input) (std.bytes.copy input))`, ["", ""], ["abc", "cbaabc"]),
  row("bytes.take and drop clamp", `(std.bytes.concat (std.bytes.take (view.slice input 4 (- (view.len input) 4)) ${at(0)}) (std.bytes.concat (bytes.lit "|") (std.bytes.drop (view.slice input 4 (- (view.len input) 4)) ${at(0)})))`,
    [le(0) + "ab", "|ab"], [le(1) + "ab", "a|b"], [le(7) + "ab", "ab|"], [le(-1) + "ab", "|ab"]),
  row("bytes.slice clamps", `(std.bytes.slice (view.slice input 8 (- (view.len input) 8)) ${at(0)} ${at(1)})`, [le(1, 9) + "abc", "bc"], [le(-2, 2) + "abc", "ab"], [le(5, 1) + "abc", ""]),
  row("bytes.eq and cmp_range", decs("(std.bytes.eq input (bytes.view_lit \"ab\"))", "(std.bytes.cmp_range input 0 2 (bytes.view_lit \"xab\") 1 2)"), ["ab", "1,0,"], ["aa", "0,-1,"], ["ac", "0,1,"], ["a", "trap"]),
  row("bytes.alloc is zero, set_u8 and get_u8", `(std.bytes.set_u8 (std.bytes.alloc 3) (std.bytes.get_u8 input 0) 65)`, ["\0", "A\0\0"], ["\x02", "\0\0A"], ["\x03", "trap"], ["", "trap"]),
];

const json: readonly (readonly [string, string])[] = [
  ["", "ERR"], [" ", "ERR"], ["null", "null"], ["nul", "ERR"], ["nullx", "ERR"], ["null x", "ERR"], [" true ", "true"], ["false", "false"], ["True", "ERR"],
  ["0", "0"], ["-0", "-0"], ["-", "ERR"], ["00", "ERR"], ["-01", "ERR"], ["1.0", "ERR"], ["1e1", "ERR"], ["+1", "ERR"], [".5", "ERR"], ["123456789012345678901234567890", "123456789012345678901234567890"],
  ['""', '""'], ['"a', "ERR"], ['"\\"', "ERR"], ['"\\\\"', '"\\\\"'], ['"\\u00e9"', '"\\u00e9"'], ['"\\u00g0"', "ERR"], ['"\\u00e"', "ERR"], ['"\\u12"', "ERR"], ['"\\a"', "ERR"], ['"\\', "ERR"], ['"\n"', "ERR"], ['"\x7f\xff"', '"\x7f\xff"'], ['"\\b\\f\\n\\r\\t\\/"', '"\\b\\f\\n\\r\\t\\/"'],
  ["[]", "[]"], ["[ ]", "[]"], ["[1, 2 ]", "[1,2]"], ["[1 2]", "ERR"], ["[,]", "ERR"], ["[1,]", "ERR"], ["[1", "ERR"], ["[", "ERR"], ["]", "ERR"], ["[}", "ERR"], ["[[],[[]]]", "[[],[[]]]"],
  ["{}", "{}"], ["{ }", "{}"], ['{"a"}', "ERR"], ['{"a":}', "ERR"], ['{"a":1', "ERR"], ['{"a" 1}', "ERR"], ["{1:2}", "ERR"], ["{,}", "ERR"], ['{"a":1,}', "ERR"], ['{"a":1]', "ERR"],
  ['{"b":1,"a":2}', '{"a":2,"b":1}'], ['{"ab":1,"a":2,"":3}', '{"":3,"a":2,"ab":1}'], ['{"a":1,"a":0,"A":2}', '{"A":2,"a":1,"a":0}'],
  ['{"z":{"d":1,"c":[{"y":1,"x":2}]},"a":[ {"k":"v"} ]}', '{"a":[{"k":"v"}],"z":{"c":[{"x":2,"y":1}],"d":1}}'],
  ['{"\\u0062":1,"a":2}', '{"\\u0062":1,"a":2}'], ["\xff", "ERR"], ["\0", "ERR"], ['{"c":"}","b":"{","a":","}', '{"a":",","b":"{","c":"}"}'],
];
const many = Array.from({ length: 40 }, (_, i) => `"k${(i * 17) % 40}":[${i}]`);
const sorted = [...many].sort((a, b) => (a.slice(0, a.indexOf(":") - 1) < b.slice(0, b.indexOf(":") - 1) ? -1 : 1));
export const jsonRows: Row[] = [
  row("json.canonicalize_small", "(std.json.canonicalize_small input)", ...json, [`{${many.join(" , ")}}`, `{${sorted.join(",")}}`]),
  row("json.canonicalize_small in deep nesting", "(std.json.canonicalize_small input)", ["[".repeat(900) + "]".repeat(900), "[".repeat(900) + "]".repeat(900)], ["[".repeat(900), "ERR"], ['{"a":'.repeat(300) + "1" + "}".repeat(300), '{"a":'.repeat(300) + "1" + "}".repeat(300)]),
  row("json.encode without canonical form keeps the inside", "(std.json.encode input 0)", [' {"b": 1,"a":2}\n', '{"b": 1,"a":2}'], ["[1,", "ERR"], ["1 2", "ERR"], ["", "ERR"]),
  row("json.encode: bit 0 alone decides", "(std.bytes.concat (std.json.encode input 3) (std.json.encode input 4))", ['{"b":1 ,"a":2}', '{"a":2,"b":1}{"b":1 ,"a":2}']),
  row("json.pretty_encode", "(std.json.pretty_encode input)", ["{}", "{}"], ["[ ]", "[]"], ['"a"', '"a"'], ["[1", "ERR"], ['"ERR"', '"ERR"'],
    ['{"b":[1,{}],"a":{"c":"x:{,"}}', '{\n  "a": {\n    "c": "x:{,"\n  },\n  "b": [\n    1,\n    {}\n  ]\n}'], ["[[],[[1]]]", "[\n  [],\n  [\n    [\n      1\n    ]\n  ]\n]"]),
  row("json.extract_path_canon_or_err", "(std.json.extract_path_canon_or_err input)",
    ['{"a":1}\0a', "1"], [' { "a" : { "b" : [ 1 ] } } \0a.b', "[1]"], ['{"a":{"b":1}}\0a', '{"b":1}'], ['{"a":1}\0', "ERR"], ['{"a":1}\0.a', "ERR"], ['{"a":1}\0a.', "ERR"], ['{"a":1}\0b', "ERR"], ['{"a":1}\0a.b', "ERR"],
    ['{"a":1}a', "ERR"], ["\0a", "ERR"], ["", "ERR"], ["[1]\0a", "ERR"], ['{"a":1,"a":2}\0a', "1"], ['{"ab":1,"a":2}\0a', "2"], ['{"a":{"x":1},"x":2}\0x', "2"], ['{"a":1,"b":tru}\0a', "ERR"], ['{"a":1} 2\0a', "ERR"],
    ['{"a":{"z":1,"b":2}}\0a', '{"b":2,"z":1}'], ['{"a":"\\"}","b":[{}, "]"] ,"c":3}\0c', "3"], ['{"a":1}\0a\0', "ERR"], ['{"\\u0061":1}\0a', "ERR"], ['{"\\u0061":1}\0\\u0061', "1"], ["{}\0a", "ERR"]),
];

export const envelopeRows: Row[] = [
  row("http.envelope accessors", `(std.bytes.concat (std.http.envelope.extract_id_canon_or_err_v1 input) (std.bytes.concat (std.http.envelope.extract_query_canon_or_err_v1 input) (std.http.envelope.extract_body_base64_canon_or_err_v1 input)))`,
    ['{"id":"a","query":"q=1","body":{"base64":"YQ=="}}', '"a""q=1""YQ=="'], ["{}", "ERRERRERR"], ["x", "ERRERRERR"]),
  row("http.envelope method, path and text", `(std.bytes.concat (std.http.envelope.extract_method_canon_or_err_v1 input) (std.bytes.concat (std.http.envelope.extract_path_canon_or_err_v1 input) (std.http.envelope.extract_body_text_canon_or_err_v1 input)))`,
    ['{"method":"GET","path":"/a","body":{"text":"t"}}', '"GET""/a""t"']),
  row("http.envelope.response_base64_canon_v1", `(std.http.envelope.response_base64_canon_v1 (bytes.lit "\\"r\\"") 404 (bytes.lit "[]") (view.len input) (bytes.lit "\\"YQ==\\""))`,
    ["a", '{"schema_version":"x07.http.response.envelope@0.1.0","request_id":"r","status":404,"headers":[],"body":{"bytes_len":1,"base64":"YQ=="}}\n']),
  row("http.envelope.response_text_canon_v1", `(std.http.envelope.response_text_canon_v1 (bytes.lit "\\"r\\"") 200 (bytes.lit "[1]") 0 (bytes.lit "\\"\\""))`,
    ["", '{"schema_version":"x07.http.response.envelope@0.1.0","request_id":"r","status":200,"headers":[1],"body":{"bytes_len":0,"text":""}}\n']),
];

const all256 = Array.from({ length: 256 }, (_, i) => String.fromCharCode(i)).join("");
const b64 = (s: string): string => Buffer.from(s, "latin1").toString("base64");
export const codecRows: Row[] = [
  row("codec.base64_encode_v1", "(std.codec.base64_encode_v1 input)", ...["", "a", "ab", "abc", "abcd", all256].map((s) => [s, b64(s)] as const)),
  row("codec.base64_decode_v1", "(std.codec.base64_decode_v1 input)", ...["", "a", "ab", "abc", "abcd", all256].map((s) => [b64(s), `\x01${s}`] as const),
    ["a", error(1)], ["abcde", error(1)], ["a*==", error(2)], ["*a==", error(2)], ["aa*=", error(2)], ["aaa*", error(2)], ["====", error(2)], ["a===", error(2)], ["YQ=x", error(3)], ["YQ==YQ==", error(3)], ["YWI=YWI=", error(3)], ["YR==", error(3)], ["YWJ=", error(3)], ["\xffaaa", error(2)]),
  row("codec.hex_encode_v1", "(std.codec.hex_encode_v1 input)", ["", ""], ["\x00\x9f\xff", "009fff"]),
  row("codec.hex_decode_v1", "(std.codec.hex_decode_v1 input)", ["", "\x01"], ["00fFAb", "\x01\x00\xff\xab"], ["0", error(1)], ["0g", error(2)], ["g0", error(2)], ["@0", error(2)], ["0`", error(2)]),
  row("codec u32", "(std.codec.write_u32_le (std.codec.read_u32_le input 1))", ["xabcd", "abcd"], ["abcd", "trap"]),
  row("doc.ok_v1 and its readers", `(std.bytes.concat (std.doc.ok_v1 input) ${decs("(std.doc.is_ok_v1 (std.doc.ok_v1 input))", "(std.doc.is_err_v1 (std.doc.ok_v1 input))", "(std.doc.error_code_v1 (std.doc.ok_v1 input))")})`, ["", "\x011,0,0,"], ["hi", "\x01hi1,0,0,"]),
  row("doc.err_v1 has code 0", "(std.doc.err_v1 input)", ["no", `\0${le(0, 2)}no`], ["", error(0)]),
  row("doc readers on any bytes", decs("(std.doc.is_ok_v1 input)", "(std.doc.is_err_v1 input)", "(std.doc.error_code_v1 input)"), ["", "0,1,0,"], ["\x01", "1,0,0,"], [`\0${le(7, 0)}`, "0,1,7,"], ["\0\x01", "0,1,0,"], ["\x02", "0,0,0,"], [`\x02${le(7, 0)}`, "0,0,0,"]),
  row("doc.payload_v1 is empty for errors", "(std.doc.payload_v1 input)", ["", ""], ["\x01", ""], ["\x01ab", "ab"], [`\0${le(7, 0)}`, ""]),
  row("doc.error_msg_v1 is empty when it is no error or not all there", "(std.doc.error_msg_v1 input)", [`\0${le(7, 3)}abc`, "abc"], [`\0${le(7, 9)}abc`, ""], [`\0${le(7, 2)}abc`, "ab"], [`\x02${le(7, 3)}abc`, ""], ["\x01abc", ""], ["", ""], ["\0a", ""]),
];

export const parseRows: Row[] = [
  row("fmt", "(std.bytes.concat (std.fmt.u32_to_dec (codec.read_u32_le input 0)) (std.fmt.s32_to_dec (codec.read_u32_le input 0)))", [le(0), "00"], [le(-1), "4294967295-1"], [le(0x80000000), "2147483648-2147483648"], [le(10), "1010"]),
  row("parse.u32_dec", `(begin (let r (std.parse.u32_dec input)) ${decs("(result_i32.unwrap_or r -7)", "(result_i32.err_code r)")})`,
    ["", "-7,1,"], [" \t", "-7,1,"], ["0", "0,0,"], ["\t007 ", "7,0,"], ["4294967295", "-1,0,"], ["4294967296", "-7,3,"], ["99999999999999999999", "-7,3,"], ["-1", "-7,2,"], ["+1", "-7,2,"], ["1 1", "-7,2,"], ["1\n", "-7,2,"]),
  row("parse.i32_dec", `(begin (let r (std.parse.i32_dec input)) ${decs("(result_i32.unwrap_or r -7)", "(result_i32.err_code r)")})`,
    ["", "-7,1,"], ["+0", "0,0,"], ["-2147483648", "-2147483648,0,"], ["-2147483649", "-7,3,"], ["2147483647", "2147483647,0,"], ["2147483648", "-7,3,"], ["-", "-7,2,"], ["--1", "-7,2,"], ["- 1", "-7,2,"], [" -12\t", "-12,0,"]),
  row("parse.u32_dec_at reads to the end or traps", dec("(std.parse.u32_dec_at input 1)"), ["x12", "12"], ["x", "trap"], ["", "trap"], ["x1x", "trap"]),
  row("parse.u32_status_le", "(std.parse.u32_status_le input)", ["", "\0"], ["5", `\x01${le(5)}`], ["-5", "\0"], ["4294967296", "\0"]),
  row("parse.i32_status_le", "(std.parse.i32_status_le input)", ["", "\0"], ["-5", `\x01${le(-5)}`], ["2147483648", "\0"]),
  row("parse.u32_status_le_at", "(std.parse.u32_status_le_at input 1)", ["x 12 y", `\x01${le(12, 5)}`], ["x12", `\x01${le(12, 3)}`], ["x", "\0"], ["xy", "\0"], ["x4294967296", "\0"], ["", "\0"], ["x-1", "\0"]),
  row("parse.i32_status_le_at", "(std.parse.i32_status_le_at input 0)", ["-12,", `\x01${le(-12, 3)}`], ["+3", `\x01${le(3, 2)}`], ["-", "\0"], ["2147483648", "\0"], ["-2147483648", `\x01${le(-2147483648, 11)}`], ["", "\0"]),
];

export const textRows: Row[] = [
  row("text.ascii letters", decs("(std.text.ascii.is_alpha (view.get_u8 input 0))", "(std.text.ascii.to_lower_u8 (view.get_u8 input 0))", "(std.text.ascii.to_upper_u8 (view.get_u8 input 0))", "(std.text.ascii.is_space_tab (view.get_u8 input 0))"),
    ["a", "1,97,65,0,"], ["Z", "1,122,90,0,"], ["@", "0,64,64,0,"], ["[", "0,91,91,0,"], ["`", "0,96,96,0,"], ["{", "0,123,123,0,"], ["\t", "0,9,9,1,"], [" ", "0,32,32,1,"], ["\xc1", "0,193,193,0,"]),
  row("text.ascii.normalize_lines", "(std.text.ascii.normalize_lines input)", ["", ""], ["\n\r\n", ""], [" a \r\n\tb c\t\n\n", "a\nb c"], ["a\rb", "a\nb"]),
  row("text.ascii.tokenize_words_lower", "(std.text.ascii.tokenize_words_lower input)", ["", ""], ["1 2", ""], ["A1b-C", "a b c"], ["\xe1b@", "b"]),
  row("text.ascii line views", `(std.bytes.concat (std.text.ascii.first_line_view input) (std.bytes.concat (bytes.lit "|") (std.text.ascii.last_line_view input)))`, ["", "|"], ["a", "a|a"], ["a\nb", "a|b"], ["a\nb\n", "a|b"], ["a\n\n", "a|"], ["\r\n", "\r|\r"]),
  row("text.ascii.kth_line_view", `(view.to_bytes (std.text.ascii.kth_line_view (view.slice input 4 (- (view.len input) 4)) ${at(0)}))`, [le(0) + "a\nb", "a"], [le(1) + "a\nb", "b"], [le(2) + "a\nb", ""], [le(1) + "a\n", ""], [le(-1) + "a\nb", "a"], [le(0), ""]),
  row("text.ascii.split_u8", "(std.text.ascii.split_u8 input ',')", ["", `X7SL${le(1, 1, 0, 0)}`], ["a,b", `X7SL${le(1, 2, 0, 1, 2, 1)}`], [",", `X7SL${le(1, 2, 0, 0, 1, 0)}`]),
  row("text.ascii.split_lines_view", "(std.text.ascii.split_lines_view input)", ["", `X7SL${le(1, 1, 0, 0)}`], ["a\r\nb", `X7SL${le(1, 2, 0, 1, 3, 1)}`], ["a\n", `X7SL${le(1, 1, 0, 1)}`], ["\n\n", `X7SL${le(1, 2, 0, 0, 1, 0)}`], ["\r", `X7SL${le(1, 1, 0, 0)}`]),
  row("text.ascii.split_u8: a separator beyond a byte is never met", "(std.text.ascii.split_u8 input 353)", ["aba", `X7SL${le(1, 1, 0, 3)}`]),
  row("text.slices.builder_new_v1 takes less than nothing as nothing", `(std.text.slices.builder_finish_v1 (std.text.slices.builder_new_v1 ${at(0)}) 0)`, [le(-5), `X7SL${le(1, 0)}`]),
  row("text.slices readers", `(begin (let l (std.text.ascii.split_u8 input ',')) (std.bytes.concat (std.text.slices.copy_at_v1 input l 1) ${decs("(std.text.slices.count_v1 l)", "(std.text.slices.start_v1 l 1)", "(std.text.slices.len_v1 l 1)")}))`, ["ab,cde", "cde2,3,3,"], ["ab", "1,0,0,"]),
  row("text.slices.validate_v1", `(begin (let r (std.text.slices.validate_v1 input)) ${decs("(- (result_i32.err_code r) 0x7e510000)", "(result_i32.unwrap_or r -1)")})`, ...([[`X7SL${le(1, 0)}`, -0x7e510000, 0], [`X7SL${le(1, 1, 0, 0)}`, -0x7e510000, 1], [`X7SL${le(1, 1, -1, 2)}`, -0x7e510000, 1], ["", 1, -1], ["X7SX", 1, -1], [`X7SX${le(1, 0)}`, 4, -1], [`X7SL${le(2, 0)}`, 2, -1], [`X7SL${le(1, 1)}`, 3, -1], [`X7SL${le(1, 0)}x`, 3, -1]] as const).map(([input, code, count]) => [input, `${code},${count},`] as const)),
  row("text.slices.cast_bytes_v1", `(result_bytes.unwrap_or (std.text.slices.cast_bytes_v1 (view.to_bytes input)) (bytes.lit "bad"))`, [`X7SL${le(1, 0)}`, `X7SL${le(1, 0)}`], ["x", "bad"]),
  row("text.utf8", `(std.bytes.concat ${decs("(std.text.utf8.is_valid input)", "(std.text.utf8.count_codepoints_or_neg1 input)")} (std.text.utf8.validate_or_empty input))`,
    ["", "1,0,"], ["a\x7f", "1,2,a\x7f"], ["\xc2\x80", "1,1,\xc2\x80"], ["\xc1\xbf", "0,-1,"], ["\xc2", "0,-1,"], ["\xe0\x9f\xbf", "0,-1,"], ["\xe0\xa0\x80", "1,1,\xe0\xa0\x80"], ["\xed\x9f\xbf", "1,1,\xed\x9f\xbf"], ["\xed\xa0\x80", "0,-1,"], ["\xf0\x8f\xbf\xbf", "0,-1,"], ["\xf0\x90\x80\x80", "1,1,\xf0\x90\x80\x80"], ["\xf4\x90\x80\x80", "0,-1,"], ["\xf5\x80\x80\x80", "0,-1,"], ["\x80", "0,-1,"], ["a\xe2\x82", "0,-1,"], ["\xf0\x9f\x98", "0,-1,"]),
  row("text.slices.cast_bytes_v1 gives the code of validate_v1", dec("(result_bytes.err_code (std.text.slices.cast_bytes_v1 (view.to_bytes input)))"), [`X7SL${le(1, 0)}`, "0"], ["x", String(0x7e510001)]),
  row("str", `(begin (let s (result_bytes.unwrap_or (std.str.from_bytes_v1 (view.to_bytes input)) (bytes.lit "bad"))) (let v (bytes.view s)) (let n ${decs("(std.str.len v)", "(std.str.char_count v)")}) (std.bytes.concat (std.str.to_lower_ascii v) (std.bytes.concat (std.str.to_upper_ascii v) n)))`, ["aB", "abAB2,2,"], ["\xff", "badBAD3,3,"], ["\xc3\xa9", "\xc3\xa9\xc3\xa92,1,"]),
  row("str.as_bytes", "(std.str.as_bytes (view.to_bytes input))", ["ab", "ab"]),
  row("str.validate_v1", `(begin (let r (std.str.validate_v1 input)) ${decs("(result_i32.err_code r)", "(result_i32.unwrap_or r -1)")})`, ["", "0,0,"], ["ab", "0,0,"], ["\xff", `${0x554e4838},-1,`]),
  row("str.slice_v1 keeps characters whole and traps out of bounds", `(begin (let r (std.str.slice_v1 input 1 2)) (if (result_bytes.is_ok r) (result_bytes.unwrap_or r (bytes.alloc 0)) ${dec("(result_bytes.err_code r)")}))`, ["abcd", "bc"], ["ab", "trap"], ["a\xc3\xa9", "\xc3\xa9"], ["\xc3\xa9b", String(0x554e4838)]),
  row("regex-lite literals", decs(`(std.regex-lite.find_literal input (bytes.lit "ab"))`, `(std.regex-lite.is_match_literal input (bytes.lit "ab"))`), ["", "-1,0,"], ["xab", "1,1,"]),
  row("regex-lite.count_matches_u32le", "(std.regex-lite.count_matches_u32le input)", ["a\0", le(0)], ["\0a", le(0)], ["a", le(0)], ["a.c\0abcacc", le(2)], ["aa\0aaaaa", le(2)], ["a*a\0aaa b a", le(2)], ["ab*c\0acabcabbc", le(3)], [".*\0abc", le(1)], ["x\0abc", le(0)], ["a.\0a", le(0)]),
  row("regex-lite: a pattern of other than letters, dots and stars matches nothing", "(std.regex-lite.count_matches_u32le input)", ["1\x001", le(0)], ["a b\0a b", le(0)], ["\xe9\0\xe9", le(0)], ["aZ.\0aZ1", le(1)], ["a*Z*\0aZ", le(1)]),
  row("regex-lite: a star that follows no character matches nothing", "(std.regex-lite.count_matches_u32le input)", ["*\0a*", le(0)], ["*a\0a", le(0)], ["a**\0aa", le(0)], [".**\0ab", le(0)]),
];

export const numberRows: Row[] = [
  row("u32.read_le_at and write_le_at", "(std.u32.write_le_at (view.to_bytes input) 1 (std.u32.read_le_at input 0))", ["abcde", "aabcd"], ["abcd", "trap"], ["abc", "trap"]),
  row("u32.push_le", `(vec_u8.into_bytes (std.u32.push_le (vec_u8.with_capacity 0) ${at(0)}))`, ["abcd", "abcd"]),
  row("u32.pow2_ceil", dec(`(std.u32.pow2_ceil ${at(0)})`), [le(0), "1"], [le(1), "1"], [le(2), "2"], [le(3), "4"], [le(1024), "1024"], [le(1025), "2048"], [le(0x40000001), "-2147483648"], [le(-1), "1"], [le(0x80000000), "1"]),
  row("u32 in vecs", `(begin (let v (vec_u8.extend_bytes (vec_u8.with_capacity 8) input)) (set v (std.u32.write_le_at_vec_u8 v 2 66)) ${dec("(std.u32.read_le_at_vec_u8 v 2)")})`, ["abcdef", "66"], ["abcde", "trap"]),
  row("bit.popcount_u32", dec(`(std.bit.popcount_u32 ${at(0)})`), [le(0), "0"], [le(-1), "32"], [le(0x80000001), "2"]),
  row("prng.lcg_next_u32", dec(`(std.prng.lcg_next_u32 ${at(0)})`), [le(0), "12345"], [le(1), "1103527590"]),
  row("prng.x07rand32_v1_stream of less than 12 bytes is empty", "(std.prng.x07rand32_v1_stream input)", ["", ""], ["12345678901", ""], [le(0, 0, 0), ""]),
  row("hash", decs("(std.hash.fnv1a32_view input)", "(std.hash.fnv1a32_bytes input)", "(std.hash.fnv1a32_range input 1 1)", "(std.hash.mix32 (view.len input))"), ["\0\0", "292984781,292984781,84696351,821347078,"], ["ab", "1294271946,1294271946,-418632219,821347078,"], ["a", "trap"]),
];

const three = "(std.small_map.put_bytes_u32 (std.small_map.put_bytes_u32 (std.small_map.empty_bytes_u32) (bytes.lit \"b\") 2) (bytes.lit \"a\") 1)";
const entry = (k: string, v: number): string => le(k.length) + k + le(v);
const fill = (from: string, add: string): string => `(let c ${from}) (for i 0 (view.len input) (set c (${add} c (view.get_u8 input i))))`;
/** Lets c be a cache after some operations. */
const lru = (cap: number, ...steps: readonly (readonly ["put" | "touch", ...number[]])[]): string =>
  `(let c (std.lru_cache.new_u32 ${cap})) ${steps.map(([op, ...args]) => `(set c (std.lru_cache.${op}_u32 c ${args.join(" ")}))`).join(" ")}`;
export const collectionRows: Row[] = [
  row("small_map keeps keys sorted", `(std.small_map.put_bytes_u32 ${three} input 9)`, ["", entry("", 9) + entry("a", 1) + entry("b", 2)], ["a", entry("a", 9) + entry("b", 2)], ["ab", entry("a", 1) + entry("ab", 9) + entry("b", 2)], ["c", entry("a", 1) + entry("b", 2) + entry("c", 9)]),
  row("small_map get, get_or, len", `(begin (let m ${three}) ${decs("(std.small_map.get_bytes_u32 m input)", "(std.small_map.get_bytes_u32_or m input -1)", "(std.small_map.len_bytes_u32 m)")})`, ["a", "1,1,2,"], ["x", "0,-1,2,"], ["", "0,-1,2,"]),
  row("small_map remove", `(std.small_map.remove_bytes_u32 ${three} input)`, ["a", entry("b", 2)], ["b", entry("a", 1)], ["x", entry("a", 1) + entry("b", 2)]),
  row("small_map inc1", `(std.small_map.inc1_bytes_u32 ${three} input)`, ["b", entry("a", 1) + entry("b", 3)], ["c", entry("a", 1) + entry("b", 2) + entry("c", 1)]),
  row("small_map iteration", `(begin (let m ${three}) (std.small_map.iter_next_v1 m ${at(0)}))`, [le(0), "\x01" + entry("a", 1)], [le(9), "\x01" + entry("b", 2)], [le(18), error(1)], [le(99), error(1)], [le(17), error(2)], [le(-1), error(2)], [le(1), error(2)]),
  row("small_map iteration starts at 0 and stops at damage", "(std.small_map.iter_next_v1 input (std.small_map.iter_init_v1 input))", ["", error(1)], ["a", error(2)], [le(5), error(2)], [le(1) + "ab", error(2)], [entry("a", 2), "\x01" + entry("a", 2)]),
  row("small_map with values of a type", `(begin (let m (tapp std.small_map.put (tys i32) (std.small_map.empty) input -7)) (set m (tapp std.small_map.inc1 (tys u32) m input)) (set m (tapp std.small_map.inc1 (tys u32) m (bytes.view_lit "b"))) (let n ${decs("(tapp std.small_map.get_or (tys i32) m input 0)", "(tapp std.small_map.get_or (tys i32) m (bytes.view_lit \"zz\") -1)", "(tapp std.small_map.len (tys i32) m)")}) (std.bytes.concat n (tapp std.small_map.remove (tys i32) m input)))`, ["a", "-6,-1,2," + entry("b", 1)], ["b", "-5,-1,1,"]),
  row("small_set", `(begin (let s (tapp std.small_set.insert (tys bytes_view) (std.small_set.insert_bytes (std.small_set.empty) (bytes.lit "k")) input)) (let n ${decs("(std.small_set.len s)", "(tapp std.small_set.contains (tys bytes_view) s input)", "(tapp std.small_set.contains (tys bytes) s (bytes.lit \"q\"))")}) (std.bytes.concat n s))`, ["k", "1,1,0," + le(1) + "k"], ["a", "2,1,0," + le(1) + "a" + le(1) + "k"], ["", "2,1,0," + le(0) + le(1) + "k"]),
  row("small_set iteration", `(begin (let s (std.small_set.insert_bytes (std.small_set.empty_bytes) (bytes.lit "k"))) (std.small_set.iter_next_v1 s ${at(0)}))`, [le(0), "\x01k"], [le(5), error(1)], [le(6), error(1)], [le(-1), error(2)], [le(1), error(2)]),
  row("small_set of bytes takes what it is given", decs("(std.small_set.len_bytes (std.small_set.empty_bytes))", "(std.small_set.contains_bytes (std.small_set.insert_bytes (std.small_set.empty_bytes) (view.to_bytes input)) (view.to_bytes input))", "(std.small_set.iter_init_v1 input)"), ["a", "0,1,0,"]),
  row("btree_map sorts unsigned and replaces", `(begin (let m (std.btree_map.empty_u32_u32)) (for i 0 (>>u (view.len input) 2) (set m (std.btree_map.put_u32_u32 m (codec.read_u32_le input (* i 4)) i))) (let n ${decs("(std.btree_map.len_u32_u32 m)", "(std.btree_map.get_u32_u32_or m 5 -1)", "(std.btree_map.contains_u32_u32 m 6)")}) (std.bytes.concat n (std.btree_map.emit_kv_u32le_u32le m)))`,
    ["", "0,-1,0,"], [le(5, -1, 0, 5), "3,3,0," + le(0, 2, 5, 3, -1, 1)], [le(6, 4, 2, 8), "4,-1,1," + le(2, 2, 4, 1, 6, 0, 8, 3)]),
  row("btree_map of a type is in its order", `(begin (let m (std.btree_map.empty)) (for i 0 (>>u (view.len input) 2) (set m (tapp std.btree_map.put (tys i32 i32) m (codec.read_u32_le input (* i 4)) i))) (let n ${decs("(tapp std.btree_map.len (tys i32 i32) m)", "(tapp std.btree_map.get_or (tys i32 i32) m 5 -1)", "(tapp std.btree_map.contains (tys i32 i32) m 6)")}) (std.bytes.concat n (tapp std.btree_map.emit_kv_le (tys i32 i32) m)))`,
    ["", "0,-1,0,"], [le(5, -1, 0, 5), "3,3,0," + le(-1, 1, 0, 2, 5, 3)]),
  row("btree_set of a type is in its order", `(begin (let m (std.btree_set.empty)) (for i 0 (>>u (view.len input) 2) (set m (tapp std.btree_set.insert (tys i32) m (codec.read_u32_le input (* i 4))))) (let n ${decs("(tapp std.btree_set.len (tys i32) m)", "(tapp std.btree_set.contains (tys i32) m -1)")}) (std.bytes.concat n (tapp std.btree_set.emit_le (tys i32) m)))`,
    ["", "0,0,"], [le(5, -1, 0, 5), "3,1," + le(-1, 0, 5)]),
  row("btree_map and btree_set do not mind half an entry", decs("(std.btree_map.get_u32_u32_or input 9 -1)", "(std.btree_set.contains_u32 input 9)"), [le(1, 2) + "abcd", "-1,0,"], ["abc", "-1,0,"]),
  row("btree_set", `(begin ${fill("(std.btree_set.empty_u32)", "std.btree_set.insert_u32")} (let n ${decs("(std.btree_set.len_u32 c)", "(std.btree_set.contains_u32 c 'b')")}) (std.bytes.concat n (std.btree_set.emit_u32le c)))`, ["", "0,0,"], ["cabab", "3,1," + le(97, 98, 99)]),
  row("deque_u32 grows around its head", `(begin (let c (std.deque_u32.with_capacity 2)) (for i 0 (view.len input) (begin (set c (std.deque_u32.push_back c (view.get_u8 input i))) (if (& i 1) (set c (std.deque_u32.pop_front c)) 0))) (let n ${decs("(std.deque_u32.len c)", "(std.deque_u32.front_or c -1)")}) (std.bytes.concat n (std.deque_u32.emit_u32le c)))`,
    ["", "0,-1,"], ["a", "1,97," + le(97)], ["abcdefg", "4,100," + le(100, 101, 102, 103)]),
  row("deque_u32: capacity is at least 1, popping nothing is nothing", `(std.deque_u32.pop_front (std.deque_u32.with_capacity 0))`, ["", le(1, 0, 0, 0)]),
  row("deque of a type", `(begin (let q (tapp std.deque.with_capacity (tys i32) 1)) (set q (tapp std.deque.push_back (tys i32) q -5)) (set q (tapp std.deque.push_back (tys i32) q 6)) ${decs("(tapp std.deque.front_or (tys i32) q 0)", "(std.deque.len q)", "(tapp std.deque.front_or (tys i32) (tapp std.deque.with_capacity (tys i32) 1) 9)")})`, ["", "-5,2,9,"]),
  row("deque of a type is the ring of deque_u32", "(begin (let q (tapp std.deque.with_capacity (tys i32) 1)) (set q (tapp std.deque.push_back (tys i32) q 5)) (set q (tapp std.deque.push_back (tys i32) q -1)) (set q (std.deque.pop_front q)) (std.bytes.concat q (tapp std.deque.emit_le (tys i32) q)))", ["", le(2, 1, 1, 5, -1, -1)]),
  row("heap of a type: capacity, length, slots", "(tapp std.heap.push (tys i32) (tapp std.heap.push (tys i32) (tapp std.heap.with_capacity (tys i32) -1) 5) -1)", ["", le(2, 2, -1, 5)]),
  row("heap: popping nothing is nothing", "(tapp std.heap.pop_min (tys u32) (tapp std.heap.with_capacity (tys u32) 2))", ["", le(2, 0, 0, 0)]),
  row("heap_u32 is unsigned", `(begin (let h (std.heap_u32.with_capacity 0)) (for i 0 (>>u (view.len input) 2) (set h (std.heap_u32.push h (codec.read_u32_le input (* i 4))))) (let n ${decs("(std.heap_u32.len h)", "(std.heap_u32.min_or h 7)")}) (std.bytes.concat n (std.heap_u32.emit_u32le h)))`,
    ["", "0,7,"], [le(3, -1, 1, 2, 1), "5,1," + le(1, 1, 2, 3, -1)]),
  row("heap of a type is in its order", `(begin (let h (tapp std.heap.with_capacity (tys i32) 0)) (for i 0 (>>u (view.len input) 2) (set h (tapp std.heap.push (tys i32) h (codec.read_u32_le input (* i 4))))) (let n ${decs("(tapp std.heap.min_or (tys i32) h 7)", "(std.heap.len h)")}) (set h (tapp std.heap.pop_min (tys i32) h)) (std.bytes.concat n (tapp std.heap.emit_le (tys i32) h)))`,
    ["", "7,0,"], [le(3, -1, 1, 2), "-1,4," + le(1, 2, 3)]),
  row("bitset", `(begin (let a (std.bitset.set (std.bitset.new 9) ${at(0)})) (let b (std.bitset.set (std.bitset.new 9) 8)) (let n ${decs(`(std.bitset.test a ${at(0)})`, "(std.bitset.intersection_count a b)")}) (std.bytes.concat n a))`, [le(0), "1,0,\x01\0"], [le(8), "1,1,\0\x01"], [le(15), "1,0,\0\x80"], [le(16), "trap"]),
  row("slab hands out 1, 2, …, takes back, and is full at its capacity", `(begin (let s (std.slab.new_u32 2)) (set s (std.slab.alloc_u32 s)) (set s (std.slab.set_u32 s 1 5)) (set s (std.slab.alloc_u32 s)) (let f (std.slab.free_head_u32 s)) (set s (std.slab.free_u32 s 1)) (set s (std.slab.set_u32 s 1 6)) ${decs("f", "(std.slab.free_head_u32 s)", "(std.slab.len_u32 s)", "(std.slab.cap_u32 s)", "(std.slab.get_u32 s 1 -1)", "(std.slab.get_u32 s 2 -1)", "(std.slab.get_u32 s 0 -1)", "(std.slab.get_u32 s 3 -1)")})`, ["", "0,1,1,2,-1,0,-1,-1,"]),
  row("slab of a type, and one without room", `(begin (let s (tapp std.slab.new (tys i32) 1)) (set s (std.slab.alloc s)) (set s (tapp std.slab.set (tys i32) s 1 -5)) (let n ${decs("(std.slab.len s)", "(std.slab.cap s)", "(std.slab.free_head s)", "(tapp std.slab.get_or (tys i32) s 1 0)", "(tapp std.slab.get_or (tys i32) s 2 9)")}) (set s (std.slab.free s 1)) (std.bytes.concat (std.bytes.concat n (std.slab.alloc s)) (std.slab.new_u32 -1)))`, ["", "1,1,0,-5,9," + le(1, 1, 0, -1, -5) + le(0, 0, 0)]),
  row("lru_cache: what was used longest ago is dropped", `(begin ${lru(3, ["put", 1, 10], ["put", 2, 20], ["put", 3, 30], ["put", 4, 40], ["touch", 3], ["put", 5, 50])} c)`, ["", le(3, 3, 2, 1, 1, 0, 2, 3, 0, 4, 5, 3, 40, 50, 30, 3, 0, 2, 0, 3, 1)]),
  row("lru_cache: new, touched, replaced", `(begin ${lru(2, ["put", 1, 10], ["put", 2, 20], ["touch", 9], ["touch", 1], ["put", 2, 21])} (let n ${decs("(std.lru_cache.len_u32 c)", "(std.lru_cache.peek_u32_or c 2 -1)", "(std.lru_cache.peek_u32_or c 3 -1)", "(option_i32.unwrap_or (std.lru_cache.peek_u32_opt c 1) -1)", "(option_i32.is_some (std.lru_cache.peek_u32_opt c 3))")}) (std.bytes.concat n (std.lru_cache.new_u32 2)))`, ["", "2,21,-1,10,0," + le(2, 0, 0, 0, 2, 1, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0)]),
  row("lru_cache of one, of none", `(begin ${lru(1, ["put", 1, 10], ["put", 2, 20], ["put", 2, 21], ["put", 3, 30])} (std.bytes.concat c (std.lru_cache.touch_u32 (std.lru_cache.put_u32 (std.lru_cache.new_u32 0) -1 10) -1)))`, ["", le(1, 1, 1, 1, 1, 0, 0, 3, 30, 0, 0) + le(0, 0, 0, 0, 2, 0)]),
  row("lru_cache: the key 0xffffffff traps, so does what is no cache", "(begin (let c (std.lru_cache.put_u32 (if (view.len input) (view.to_bytes input) (std.lru_cache.new_u32 2)) -1 1)) c)", ["", "trap"], ["abc", "trap"]),
  row("lru_cache of types", `(begin (let c (tapp std.lru_cache.put (tys i32 i32) (std.lru_cache.new 2) -5 -6)) (set c (tapp std.lru_cache.touch (tys i32) c -5)) ${decs("(std.lru_cache.len c)", "(tapp std.lru_cache.peek_or (tys i32 i32) c -5 0)", "(option_i32.unwrap_or (tapp std.lru_cache.peek_opt (tys i32 i32) c -5) 0)")})`, ["", "1,-6,-6,"]),
  row("hash_map", `(begin (let m (std.hash_map.new_u32 4)) (for i 0 (>>u (view.len input) 2) (std.hash_map.set_u32 m (codec.read_u32_le input (* i 4)) i)) (let n ${decs("(std.hash_map.len_u32 m)", "(std.hash_map.get_u32_or m 9 -1)", "(std.hash_map.contains_u32 m 9)")}) (std.bytes.concat n (std.hash_map.emit_kv_u32le_u32le m)))`,
    ["", "0,-1,0,"], [le(9, 1, -2, 9), "3,3,1," + le(1, 1, 9, 3, -2, 2)], [le(1, 2, 3, 4, 5), "trap"], [le(-1), "trap"]),
  row("hash_map: new takes powers of two, with_capacity anything", decs(`(std.hash_map.with_capacity ${at(0)})`, `(std.hash_map.with_capacity_u32 ${at(0)})`, `(std.hash_map.new ${at(0)})`), [le(1), "1,2,3,"], [le(8), "1,2,3,"], [le(0), "trap"], [le(3), "trap"], [le(-4), "trap"]),
  row("hash_map.with_capacity has room for twice as many", `(begin (let m (std.hash_map.with_capacity 3)) (for i 0 (view.len input) (std.hash_map.set_u32 m i i)) ${decs("(std.hash_map.len m)")})`, ["12345678", "8,"], ["123456789", "trap"]),
  row("hash_map.with_capacity has room for two at least", `(begin (let m (std.hash_map.with_capacity (- (view.len input) (view.len input)))) (for i 0 (view.len input) (std.hash_map.set_u32 m i i)) ${decs("(std.hash_map.len m)")})`, ["12", "2,"], ["123", "trap"]),
  row("hash_map of types is in their order", `(begin (let m (std.hash_map.new 4)) (let n ${decs("(tapp std.hash_map.set (tys i32 i32) m 5 1)", "(tapp std.hash_map.set (tys i32 i32) m -2 2)", "(tapp std.hash_map.set (tys i32 i32) m 5 3)", "(tapp std.hash_map.get_or (tys i32 i32) m -2 9)", "(tapp std.hash_map.contains (tys i32) m 7)")}) (std.bytes.concat n (tapp std.hash_map.emit_kv_le (tys i32 i32) m)))`, ["", "1,1,0,2,0," + le(-2, 2, 5, 3)]),
  row("hash_set", `(begin (let s (std.hash_set.new_u32 4)) (let fresh 0) (for i 0 (view.len input) (set fresh (+ fresh (std.hash_set.add_u32 s (view.get_u8 input i))))) (let n ${decs("(std.hash_set.contains_u32 s 'a')", "(std.hash_set.len_u32 s)", "fresh")}) (std.bytes.concat n (std.hash_set.emit_u32le s)))`, ["", "0,0,0,"], ["cabc", "1,3,3," + le(97, 98, 99)], ["abcde", "trap"]),
  row("hash_set: a set is a map to 1", `(begin (let m (std.hash_map.new 4)) (let s (std.hash_set.new 4)) (std.hash_set.add_u32 s 5) (let n ${decs("m", "s", "(std.hash_map.get_u32_or s 5 9)", "(std.hash_set.add_u32 m 7)")}) (std.bytes.concat n (std.hash_map.emit_kv_u32le_u32le m)))`, ["", "1,2,1,1," + le(7, 1)]),
  row("hash_set of a type is in its order", `(begin (let s (std.hash_set.new 4)) (tapp std.hash_set.add (tys i32) s 5) (tapp std.hash_set.add (tys i32) s -2) (let n ${decs("(std.hash_set.len s)", "(tapp std.hash_set.contains (tys i32) s -2)")}) (std.bytes.concat n (std.bytes.concat (tapp std.hash_set.emit_le (tys i32) s) (tapp std.hash_set.emit_le (tys u32) s))))`, ["", "2,1," + le(-2, 5) + le(5, -2)]),
  row("hash_set of slices grows", `(begin (let s (std.hash_set.view_new 1)) (for i 0 (- (view.len input) 1) (set s (std.hash_set.view_insert s input i 2))) (let v (vec_u8.as_view s)) ${decs("(std.hash_set.view_len v)", "(std.hash_set.view_contains v input 0 2)", "(std.hash_set.view_contains v input 0 1)")})`, ["aaaa", "1,1,0,"], ["abcabcdefghijk", "11,1,0,"]),
  row("hash_set of slices: index, size, length, then the slices, linked where their hashes agree", `(begin (let s (std.hash_set.view_new 3)) (set s (std.hash_set.view_insert s input 0 10)) (set s (std.hash_set.view_insert s input 10 6)) (set s (std.hash_set.view_insert s input 0 10)) (set s (std.hash_set.view_insert s input 99 0)) (let n ${decs("(std.hash_set.view_contains s input 0 10)", "(std.hash_set.view_contains s input 10 6)", "(std.hash_set.view_contains s input 5 0)", "(std.hash_set.view_contains s input 5 1)")}) (std.bytes.concat n (vec_u8.into_bytes s)))`, ["costarringliquid", "1,1,1,0," + le(1, 8, 3, 0, 10, 0, 10, 6, 1, 99, 0, 0)]),
  row("hash_set.view_new", "(vec_u8.into_bytes (std.hash_set.view_new (codec.read_u32_le input 0)))", [le(-5), le(1, 8, 0)], [le(4), le(1, 8, 0)], [le(7), le(1, 16, 0)], [le(9), le(1, 32, 0)]),
  row("vec_value of bytes", `(begin (let v (std.vec_value.with_capacity_bytes 1)) (std.vec_value.push_bytes v (view.to_bytes input)) (std.vec_value.push_bytes v (bytes.lit "y")) (std.vec_value.set_bytes v 1 (bytes.lit "z")) (let a (std.vec_value.get_bytes_or v 0 (bytes.lit "d"))) (let b (std.vec_value.get_bytes_or v 1 (bytes.lit "d"))) (std.bytes.concat (std.bytes.concat a b) (std.vec_value.get_bytes_or v 2 (bytes.lit "d"))))`, ["x", "xzd"]),
  row("vec_value of numbers", `(begin (let v (tapp std.vec_value.with_capacity (tys i32) 2)) (tapp std.vec_value.push (tys i32) v 7) (tapp std.vec_value.push (tys u32) v -8) (tapp std.vec_value.set (tys i32) v 0 9) ${decs("(tapp std.vec_value.get_or (tys i32) v 0 5)", "(tapp std.vec_value.get_or (tys i32) v 1 5)", "(tapp std.vec_value.get_or (tys i32) v 2 5)", "(tapp std.vec_value.get_or (tys u32) v -1 5)")})`, ["", "9,-8,5,5,"]),
  row("vec_value: the same bytes under both names; another kind traps", `(begin (let v (tapp std.vec_value.with_capacity (tys bytes) 2)) (tapp std.vec_value.push (tys bytes) v (view.to_bytes input)) (if (view.len input) 0 (tapp std.vec_value.push (tys i32) v 1)) (std.bytes.concat (std.vec_value.get_bytes_or v 0 (bytes.alloc 0)) (tapp std.vec_value.get_or (tys bytes) v 1 (bytes.lit "d"))))`, ["ab", "abd"], ["", "trap"]),
  row("vec_value of views takes copies", `(begin (let v (tapp std.vec_value.with_capacity (tys bytes_view) 2)) (tapp std.vec_value.push (tys bytes_view) v input) ${decs("(std.vec_value.len v)")})`, ["ab", "1,"]),
  row("vec_value functions give the handle", decs("(begin (std.vec_value.with_capacity_bytes 0) (std.vec_value.with_capacity_bytes 0))", "(std.vec_value.push_bytes 2 (view.to_bytes input))", "(std.vec_value.len 2)", "(std.vec_value.len 1)", "(std.vec_value.set_bytes 2 0 (bytes.alloc 0))", "(std.vec_value.reserve_exact 2 5)", "(std.vec_value.pop 2)", "(std.vec_value.pop 2)", "(std.vec_value.len 2)", "(std.vec_value.clear 2)"), ["x", "2,2,1,0,2,2,2,2,0,2,"]),
  row("vec_value: what was popped or cleared is gone", `(begin (let v (std.vec_value.with_capacity_bytes 0)) (std.vec_value.push_bytes v (bytes.lit "a")) (std.vec_value.push_bytes v (bytes.lit "b")) (std.vec_value.pop v) (let a (std.vec_value.get_bytes_or v 1 (bytes.lit "-"))) (std.vec_value.push_bytes v (view.to_bytes input)) (let b (std.vec_value.get_bytes_or v 1 (bytes.lit "-"))) (std.vec_value.clear v) (std.vec_value.push_bytes v (bytes.lit "d")) (std.bytes.concat a (std.bytes.concat b (std.bytes.concat (std.vec_value.get_bytes_or v 0 (bytes.lit "-")) (std.vec_value.get_bytes_or v 1 (bytes.lit "-"))))))`, ["c", "-cd-"]),
  row("vec_value traps out of range, on bad handles and sizes", `(begin (let v (std.vec_value.with_capacity_bytes ${at(0)})) (std.vec_value.reserve_exact v ${at(1)}) (std.vec_value.len ${at(2)}) (std.vec_value.push_bytes v (bytes.alloc 0)) (std.vec_value.set_bytes v ${at(3)} (bytes.alloc 0)) (bytes.alloc 0))`, [le(0, 0, 1, 0), ""], [le(-1, 0, 1, 0), "trap"], [le(0, -1, 1, 0), "trap"], [le(0, 0, 2, 0), "trap"], [le(0, 0, 1, 1), "trap"], [le(0, 0, 1, -1), "trap"]),
  row("hash_map_value of bytes", `(begin (let m (std.hash_map_value.new_bytes_bytes 4)) (std.hash_map_value.set_bytes_bytes m (bytes.lit "k") (bytes.lit "1")) (std.hash_map_value.set_bytes_bytes m (bytes.lit "k") (bytes.lit "2")) (let n ${decs("(std.hash_map_value.len m)", "(std.hash_map_value.contains_bytes m (view.to_bytes input))")}) (std.bytes.concat n (std.hash_map_value.get_bytes_bytes_or m (view.to_bytes input) (bytes.lit "no"))))`, ["k", "1,1,2"], ["", "1,0,no"]),
  row("hash_map_value of numbers", `(begin (let m (tapp std.hash_map_value.new (tys i32 u32) 4)) (tapp std.hash_map_value.set (tys i32 i32) m -1 5) (tapp std.hash_map_value.set (tys i32 i32) m -1 6) (tapp std.hash_map_value.set (tys i32 i32) m 2 7) (tapp std.hash_map_value.remove (tys i32) m 2) ${decs("(std.hash_map_value.len m)", "(tapp std.hash_map_value.get_or (tys i32 i32) m -1 9)", "(tapp std.hash_map_value.get_or (tys i32 i32) m 2 9)", "(tapp std.hash_map_value.contains (tys u32) m -1)")})`, ["", "1,6,9,1,"]),
  row("hash_map_value of views to bytes; another kind traps", `(begin (let m (tapp std.hash_map_value.with_capacity (tys bytes_view bytes) 3)) (tapp std.hash_map_value.set (tys bytes_view bytes) m input (bytes.lit "v")) (if (view.len input) 0 (tapp std.hash_map_value.remove (tys bytes) m (bytes.lit "k"))) (tapp std.hash_map_value.get_or (tys bytes_view bytes) m (bytes.view_lit "ab") (bytes.lit "d")))`, ["ab", "v"], ["a", "d"], ["", "trap"]),
  row("hash_map_value functions give the handle", decs("(begin (std.hash_map_value.new_bytes_bytes 1) (std.hash_map_value.with_capacity_bytes_bytes -1))", "(std.hash_map_value.set_bytes_bytes 2 (view.to_bytes input) (bytes.alloc 0))", "(std.hash_map_value.set_bytes_bytes 2 (bytes.alloc 0) (bytes.alloc 0))", "(std.hash_map_value.len 2)", "(std.hash_map_value.remove_bytes 2 (view.to_bytes input))", "(std.hash_map_value.remove_bytes 2 (view.to_bytes input))", "(std.hash_map_value.len 2)", "(std.hash_map_value.clear 2)", "(std.hash_map_value.len 2)", "(std.hash_map_value.contains_bytes 2 (bytes.alloc 0))"), ["x", "2,2,2,2,2,2,1,2,0,0,"]),
  row("hash_map_value grows, and takes powers of two only", `(begin (let m (std.hash_map_value.new_bytes_bytes ${at(0)})) (for i 0 20 (std.hash_map_value.set_bytes_bytes m (codec.write_u32_le i) (codec.write_u32_le (* i i)))) (let n ${decs("(std.hash_map_value.len m)")}) (std.bytes.concat n (std.hash_map_value.get_bytes_bytes_or m (codec.write_u32_le 7) (bytes.alloc 0))))`, [le(1), "20," + le(49)], [le(0), "trap"], [le(3), "trap"], [le(-1), "trap"]),
  row("map.word_freq_sorted_ascii", "(std.map.word_freq_sorted_ascii input)", ["", ""], ["1", ""], ["b A b", "a=1\nb=2"], ["x ab a abc ab", "a=1\nab=2\nabc=1\nx=1"]),
  row("set.unique_lines_sorted", "(std.set.unique_lines_sorted input)", ["", ""], ["\n \r\n", ""], ["b\r\n a\t\nb\nab", "a\nab\nb"]),
];

export const otherRows: Row[] = [
  row("csv.sum_second_col", "(std.bytes.concat (std.csv.sum_second_col_i32_status_le input) (std.csv.sum_second_col_i32le_or_err input))",
    ["", `\x01${le(0, 0)}`], ["\n\n", `\x01${le(0, 0)}`], ["a, 1 \r\nb,2", `\x01${le(3, 3)}`], ["a,2147483647\nb,1", "\0ERR"], ["a,-2147483648\nb,-1", "\0ERR"], ["a,x", "\0ERR"], ["a", "\0ERR"], ["a,1,2", "\0ERR"], ["a,", "\0ERR"]),
  row("result", `(begin (let r (std.result.ok_i32_le ${at(0)})) (let n ${decs("(std.result.is_ok r)", "(std.result.unwrap_i32_le r -1)", "(std.result.unwrap_i32_le (std.result.err0) -1)")}) (std.bytes.concat n (std.result.payload (std.result.ok_bytes input))))`, ["abcd", "1,1684234849,-1,abcd"]),
  row("result of too few bytes is the default", dec("(std.result.unwrap_i32_le input -1)"), ["", "-1"], ["\x01abc", "-1"], ["\x01abcd", "1684234849"], ["\0abcd", "-1"]),
  row("result.chain_sum_csv_i32", "(std.result.chain_sum_csv_i32 input)", ["12", `\x01${le(12)}`], ["1,2, 3 ,+4,-20", `\x01${le(-10)}`], ["", "\0"], ["1,", "\0"], ["a", "\0"], ["1,2\n3", "\0"], ["2147483647,1", "\0"], ["-2147483648,-1", "\0"], ["2147483647,-1,1", `\x01${le(2147483647)}`]),
  row("option", `(begin (let o (std.option.some_bytes input)) (let n ${decs("(std.option.is_some o)", "(std.option.is_some (std.option.none))", "(std.option.unwrap_i32_le o -1)", "(std.option.unwrap_i32_le (std.option.some_i32_le 3) -1)")}) (std.bytes.concat n (std.option.payload o)))`, ["", "1,0,-1,3,"], ["abcd", "1,0,1684234849,3,abcd"]),
  row("path.join", `(std.path.join (bytes.lit "a/") input)`, ["", "a/"], ["b", "a/b"], ["/b", "a/b"], ["//b", "a//b"]),
  row("path.join to nothing", `(std.path.join input (bytes.lit "b"))`, ["", "b"], ["a", "a/b"], ["/", "/b"]),
  row("path.basename and extname", `(std.bytes.concat (std.path.basename input) (std.bytes.concat (bytes.lit "|") (std.path.extname input)))`, ["", "|"], ["/", "|"], ["a/b.c", "b.c|.c"], ["a.b/", "a.b|.b"], ["a.", "a.|"], [".a", ".a|.a"], ["a.b.c", "a.b.c|.c"], ["a.b/c", "c|"]),
  row("path.normalize_posix", "(std.path.normalize_posix input)", ["", ""], [".", ""], ["./a/", "a"], ["a/../..", ".."], ["../../a", "../../a"], ["a/b/../../c", "c"], ["/..", "/"], ["/a/..", "/"], ["//a//b/", "/a/b"], ["..a", "..a"], ["a/...", "a/..."], ["../a/../..", "../.."]),
  row("path.parent", "(std.path.parent input)", ["", ""], ["a", ""], ["a/b", "a"], ["/a/b", "/a"], ["a/./b/c/..", "a"], ["/", "/"], ["//", "/"], ["/..", "/"], ["/a", "/"]),
  row("path.is_safe_relative", dec("(std.path.is_safe_relative input)"), ["", "0"], ["a", "1"], [".", "0"], ["..", "0"], ["a/..", "0"], ["a/../../b", "0"], ["/a", "0"], ["..a", "1"], ["a/../b", "1"]),
  row("path.join_checked", `(result_bytes.unwrap_or (std.path.join_checked (bytes.lit "base") input) (bytes.lit "no"))`, ["a", "base/a"], ["a//./b/", "base/a/b"], ["a/../b", "base/b"], ["../a", "no"], ["/a", "no"], ["", "no"]),
  row("test: asserts", `(begin (let b (bytes.view_lit "a")) (std.bytes.concat (std.test.status_from_result_i32 (std.test.assert_i32_eq (view.len input) 1 7)) (std.bytes.concat (std.test.status_from_result_i32 (std.test.assert_bytes_eq (view.to_bytes input) (view.to_bytes b) 8)) (std.bytes.concat (std.test.status_from_result_i32 (std.test.assert_view_eq input b 9)) (std.test.status_from_result_i32 (std.test.assert_true (view.len input) 10))))))`, ["a", `\x01${le(0)}`.repeat(4)], ["b", `\x01${le(0)}\0${le(8)}\0${le(9)}\x01${le(0)}`], ["", `\0${le(7)}\0${le(8)}\0${le(9)}\0${le(10)}`]),
  row("test: an assert keeps any code", decs("(result_i32.is_ok (std.test.assert_true 0 0))", "(result_i32.is_ok (std.test.fail 0))", "(result_i32.err_code (std.test.fail -3))", "(result_i32.unwrap_or (std.test.pass) 9)", "(result_i32.unwrap_or (std.test.assert_true 2 1) 9)"), ["", "0,0,-3,0,0,"]),
  row("test: statuses", `(std.bytes.concat (std.bytes.concat (std.test.status_ok) (std.test.status_fail 7)) (std.bytes.concat (std.test.status_skip) (std.test.status_v1 257 -2)))`, ["", `\x01${le(0)}\0${le(7)}\x02${le(0)}\x01${le(-2)}`]),
  row("test: codes", decs("(std.test.code_assert_true)", "(std.test.code_assert_i32_eq)", "(std.test.code_assert_bytes_eq)", "(std.test.code_assert_view_eq)", "(std.test.code_fail_generic)"), ["", "1001,1002,1003,1004,1099,"]),
  row("io", "(begin (let r (io.open_read_bytes input)) (let a (std.io.read r 2)) (std.bytes.concat (std.io.read r 9) a))", ["", ""], ["abc", "cab"]),
  row("io.read_all gives what is left", "(begin (let r (io.open_read_bytes input)) (let a (std.io.read r 2)) (let b (std.io.read_all r)) (std.bytes.concat b (std.bytes.concat a (std.io.read_all r))))", ["", ""], ["abcd", "cdab"]),
  row("io.bufread keeps what was not consumed", "(begin (let r (io.open_read_bytes input)) (let b (std.io.bufread.new r 2)) (let x (view.to_bytes (std.io.bufread.fill b))) (std.io.bufread.consume b 1) (let y (view.to_bytes (std.io.bufread.fill b))) (std.io.bufread.consume b (bytes.len y)) (let z (view.to_bytes (std.io.bufread.fill b))) (std.bytes.concat x (std.bytes.concat y z)))", ["abcd", "abbcd"], ["ab", "abb"]),
  row("io.bufread traps when more is consumed than there is", "(begin (let r (io.open_read_bytes input)) (let b (std.io.bufread.new r 2)) (std.io.bufread.consume b 1) (bytes.alloc 0))", ["abcd", "trap"]),
  row("process.set_exit_code_v1 does not touch the output", "(begin (let n (fmt.u32_to_dec (std.process.set_exit_code_v1 3))) (std.bytes.concat n input))", ["a", "3a"]),
  row("pbt.case_v1: count, one offset more than parameters, payload", "(std.pbt.case_v1.encode_v1 (codec.read_u32_le input 0) (view.slice input 4 4) (view.slice input 8 (- (view.len input) 8)))", [le(1, 0), le(1, 0)], [le(-3, 5) + "abc", le(0, 5) + "abc"]),
  row("pbt.case_v1 readers", `(begin (let n ${decs("(std.pbt.case_v1.param_count_v1 input)", "(std.pbt.case_v1.payload_base_v1 input)", "(std.pbt.case_v1.read_i32_v1 input 1)")}) (std.bytes.concat (std.bytes.concat n (std.pbt.case_v1.param_slice_v1 input 0)) (std.pbt.case_v1.read_bytes_v1 input 1)))`, [le(2, 0, 2, 6) + "ab" + le(7), "2,16,7,ab" + le(7)], [le(2, 0, 2, 5) + "ab" + le(7), "trap"]),
  row("pbt.case_v1.param_slice_v1", `(view.to_bytes (std.pbt.case_v1.param_slice_v1 (view.slice input 4 (- (view.len input) 4)) ${at(0)}))`, [le(0, 1, 0, 2) + "ab", "ab"], [le(1, 1, 0, 2) + "ab", ""], [le(-1, 1, 0, 2) + "ab", ""], [le(0, 1, 0, 3) + "ab", "trap"], [le(0, 1, 2, 1) + "ab", "trap"], [le(0, 1, 0), "trap"], [le(0, 0), ""], [le(0), "trap"]),
  row("pbt.gen_v1.map_u32_to_bounded_v1", dec(`(std.pbt.gen_v1.map_u32_to_bounded_v1 ${at(0)} ${at(1)})`), ...([[0, 10, 0], [-1, 10, 9], [-1, 0, 0], [7, 1, 0], [0x80000000, 3, 1], [123456789, 1000, 28], [-1, -1, 0], [-1, 0x7fffffff, 0x7ffffffe], [0xfedcba98, 0x76543210, 1976406086]] as const).map(([v, bound, got]) => [le(v, bound), String(got)] as const)),
  row("pbt.gen_v1.next_bounded_u32_v1: next state, number", `(std.pbt.gen_v1.next_bounded_u32_v1 ${at(0)} ${at(1)})`, [le(0, 10), le(12345, 0)], [le(1, 10), le(0x41c67ea6, 2)], [le(-1, 256), le(0xbe39e1cc, 0xbe)], [le(1, 0), le(0x41c67ea6, 0)]),
  row("pbt.gen_v1.next_bytes_v1: last state, bytes", `(std.pbt.gen_v1.next_bytes_v1 ${at(0)} ${at(1)})`, [le(5, 0), le(5)], [le(5, -1), le(5)], [le(0, 1), le(12345) + "9"], [le(0, 5), le(0xd3dc167e, 12345) + "~"], [le(1, 9), le(0x2781e494, 0x41c67ea6, 0x967eb0e7) + "\x94"]),
  row("pbt.shrink_v1.i32_candidates_case_v1", `(std.pbt.shrink_v1.i32_candidates_case_v1 ${at(0)})`, [le(0), le(0, 0)], [le(1), le(1, 0, 4, 0)], [le(2), le(3, 0, 4, 8, 12, 0, 1, 1)], [le(5), le(7, 0, 4, 8, 12, 16, 20, 24, 28, 0, 2, 1, 4, 3, 2, 1)], [le(-7), le(32, ...Array.from({ length: 33 }, (_, i) => 4 * i), 0, ...Array.from({ length: 31 }, (_, i) => (-7 >>> 0) >>> (i + 1)))]),
  row("pbt.shrink_v1.bytes_candidates_case_v1", "(std.pbt.shrink_v1.bytes_candidates_case_v1 input)", ["", le(0, 0)], ["a", le(1, 0, 0)], ["ab", le(4, 0, 1, 1, 2, 3) + "aab"], ["abcde", le(5, 0, 2, 3, 3, 7, 11) + "abaabcdbcde"]),
];
