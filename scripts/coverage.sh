#!/usr/bin/env bash
# Says which lines and branches of src/microgpt/io and src/microgpt/text no test reaches, and fails if one is not
# listed with its reason in tests/coverage.txt.
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

install_dependencies python3
build dev
python3 tests/proofs.py coverage
