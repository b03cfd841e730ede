"""The process behind ./nightshift drift: the library's comparison, as lines."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator

from botocore.exceptions import BotoCoreError, ClientError

from nightshift import config
from nightshift.failures.english import counted
from nightshift.failures.errors import NightshiftError
from nightshift.failures.shown import plain
from nightshift.infrastructure import drift
from nightshift.infrastructure.drift import Comparison

NONE, DIFFERS, UNSEEN = 0, 1, 2


def main() -> int:
    """Compare the applied stacks; gives the exit status."""
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(message)s")
    logging.getLogger("nightshift").setLevel(logging.WARNING)  # Airflow's own set-up would print terraform's whole plan
    try:
        settings = config.load()
        compared = drift.compare(settings)
        shown = drift.who_changed(settings, compared.differences)
    except (NightshiftError, BotoCoreError, ClientError) as error:
        print(f"nightshift: {plain(str(error))}", file=sys.stderr)
        return UNSEEN
    print(plain("\n".join(lines(Comparison(shown, compared.stacks, compared.unseen)))))
    return status(compared)


def status(compared: Comparison) -> int:
    """The exit status of a comparison."""
    if compared.differences:
        return DIFFERS
    return NONE if compared.stacks and not compared.unseen else UNSEEN


def lines(compared: Comparison) -> Iterator[str]:
    """A comparison as a list: what differs, what could not be compared, what was."""
    yield from map(str, compared.differences)
    yield from (f"Not compared: {state}: {why}" for state, why in compared.unseen.items())
    if compared.stacks:
        count = len(compared.differences)
        amount = f"{counted(count, 'attribute')} {'differs' if count == 1 else 'differ'}"
        yield f"Compared {', '.join(compared.stacks)}: {amount if count else 'nothing differs'}."
    elif not compared.unseen:
        yield "No stack is applied here."


if __name__ == "__main__":
    sys.exit(main())
