#!/usr/bin/env bash
# Installs the optional native tools from Debian: clang, lld and ninja. Safe to repeat; does nothing for what is there.
set -euo pipefail
missing=()
command -v clang >/dev/null || missing+=(clang)
command -v wasm-ld >/dev/null || missing+=(lld)
command -v ninja >/dev/null || missing+=(ninja-build)
if [ ${#missing[@]} -gt 0 ]; then
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -q
  apt-get install -y -q --no-install-recommends "${missing[@]}"
fi
clang --version | head -n 1
wasm-ld --version
echo "ninja $(ninja --version)"
