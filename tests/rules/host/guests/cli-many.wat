;; A command that does what the first byte of its standard input says: echo, or one of the ways to end badly. Written by hand.
(component
  (import "wasi:io/error@0.2.8" (instance $error (export "error" (type (sub resource)))))
  (alias export $error "error" (type $error-t))
  (import "wasi:io/streams@0.2.8" (instance $streams
    (alias outer 1 $error-t (type $e0))
    (export "error" (type $e (eq $e0)))
    (export "input-stream" (type $in (sub resource)))
    (export "output-stream" (type $out (sub resource)))
    (type $se0 (variant (case "last-operation-failed" (own $e)) (case "closed")))
    (export "stream-error" (type $se (eq $se0)))
    (export "[method]input-stream.blocking-read" (func (param "self" (borrow $in)) (param "len" u64) (result (result (list u8) (error $se)))))
    (export "[method]output-stream.blocking-write-and-flush" (func (param "self" (borrow $out)) (param "contents" (list u8)) (result (result (error $se)))))
  ))
  (alias export $streams "input-stream" (type $in))
  (alias export $streams "output-stream" (type $out))
  (import "wasi:cli/stdin@0.2.8" (instance $stdin (alias outer 1 $in (type $i0)) (export "input-stream" (type $i (eq $i0))) (export "get-stdin" (func (result (own $i))))))
  (import "wasi:cli/stdout@0.2.8" (instance $stdout (alias outer 1 $out (type $o0)) (export "output-stream" (type $o (eq $o0))) (export "get-stdout" (func (result (own $o))))))
  (import "wasi:cli/stderr@0.2.8" (instance $stderr (alias outer 1 $out (type $o0)) (export "output-stream" (type $o (eq $o0))) (export "get-stderr" (func (result (own $o))))))
  (import "wasi:cli/environment@0.2.8" (instance $environment (export "get-arguments" (func (result (list string))))))
  (import "wasi:cli/exit@0.2.8" (instance $exit (export "exit" (func (param "status" (result))))))
  (import "wasi:clocks/monotonic-clock@0.2.8" (instance $clock (export "now" (func (result u64)))))
  (core module $alloc
    (memory (export "memory") 4)
    (global $top (mut i32) (i32.const 8192))
    (func (export "realloc") (param i32 i32 i32 i32) (result i32)
      (local $at i32)
      (local.set $at (i32.and (i32.add (global.get $top) (i32.const 7)) (i32.const -8)))
      (global.set $top (i32.add (local.get $at) (local.get 3)))
      (local.get $at)))
  (core module $main
    (import "a" "memory" (memory 4))
    (import "h" "stdin" (func $stdin (result i32)))
    (import "h" "stdout" (func $stdout (result i32)))
    (import "h" "stderr" (func $stderr (result i32)))
    (import "h" "read" (func $read (param i32 i64 i32)))
    (import "h" "write" (func $write (param i32 i32 i32 i32)))
    (import "h" "args" (func $args (param i32)))
    (import "h" "exit" (func $exit (param i32)))
    (import "h" "now" (func $now (result i64)))
    (table $t 1 funcref)
    (global $depth (mut i32) (i32.const 0))
    (func $deep (param i32) (result i32)
      (global.set $depth (i32.add (global.get $depth) (i32.const 1)))
      (i32.add (call $deep (i32.add (local.get 0) (i32.const 1))) (i32.const 1)))
    (func $out (param $stream i32) (param $at i32) (param $len i32)
      (call $write (local.get $stream) (local.get $at) (local.get $len) (i32.const 32))
      (if (i32.load8_u (i32.const 32)) (then unreachable)))
    (func (export "run") (result i32)
      (local $in i32) (local $at i32) (local $len i32) (local $op i32) (local $i i32) (local $out i32)
      (local.set $in (call $stdin))
      (call $read (local.get $in) (i64.const 4096) (i32.const 16))
      (if (i32.load8_u (i32.const 16)) (then (return (i32.const 0))))
      (local.set $at (i32.load (i32.const 20)))
      (local.set $len (i32.load (i32.const 24)))
      (local.set $op (i32.load8_u (local.get $at)))
      (if (i32.eq (local.get $op) (i32.const 116)) (then unreachable)) ;; t
      (if (i32.eq (local.get $op) (i32.const 101)) (then (return (i32.const 1)))) ;; e
      (if (i32.eq (local.get $op) (i32.const 120)) (then (call $exit (i32.const 0)))) ;; x
      (if (i32.eq (local.get $op) (i32.const 121)) (then (call $exit (i32.const 1)))) ;; y
      (if (i32.eq (local.get $op) (i32.const 108)) (then (loop $l (br $l)))) ;; l
      (if (i32.eq (local.get $op) (i32.const 114)) (then (drop (call $deep (i32.const 0))))) ;; r
      (if (i32.eq (local.get $op) (i32.const 109)) (then (loop $g (br_if $g (i32.ne (memory.grow (i32.const 64)) (i32.const -1)))))) ;; m
      (if (i32.eq (local.get $op) (i32.const 98)) (then (loop $g (br_if $g (i32.ne (table.grow $t (ref.null func) (i32.const 4096)) (i32.const -1)))))) ;; b
      (if (i32.eq (local.get $op) (i32.const 111)) (then ;; o
        (local.set $out (call $stdout))
        (loop $w (call $out (local.get $out) (i32.const 4096) (i32.const 4096)) (br $w))))
      (if (i32.eq (local.get $op) (i32.const 112)) (then ;; p: a string outside of memory
        (call $write (call $stdout) (i32.const -16) (i32.const 64) (i32.const 32))))
      (if (i32.eq (local.get $op) (i32.const 104)) (then (call $write (i32.const 77) (i32.const 0) (i32.const 1) (i32.const 32)))) ;; h: no such handle
      (if (i32.eq (local.get $op) (i32.const 115)) (then (loop $s (drop (call $stdout)) (br $s)))) ;; s: handles without end
      (if (i32.eq (local.get $op) (i32.const 100)) (then ;; d: the rest goes to stderr
        (call $out (call $stderr) (i32.add (local.get $at) (i32.const 1)) (i32.sub (local.get $len) (i32.const 1)))
        (return (i32.const 1))))
      (if (i32.eq (local.get $op) (i32.const 97)) (then ;; a: arguments, one a line
        (call $args (i32.const 40))
        (local.set $out (call $stdout))
        (loop $more (if (i32.lt_u (local.get $i) (i32.load (i32.const 44))) (then
          (local.set $at (i32.add (i32.load (i32.const 40)) (i32.mul (local.get $i) (i32.const 8))))
          (call $out (local.get $out) (i32.load (local.get $at)) (i32.load offset=4 (local.get $at)))
          (call $out (local.get $out) (i32.const 64) (i32.const 1))
          (local.set $i (i32.add (local.get $i) (i32.const 1)))
          (br $more))))
        (return (i32.const 0))))
      (local.set $out (call $stdout))
      (loop $echo
        (call $out (local.get $out) (local.get $at) (local.get $len))
        (call $read (local.get $in) (i64.const 4096) (i32.const 16))
        (if (i32.eqz (i32.load8_u (i32.const 16))) (then
          (local.set $at (i32.load (i32.const 20)))
          (local.set $len (i32.load (i32.const 24)))
          (br $echo))))
      (i32.const 0))
    (data (i32.const 64) "\n"))
  (core instance $a (instantiate $alloc))
  (alias core export $a "memory" (core memory $mem))
  (alias core export $a "realloc" (core func $realloc))
  (core func $stdin-l (canon lower (func $stdin "get-stdin")))
  (core func $stdout-l (canon lower (func $stdout "get-stdout")))
  (core func $stderr-l (canon lower (func $stderr "get-stderr")))
  (core func $read (canon lower (func $streams "[method]input-stream.blocking-read") (memory $mem) (realloc $realloc)))
  (core func $write (canon lower (func $streams "[method]output-stream.blocking-write-and-flush") (memory $mem)))
  (core func $args (canon lower (func $environment "get-arguments") (memory $mem) (realloc $realloc)))
  (core func $exit-l (canon lower (func $exit "exit")))
  (core func $now (canon lower (func $clock "now")))
  (core instance $h
    (export "stdin" (func $stdin-l)) (export "stdout" (func $stdout-l)) (export "stderr" (func $stderr-l)) (export "read" (func $read))
    (export "write" (func $write)) (export "args" (func $args)) (export "exit" (func $exit-l)) (export "now" (func $now)))
  (core instance $m (instantiate $main (with "a" (instance $a)) (with "h" (instance $h))))
  (alias core export $m "run" (core func $core-run))
  (func $run (result (result)) (canon lift (core func $core-run)))
  (instance $i (export "run" (func $run)))
  (export "wasi:cli/run@0.2.8" (instance $i)))
