"""The NIGHTSHIFT_* settings as the command line reads them: what is wrong with them is one sentence for this place."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping

from embedded.cloud import environment, on_option
from embedded.words import meant
from nightshift import config
from nightshift.config import Settings
from nightshift.failures.errors import SettingsError
from nightshift.failures.shown import plain
from nightshift.pipelines import REGISTRY
from tools.errors import InputRefused

HERE = "Correct it in this shell, or unset it."


def load(environ: Mapping[str, str] = os.environ) -> Settings:
    """The settings of an environment. Raises InputRefused."""
    try:
        settings = config.load(environment.without_password(environ))
    except SettingsError as wrong:
        raise InputRefused(f"{wrong.args[0]} {HERE}") from None
    if settings.compute not in on_option.TARGETS:
        hint = meant(settings.compute, on_option.TARGETS)
        targets = ", ".join(on_option.TARGETS)
        raise InputRefused(f"NIGHTSHIFT_COMPUTE is {settings.compute!r}: expected one of {targets}.{hint} {HERE}")
    return settings


def check(environ: Mapping[str, str] = os.environ) -> None:
    """Before any command: refuse settings that are wrong, and warn of those that name no pipeline. Raises InputRefused.

    Those of an Airflow Variable are left to the runs: reading them takes Airflow, and a second.
    """
    given = {key: value for key, value in environ.items() if key != f"{config.PREFIX}VARIABLE"}
    for warning in load(given).unknown(REGISTRY.names):
        print(f"nightshift: warning: {plain(warning)}", file=sys.stderr)
