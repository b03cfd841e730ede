"""The timer of a cluster's own time limit (include/emr/time_limit.sh), whose end a test need not wait for."""

from __future__ import annotations

import psutil

from tests.patience import until, words_of


def hasten(cluster_id: str) -> int:
    """Let the cluster come to its limit: its timer sleeps no longer. Gives the seconds that it was to sleep; raises
    AssertionError when the cluster has no timer."""
    [timer] = until(lambda: [one for one in psutil.process_iter() if _times(one, cluster_id)], what="the timer")
    [sleep] = until(lambda: [one for one in timer.children() if words_of(one)[:1] == ["sleep"]], what="its sleep")
    seconds = int(words_of(sleep)[1])
    sleep.kill()
    return seconds


def _times(process: psutil.Process, cluster_id: str) -> bool:
    """Whether it is the timer of this cluster."""
    return {"time_limit", cluster_id} <= set(words_of(process))
