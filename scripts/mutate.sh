#!/usr/bin/env bash
# Takes away each validation rule of src/microgpt/io and src/microgpt/text, one at a time, and says which test
# notices; fails if none does and tests/mutants.txt gives no reason. Takes some minutes.
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

install_dependencies python3
build dev
python3 tests/proofs.py mutate
