"""One spelling of a code, such as an order's number, whatever a spreadsheet or an export made of it. Pure."""

from __future__ import annotations

import re

_BLANKS = re.compile(r"\s+")
# What keeps a spreadsheet from reading a text as a number: ="0017", or an apostrophe before it.
_AS_TEXT = re.compile(r'="([^"]*)"|\'([^\']+)')
_UUID = re.compile(r"\{?([0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12})\}?")  # either case, by RFC 9562
_GROUPED = re.compile(r"([1-9][0-9]{0,2}(?:\.[0-9]{3})+)(?:,0{1,2})?|([1-9][0-9]{0,2}(?:,[0-9]{3})+)(?:\.0{1,2})?")
_NUMBER = re.compile(r"0*(0|[1-9][0-9]*)(?:[.,]0{1,2})?")


def one_spelling(code: str) -> str:
    """The code with single blanks inside, a UUID in lower case, and a number without the leading zeros, zero fraction
    and thousands separators that spreadsheets add and drop."""
    bare = _BLANKS.sub(" ", code)
    if match := _AS_TEXT.fullmatch(bare):
        bare = (match[1] or match[2] or "").strip()
    if match := _UUID.fullmatch(bare):
        return match[1].lower()
    if match := _GROUPED.fullmatch(bare):
        return re.sub("[.,]", "", match[1] or match[2])
    match = _NUMBER.fullmatch(bare)
    return match[1] if match else bare
