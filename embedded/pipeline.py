"""What a command knows of one pipeline: how the user's files become its input, and where made-up input comes from."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from embedded.uploads import inputs
from embedded.uploads.inputs import Delivery, Maker
from nightshift.contracts import pipeline as library
from nightshift.contracts.pipeline import ENGINE, INGEST, OUTPUT, Option, Route
from tools.databases import DatabaseUrl
from tools.errors import InputRefused

Days = Sequence[date]
Seed = Callable[[DatabaseUrl, Sequence[Path], Path, date], None]
Create = Callable[[DatabaseUrl, Path | None, int | None, Path, bool], dict[str, int]]
Reader = Callable[[Sequence[Path], Days, str], dict[date, Delivery]]


@dataclass(frozen=True)
class Local:
    """What the module `local` of a pipeline's package says, in LOCAL. All functions raise InputRefused.

    * `takes`: what --input takes, for the help.
    * `read(paths, days, token)`: each day's delivery from the user's files; without it they are one day's, whatever
      their names. `newest(paths)`: the latest day that they name, None if they name none.
    * `make(folder, days)` makes input up in a folder.
    * `seed(url, paths, folder, day)` fills the pipeline's empty database with the user's files, or with data made up
      in a folder until a day; `seeded` is a table that is there afterwards.
    * `create(url, folder, rows, scratch, replace)` creates the database's tables for `./nightshift seed-source`, from
      the files of a folder or with so many rows made up; gives the rows of each table.
    """

    takes: str = "files, or folders of them"
    read: Reader | None = None
    newest: Callable[[Sequence[Path]], date | None] = lambda _paths: None
    make: Maker | None = None
    seed: Seed | None = None
    seeded: str = ""
    create: Create | None = None


@dataclass(frozen=True)
class Pipeline:
    """One pipeline of the command line: its definition, and what its package says about this machine."""

    definition: library.Pipeline
    local: Local

    @property
    def name(self) -> str:
        """Its name in commands, which is also its DAG's id."""
        return self.definition.name

    @property
    def options(self) -> tuple[Option, ...]:
        """The options that have a flag of their own on the command line."""
        return tuple(option for option in self.definition.options if option.name not in {ENGINE, INGEST, OUTPUT})

    @property
    def database(self) -> str:
        """The name of the database that it may read; '' if it reads none."""
        return self.definition.database or ""

    @property
    def from_database(self) -> bool:
        """Whether all its input comes from a database."""
        return bool(self.database) and not self.definition.reads_files

    @property
    def routes(self) -> Mapping[str, Route]:
        """How a host of the night's own fetches input from a --source: an "api" or a "database"."""
        return {"api" if route.words[0] == "api" else "database": route for route in self.definition.routes}

    def read(self, paths: Sequence[Path], days: Days, token: str) -> dict[date, Delivery]:
        """Each day's delivery from the user's files. Raises InputRefused."""
        if self.definition.after:
            raise InputRefused(f"{self.name} takes {self.definition.after}: leave --input out, and name its --date.")
        if self.local.read:
            return self.local.read(paths, days, token)
        if len(days) != 1:
            raise InputRefused(f"{self.name}'s files are one day's: name the day with --date, not --from and --to.")
        return {days[0]: inputs.texts(paths, f"{self.name}/inbox/{token}/")}

    def maker(self) -> Maker:
        """What makes its input up. Raises InputRefused if the pipeline has no generator."""
        if not self.definition.reads_files:
            return no_files
        if self.local.make is None:
            raise InputRefused(f"{self.name} has no generator of input: name files with --input.")
        return self.local.make


def one_folder(pipeline: str, paths: Sequence[Path]) -> Path:
    """The only path. Raises InputRefused if there are more."""
    if len(paths) != 1:
        raise InputRefused(f"{pipeline} reads one folder, {len(paths)} were named: give --input once.")
    return paths[0]


def no_files(_folder: Path, days: Days) -> dict[date, Delivery]:
    """Nothing is uploaded: what the nights read comes from elsewhere."""
    return {day: Delivery((), ()) for day in days}
