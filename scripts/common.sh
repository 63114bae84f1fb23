# Shared by the scripts beside it, which source it. Leaves the shell in the root of the repository.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."

say() { printf '%s\n' "$*"; }
fail() {
  printf 'error: %s\n' "$*" >&2
  exit 1
}

# What macOS calls otherwise.
command -v nproc >/dev/null || nproc() { getconf _NPROCESSORS_ONLN; }
command -v sha256sum >/dev/null || sha256sum() { shasum -a 256 "$@"; }

# Runs a command as root.
as_root() {
  if [ "$(id -u)" -eq 0 ]; then
    "$@"
  else
    command -v sudo >/dev/null || fail "run this as root: $*"
    sudo "$@"
  fi
}

# Installs what building needs and is not there. On Debian and its kin it does so itself, as root or
# with sudo; elsewhere it says what to install, and the build then tells whether anything is missing.
install_dependencies() {
  local packages=(g++ cmake ninja-build libeigen3-dev nlohmann-json3-dev libcli11-dev libutf8proc-dev doctest-dev "$@")
  if ! command -v apt-get >/dev/null; then
    say "This is not Debian. If the build below finds something missing, install it with one of:"
    say "  sudo dnf install gcc-c++ cmake ninja-build eigen3-devel json-devel cli11-devel utf8proc-devel doctest-devel"
    say "  sudo pacman -S --needed base-devel cmake ninja eigen nlohmann-json cli11 libutf8proc doctest"
    say "  brew install cmake ninja eigen nlohmann-json cli11 utf8proc doctest"
    return
  fi

  local missing=() package
  for package in "${packages[@]}"; do
    dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
  done
  [ ${#missing[@]} -eq 0 ] && return

  say "Installing ${missing[*]}"
  # The list of packages may be old or empty on a fresh machine; it is fetched only when it is needed.
  local install=(as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}")
  if ! "${install[@]}" >/dev/null 2>&1; then
    as_root apt-get update -qq || fail "cannot fetch the list of packages: is there a network?"
    "${install[@]}" >/dev/null || fail "cannot install: ${missing[*]}"
  fi
}

# build PRESET [TARGET]: configures and builds quietly; on failure shows why.
build() {
  local preset=$1 target=${2:-all} log
  log=$(mktemp)
  say "Building ($preset) ..."
  # A folder that was configured for another build tool cannot be used again.
  local again=()
  if ! grep -qs '^CMAKE_GENERATOR:INTERNAL=Ninja' "build/$preset/CMakeCache.txt"; then again=(--fresh); fi
  if ! { cmake --preset "$preset" "${again[@]}" && cmake --build --preset "$preset" --target "$target" -j "$(nproc)"; } >"$log" 2>&1; then
    grep -E -A5 '(error|Error|not found|Could not find)' "$log" | head -n 60 >&2 || tail -n 60 "$log" >&2
    rm -f "$log"
    fail "the build failed"
  fi
  rm -f "$log"
}
