# prod's Airflow on Amazon MWAA. Without this file prod has none.
environment_class     = "mw1.medium"
tasks_per_worker      = 4
min_workers           = 1
max_workers           = 2
webserver_access_mode = "PUBLIC_ONLY" # IAM says who; GitHub's smoke night asks Airflow from outside
log_days              = 90
