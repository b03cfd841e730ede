#!/usr/bin/env bash
# Bootstrap action: the cluster ends itself SECONDS from now, whatever hangs on it and whoever forgot it.
#
#   time_limit.sh SECONDS REGION
#
# Runs on every node and leaves a timer on the primary. EMR's own auto-termination knows idleness only, and a step
# that hangs is not idle. Which node and which cluster this is stands in two files that EMR writes on each node
# (EMR Management Guide, bootstrap actions): instance.json and job-flow.json. EMR_INFO_DIR names another place.
set -euo pipefail

readonly INFO="${EMR_INFO_DIR:-/mnt/var/lib/info}"
export TRIES=5 PAUSE=60 # a throttled or unreachable API gets five minutes

# The timer. Where no door leads to EMR's API (no NAT, no endpoint), or it refuses, the primary goes down, and EMR
# ends a cluster without one.
end_cluster() {
  local cluster="$1" seconds="$2" region="$3" sudo="$4"
  sleep "$seconds"
  for ((try = 1; try <= TRIES; try++)); do
    aws emr terminate-clusters --region "$region" --cluster-ids "$cluster" \
      --cli-connect-timeout 10 --cli-read-timeout 30 && sleep $((15 * PAUSE)) # EMR saves the logs meanwhile
    sleep "$PAUSE"
  done
  "$sudo" shutdown -h now
}
export -f end_cluster

main() {
  local seconds="$1" region="$2" cluster
  cluster="$(sed -nE 's/.*"jobFlowId"[[:space:]]*:[[:space:]]*"(j-[A-Z0-9]+)".*/\1/p' "$INFO/job-flow.json")"
  if [[ -z "$cluster" ]]; then
    echo "$INFO/job-flow.json names no cluster, so nothing would end it: the node is not used." >&2
    exit 1
  fi
  if grep -Eq '"isMaster"[[:space:]]*:[[:space:]]*true' "$INFO/instance.json"; then
    # A session of its own and no open stream: EMR waits for neither, and the end of this script does not end it.
    setsid bash -c 'end_cluster "$@"' time_limit "$cluster" "$seconds" "$region" "$(command -v sudo)" \
      </dev/null >/dev/null 2>&1 &
    echo "$cluster ends itself in $seconds seconds."
  fi
}

main "$@"
