#!/usr/bin/env bash
# Makes the pictures of the README and the documents again, with the program of the release build:
#   docs/images/induction.svg   where the induction head of data/models/induction.safetensors looks
#   docs/images/history.svg     the loss curve of configs/names.json on data/names.txt (a few seconds of training)
#   docs/images/lab-*.png       two stops of the lab, as src/web/lab.html shows them in Chromium
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

install_dependencies
build release microgpt
root=$PWD
program=$root/build/release/microgpt
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
mkdir -p docs/images

"$program" study attention data/models/induction.safetensors --text mqxbtfmqxb --layer 1 --section layer1_head0 \
  --svg docs/images/induction.svg
# The picture names the run as it is named here.
"$program" train --config configs/names.json --out "$folder/runs/names-1" --quiet
cd "$folder"
"$program" study history runs/names-1 --data "$root/data/names.txt" --points 100 --section loss \
  --svg "$root/docs/images/history.svg"
cd "$root"

packages=(chromium)
command -v node >/dev/null || packages+=(nodejs)
command -v npm >/dev/null || packages+=(npm)
install_dependencies "${packages[@]}"
mkdir -p src/web/page/dist
cp src/web/lab.html src/web/page/dist/lab.html  # where the tests of the page look for it
(cd src/web/tests && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error >/dev/null && node pictures.js "$root/docs/images")
