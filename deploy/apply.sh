#!/usr/bin/env bash
# Plans an environment's stacks, foundation first, and applies those very plans: `deploy/apply.sh dev`.
# shellcheck source=deploy/environment.sh
. "$(dirname "${BASH_SOURCE[0]}")/environment.sh"

use_environment "${1:?which environment: dev or prod}"
for stack in $(stacks_of "$1"); do
  open_stack "$stack"
  in_stack "$stack" plan -input=false -no-color -lock-timeout=5m -var-file="$(variables_of "$stack" "$1")" -out="$SCRATCH/plan"
  in_stack "$stack" apply -input=false -no-color -lock-timeout=5m "$SCRATCH/plan"
done
