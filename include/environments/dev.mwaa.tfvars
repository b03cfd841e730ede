# dev's Airflow on Amazon MWAA: the smallest that has room for terraform. Without this file dev has none.
environment_class     = "mw1.small"
tasks_per_worker      = 2
min_workers           = 1
max_workers           = 1
webserver_access_mode = "PUBLIC_ONLY" # IAM says who; GitHub's smoke night asks Airflow from outside
log_days              = 7
