#!/usr/bin/env bash
# What a deployment of an environment would change: `deploy/plan.sh dev`. Reads only, so it takes no lock.
# shellcheck source=deploy/environment.sh
. "$(dirname "${BASH_SOURCE[0]}")/environment.sh"

use_environment "${1:?which environment: dev or prod}"
open_stack foundation
in_stack foundation plan -input=false -no-color -lock=false -var-file="$ENVIRONMENTS/$1.tfvars"
