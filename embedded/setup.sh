#!/usr/bin/env bash
# Makes the virtual environment in the tree and prepares what a run needs; does nothing when that is done already.
#
#   setup.sh [GROUP]...   packages of requirements/<GROUP>.txt (test, lint) beside those of a night (run)
#   setup.sh --done       exit status 0 if a night's set-up is done
#   setup.sh --python     the path of a Python that runs Nightshift, before any set-up
set -euo pipefail

root="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
venv="$root/.venv"
log="$root/.nightshift/logs/setup.log"
stamp="$venv/.nightshift-setup" # the fingerprint of what was set up, and its groups

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

# A Python that was compiled without profile-guided optimisation (pyenv's, by default) takes a quarter to a half more CPU
# than a distribution's of the same version, for whatever it runs, and nothing but a measurement shows which is which.
MEASURE='
import ensurepip, time, venv  # without these it cannot make an environment
def milliseconds():
    start = time.process_time()
    [len(str(number)) for number in range(200_000)]
    return int(1000 * (time.process_time() - start))
print(min(milliseconds() for _ in range(3)))
'

# The Python for the environment: SETUP_PYTHON, or of all on PATH the first that no other beats by a tenth.
fastest_python() {
  local candidate took best='' fewest=0
  if [ -z "${SETUP_PYTHON:-}" ]; then
    while read -r candidate; do
      runs_as_supported "$candidate" && took="$("$candidate" -c "$MEASURE" 2>/dev/null)" && [ -n "$took" ] || continue
      if [ -z "$best" ] || [ $((took * 10)) -lt $((fewest * 9)) ]; then
        best=$candidate fewest=$took
      fi
    done < <(type -ap python3.12 python3.11 python3 python)
  fi
  if [ -n "$best" ]; then printf '%s\n' "$best"; else find_python; fi
}

# What set-up has to do depends on these files' contents, not on their dates, which git does not keep.
fingerprint() {
  { cat "$root"/requirements/*.txt; printf '%s' "$venv"; } | cksum
}

# is_done GROUP...: all of them were set up by today's locks, and the environment still runs.
is_done() {
  local group
  [ -f "$stamp" ] && [ "$(head -n 1 "$stamp")" = "$(fingerprint)" ] && [ -x "$venv/bin/python" ] || return 1
  for group in "$@"; do
    [[ " $(tail -n 1 "$stamp") " == *" $group "* ]] || return 1
  done
  runs_as_supported "$venv/bin/python"
}

make_venv() {
  if runs_as_supported "$venv/bin/python"; then
    return
  fi
  local python
  python="$(fastest_python)"
  say "  virtual environment: .venv, $("$python" --version) ($python)"
  rm -rf "$venv"
  "$python" -m venv "$venv" >>"$log" 2>&1 ||
    die "$python could not make a virtual environment ($(tail -n 1 "$log")): on Debian and Ubuntu install its -venv package."
}

# uv installs a lock in seconds, where pip takes minutes; pip brings it.
install_packages() {
  local group files=()
  for group in "$@"; do files+=("requirements/$group.txt"); done
  say "  packages: ${files[*]}"
  logged "uv (pip install -r requirements/uv.txt)" \
    "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/uv.txt
  logged "packages (uv pip sync ${files[*]})" \
    "$venv/bin/uv" pip sync --python "$venv/bin/python" --require-hashes --compile-bytecode "${files[@]}"
}

# logged WHAT COMMAND...: its output goes to the log, the milestones to the user; its last lines too when it fails.
logged() {
  local what=$1
  shift
  (cd "$root" && "$@") 2>&1 | tee -a "$log" | milestones >&2 || {
    tail -n 5 "$log" >&2
    die "set-up could not bring $what: its last lines are above, all of them in $log."
  }
}

milestones() {
  grep --line-buffered -E '^(Downloading|Prepared|Installed|Uninstalled|Bytecode)' | sed -u 's/^/    /' || true
}

main() {
  local groups=(run)
  case "${1:-}" in
    --done) is_done run; return ;;
    --python) find_python; return ;;
  esac
  if is_done run "$@"; then
    return
  fi
  # Logs and results of nights are nobody else's.
  { (umask 077 && mkdir -p "$(dirname "$log")") && : >"$log"; } 2>/dev/null ||
    die "set-up cannot write to $root/.nightshift: make it writable, or copy the tree to where you may write."
  say "Setting up (once):"
  make_venv
  for group in test lint; do # what was there before stays
    if [[ " $* " == *" $group "* ]] || { [ -f "$stamp" ] && [[ " $(tail -n 1 "$stamp") " == *" $group "* ]]; }; then
      groups+=("$group")
    fi
  done
  install_packages "${groups[@]}"
  (cd "$root" && PYTHONPATH="$root" "$venv/bin/python" -P -m embedded.prepare)
  printf '%s\n%s\n' "$(fingerprint)" "${groups[*]}" >"$stamp"
  say "Set up."
}

main "$@"
