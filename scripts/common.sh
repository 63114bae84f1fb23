# Shared by the scripts beside it, which source it. Leaves the shell in the root of the repository.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."

say() { printf '%s\n' "$*"; }
fail() {
  printf 'error: %s\n' "$*" >&2
  exit 1
}

# Installs what building needs and is not there. On Debian and its kin it does so itself, as root or
# with sudo; elsewhere it says what to install, and the build then tells whether anything is missing.
install_dependencies() {
  local packages=(g++ make cmake libeigen3-dev nlohmann-json3-dev libcli11-dev doctest-dev "$@")
  if ! command -v apt-get >/dev/null; then
    say "This is not Debian. If the build below finds something missing, install it with one of:"
    say "  sudo dnf install gcc-c++ make cmake eigen3-devel json-devel cli11-devel doctest-devel"
    say "  sudo pacman -S --needed base-devel cmake eigen nlohmann-json cli11 doctest"
    say "  brew install cmake eigen nlohmann-json cli11 doctest"
    return
  fi

  local missing=() package
  for package in "${packages[@]}"; do
    dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
  done
  [ ${#missing[@]} -eq 0 ] && return

  local as_root=()
  if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null || fail "not installed: ${missing[*]}: run this as root, or install them and run it again"
    as_root=(sudo)
  fi
  say "Installing ${missing[*]}"
  # The list of packages may be old or empty on a fresh machine; it is fetched only when it is needed.
  local install=("${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}")
  if ! "${install[@]}" >/dev/null 2>&1; then
    "${as_root[@]}" apt-get update -qq || fail "cannot fetch the list of packages: is there a network?"
    "${install[@]}" >/dev/null || fail "cannot install: ${missing[*]}"
  fi
}

# build PRESET [TARGET]: configures and builds quietly; on failure shows why.
build() {
  local preset=$1 target=${2:-all} log
  log=$(mktemp)
  say "Building ($preset) ..."
  if ! { cmake --preset "$preset" && cmake --build --preset "$preset" --target "$target" -j "$(nproc)"; } >"$log" 2>&1; then
    grep -E -A5 '(error|Error|not found|Could not find)' "$log" | head -n 60 >&2 || tail -n 60 "$log" >&2
    rm -f "$log"
    fail "the build failed"
  fi
  rm -f "$log"
}
