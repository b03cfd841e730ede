#!/usr/bin/env bash
# Brings a bundle (deploy/mwaa/bundle.py) to an environment's MWAA and has it taken up: `deploy/bundle.sh dev [FOLDER]`.
# Without a folder it makes the bundle of this checkout, and brings what its workers fetch.
#
# The folder holds dags/, plugins-*.zip, requirements-*.txt and startup-*.sh. DAGs are read from S3 as they are; of the
# three files MWAA runs the versions that are set, which takes up to 40 minutes: only where one of them has changed.
# shellcheck source=deploy/environment.sh
. "$(dirname "${BASH_SOURCE[0]}")/environment.sh"

# The folder of the bundle that is made of this checkout. Terraform first: the bundle has the sums of what workers fetch.
make_bundle() {
  (cd "$ROOT" && .venv/bin/python -m deploy.mwaa.tools --environment "$1" >&2 &&
    .venv/bin/python -m deploy.mwaa.bundle --environment "$1" | tee /dev/stderr | sed -n '1s/: .*//p')
}

# The one file of the bundle that is called STEM-*SUFFIX.
part() {
  (cd "$BUNDLE" && compgen -G "$1-*$2" | head -n 1) || fail "$BUNDLE holds no $1-*$2: run make mwaa-bundle."
}

use_environment "${1:?which environment: dev or prod}"
end_without_mwaa "$1"
BUNDLE=${2:-$(make_bundle "$1")}
BUCKET=$NIGHTSHIFT_NAME-artifacts
PREFIX=mwaa
DEADLINE=$((SECONDS + ${BUNDLE_MINUTES:-60} * 60))

[ -d "$BUNDLE/dags" ] || fail "$BUNDLE holds no dags: run make mwaa-bundle."
PLUGINS=$(part plugins .zip)
REQUIREMENTS=$(part requirements .txt)
STARTUP=$(part startup .sh)

# The version that the bucket has of a file, after putting it there if its content is another.
put() {
  local file=$1 key=$PREFIX/$1 hash there
  hash=$(sha256sum "$BUNDLE/$file" | cut -d ' ' -f 1)
  there=$(aws s3api head-object --bucket "$BUCKET" --key "$key" --query 'Metadata.sha256' --output text 2>"$SCRATCH/head" ||
    grep -q 'Not Found' "$SCRATCH/head" || { cat "$SCRATCH/head" >&2 && exit 1; })
  [ "$there" = "$hash" ] || aws s3 cp --only-show-errors --metadata "sha256=$hash" "$BUNDLE/$file" "s3://$BUCKET/$key"
  aws s3api head-object --bucket "$BUCKET" --key "$key" --query VersionId --output text
}

environment() {
  aws mwaa get-environment --name "$NIGHTSHIFT_NAME" --query "Environment.[$1]" --output text
}

aws s3 sync --only-show-errors --delete "$BUNDLE/dags" "s3://$BUCKET/$PREFIX/dags"
plugins=$(put "$PLUGINS")
requirements=$(put "$REQUIREMENTS")
startup=$(put "$STARTUP")

runs_it() {
  local runs
  runs=$(environment 'PluginsS3ObjectVersion, RequirementsS3ObjectVersion, StartupScriptS3ObjectVersion')
  [ "$runs" = "$plugins"$'\t'"$requirements"$'\t'"$startup" ]
}

if runs_it; then
  echo "$NIGHTSHIFT_NAME runs this very bundle; its DAGs are read anew within half a minute."
  exit 0
fi
aws mwaa update-environment --name "$NIGHTSHIFT_NAME" --plugins-s3-path "$PREFIX/$PLUGINS" \
  --plugins-s3-object-version "$plugins" --requirements-s3-path "$PREFIX/$REQUIREMENTS" \
  --requirements-s3-object-version "$requirements" --startup-script-s3-path "$PREFIX/$STARTUP" \
  --startup-script-s3-object-version "$startup" --output text >"$SCRATCH/updated"
while sleep "${BUNDLE_POLL_SECONDS:-30}"; do
  status=$(environment Status)
  case $status in
    AVAILABLE)
      runs_it || fail "MWAA went back to the bundle before: its log group airflow-$NIGHTSHIFT_NAME-Scheduler says why."
      echo "$NIGHTSHIFT_NAME runs the new bundle."
      exit 0
      ;;
    UPDATING | PENDING | CREATING_SNAPSHOT | ROLLING_BACK | MAINTENANCE) echo "$status" ;;
    *) fail "$NIGHTSHIFT_NAME is $status after its update: its page in the console says why." ;;
  esac
  [ "$SECONDS" -lt "$DEADLINE" ] || fail "$NIGHTSHIFT_NAME is still $status: look at it in the console."
done
