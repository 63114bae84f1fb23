#!/usr/bin/env bash
# Says which lines and branches of src/microgpt/io, src/microgpt/text and base/file.cpp no test reaches, and fails
# if one is not listed with its reason in tests/proofs/coverage.txt. Takes some minutes.
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

install_dependencies clang libclang-rt-14-dev llvm-14 python3
build dev
python3 -B tests/proofs/coverage.py
