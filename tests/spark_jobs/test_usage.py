"""What a layer used of Spark is measured beside its work (test_main.py compares it with an event log)."""

from py4j.protocol import Py4JError

from medallion.usage import Meter


def test_a_layer_does_not_fail_where_spark_says_nothing_of_what_it_used(spark, monkeypatch, caplog):
    def refused(_meter):
        raise Py4JError("Method stageList does not exist")

    monkeypatch.setattr(Meter, "_store", property(refused))
    assert Meter(spark).read() == {}
    assert "Spark does not say what it used: Method stageList does not exist" in caplog.text
