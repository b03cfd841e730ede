#!/usr/bin/env bash
# Pins every package with its hashes, for Python 3.11 and 3.12: requirements/*.txt out of requirements/*.in (`make lock`).
#
#   lock.sh [OPTIONS OF uv pip compile]     --upgrade moves what neither the .in files nor MWAA's constraints pin
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."

# What a night on MWAA does not import follows its advisories, not MWAA's constraints (docs/decisions/0020-advisories.md).
moved=werkzeug
mwaa="$(mktemp)"
trap 'rm -f "$mwaa"' EXIT
grep -viE "^($moved)==" requirements/constraints-mwaa-3.3.1.txt >"$mwaa"

# lock NAME CONSTRAINTS... -- OPTIONS...: requirements/NAME.txt, which agrees with the files of constraints.
lock() {
  local name=$1 constraints=()
  shift
  while [ "$1" != -- ]; do constraints+=(-c "$1"); shift; done
  shift
  echo "  requirements/$name.txt" >&2
  .venv/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate --no-emit-index-url \
    --no-emit-find-links --custom-compile-command 'make lock' "${constraints[@]}" "$@" \
    "requirements/$name.in" -o "requirements/$name.txt"
}

night=requirements/run.txt
lock run "$mwaa" -- "$@"
lock test "$mwaa" "$night" -- "$@" # the groups lie in one environment
lock lint "$mwaa" "$night" requirements/test.txt -- "$@"
lock java "$night" -- "$@"
lock openlineage "$mwaa" -- --no-deps "$@" # the rest is in the group run
lock postgres "$night" -- "$@"
for name in bench browser checks mutants uv; do # each lies by itself
  lock "$name" -- "$@"
done
