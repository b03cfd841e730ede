"""Independent Spark actions at once: a table's write is mostly waiting for storage and for the planner."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor

AT_ONCE = 4


def all_of(actions: Iterable[Callable[[], None]]) -> None:
    """Run the actions, a few at a time; raises what the first of them that failed raised, once all are done."""
    with ThreadPoolExecutor(max_workers=AT_ONCE) as pool:
        started = [pool.submit(action) for action in actions]
    for action in started:
        action.result()
