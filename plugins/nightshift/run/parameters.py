"""Run parameters: validates each one before it becomes part of a key, a tag or a command line."""

from __future__ import annotations

import codecs
import ipaddress
import re
import unicodedata
from collections.abc import Collection, Iterable, Mapping
from datetime import date, timedelta
from difflib import get_close_matches
from typing import Any

from nightshift.contracts.pipeline import ENGINE, SPARK, Option, Pipeline, Value
from nightshift.failures.errors import ParameterError

# For Python and the browser, hence without \w and \d, which differ between them. It excludes characters that mean
# something to a shell, a URI or Hadoop's globs, and path parts that would be resolved away.
PREFIX = (
    r"^(?![/.+@=-])(?!.*(//|/\.\.?/|/\.\.?$))"
    r"[^\x00-\x20!-*,:;<>?\[-^`{-\x7f][^\x00-\x1f!-*,:;<>?\[-^`{-\x7f]*$(?!\n)"
)
ENCODING = r"^[A-Za-z0-9][A-Za-z0-9 ._:-]{0,39}$(?!\n)"
_OCTET = "(25[0-5]|2[0-4][0-9]|1?[0-9]?[0-9])"
SSH_CIDR = (
    rf"^({_OCTET}(\.{_OCTET}){{3}}/(1[6-9]|2[0-9]|3[0-2])|[0-9A-Fa-f:.]+/(4[89]|[5-9][0-9]|1[01][0-9]|12[0-8]))$(?!\n)"
)

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_FIRST_YEAR = 1900  # the jobs have no older orders, and strftime writes years before 1000 without leading zeros
# S3 allows 1,024 bytes per key, a file system 255 per name; the files under the prefix need room as well.
_LONGEST_PREFIX, _LONGEST_PART = 512, 255
_NARROWEST = {4: 16, 6: 48}  # as in the transient stack
_MOST_USD = 1_000_000  # and neither nan nor infinity
_SAMPLE = "\n\rA"


def refuse_unknown(given: Iterable[str], known: Collection[str]) -> None:
    """Raise ParameterError for a parameter that the run's DAG does not have: with a typo in its name, a run would
    silently use the default."""
    for name in given:
        if name not in known:
            close = get_close_matches(name, list(known), n=1)
            meant = f"did you mean {close[0]}?" if close else f"expected one of {', '.join(sorted(known))}."
            raise ParameterError(f"There is no parameter {_shown(name)}: {meant}")


def business_date(requested: Any, today: date) -> date | None:
    """The requested day, None if there is none. Raises ParameterError unless it is a day from 1900 to `today`."""
    if not requested:
        return None
    given = _day(requested)
    if given is None or given.year < _FIRST_YEAR:
        raise ParameterError(
            f"business_date is {requested!r}: expected a date like 2026-01-31, from {_FIRST_YEAR} to today."
        )
    if given > today:
        raise ParameterError(f"business_date is {given}, which is after today, {today}: expected a day up to today.")
    return given


def eve(day: date, today: date) -> date:
    """The day before `day`. Raises ParameterError if `day` is after `today`."""
    if day > today:
        raise ParameterError(
            f"The run is of {day}, which is after today, {today}: set a logical date up to today, or business_date."
        )
    return day - timedelta(days=1)


def days(first: Any, last: Any, today: date) -> tuple[date, date]:
    """The requested range, both days included. Raises ParameterError unless both are given, the first not after the
    last."""
    since, until = business_date(first, today), business_date(last, today)
    if since is None or until is None or since > until:
        raise ParameterError(
            f"first is {first!r} and last is {last!r}: expected two dates, the first not after the last."
        )
    return since, until


def _day(requested: Any) -> date | None:
    try:
        return date.fromisoformat(requested) if _DAY.fullmatch(requested) else None
    except (TypeError, ValueError):
        return None


def input_prefix(requested: Any) -> str | None:
    """The requested folder in the raw bucket, with one / at its end; None if there is none.

    Raises ParameterError for a value that could leave the folder or means something to a shell, a URI or a glob.
    """
    if not requested:
        return None
    if (
        not isinstance(requested, str)
        or not re.search(PREFIX, requested)
        or _unprintable(requested)
        or _too_long(requested)
    ):
        raise ParameterError(
            f"input_prefix is {_shown(requested)}: expected a folder in the raw bucket, like inbox/2026/: letters"
            f" of any script, digits, blanks and . _ = + @ - in parts between single slashes, none of them . or .., at"
            f" most {_LONGEST_PREFIX} bytes ({_LONGEST_PART} a part)."
        )
    return requested.removesuffix("/") + "/"


