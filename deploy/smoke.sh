#!/usr/bin/env bash
# One small wordcount night on an environment's MWAA, over its REST API; ends as the night ends: `deploy/smoke.sh dev`.
#
# Its business date is one that no night has, so that it replaces nobody's gold. A DAG that is paused is so again afterwards.
# shellcheck source=deploy/environment.sh
. "$(dirname "${BASH_SOURCE[0]}")/environment.sh"

use_environment "${1:?which environment: dev or prod}"
end_without_mwaa "$1"
RUN=smoke-$(date -u +%Y%m%dT%H%M%SZ)
FOLDER=wordcount/smoke/$RUN
DEADLINE=$((SECONDS + ${SMOKE_MINUTES:-90} * 60))
PATIENCE=5 # questions in a row that may fail

# call METHOD PATH FIELD [BODY]: one field of what Airflow answers.
call() {
  local body=()
  [ $# -lt 4 ] || body=(--body "$4")
  aws mwaa invoke-rest-api --name "$NIGHTSHIFT_NAME" --method "$1" --path "$2" "${body[@]}" \
    --query "RestApiResponse.$3" --output text
}

paused=$(call GET /dags/wordcount is_paused)
if [ "$paused" = True ]; then
  trap 'call PATCH /dags/wordcount is_paused "{\"is_paused\": true}" >/dev/null; rm -rf "$SCRATCH"' EXIT
  call PATCH /dags/wordcount is_paused '{"is_paused": false}' >/dev/null
fi
echo 'uma noite, outra noite' >"$SCRATCH/smoke.txt"
aws s3 cp --only-show-errors "$SCRATCH/smoke.txt" "s3://$NIGHTSHIFT_NAME-raw/$FOLDER/smoke.txt"
conf="{\"business_date\": \"2000-01-01\", \"input_prefix\": \"$FOLDER/\"}"
call POST /dags/wordcount/dagRuns state "{\"dag_run_id\": \"$RUN\", \"logical_date\": null, \"conf\": $conf}" >/dev/null
echo "$NIGHTSHIFT_NAME: wordcount, run $RUN"

unanswered=0
said=
while [ "$SECONDS" -lt "$DEADLINE" ]; do
  if state=$(call GET "/dags/wordcount/dagRuns/$RUN" state); then
    unanswered=0
  else
    unanswered=$((unanswered + 1))
    [ "$unanswered" -lt "$PATIENCE" ] || fail "Airflow gave no answer $PATIENCE times in a row; the run goes on by itself."
  fi
  [ "$state" = "$said" ] || echo "$state"
  said=$state
  case $state in
    success) exit 0 ;;
    failed) fail "The smoke night failed: open $RUN of wordcount in Airflow, its task report says why." ;;
  esac
  sleep "${SMOKE_POLL_SECONDS:-30}"
done
fail "The smoke night did not end in time; it ends itself: look at $RUN of wordcount in Airflow."
