#!/usr/bin/env bash
# Formats the sources by .clang-format (version 14, so that everyone gets the same); with --check it only
# says which are not.
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

formatter=$(command -v clang-format-14 || command -v clang-format) || fail "clang-format 14 is not installed"
if [ "${1:-}" = --check ]; then what=(--dry-run --Werror); else what=(-i); fi
git ls-files -z -- '*.cpp' '*.hpp' | xargs -0 "$formatter" "${what[@]}"
