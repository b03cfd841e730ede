"""Masks of personal values: of a number the last four digits stay visible, of anything else nothing."""

from __future__ import annotations

import re

SHOWN = 4
END = rf".[0-9]{{{SHOWN}}}$"


def hidden(value: object) -> str | None:
    """**** and the last four digits; **** alone for a text that does not end so, such as a name, or has no more. None
    and an empty text stay as they are."""
    text = None if value is None else str(value)
    return text and f"****{text[-SHOWN:] if re.search(END, text) else ''}"