def _unprintable(text: str) -> bool:
    """Whether it has control or format characters, lone surrogates, or blanks other than the space."""
    return any(unicodedata.category(c)[0] in "CZ" and c != " " for c in text)


def _too_long(prefix: str) -> bool:
    parts = [len(part.encode()) for part in prefix.split("/")]
    return max(parts) > _LONGEST_PART or sum(parts) + len(parts) > _LONGEST_PREFIX


def encoding(requested: Any) -> str:
    """Python's name of the requested text encoding. Raises ParameterError if it is not an encoding of text files."""
    name = _codec(requested) if isinstance(requested, str) and re.search(ENCODING, requested) else None
    if name is None:
        raise ParameterError(
            f"encoding is {_shown(requested)}, which is no text encoding that Python knows:"
            " expected a name like utf-8, latin-1, cp1252 or utf-16."
        )
    return name


def _codec(requested: str) -> str | None:
    """The codec's name, if it encodes each character by itself in the same number of bytes, unlike hex or punycode."""
    try:
        mark, text = "".encode(requested), _SAMPLE.encode(requested)
        pieces = [c.encode(requested)[len(mark) :] for c in _SAMPLE]
    except (LookupError, ValueError):
        return None
    same_width = len({len(piece) for piece in pieces}) == 1
    return codecs.lookup(requested).name if same_width and text == mark + b"".join(pieces) else None


def ssh_cidr(requested: Any) -> str | None:
    """The network that may log in, None if there is none. Raises ParameterError if it is invalid or too wide."""
    if not requested:
        return None
    try:
        network = ipaddress.ip_network(requested) if isinstance(requested, str) else None
    except ValueError:
        network = None
    if network is None or str(network) != requested or network.prefixlen < _NARROWEST[network.version]:
        raise ParameterError(
            f"ssh_cidr is {_shown(requested)}: expected a network without host bits, /16 or narrower (IPv6: /48),"
            " like 198.51.100.7/32."
        )
    return str(network)


def max_usd(requested: Any) -> float | None:
    """The dollars that the run may cost, None if it names none. Raises ParameterError unless it is a number over 0."""
    if requested is None or requested == "":
        return None
    try:
        dollars = 0.0 if isinstance(requested, bool) else float(requested)
    except (TypeError, ValueError):
        dollars = 0.0
    if not 0 < dollars < _MOST_USD:
        raise ParameterError(f"max_usd is {_shown(requested)}: expected dollars over 0, such as 2.50.")
    return dollars


def option(wanted: Option, requested: Any) -> Value:
    """The value of a pipeline's option, by default the option's default. Raises ParameterError."""
    if requested is None:
        return wanted.default
    if wanted.switch:
        fits, expected = isinstance(requested, bool), "true or false, without quotes"
    elif wanted.day:
        fits, expected = requested == "" or _day(requested) is not None, "a date like 2026-01-31, or nothing"
    else:
        fits, expected = _is_text_of(wanted, requested), wanted.shown or " or ".join(wanted.choices)
    if not fits:
        raise ParameterError(f"{wanted.name} is {_shown(requested)}: expected {expected}.")
    return requested  # type: ignore[no-any-return]


def _is_text_of(wanted: Option, requested: Any) -> bool:
    if not isinstance(requested, str) or _unprintable(requested):
        return False
    return requested in wanted.choices or bool(wanted.pattern and re.search(wanted.pattern, requested))


def replay(requested: Any, options: Mapping[str, Value], pipeline: Pipeline) -> bool:
    """Whether a replay is requested. Raises ParameterError for a pipeline or an engine without bronze."""
    if requested and not pipeline.keeps_bronze:
        raise ParameterError(f"replay is set, but {pipeline.name} keeps no bronze: run the date again with its input.")
    if requested and (engine := options.get(ENGINE, SPARK)) != SPARK:
        raise ParameterError(f"replay is set with engine {engine}, which keeps no bronze: expected engine {SPARK}.")
    return bool(requested)


def _shown(requested: Any) -> str:
    """The value for an error message: escaped and shortened."""
    text = ascii(requested) if isinstance(requested, str) and _unprintable(requested) else repr(requested)
    return text if len(text) <= 120 else f"{text[:100]}… ({len(text)} characters)"
