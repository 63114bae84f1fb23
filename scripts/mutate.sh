#!/usr/bin/env bash
# Takes away each validation rule of src/microgpt/io, src/microgpt/text and base/file.cpp, one at a time, and says
# which test notices; fails if none does. tests/proofs/rules.py says what a rule is. Takes some minutes.
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

install_dependencies python3
build dev
python3 -B tests/proofs/mutate.py
