"""What a layer used of its Spark application, by the driver's own figures: those of Spark's web pages and REST API.

Source: org.apache.spark.status.AppStatusStore and its executorList and stageList, Spark 3.5; a driver keeps them also
without the pages (spark.ui.enabled=false). Of stages it keeps the last spark.ui.retainedStages, 1,000.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from typing import Any

from py4j.protocol import Py4JError
from pyspark.sql import SparkSession

_LOG = logging.getLogger(__name__)
MS, NS = 1000.0, 1e9


class Meter:
    """Measures from when it is made until it is read."""

    def __init__(self, spark: SparkSession) -> None:
        self._spark, self._since, self._first_stage = spark, time.monotonic(), 0
        try:
            self._first_stage = 1 + max((stage.stageId() for stage in self._stages()), default=-1)
        except Py4JError as problem:
            _LOG.warning("Spark does not say what it used before: %s", problem)

    def read(self) -> dict[str, float]:
        """Seconds that passed (`wall`), that tasks ran (`tasks`) and used a CPU (`cpu`); bytes `shuffled` and
        `spilled` to disk; `cores` of all executors of the application so far, and the largest Java `heap` of one in
        bytes (0 if unknown: executors report it every ten seconds). {} if Spark does not say: a night does not fail by
        what is measured of it."""
        try:
            self._spark.sparkContext._jsc.sc().listenerBus().waitUntilEmpty()  # else the last stage lacks some
            stages = [stage for stage in self._stages() if stage.stageId() >= self._first_stage]
            workers = [each for each in _each(self._store.executorList(False)) if each.totalCores()]
            heaps = [each.peakMemoryMetrics() for each in workers]
            return {
                "wall": round(time.monotonic() - self._since, 1),
                "tasks": round(sum(stage.executorRunTime() for stage in stages) / MS, 1),
                "cpu": round(sum(stage.executorCpuTime() for stage in stages) / NS, 1),
                "shuffled": sum(stage.shuffleWriteBytes() for stage in stages),
                "spilled": sum(stage.diskBytesSpilled() for stage in stages),
                "cores": sum(each.totalCores() for each in workers),
                "heap": max((h.get().getMetricValue("JVMHeapMemory") for h in heaps if h.isDefined()), default=0),
            }
        except Py4JError as problem:
            _LOG.warning("Spark does not say what it used: %s", problem)
            return {}

    def _stages(self) -> Iterator[Any]:
        gateway = self._spark.sparkContext._gateway
        quantiles, none = gateway.new_array(gateway.jvm.double, 0), gateway.jvm.java.util.ArrayList
        return _each(self._store.stageList(none(), False, False, quantiles, none()))

    @property
    def _store(self) -> Any:
        return self._spark.sparkContext._jsc.sc().statusStore()


def _each(sequence: Any) -> Iterator[Any]:
    """The elements of a Scala sequence."""
    iterator = sequence.iterator()
    while iterator.hasNext():
        yield iterator.next()
