#!/usr/bin/env bash
# One ingestion on the host that a night brings up for it: fetches the program and runs it.
#
#   ingest.sh JOBS_URI api|table …
#
# A Python that has what the program imports is used as it is; else one is made from PyPI (Amazon Linux 2023 has
# python3.11 as a package), once for all ingestions of the host.
set -euo pipefail

VENV=/opt/nightshift/ingest

has_all() {
  "$1" -c 'import importlib.util as u, sys
raise SystemExit(sys.version_info < (3, 11) or not all(map(u.find_spec, ("boto3", "psycopg2", "requests", "tenacity"))))' \
    2>/dev/null
}

find_python() {
  local python
  for python in "$VENV/bin/python" python3.11 python3; do
    if has_all "$python"; then
      printf '%s\n' "$python"
      return
    fi
  done
  return 1
}

make_python() {
  local requirements="$1"
  dnf install --quiet --assumeyes python3.11 >&2
  python3.11 -m venv --clear "$VENV" >&2
  "$VENV/bin/pip" install --quiet --disable-pip-version-check -r "$requirements" >&2
}

main() {
  local jobs_uri="$1" scratch python
  shift
  scratch="$(mktemp -d)"
  # shellcheck disable=SC2064 # the name as it is now
  trap "rm -rf '$scratch'" EXIT
  aws s3 cp --only-show-errors "${jobs_uri}ingest.zip" "$scratch/ingest.zip"
  aws s3 cp --only-show-errors "${jobs_uri}ingest_requirements.txt" "$scratch/requirements.txt"
  if ! python="$(find_python)"; then
    make_python "$scratch/requirements.txt" || {
      echo "ingesting: no Python with the program's packages could be made: see whether the host reaches PyPI." >&2
      exit 1
    }
    python="$VENV/bin/python"
  fi
  PYTHONPATH="$scratch/ingest.zip" "$python" -m ingest "$@"
}

main "$@"
