"""The runs of one command: requests, session, and what executes them, a process of ours or an Airflow elsewhere."""
