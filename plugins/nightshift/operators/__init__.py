"""Airflow operators: the tasks of a run."""
