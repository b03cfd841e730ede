"""The tests in the packages of pipelines run the jobs as the engine's own tests do: in its Spark session, in a lake."""

from tests.spark_jobs.conftest import jobs_zip, lake, pytest_collection_modifyitems, spark

__all__ = ["jobs_zip", "lake", "pytest_collection_modifyitems", "spark"]
