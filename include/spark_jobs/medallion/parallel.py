"""Run independent Spark actions concurrently: a table's write mostly waits for storage and the planner."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor

AT_ONCE = 4


def all_of(actions: Iterable[Callable[[], None]]) -> None:
    """Run the actions, a few at a time; once all are done, raise the error of the first that failed."""
    with ThreadPoolExecutor(max_workers=AT_ONCE) as pool:
        started = [pool.submit(action) for action in actions]
    for action in started:
        action.result()
