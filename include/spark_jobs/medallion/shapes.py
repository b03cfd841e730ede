"""The patterns of typed values in plain notation, as silver accepts them. Pure."""

from __future__ import annotations

# With these bounds ten million rows add up within decimal(18,2).
MONEY = r"^[0-9]{1,9}(\.[0-9]{1,2}0{0,16})?$"  # zeros after the second decimal place change no amount
DAY = r"^(19|[2-9][0-9])[0-9]{2}-[0-9]{2}-[0-9]{2}$"
FIGURE = r"^[+-]?[0-9]{1,12}(\.[0-9]{1,12})?$"
MONEY_TYPE = "decimal(18,2)"
# A date, or a date and time, with or without a zone.
MOMENT = (
    r"^(19|[2-9][0-9])[0-9]{2}-[0-9]{2}-[0-9]{2}"
    r"([ T]+[0-9]{2}:[0-9]{2}(:[0-9]{2}([.][0-9]{1,9})?)?(Z|[+-][0-9]{2}(:?[0-9]{2})?)?)?$"
)


def whole(digits: int, *, signed: bool) -> str:
    """The pattern of a whole number of at most so many digits."""
    return rf"^{'-?' if signed else ''}[0-9]{{1,{digits}}}$"


def money(*, signed: bool) -> str:
    """The pattern of an amount."""
    return MONEY.replace("^", "^-?") if signed else MONEY
