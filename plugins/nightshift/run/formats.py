"""Formats of the trigger form's text fields: names in words, which Airflow shows when a value is refused.

Airflow checks a form by JSON Schema, whose message for a pattern is the regular expression. For a `format` it is
"'x' is not a '<name of the format>'", so the name says what is expected. jsonschema ignores formats that it does not
know, so this module is imported wherever a form is checked: by the DAGs and, in the API server, by the plugin.
Source: jsonschema 4, FormatChecker.checkers; airflow.sdk.definitions.param.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial
from typing import Any

from jsonschema import FormatChecker  # type: ignore[import-untyped]

from nightshift.failures.errors import ParameterError
from nightshift.failures.portuguese import translated
from nightshift.run import parameters

FOLDER = "folder in the raw bucket, like inbox/2026/, without / at its beginning and without .. in it"
ENCODING = "text encoding, like utf-8, latin-1, cp1252 or utf-16"
NETWORK = "network of /16 or narrower, like 198.51.100.7/32"


def of_pattern(words: str, pattern: str) -> str:
    """The format `words` for texts that match a pattern; returns its name."""
    return _registered(words, partial(_matches, pattern))


def renamed(words: str, spoken: str) -> str:
    """The format `words` in another language; returns its name there."""
    if words in FormatChecker.checkers:
        FormatChecker.checkers.setdefault(spoken, FormatChecker.checkers[words])
    return spoken


def _registered(words: str, fits: Callable[[Any], bool]) -> str:
    FormatChecker.checkers[words] = (fits, ())
    return words


def _matches(pattern: str, value: Any) -> bool:
    return not isinstance(value, str) or bool(re.search(pattern, value))


def _accepted(check: Callable[[Any], Any], value: Any) -> bool:
    try:
        check(value)
    except ParameterError:
        return False
    return True


_registered(FOLDER, partial(_accepted, parameters.input_prefix))
_registered(ENCODING, partial(_accepted, parameters.encoding))
_registered(NETWORK, partial(_accepted, parameters.ssh_cidr))
for each in (FOLDER, ENCODING, NETWORK):
    renamed(each, translated(each))
