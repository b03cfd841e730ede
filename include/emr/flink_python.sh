#!/usr/bin/env bash
# Bootstrap action: the Python that Flink's jobs run in, made in PLACE on every node.
#
#   flink_python.sh PYTHON REQUIREMENTS PLACE WHEELS
#
# EMR brings Flink but not the packages that PyFlink's workers import. They come from WHEELS, a folder in S3, or, when
# that is empty, from PyPI, for which the nodes need NAT. A Python that is set for Flink's client already, in its own
# variable PYFLINK_CLIENT_EXECUTABLE, is used as it is.
set -euo pipefail

has_all() {
  "$1" -c 'import importlib.util as u; raise SystemExit(not all(map(u.find_spec, ("apache_beam", "pyarrow", "pyflink"))))'
}

fetch() {
  local requirements="$1" wheels="$2" target="$3"
  mkdir "$target/wheels"
  aws s3 cp --recursive "$wheels" "$target/wheels"
  # The node's Flink is EMR's own, of the same version.
  aws s3 cp "$requirements" - | grep -v '^apache-flink-libraries' >"$target/requirements.txt"
}

main() {
  local python="$1" requirements="$2" place="$3" wheels="$4" scratch
  local -a from=()
  if [[ -n "${PYFLINK_CLIENT_EXECUTABLE:-}" ]] && has_all "$PYFLINK_CLIENT_EXECUTABLE"; then
    echo "$PYFLINK_CLIENT_EXECUTABLE has what Flink's jobs import."
    return
  fi
  scratch="$(mktemp -d)"
  fetch "$requirements" "$wheels" "$scratch"
  if compgen -G "$scratch/wheels/*" >/dev/null; then
    from=(--no-index --find-links "$scratch/wheels")
  fi
  sudo "$python" -m venv --clear "$place"
  sudo "$place/bin/pip" install --quiet --no-deps "${from[@]}" -r "$scratch/requirements.txt" || {
    echo "Flink's Python could not be made: fill $wheels (pip download), or give the nodes NAT for PyPI." >&2
    exit 1
  }
  rm -rf "$scratch"
}

main "$@"
