#!/usr/bin/env bash
# scripts/check-processor.sh COMMAND...: runs every command of the program, started as COMMAND (for example
# `qemu-x86_64 -cpu Nehalem build/release/microgpt`), and fails if one ends with an illegal instruction, or if
# a result that must not depend on the processor does.
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

program=("$@")
[ ${#program[@]} -gt 0 ] || fail "say how to start the program"
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
model=data/models/names.safetensors

# run NAME ARGUMENT...: one command; its output goes to $folder/NAME.
run() {
  local name=$1
  shift
  "${program[@]}" "$@" >"$folder/$name" 2>"$folder/errors" || fail "${program[*]} $*: exit code $?: $(head -n 3 "$folder/errors")"
}
# same NAME FILE: that output is this file, byte for byte.
same() { cmp -s "$folder/$1" "$2" || fail "$1 differs from $2: $(diff "$folder/$1" "$2" | head -n 4)"; }
# near NAME KEY VALUE: the JSON of that output has this number at KEY, a fact of a page or a plain key, to a thousandth.
near() {
  local got
  got=$(grep -oE "\"$2\": ?([{][^}]*\"value\": ?)?-?[0-9.e+-]+" "$folder/$1" | head -n 1 | grep -oE '[0-9.e+-]+$') ||
    fail "$1 has no $2"
  awk "BEGIN { exit !($got - $3 < 0.001 && $3 - $got < 0.001) }" || fail "$1: $2 is $got, expected $3"
}

run version --version
run reference reference --data tests/golden/small.txt --seed 7 --num-steps 25 --samples 10
same reference tests/golden/small.latest.stdout.txt
run info info $model
run score score --model $model emma --json
near score mean_nats 2.20346
run sample sample --model $model -n 5
run eval eval --model $model --data data/names.txt --split all --json
near eval nats 2.36074
run explain explain attention --model $model --text emma
run study study ablate --model $model --data data/models/repeats.txt --limit 5
# (An emulator takes minutes for an evaluation of all that is held out.)
run train train --config configs/names.json --out "$folder/run" --steps 20 --set train.eval_positions=2000 --json
near train held_out_loss 2.7839
"${program[@]}" train --config configs/names.json --out "$folder/half" --steps 20 --set train.eval_positions=2000 --stop-after 10 >"$folder/stopped" 2>&1 ||
  [ $? -eq 130 ] || fail "a run that was asked to stop: $(tail -n 1 "$folder/stopped")"
run resume train --resume "$folder/half"
run exact train --config configs/microgpt.json --data tests/golden/small.txt --out "$folder/exact-run" --steps 20 --json
run bench bench --quick --filter names-c16-b16
say "passed: ${program[*]}"
