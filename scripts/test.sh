#!/usr/bin/env bash
# Installs what is missing, builds everything and runs every test. Further arguments go to ctest, as in
#   scripts/test.sh -R softmax
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

install_dependencies
build release
ctest --preset release -j "$(nproc)" "$@"
