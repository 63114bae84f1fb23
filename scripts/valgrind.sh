#!/usr/bin/env bash
# Runs the tests of src/microgpt/base, io, text and train under valgrind's memcheck, which sees what the sanitizers do
# not: a use of memory that was never written. Any error or leak fails. Takes some minutes.
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

left_out=(
  "allocation: *"    # counts allocations by operators of its own, which valgrind puts its own in place of
  "other_reader: *"  # starts Python, whose memory is not ours
)

install_dependencies valgrind
build dev  # without -march=native: valgrind does not know all instructions
valgrind --quiet --error-exitcode=9 --leak-check=full --fair-sched=yes build/dev/tests/microgpt_tests --no-version \
  --test-suite=base,io,text,train --test-case-exclude="$(IFS=,; printf '%s' "${left_out[*]}")" "$@"
