#!/usr/bin/env bash
# Builds the lab's page, src/web/lab.html: the engine to WebAssembly with Emscripten, the page with Vite, and of both one
# file. The same sources make the same bytes, wherever the checkout lies.
#   scripts/lab.sh            writes src/web/lab.html
#   scripts/lab.sh --check    writes nothing, and fails if that file is not what the sources make
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

packages=(emscripten xz-utils)
command -v node >/dev/null || packages+=(nodejs)
command -v npm >/dev/null || packages+=(npm)
install_dependencies "${packages[@]}"

toolchain=/usr/share/emscripten/cmake/Modules/Platform/Emscripten.cmake
[ -f "$toolchain" ] || toolchain=$(dirname "$(readlink -f "$(command -v emcc)")")/cmake/Modules/Platform/Emscripten.cmake
# Where Debian has the module of Node that Emscripten asks for when it links.
export NODE_PATH=${NODE_PATH:-/usr/share/nodejs}

say "Building the engine (wasm) ..."
log=$(mktemp)
trap 'rm -f "$log"' EXIT
{ cmake -G Ninja -S src/web/wasm -B build/wasm -DCMAKE_BUILD_TYPE=Release -DCMAKE_TOOLCHAIN_FILE="$toolchain" &&
  cmake --build build/wasm -j "$(nproc)"; } >"$log" 2>&1 || { tail -n 60 "$log" >&2 && fail "the engine does not build"; }

say "Building the page ..."
(cd src/web/page && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error >/dev/null && npx --no-install tsc --noEmit)
LAB_ENGINE=$PWD/build/wasm node src/web/page/build.js

if [ "${1:-}" = --check ]; then
  cmp src/web/page/dist/lab.html src/web/lab.html || fail "src/web/lab.html is not what the sources make: run scripts/lab.sh"
else
  cp src/web/page/dist/lab.html src/web/lab.html
fi
