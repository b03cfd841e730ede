#!/usr/bin/env bash
# Makes the environment with PyFlink: Python 3.11 (1.20 knows no 3.12), apart from .venv and from MWAA's constraints.
#
#   flink.sh PLACE REQUIREMENTS
set -euo pipefail

die() { echo "nightshift: $*" >&2; exit 1; }

# As in setup.sh: a pyenv shim answers to a name and then says that it does not exist.
find_python() {
  local candidate
  for candidate in "${FLINK_PYTHON:-}" python3.11 .venv/bin/python python3; do
    if [ -n "$candidate" ] && "$candidate" -c 'import sys; raise SystemExit(sys.version_info[:2] != (3, 11))' 2>/dev/null
    then
      printf '%s\n' "$candidate"
      return
    fi
  done
  die "Flink 1.20 needs Python 3.11, and none runs on this machine: install it (or name it in FLINK_PYTHON), try again."
}

# By set-up's uv, which is quicker and leaves no pip and setuptools of Python's own there; an image that has none takes pip.
install_into() {
  local python="$1" place="$2" requirements="$3" uv
  uv="$(dirname "${BASH_SOURCE[0]}")/../.venv/bin/uv"
  if [ -x "$uv" ]; then
    "$uv" venv --quiet --clear --python "$python" "$place" &&
      "$uv" pip sync --quiet --compile-bytecode --python "$place/bin/python" "$requirements"
  else
    "$python" -m venv --clear "$place" &&
      "$place/bin/pip" install --quiet --disable-pip-version-check --no-deps -r "$requirements"
  fi
}

main() {
  local place="$1" requirements="$2" python
  python="$(find_python)"
  echo "Making $place for Flink (about a minute, once)" >&2
  rm -f "$place/.made"
  install_into "$python" "$place" "$requirements" ||
    die "$requirements could not be installed into $place: the installer's last lines are above."
  touch "$place/.made"
}

main "$@"
