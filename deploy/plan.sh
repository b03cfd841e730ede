#!/usr/bin/env bash
# What a deployment of an environment would change: `deploy/plan.sh dev`. Reads only, so it takes no lock.
# shellcheck source=deploy/environment.sh
. "$(dirname "${BASH_SOURCE[0]}")/environment.sh"

use_environment "${1:?which environment: dev or prod}"
for stack in $(stacks_of "$1"); do
  open_stack "$stack"
  if [ "$stack" != foundation ] && [ "$(in_stack foundation output -no-color -json)" = '{}' ]; then
    echo "$stack: planned once the foundation, which it is looked up in, is applied."
    continue
  fi
  in_stack "$stack" plan -input=false -no-color -lock=false -var-file="$(variables_of "$stack" "$1")"
done
