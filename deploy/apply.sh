#!/usr/bin/env bash
# Plans an environment's foundation and applies that very plan: `deploy/apply.sh dev`.
# shellcheck source=deploy/environment.sh
. "$(dirname "${BASH_SOURCE[0]}")/environment.sh"

use_environment "${1:?which environment: dev or prod}"
open_stack foundation
in_stack foundation plan -input=false -no-color -lock-timeout=5m -var-file="$ENVIRONMENTS/$1.tfvars" -out="$SCRATCH/plan"
in_stack foundation apply -input=false -no-color -lock-timeout=5m "$SCRATCH/plan"
