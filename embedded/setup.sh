#!/usr/bin/env bash
# Makes the virtual environment in the tree and prepares what a run needs; does nothing when that is done already.
set -euo pipefail

root="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
venv="$root/.venv"
log="$root/.nightshift/logs/setup.log"
stamp="$venv/.nightshift-setup"

say() { printf '%s\n' "$*" >&2; }
die() { say "nightshift: $*"; exit 1; }

# A name on PATH is not enough: a pyenv shim answers to python3.12 and then says that it does not exist.
runs_as_supported() {
  "$1" -c 'import sys; raise SystemExit(not (3, 11) <= sys.version_info[:2] <= (3, 12))' >/dev/null 2>&1
}

find_python() {
  local candidate
  for candidate in "${SETUP_PYTHON:-}" python3.12 python3.11 python3 python; do
    if [ -n "$candidate" ] && runs_as_supported "$candidate"; then
      printf '%s\n' "$candidate"
      return
    fi
  done
  die "no Python 3.11 or 3.12 runs on this machine: install one of them (or name it in SETUP_PYTHON) and try again."
}

# What set-up has to do depends on these files' contents, not on their dates, which git does not keep.
fingerprint() {
  { cat "$root"/requirements.txt "$root"/requirements-dev.txt "$root"/requirements/*; printf '%s' "$venv"; } | cksum
}

make_venv() {
  if runs_as_supported "$venv/bin/python"; then
    return
  fi
  local python
  python="$(find_python)"
  say "  virtual environment: .venv, $("$python" --version)"
  rm -rf "$venv"
  "$python" -m venv "$venv" >>"$log" 2>&1 ||
    die "$python could not make a virtual environment ($(tail -n 1 "$log")): on Debian and Ubuntu install its -venv package."
}

install_packages() {
  say "  packages: MWAA's constraints and the lock (about two minutes the first time)"
  (cd "$root" && "$venv/bin/python" -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt) \
    >>"$log" 2>&1 || {
    tail -n 5 "$log" >&2
    die "pip could not install requirements-dev.txt: its last lines are above, all of them in $log."
  }
}

main() {
  if [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$(fingerprint)" ] && runs_as_supported "$venv/bin/python"; then
    return
  fi
  mkdir -p "$(dirname "$log")"
  : >"$log"
  say "Setting up (once):"
  make_venv
  install_packages
  (cd "$root" && "$venv/bin/python" -m embedded.prepare)
  fingerprint >"$stamp"
  say "Set up."
}

main "$@"
