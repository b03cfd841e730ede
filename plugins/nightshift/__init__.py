"""Nightshift: Airflow DAGs that each night start an EMR cluster, run Spark or Flink jobs, audit them and remove it."""
