"""The command line's parser: a mistake is one line, with the word that was probably meant."""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Sequence
from itertools import pairwise
from typing import Any, NoReturn

from nightshift.failures.english import meant

WRONG_CHOICE = re.compile(r"argument (?P<what>\S+): invalid choice: '(?P<word>.*)' \(choose from (?P<names>.*)\)")
WITH_VALUE = re.compile(r"argument (?P<names>\S+): ignored explicit argument '(?P<word>.*)'")


def warn(sentence: str) -> None:
    """Say on stderr what a user should know though the command goes on."""
    print(f"nightshift: warning: {sentence}", file=sys.stderr)


class Parser(argparse.ArgumentParser):
    """argparse, whose errors do not repeat the usage of every option."""

    def parse_known_args(  # type: ignore[override]
        self, args: Sequence[str] | None = None, namespace: Any = None
    ) -> tuple[argparse.Namespace, list[str]]:
        """Raises SystemExit also for unknown options, which argparse leaves to the parser of the whole line: that one
        does not know which options the command has."""
        options, unknown = super().parse_known_args(args, namespace)
        if unknown:
            self._refuse_value(args or (), unknown[0])
            hint = meant(unknown[0].partition("=")[0], self._option_string_actions)
            self.error(f"{self._name} takes no {' '.join(unknown)}.{hint}")
        return options, unknown

    def _refuse_value(self, args: Sequence[str], word: str) -> None:
        """Raises SystemExit if an unknown word stands behind a switch."""
        before = [option for option, after in pairwise(args) if after == word and not word.startswith("-")]
        switch = self._option_string_actions.get(before[0]) if before else None
        if switch and switch.nargs == 0:
            self.error(_alone(switch.option_strings, word))

    def error(self, message: str) -> NoReturn:
        """One line on stderr, exit status 2."""
        if wrong := WITH_VALUE.fullmatch(message):
            message = _alone(wrong["names"].split("/"), wrong["word"])
        if wrong := WRONG_CHOICE.fullmatch(message):
            names = [name.strip(" '") for name in wrong["names"].split(",")]
            what = "command" if wrong["what"] == "COMMAND" else wrong["what"]
            message = f"There is no {what} {wrong['word']!r}: choose {', '.join(names)}.{meant(wrong['word'], names)}"
        end = "" if message.endswith((".", "?")) else "."
        self.exit(2, f"nightshift: {message}{end} See {self._name} --help.\n")

    @property
    def _name(self) -> str:
        return f"./{self.prog}"


def _alone(names: Sequence[str], word: str) -> str:
    """What is said of a switch that got a value; of two names the second switches off."""
    off = f"{names[1]} for off" if len(names) > 1 else "leave it out for off"
    return f"{names[0]} is a switch and takes no {word!r}: write {names[0]} for on, {off}"
