"""The contract of a pipeline's input and output, for Airflow, the cluster's jobs, the ingestion host and `new` alike.

Pure Python 3.11 with nothing installed beside it: it lies in Airflow's plugins, and travels in the jobs' zips.
"""
