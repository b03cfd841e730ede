"""Airflow on this machine: its database, its REST API, its DAGs in one process, or all its parts with the UI."""
