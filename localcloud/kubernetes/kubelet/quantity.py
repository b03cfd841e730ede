"""Quantities of CPU and memory: 500m, 1, 1408Mi, 2G, 1e3. Pure."""

from __future__ import annotations

import re
from decimal import Decimal

_UNITS = {
    "n": Decimal("1e-9"),
    "u": Decimal("1e-6"),
    "m": Decimal("1e-3"),
    "": Decimal(1),
    **{unit: Decimal(1000) ** power for power, unit in enumerate("kMGTPE", start=1)},
    **{f"{unit}i": Decimal(1024) ** power for power, unit in enumerate("KMGTPE", start=1)},
}
_PATTERN = re.compile(r"([+-]?[0-9.]+(?:[eE][+-]?[0-9]+)?)(n|u|m|k|[KMGTPE]i?|)")


def number(text: str | int | float) -> float:
    """The number of a quantity. Raises ValueError."""
    found = _PATTERN.fullmatch(str(text))
    if found is None:
        raise ValueError(f"{text!r} is no quantity")
    return float(Decimal(found[1]) * _UNITS[found[2]])


def mebibytes(size: float) -> str:
    """A size in bytes as a quantity."""
    return f"{int(size) >> 20}Mi"
