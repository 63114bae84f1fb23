#!/usr/bin/env bash
# Checks that every source and header of src/ compiles by itself: unity builds hide what it forgot to include.
# Further arguments go to the compiler, which CXX names, as in
#   CXX=clang++ scripts/check-includes.sh -stdlib=libc++
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

libraries=$(pkg-config --cflags-only-I eigen3 nlohmann_json CLI11 2>/dev/null || echo -I/usr/include/eigen3)
read -ra libraries <<<"${libraries//-I/-isystem }"
command=("${CXX:-g++}" -std=c++20 -fsyntax-only -Wall -Wextra -Werror '-DMICROGPT_VERSION="0"'
  '-DMICROGPT_LAB_PAGE="src/web/lab.html"' -Isrc
  "${libraries[@]}" "$@")

# A header that its source includes first is checked with the source.
is_first_of_its_source() { grep -sm 1 '^#include' "${1%.hpp}.cpp" | grep -qF "\"${1#src/}\""; }
files=()
for file in $(find src -name '*.[ch]pp' | sort); do
  [[ $file == *.hpp ]] && is_first_of_its_source "$file" || files+=("$file")
done

# Any other is included by an empty file, where its #pragma once is not out of place.
# shellcheck disable=SC2016  # the variables are those of the inner shell
check='
  file=$1 && shift
  case $file in *.hpp) set -- "$@" -x c++ -include "$file" /dev/null ;; *) set -- "$@" "$file" ;; esac
  "$@" || echo "failed: $file"'
log=$(mktemp)
trap 'rm -f "$log"' EXIT
printf '%s\n' "${files[@]}" | xargs -P "$(nproc)" -I FILE bash -c "$check" check FILE "${command[@]}" 2>&1 | tee "$log"
failed=$(grep -c '^failed: ' "$log" || true)
say "$((${#files[@]} - failed)) of ${#files[@]} files compile by themselves"
[ "$failed" -eq 0 ]
