#!/usr/bin/env bash
# Fuzzes the readers of checkpoints, configs and texts, each for so many minutes (default 1; half a minute is 0.5):
#   scripts/fuzz.sh MINUTES
# What is found along the way is kept in build/fuzz/corpus and begun with the next time. An input that breaks
# something is written to build/fuzz, and its name is said.
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

minutes=${1:-1}
[[ $minutes =~ ^[0-9]+(\.[0-9]+)?$ ]] || fail "usage: scripts/fuzz.sh MINUTES"
seconds=$(awk -v minutes="$minutes" 'BEGIN { print int(minutes * 60 + 0.5) }')
[ "$seconds" -gt 0 ] || fail "that is no time at all: scripts/fuzz.sh MINUTES"

install_dependencies clang libclang-rt-14-dev
build fuzz
seeds=build/fuzz/seeds
rm -rf "$seeds"
build/fuzz/tests/fuzz/microgpt_fuzz_seeds "$seeds" .

for target in checkpoint config text; do
  corpus=build/fuzz/corpus/$target
  mkdir -p "$corpus"
  say "Fuzzing $target for $seconds s"
  # Reading takes no memory to speak of and no time: more of either is an error too.
  build/fuzz/tests/fuzz/microgpt_fuzz_$target -max_total_time="$seconds" -timeout=5 -rss_limit_mb=1024 \
    -malloc_limit_mb=256 -max_len=20000 -print_final_stats=1 -verbosity=0 -close_fd_mask=1 \
    -artifact_prefix="build/fuzz/$target-" "$corpus" "$seeds/$target" 2>build/fuzz/"$target".log ||
    { tail -n 40 build/fuzz/"$target".log >&2; fail "$target: an input that breaks it is in build/fuzz"; }
  grep -E 'number_of_executed_units|peak_rss_mb' build/fuzz/"$target".log
done
