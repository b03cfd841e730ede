# What Amazon MWAA sources in every container, before its requirements and before Airflow; deploy/mwaa/bundle.py made it.
#
# It is sourced: no `set -e` and no `exit`, which would reach MWAA's own script. What is exported here is what Airflow's
# processes see (PATH too, PYTHONPATH never). A worker that cannot have terraform starts all the same: an environment
# whose workers do not start reports nothing, while a run on this one is refused by its preflight, which says why.

export NIGHTSHIFT_NAME="@NAME@"
@SETTINGS@
export NIGHTSHIFT_INCLUDE_DIR="${AIRFLOW_HOME:-/usr/local/airflow}/dags/include"

case "${MWAA_AIRFLOW_COMPONENT:-}" in
  worker | hybrid) # the containers that run tasks; mw1.micro has one for all
    export PATH="${AIRFLOW_HOME:-/usr/local/airflow}/tools/bin:$PATH"
    export TF_CLI_CONFIG_FILE="${AIRFLOW_HOME:-/usr/local/airflow}/tools/terraform.rc"
    timeout 270 python3 - "@BUCKET@" '@TICKETS@' "${AIRFLOW_HOME:-/usr/local/airflow}/tools" <<'NIGHTSHIFT_FETCH' ||
@FETCH@
NIGHTSHIFT_FETCH
      echo "nightshift: this worker is without terraform; the lines above say why; without any, 270 s were not enough"
    ;;
  *)
    echo "nightshift: ${MWAA_AIRFLOW_COMPONENT:-this container} runs no tasks and gets no terraform"
    ;;
esac
