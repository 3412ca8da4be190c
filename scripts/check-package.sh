#!/usr/bin/env bash
# Packs the package, installs it globally into a folder of its own, and uses it in an unrelated folder without arch/.
set -euo pipefail
top=$(cd "$(dirname "$0")/.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$top"
npm pack --silent --pack-destination "$work" >/dev/null
npm install --silent --no-audit --no-fund --global --prefix "$work/global" "$work"/x07-wasm-*.tgz
export PATH="$work/global/bin:$PATH" X07_WASM_CACHE_DIR="$work/cache"
mkdir "$work/elsewhere" && cd "$work/elsewhere"
cp -r "$top/examples/solve_pure_echo/src" "$top/examples/solve_pure_echo/x07.json" .
x07-wasm build
x07-wasm build --json | grep -o '"path":"packaged:[^"]*"'
answer=$(x07-wasm run --wasm dist/app.wasm --input-hex 68656c6c6f)
[ "$answer" = hello ] || { echo "the installed package answered: $answer"; exit 1; }
x07-wasm --version
echo "the packed package works where it is installed"
