#!/usr/bin/env bash
# Downloads one of two well-known texts into data/ and checks that it is the one meant:
#   scripts/get-data.sh names         data/names-ssa.txt, the 32,033 names of makemore and microgpt.py
#   scripts/get-data.sh shakespeare   data/tinyshakespeare.txt, the plays of char-rnn and nanoGPT
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

case "${1:-}" in
  names)
    url=https://raw.githubusercontent.com/karpathy/makemore/988aa59/names.txt
    file=data/names-ssa.txt
    sha256=0a30b5557f192f32ab962680889aac5f6fda0f4cecf40a6d0b5694f58ea8cc4d
    ;;
  shakespeare)
    url=https://raw.githubusercontent.com/karpathy/char-rnn/master/data/tinyshakespeare/input.txt
    file=data/tinyshakespeare.txt
    sha256=86c4e6aa9db7c042ec79f339dcb96d42b0075e16b8fc2e86bf0ca57e2dc565ed
    ;;
  *) fail "usage: scripts/get-data.sh names|shakespeare" ;;
esac

is_right() { [ "$(sha256sum "$1" | cut -d ' ' -f 1)" = "$sha256" ]; }

if [ -f "$file" ] && is_right "$file"; then
  say "$file is there already"
  exit 0
fi
part=$(mktemp "$file.XXXXXX")
trap 'rm -f "$part"' EXIT
if command -v curl >/dev/null; then
  curl --fail --silent --show-error --location --max-time 120 --output "$part" "$url" || fail "cannot download $url: is there a network?"
elif command -v wget >/dev/null; then
  wget --quiet --timeout=60 --tries=2 --output-document="$part" "$url" || fail "cannot download $url: is there a network?"
else
  fail "neither curl nor wget is installed"
fi
is_right "$part" || fail "what $url gave is not the file meant: its SHA-256 differs; nothing was kept"
chmod 644 "$part"
mv "$part" "$file"
say "$file: $(wc -c <"$file") bytes"
