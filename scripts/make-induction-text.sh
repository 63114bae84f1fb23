#!/usr/bin/env bash
# Writes a text in which the only thing to learn is to look back: every line is a string of random letters, twice.
# On it a model of two layers grows an induction head (configs/induction.json).
#   scripts/make-induction-text.sh [FILE]       (default: data/induction.txt)
set -euo pipefail
file=${1:-$(dirname "${BASH_SOURCE[0]}")/../data/induction.txt}
awk 'BEGIN {
  srand(42)
  for (line = 0; line < 20000; ++line) {
    text = ""
    length_ = 6 + int(rand() * 7)
    for (i = 0; i < length_; ++i) text = text sprintf("%c", 97 + int(rand() * 26))
    print text text
  }
}' >"$file"
echo "20,000 lines in $file"
