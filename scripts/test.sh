#!/usr/bin/env bash
# Installs what is missing, builds everything and runs every test. Further arguments go to ctest, as in
#   scripts/test.sh -R softmax
# scripts/test.sh --all also runs them under every compiler, sanitizer and processor: scripts/test-all.sh.
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

if [ "${1:-}" = --all ]; then exec scripts/test-all.sh; fi
install_dependencies
build release
ctest --preset release -j "$(nproc)" "$@"
