"""Made-up input of each pipeline, by the project's own generator."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path

from embedded.errors import InputRefused
from embedded.inputs import Delivery


def texts(folder: Path, days: Sequence[date]) -> dict[date, Delivery]:
    raise InputRefused("name --input")


def sales(folder: Path, days: Sequence[date]) -> dict[date, Delivery]:
    raise InputRefused("name --input")
