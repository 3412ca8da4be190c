#!/usr/bin/env bash
# Installs the optional native tools: clang, lld, ninja, nginx and wrk from Debian; wasm-tools, wac, wit-bindgen and wasmtime
# from crates.io in the versions that arch/wasm/toolchain pins. Safe to repeat; does nothing for what is there.
#   --no-cargo   leave out what has to be compiled (about 20 minutes on two cores)
set -euo pipefail

# ---- Debian
declare -A package=([clang]=clang [wasm-ld]=lld [ninja]=ninja-build [nginx]=nginx-light [wrk]=wrk)
missing=()
for program in clang wasm-ld ninja nginx wrk; do
  command -v "$program" >/dev/null || [ -x "/usr/sbin/$program" ] || missing+=("${package[$program]}")
done
if [ ${#missing[@]} -gt 0 ]; then
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -q
  apt-get install -y -q --no-install-recommends "${missing[@]}"
fi

# ---- crates.io
# The toolchain and its settings are the user's own, also where HOME was changed for a test.
home=$(getent passwd "$(id -u)" | cut -d: -f6)
export RUSTUP_HOME="${RUSTUP_HOME:-$home/.rustup}" CARGO_HOME="${CARGO_HOME:-$home/.cargo}"
cargo=$(command -v cargo || echo "$CARGO_HOME/bin/cargo")
root=/usr/local
[ -w "$root/bin" ] || root="$CARGO_HOME"

crate() { # program, crate, version, further words: what of it is used here, which is a third of the compiling
  if command -v "$1" >/dev/null && "$1" --version | grep -qF "$3"; then return; fi
  if [ "${skip_cargo:-}" = 1 ]; then echo "SKIPPED: $1 $3 (--no-cargo)"; return; fi
  if ! "$cargo" --version >/dev/null 2>&1; then echo "SKIPPED: $1 $3: there is no cargo to build it with"; return; fi
  # A folder of its own for what is being compiled, so that a broken-off build is no trouble for the next.
  CARGO_TARGET_DIR="$(mktemp -d)" "$cargo" install --quiet --locked --root "$root" "$2@$3" "${@:4}"
}
[ "${1:-}" = --no-cargo ] && skip_cargo=1
crate wasm-tools wasm-tools 1.245.1 --no-default-features --features component,validate,print,parse,strip
crate wac wac-cli 0.9.0 --no-default-features --features wit
crate wit-bindgen wit-bindgen-cli 0.53.1
crate wasmtime wasmtime-cli 42.0.0 --no-default-features \
  --features run,compile,serve,wasi-http,wat,parallel-compilation,pooling-allocator,cache,config,logging,demangle,addr2line,backtrace,cranelift,component-model,threads,gc,gc-drc,gc-null,clap/default

for program in clang wasm-ld ninja wasm-tools wac wit-bindgen wasmtime; do
  if command -v "$program" >/dev/null; then printf '%-12s %s\n' "$program" "$("$program" --version | head -n 1)"; else echo "$program      not here"; fi
done
