"""What the night of a ./nightshift command imports when it starts: holds a task where a test says.

A test orders a hold by a file <moment>.order in $CHAOS_HOLDS. The first night that comes to the moment takes it (a
rename, so one wins), writes its pid, and waits while the file it made is there. Moments:

<task>          within the act, which has begun
<task>.after    the act is done and in the ledger, the next has not begun
publish.between a table is swapped in and not yet registered, the next one not yet swapped
"""

import os
import time
from contextlib import contextmanager
from pathlib import Path

from nightshift.lake.catalog import CatalogHook
from nightshift.state.ledger import Ledger

LONGEST = 600  # seconds; a hold that nobody ends is a test that died

act, register = Ledger.act, CatalogHook.register


@contextmanager
def _held_act(self, task, attempt, **facts):
    with act(self, task, attempt, **facts) as told:
        _hold(task)
        yield told
    _hold(f"{task}.after")


def _held_register(self, table, days):
    _hold("publish.between")
    register(self, table, days)


def _hold(moment):
    order = Path(os.environ["CHAOS_HOLDS"]) / f"{moment}.order"
    taken = order.with_suffix(f".{os.getpid()}")
    try:
        order.rename(taken)
    except FileNotFoundError:
        return
    taken.write_text(str(os.getpid()))
    held, deadline = taken.rename(order.with_suffix(".held")), time.monotonic() + LONGEST
    while held.exists() and time.monotonic() < deadline:
        time.sleep(0.05)


Ledger.act, CatalogHook.register = _held_act, _held_register
