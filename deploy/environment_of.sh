#!/usr/bin/env bash
# Prints what other tools want to know of an environment, as KEY=value: `deploy/environment_of.sh dev >> "$GITHUB_ENV"`.
# shellcheck source=deploy/environment.sh
. "$(dirname "${BASH_SOURCE[0]}")/environment.sh"

use_environment "${1:?which environment: dev or prod}"
echo "AWS_REGION=$AWS_REGION"
echo "NIGHTSHIFT_NAME=$NIGHTSHIFT_NAME"
