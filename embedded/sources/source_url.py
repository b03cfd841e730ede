"""The database or API of --source or --url, with a password that need not be visible in the list of processes."""

from __future__ import annotations

import argparse
import getpass
import sys
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from embedded.cloud import environment
from embedded.sources import api_url
from embedded.sources.api_url import ApiUrl
from embedded.words import warn
from tools import databases
from tools.databases import DatabaseUrl
from tools.errors import InputRefused

Address = TypeVar("Address", DatabaseUrl, ApiUrl)
HELP = f"file with the password of the address, which may also come from {environment.SOURCE_PASSWORD} or be typed"


def add(parser: argparse.ArgumentParser) -> None:
    """Describe the argument that all commands with an address have."""
    parser.add_argument("--password-file", metavar="FILE", type=Path, help=HELP)


def database(text: str, options: argparse.Namespace) -> DatabaseUrl:
    """The database of an address; warnings are printed. Raises InputRefused."""
    url = _with_password(databases.parsed(text), options.password_file)
    if warning := url.tls.warning(str(url)):
        warn(warning)
    return url


def api(text: str, options: argparse.Namespace) -> ApiUrl:
    """The API of an address; warnings are printed. Raises InputRefused."""
    url = api_url.parsed(text)
    if url.warning:
        warn(url.warning)
    return _with_password(url, options.password_file) if url.username or options.password_file else url


def _with_password(url: Address, file: Path | None) -> Address:
    if url.password and file:
        raise InputRefused("The address has a password and --password-file names another: give one of them.")
    if url.password:
        warn(
            f"the password of {url} is visible in the list of processes, which every user of this machine may read:"
            f" give --password-file or {environment.SOURCE_PASSWORD} instead, or leave it out and type it."
        )
        return url
    return replace(url, password=_read(file) if file else environment.source_password() or _typed(str(url)))


def _read(file: Path) -> str:
    try:
        password = file.read_text(encoding="utf-8").rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as refused:
        why = getattr(refused, "strerror", None) or "it is no UTF-8"
        raise InputRefused(f"--password-file {file} cannot be read ({why}): name another.") from None
    if not password:
        raise InputRefused(f"--password-file {file} is empty: its first line is the password.")
    return password


def _typed(where: str) -> str:
    if not sys.stdin.isatty():
        raise InputRefused(
            f"{where} has no password: give --password-file or {environment.SOURCE_PASSWORD}, or run it in a terminal."
        )
    return getpass.getpass(f"Password of {where}: ")
