#!/bin/sh
# Makes .venv and installs into it. usage: setup.sh demo|dev
#   demo  only Python is needed
#   dev   everything for tests and checks: also Chromium, Firefox and what drives them, PostgreSQL, Prosody, Janus
#         with a C compiler for its tests, libopus, fonts for Chinese and Arabic
# System packages are installed through apt where this runs as root on Debian or Ubuntu; elsewhere what is missing is
# named with the command that installs it.
set -eu
cd "$(dirname "$0")/../.."
extra="${1:?usage: setup.sh demo|dev}"

say() { printf '%s\n' "$*" >&2; }

is_debian_root() { [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; }

need() { # need WHAT-FOR PACKAGE...: install, or stop with what to do
  what="$1"
  shift
  if is_debian_root; then
    say "Installing for $what: $*"
    export DEBIAN_FRONTEND=noninteractive
    { apt-get install -y -q --no-install-recommends "$@" ||
      { apt-get update -q && apt-get install -y -q --no-install-recommends "$@"; }; } >&2
    return
  fi
  say "Missing for $what: $*"
  say "On Debian or Ubuntu: sudo apt-get install --no-install-recommends $*"
  say "On other systems install the packages of the same purpose, then run make again."
  exit 1
}

suits() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; }

find_python() {
  for python in ${PYTHON:-} python3 python3.13 python3.12 python3.11; do
    if suits "$python"; then
      command -v "$python"
      return
    fi
  done
  return 1
}

if ! [ -x .venv/bin/python ] || ! suits .venv/bin/python || ! .venv/bin/python -m pip --version >/dev/null 2>&1; then
  python="$(find_python)" || { need "AllianceKit (Python 3.11 or newer)" python3 python3-venv; python="$(find_python)"; } ||
    { say "The system's python3 is older than 3.11. Install a newer one and run: make PYTHON=/path/to/python3.11 …"; exit 1; }
  if ! "$python" -c 'import ensurepip, venv' >/dev/null 2>&1; then
    need "a virtual environment" "$("$python" -c 'import sys; print("python3.%d-venv" % sys.version_info[1])')"
  fi
  say "Creating .venv with $("$python" --version)"
  "$python" -m venv --clear .venv
fi

# The stamp holds what was installed; dev contains demo.
wanted="$(cksum <pyproject.toml) $PWD"
stamp=".venv/installed-$extra"
if [ "$(cat "$stamp" 2>/dev/null)" != "$wanted" ] &&
  { [ "$extra" != demo ] || [ "$(cat .venv/installed-dev 2>/dev/null)" != "$wanted" ]; }; then
  say "Installing Python packages ($extra); the first time takes some minutes"
  .venv/bin/python -m pip install --quiet --disable-pip-version-check --editable ".[$extra]" >&2
  printf '%s\n' "$wanted" >"$stamp"
fi

[ "$extra" = dev ] || exit 0

missing=""
command -v chromium >/dev/null 2>&1 || missing="$missing chromium"
command -v firefox-esr >/dev/null 2>&1 || missing="$missing firefox-esr"
command -v prosody >/dev/null 2>&1 || missing="$missing prosody"
command -v janus >/dev/null 2>&1 || missing="$missing janus"
command -v cc >/dev/null 2>&1 || missing="$missing gcc libc6-dev"
ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || command -v initdb >/dev/null 2>&1 || missing="$missing postgresql"
if command -v dpkg-query >/dev/null 2>&1; then
  # libatomic1: Playwright's own Node is linked against it.
  for package in fonts-wqy-microhei fonts-kacst libatomic1 libopus0; do
    dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing="$missing $package"
  done
fi
# shellcheck disable=SC2086
[ -z "$missing" ] || need "the tests" $missing
