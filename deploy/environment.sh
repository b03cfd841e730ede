# Sourced by the other scripts: reads an environment's settings, and opens a stack's state as a night does.
# shellcheck shell=bash

set -euo pipefail
shopt -s inherit_errexit

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
ENVIRONMENTS=${NIGHTSHIFT_INCLUDE_DIR:-$ROOT/include}/environments
STACKS=$ROOT/include/terraform/stacks

fail() {
  echo "$*" >&2
  exit 2
}

# The value of one setting in one environment's file; empty if it is not there.
setting() {
  sed -n "s/^NIGHTSHIFT_$2=//p" "$ENVIRONMENTS/$1.env"
}

# Names with a common beginning would share what is looked up by prefix (log groups, roles): `acme` and `acme-prod`.
refuse_names_that_begin_alike() {
  local one other mine theirs
  for one in "$ENVIRONMENTS"/*.env; do
    for other in "$ENVIRONMENTS"/*.env; do
      [ "$one" = "$other" ] && continue
      mine=$(setting "$(basename "$one" .env)" NAME)
      theirs=$(setting "$(basename "$other" .env)" NAME)
      case "$theirs-" in
        "$mine-"*) fail "NIGHTSHIFT_NAME of $one, $mine, is the beginning of $theirs in $other: give them other names." ;;
      esac
    done
  done
}

# Every NIGHTSHIFT_* of the environment, and what terraform and the AWS CLI want of it. What is set already does not count: an
# environment is what its file says.
use_environment() {
  local file=$ENVIRONMENTS/$1.env line
  [ -f "$file" ] || fail "There is no environment '$1' ($file): ENV is dev or prod."
  refuse_names_that_begin_alike
  while IFS= read -r line; do
    case $line in
      NIGHTSHIFT_*=*) export "${line?}" ;;
      '' | '#'*) ;;
      *) fail "$file: '$line' is neither NIGHTSHIFT_KEY=value nor a comment." ;;
    esac
  done <"$file"
  [ "$NIGHTSHIFT_ENVIRONMENT" = "$1" ] || fail "$file says it is $NIGHTSHIFT_ENVIRONMENT."
  export AWS_REGION=$NIGHTSHIFT_REGION AWS_DEFAULT_REGION=$NIGHTSHIFT_REGION
  export TF_IN_AUTOMATION=1 CHECKPOINT_DISABLE=1
  export TF_VAR_name=$NIGHTSHIFT_NAME TF_VAR_region=$NIGHTSHIFT_REGION
  TF_VAR_email_endpoints=$(as_list "${NIGHTSHIFT_EMAIL_ENDPOINTS:-}")
  TF_VAR_queue_endpoints=$(as_list "${NIGHTSHIFT_QUEUE_ENDPOINTS:-}")
  export TF_VAR_email_endpoints TF_VAR_queue_endpoints
}

# a,b -> ["a","b"], as terraform reads a list.
as_list() {
  local items=${1//[[:space:]]/}
  [ -z "$items" ] && echo '[]' || echo "[\"${items//,/\",\"}\"]"
}

# The stacks of an environment, each after what it needs: MWAA where there is a file for it.
stacks_of() {
  echo foundation
  [ ! -f "$(variables_of mwaa "$1")" ] || echo mwaa
}

# The file of a stack's variables. The foundation's is the one that nights apply too.
variables_of() {
  [ "$1" = foundation ] && echo "$ENVIRONMENTS/$2.tfvars" || echo "$ENVIRONMENTS/$2.$1.tfvars"
}

# Ends a script that is about MWAA where the environment has none: there is nothing to do, and nothing wrong.
end_without_mwaa() {
  local file
  file=$(variables_of mwaa "$1")
  [ -f "$file" ] || {
    echo "$1 has no Airflow on MWAA: there is no $(basename "$file")."
    exit 0
  }
}

# in_stack STACK VERB ARGUMENT...: terraform in a stack whose state is <stack>.tfstate, writing nothing beside it.
in_stack() {
  local stack=$1
  shift
  TF_DATA_DIR=$SCRATCH/$stack terraform -chdir="$STACKS/$stack" "$@"
}

open_stack() {
  mkdir -p "$SCRATCH/$1"
  in_stack "$1" init -input=false -no-color -lockfile=readonly -backend-config="bucket=$NIGHTSHIFT_NAME-state" \
    -backend-config="key=$1.tfstate" -backend-config="region=$NIGHTSHIFT_REGION" >"$SCRATCH/$1/init.log" ||
    {
      cat "$SCRATCH/$1/init.log" >&2
      fail "terraform could not open the state of $1 (above). Is stacks/bootstrap applied for $NIGHTSHIFT_NAME?"
    }
}

# Where terraform works and plans lie; gone with the script.
SCRATCH=$(mktemp -d)
trap 'rm -rf "$SCRATCH"' EXIT
