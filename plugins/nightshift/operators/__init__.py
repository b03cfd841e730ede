"""The tasks of a night: each adapts one hook to Airflow."""
