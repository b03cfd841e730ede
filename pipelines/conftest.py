"""The tests in the packages of pipelines run the jobs as the engine's own tests do: in its Spark session, in a lake;
those that read a database from a PostgreSQL."""

from tests.spark_jobs.conftest import jobs_zip, lake, made_up, opens, pytest_collection_modifyitems, servers, spark

__all__ = ["jobs_zip", "lake", "made_up", "opens", "pytest_collection_modifyitems", "servers", "spark"]
