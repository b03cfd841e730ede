"""The DAG of each pipeline that Airflow finds in pipelines/, in NIGHTSHIFT_PIPELINES and among installed packages."""

from nightshift import config
from nightshift.dag_factory import night_dags
from nightshift.pipelines import REGISTRY

dags = night_dags(REGISTRY, config.load())
