"""A failure's message in two parts: what Nightshift says of it, and what Spark, terraform or AWS said itself. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from nightshift.failures.portuguese import translated
from nightshift.failures.symptoms import AWS, CLUSTER, CUT_SHORT, STEP, TERRAFORM, Symptom, first_in

# The messages that end in the words of others, and where these words' meaning is known from.
QUOTING = (
    (re.compile(r"(?P<ours>(?:Step \S+|its step) is \S+): (?P<quoted>.+)"), (*STEP, *CUT_SHORT, *CLUSTER)),
    (re.compile(r"(?P<ours>terraform \S+ of \S+ ended with exit code \d+): (?P<quoted>.+)"), TERRAFORM),
)
OWN = re.compile(r"\w+ \d{4}-\d\d-\d\d: ")  # a job's own error, after its pipeline and date (medallion/errors.py)
OF_AWS = re.compile(r"An error occurred \([\w.]+\) when calling the (?P<operation>\w+) operation\b.*")  # botocore's

OF_DAYS = re.compile(r"(?P<ours>\d+ of \d+ days were not made): (?P<days>.+?)\.?")  # errors.DaysFailed
DAY = re.compile(r"(?:^|; )(?=\d{4}-\d\d-\d\d: )")


class Parted(NamedTuple):
    """`ours` is a sentence that portuguese.py knows; `quoted` the words of others, '' if there are none."""

    ours: str
    quoted: str


def parted(message: str) -> Parted:
    """A message's two parts; for the known symptoms ours says what the quoted words mean."""
    if answer := OF_AWS.fullmatch(message):
        return Parted(_with_meaning(f"AWS refused {answer['operation']}", message, AWS), message)
    for pattern, symptoms in QUOTING:
        match = pattern.fullmatch(message)
        if match and not OWN.match(match["quoted"]) and translated(match["quoted"]) == match["quoted"]:
            return Parted(_with_meaning(match["ours"], match["quoted"], symptoms), match["quoted"])
    return Parted(message, "")


def by_day(message: str) -> list[tuple[str, Parted]]:
    """The message's parts, each with the day that it is about: '' for the first one. Of the message of a backfill whose
    days failed there is a part a day, of any other one part."""
    match = OF_DAYS.fullmatch(message)
    if not match:
        return [("", parted(message))]
    days = (reason.partition(": ") for reason in DAY.split(match["days"]) if reason)
    return [("", Parted(match["ours"], "")), *((day, parted(why)) for day, _, why in days)]


def _with_meaning(ours: str, said: str, symptoms: Sequence[Symptom]) -> str:
    symptom = first_in(said, symptoms)
    return f"{ours}: {symptom.means}" if symptom else ours
