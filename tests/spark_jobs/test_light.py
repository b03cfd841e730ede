"""How Spark plans follows from the size of the input, unless the cluster's configuration says otherwise."""

from types import SimpleNamespace

import pytest
from pyspark import SparkConf

from medallion import light
from medallion.lake import SHUFFLE_PARTITIONS, Lake

MB = 1024 * 1024
BY_SPARK = ("true", "FALLBACK", "true")  # its defaults, in the order of light.LIGHT


@pytest.fixture
def lake_of(spark, monkeypatch):
    """A lake whose session is new and whose cluster is configured so."""

    def made(**configured):
        session = spark.newSession()
        conf = SparkConf(loadDefaults=False).setAll(configured.items())
        monkeypatch.setattr(type(session.sparkContext), "getConf", lambda _context: conf)
        return Lake(SimpleNamespace(spark=session)), session.conf

    return made


def planned(conf):
    return conf.get(SHUFFLE_PARTITIONS), *(conf.get(name) for name in light.LIGHT)


def test_a_small_input_is_planned_lightly_and_a_larger_one_in_the_same_session_as_spark_does(lake_of):
    lake, conf = lake_of()
    lake.fit_spark_to(3 * MB)
    assert planned(conf) == ("1", *light.LIGHT.values())
    lake.fit_spark_to(17 * MB)
    assert planned(conf) == ("3", *BY_SPARK)


def test_an_input_of_unknown_size_may_be_large(lake_of):
    lake, conf = lake_of()
    lake.fit_spark_to(None)
    assert planned(conf) == ("1", *BY_SPARK)


def test_what_the_cluster_is_configured_with_stays(lake_of):
    lake, conf = lake_of(**{SHUFFLE_PARTITIONS: "9", "spark.sql.adaptive.enabled": "true"})
    before = planned(conf)
    lake.fit_spark_to(0)
    assert planned(conf) == (before[0], "false", "NO_CODEGEN", before[3])
