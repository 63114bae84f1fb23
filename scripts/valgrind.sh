#!/usr/bin/env bash
# Runs the tests of src/microgpt/base, io, text and train under valgrind's memcheck, which sees what the sanitizers do
# not: that memory is read which was never written. Any such error, or a leak, fails. Takes some minutes.
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

left_out=(
  "allocation: *"                              # replaces the operators that valgrind has to replace
  "other_reader: *"                            # starts Python, whose memory is not ours
  "checkpoint: every flipped bit is refused*"  # 25,000 loads of one file; others load damaged ones too
  "corpus: a line of a hundred million*"       # the same few instructions for very long
)

install_dependencies valgrind
build dev
export MICROGPT_CPU=v3  # valgrind does not know the instructions of the widest form
# "Possibly lost" would be what the C library keeps of ended threads for the next ones.
valgrind --quiet --error-exitcode=9 --leak-check=full --show-leak-kinds=definite --errors-for-leak-kinds=definite \
  --fair-sched=yes build/dev/tests/microgpt_tests --no-version --test-suite=base,io,text,train \
  --test-case-exclude="$(IFS=,; printf '%s' "${left_out[*]}")" "$@"
