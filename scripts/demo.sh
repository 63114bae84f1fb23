#!/usr/bin/env bash
# From nothing to invented names: installs what is missing, builds, trains on data/names.txt, samples.
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

install_dependencies
build release microgpt
say
build/release/microgpt train --config configs/names.json
