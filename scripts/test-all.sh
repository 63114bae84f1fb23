#!/usr/bin/env bash
# scripts/test-all.sh [PART...]: the tests under every compiler, library, sanitizer and processor that this machine can
# stand in for, all of them or some parts: release includes address threads arm x86. It ends with the minutes
# that each part took; what a part leaves out is named here. The part lab, for which Emscripten, Node and a browser are
# needed, runs when it is named.
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

if [ "$(uname -s)/$(uname -m)" != Linux/x86_64 ]; then
  say "Only the parts for x86-64 Linux are known; on $(uname -s) on $(uname -m) run scripts/test.sh."
  exit 1
fi
install_dependencies clang libclang-rt-14-dev libc++-14-dev libc++abi-14-dev \
  g++-aarch64-linux-gnu qemu-user git python3

jobs=$(nproc)
summary=()

parts=("$@")
[ ${#parts[@]} -gt 0 ] || parts=(release includes address threads arm x86)

# part NAME: runs one part; the first that fails ends the script.
part() {
  local start=$SECONDS
  [[ $(type -t "$1") == function ]] || fail "there is no part $1"
  say "== $1"
  "$1"
  summary+=("$(awk "BEGIN { printf \"%5.1f min  $1\", ($SECONDS - $start) / 60 }")")
}

# The tests as everybody runs them.
release() {
  build release
  ctest --preset release -j "$jobs"
}

# Every source and header by itself: with the library of macOS and of the web, which includes least on its own.
includes() {
  CXX=clang++ scripts/check-includes.sh -stdlib=libc++ -Wpedantic -Wconversion -Wsign-conversion -Wshadow \
    -Wnon-virtual-dtor -Wold-style-cast -Wdouble-promotion
}

# The lab's page is what its sources make; its engine, as WebAssembly, is compared with the program, and the page is used in
# a browser.
lab() {
  build release microgpt
  scripts/lab.sh --check
  install_dependencies chromium
  (cd src/web/tests && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error >/dev/null && node --test)
}

# The whole suite with clang and its own library, whose warnings are errors, under the address and undefined-behaviour
# sanitizers. (A test that takes all file descriptors away leaves itself out: the sanitizer needs some.)
address() {
  build asan-ubsan
  ctest --preset asan-ubsan -j "$jobs"
}

# Whatever starts threads: the team itself, training, evaluation, sweeps, texts. The rest of the suite has one thread.
# Warnings of g++ are errors here and for ARM.
threads() {
  build tsan
  ctest --preset tsan -j "$jobs" -L '^(base|text|train|evaluate|study)$'
}

# Whatever depends on the processor: the operations, the model, training, generation, evaluation, study, and the
# reference with its 17 digits. Left out, since they say nothing about a processor and would take an hour under
# emulation: text, io, cli and bench, which read large files and start hundreds of programs.
arm() {
  # The one library that is not headers alone.
  if ! dpkg --print-foreign-architectures | grep -qx arm64; then as_root dpkg --add-architecture arm64; fi
  install_dependencies libutf8proc-dev:arm64
  build aarch64
  ctest --preset aarch64 -j "$jobs" -L '^(base|nn|model|train|generate|evaluate|study|reference)$'
  scripts/check-processor.sh qemu-aarch64 -L /usr/aarch64-linux-gnu -E LD_LIBRARY_PATH=/usr/aarch64-linux-gnu/lib \
    build/aarch64/microgpt
}

# The program of the release build on processors that lack instructions of this machine's.
x86() {
  build release microgpt
  local cpu
  for cpu in Nehalem Haswell; do scripts/check-processor.sh qemu-x86_64 -cpu "$cpu" build/release/microgpt; done
}

for name in "${parts[@]}"; do part "$name"; done

say
printf '%s\n' "${summary[@]}"
