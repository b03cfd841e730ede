"""The pipelines that a command knows: what they are, how their input is read, where made-up input comes from."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from embedded.sources import card_source, reference_data
from embedded.uploads import covid_files, generated, inputs, mrhealth_files
from embedded.uploads.inputs import Delivery, Maker
from tools import drivers
from tools.databases import DatabaseUrl
from tools.errors import InputRefused

Days = Sequence[date]
Seed = Callable[[DatabaseUrl, Sequence[Path], Path, date], None]
Reader = Callable[[Sequence[Path], Days, str], dict[date, Delivery]]


@dataclass(frozen=True)
class Route:
    """One way in which a host of the night's own fetches input: value of the param `ingest`, name of the secret, and
    whether what it fetches is `enough` for a night."""

    param: str
    secret: str
    enough: bool = False


@dataclass(frozen=True)
class Pipeline:
    """One pipeline of the command line.

    `read(paths, days, token)` turns the user's files into each day's delivery, and `newest(paths)` is the latest
    day that they name, if they name any; `make(folder, days)` makes data up. All raise InputRefused. `options` are the
    params that are its own. Where input may come out of a database, whose secret is called `database`,
    `seed(url, paths, folder, day)` fills an empty one with the user's files, or with data made up in a folder until a
    day; `from_database` says that there is no other way. `routes` says by which way
    a host of the night's own fetches input from a --source: an "api" or a "database".
    """

    name: str
    about: str
    read: Reader
    newest: Callable[[Sequence[Path]], date | None]
    make: Maker
    encodings: bool = False
    options: tuple[str, ...] = ()
    engines: tuple[str, ...] = ()
    seed: Seed | None = None
    database: str = ""
    from_database: bool = False
    routes: Mapping[str, Route] = field(default_factory=dict)


def jdbc() -> dict[str, str]:
    """More of the NIGHTSHIFT_* of nights that read a database: where its drivers are. Raises ToolMissing."""
    return {"NIGHTSHIFT_JDBC_DIR": str(drivers.bring())}


def backfill_of(pipeline: Pipeline) -> str:
    """The DAG that makes missing days of a pipeline."""
    return f"backfill_{pipeline.name}"


def makers() -> dict[str, Maker]:
    """What makes input up, for each pipeline that reads files."""
    return {pipeline.name: pipeline.make for pipeline in PIPELINES.values() if not pipeline.from_database}


def named(name: str) -> Pipeline:
    """The pipeline of that name. Raises InputRefused naming those that there are."""
    if name not in PIPELINES:
        raise InputRefused(f"There is no pipeline {name!r}: choose {' or '.join(PIPELINES)}.")
    return PIPELINES[name]


def _texts(paths: Sequence[Path], days: Days, token: str) -> dict[date, Delivery]:
    if len(days) != 1:
        raise InputRefused("wordcount's files are one day's text: name the day with --date, not --from and --to.")
    return {days[0]: inputs.texts(paths, f"wordcount/inbox/{token}/")}


def _no_day(_paths: Sequence[Path]) -> None:
    """Text names no day."""


def _sales(paths: Sequence[Path], days: Days, _token: str) -> dict[date, Delivery]:
    folder = _sales_folder(paths)
    if folder.flat and len(days) != 1:
        raise InputRefused(
            f"{paths[0]} holds flat files, which name no date, so the same orders would count on each of the"
            f" {len(days)} days: name one with --date."
        )
    return {day: folder.delivery(day) for day in days}


def _newest_delivery(paths: Sequence[Path]) -> date | None:
    return max(_sales_folder(paths).dates, default=None)


def _covid(paths: Sequence[Path], days: Days, _token: str) -> dict[date, Delivery]:
    folder = _covid_folder(paths)
    if len(days) == 1:
        return {days[0]: folder.whole(days[0])}
    return {day: folder.delivery(day) for day in days}


def _newest_covid_day(paths: Sequence[Path]) -> date | None:
    return _covid_folder(paths).newest()


def _covid_folder(paths: Sequence[Path]) -> covid_files.CovidFolder:
    return covid_files.read(_only("covid_hospitals", paths))


def _sales_folder(paths: Sequence[Path]) -> mrhealth_files.SalesFolder:
    return mrhealth_files.read(_only("mrhealth_sales", paths))


def _only(pipeline: str, paths: Sequence[Path]) -> Path:
    if len(paths) != 1:
        raise InputRefused(f"{pipeline} reads one folder, {len(paths)} were named: give --input once.")
    return paths[0]


def _in_database(_paths: Sequence[Path], days: Days, _token: str) -> dict[date, Delivery]:
    """Nothing is uploaded: the cluster reads the database."""
    return {day: Delivery((), ()) for day in days}


def no_files(_folder: Path, days: Days) -> dict[date, Delivery]:
    """Nothing is made up: what the nights read comes from elsewhere."""
    return _in_database((), days, "")


def _cards(paths: Sequence[Path], days: Days, token: str) -> dict[date, Delivery]:
    """The files are for the run's own database; faults in them are reported before one is started."""
    if len(paths) > 1:
        raise InputRefused(f"card_movements reads one folder, {len(paths)} were named: give --input once.")
    card_source.read(paths[0])
    return _in_database(paths, days, token)


def _seed_cards(url: DatabaseUrl, paths: Sequence[Path], folder: Path, day: date) -> None:
    card_source.make(url, card_source.read(paths[0] if paths else generated.cards(folder, day)))


def _seed_office(url: DatabaseUrl, paths: Sequence[Path], folder: Path, day: date) -> None:
    reference_data.make(url, (_sales_folder(paths) if paths else generated.shop(folder, [day])).reference)


PIPELINES = {
    pipeline.name: pipeline
    for pipeline in (
        Pipeline(
            "wordcount",
            "how often each word occurs in text files",
            _texts,
            _no_day,
            generated.texts,
            encodings=True,
            engines=("spark", "flink"),
        ),
        Pipeline(
            "mrhealth_sales",
            "what a chain of restaurants sold, by branch and by product",
            _sales,
            _newest_delivery,
            generated.sales,
            options=("reference",),
            seed=_seed_office,
            database="head_office",
        ),
        Pipeline(
            "covid_hospitals",
            "covid cases, deaths and hospital beds of Brazil's states and cities",
            _covid,
            _newest_covid_day,
            generated.covid,
            routes={"api": Route("api", "covid_api", enough=True), "database": Route("population", "covid_tables")},
        ),
        Pipeline(
            "card_movements",
            "a cooperative bank's card movements, out of its database",
            _cards,
            _no_day,
            no_files,
            options=("output", "delimiter", "header", "guard", "full_reload", "source_moved", "source_id"),
            seed=_seed_cards,
            database="cards",
            from_database=True,
        ),
    )
}
