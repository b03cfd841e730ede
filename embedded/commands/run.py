"""./nightshift run: one pipeline on the user's own files, or on made-up ones."""

from __future__ import annotations

import argparse
import os
import tempfile
import textwrap
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import date, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from embedded import dates, pipelines
from embedded.cloud import endpoint, iam_option, on_option
from embedded.pipeline import Pipeline, no_files
from embedded.runs.requests import Opened, RunRequest, SessionRequest, nothing_to_open, run_session, token
from embedded.sources import api_url, source_url
from embedded.sources.api_url import ApiUrl
from embedded.uploads import inputs, kinds
from embedded.uploads.inputs import Delivery
from nightshift.contracts.pipeline import ENGINE, INGEST, OUTPUT, Option, Route
from nightshift.failures.errors import ParameterError
from nightshift.run import parameters
from tools import databases, toolchain
from tools.databases import DatabaseUrl
from tools.errors import InputRefused, ToolMissing

HELP = "play a night of one pipeline on your own files"
DESCRIPTION = """\
Plays one night of PIPELINE, or several days in order: terraform apply, an EMR cluster, its Spark steps, gold,
teardown and the proof that nothing is left, on a simulated AWS on this machine unless AWS_ENDPOINT_URL names another.
Without --input the project's own generator makes the data."""
OWN = "own_"  # before the names of the pipelines' options, among those of the command
INPUT = "\n".join(
    textwrap.fill(f"{name:<16} {p.local.takes}", 118, initial_indent="  ", subsequent_indent=" " * 19)
    for name, p in pipelines.PIPELINES.items()
)
EPILOG = f"""\
input:
{INPUT}

examples:
  ./nightshift run wordcount --input book.txt --export out
  ./nightshift run mrhealth_sales --input deliveries --from 2025-12-29 --to 2026-01-04 --export out
  ./nightshift run card_movements --source mysql://reader@db.example:3306/coop --password-file secret.txt --output out

exit status: 0 only if every night is a success (warnings or none); 1 a night failed; 2 the request cannot be
done and nothing was started; 130 interrupted (the teardown ran)."""


def add(parser: argparse.ArgumentParser) -> None:
    """Describe the command's arguments."""
    parser.add_argument("pipeline", metavar="PIPELINE", help="wordcount, mrhealth_sales, … (see ./nightshift list)")
    parser.add_argument(
        "--date",
        metavar="YYYY-MM-DD",
        help="business date, the day that the data is about (default: the newest day that --input names,"
        " else yesterday in São Paulo)",
    )
    parser.add_argument("--from", dest="first", metavar="YYYY-MM-DD", help="first of several business dates, in order")
    parser.add_argument("--to", dest="last", metavar="YYYY-MM-DD", help="last of them, included (default: yesterday)")
    parser.add_argument(
        "--input",
        dest="paths",
        metavar="PATH",
        type=Path,
        nargs="+",
        action="extend",
        help="the user's files or folders; may be given more than once. Symbolic links in a folder are refused",
    )
    parser.add_argument("--encoding", metavar="E", help="how wordcount's text files are written (default: utf-8)")
    on_option.add(parser)
    parser.add_argument(
        "--max-usd",
        metavar="USD",
        help="refuse a night that is expected to cost more; its compute ends itself when it has"
        " (NIGHTSHIFT_MAX_USD_PER_NIGHT)",
    )
    parser.add_argument("--engine", metavar="E", help="what counts wordcount's words: spark (default) or flink")
    parser.add_argument("--export", metavar="DIR", type=Path, help="copy gold to DIR/<table>/<business date>.parquet")
    parser.add_argument(
        "--format", choices=("csv", "xlsx", "parquet"), help="of the files of --export (parquet); xlsx is Excel's"
    )
    _source_arguments(parser)
    parser.add_argument(
        "--keep", action="store_true", help="leave the cluster, and a simulated AWS started for this run, running"
    )
    parser.add_argument("--dry-run", action="store_true", help="check, plan and price; create nothing")
    iam_option.add(parser)
    _own_arguments(parser)


def _source_arguments(parser: argparse.ArgumentParser) -> None:
    """What only a pipeline that reads a database takes."""
    parser.add_argument(
        "--source",
        metavar="URL",
        help="database that the pipeline reads, postgresql://user@host:port/db?sslrootcert=FILE, or what a host of the"
        " night's own fetches its input from: a database, or an API, https://host/index/_search (user@ if it requires"
        " one)",
    )
    source_url.add(parser)
    parser.add_argument("--output", metavar="DIR", help="where exported files go: a directory, or s3://bucket/…")
    parser.add_argument(
        "--source-id", metavar="NAME", help="what card_movements' database is called wherever it is (its address)"
    )


def _own_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of the pipelines themselves. One that is called like an option of every run is Airflow's form's."""
    for name, options in _own_options().items():
        flag, first = f"--{name.replace('_', '-')}", options[0]
        about = first.about.replace("%", "%%")
        choices = list(dict.fromkeys(choice for option in options for choice in option.choices))
        values: dict[str, Any] = {"choices": choices} if choices else {"metavar": "DAY" if first.day else name.upper()}
        if first.switch:
            values = {"action": argparse.BooleanOptionalAction}
        shown = {True: "on", False: "off", "": "none"}.get(first.default, first.default)
        with suppress(argparse.ArgumentError):
            parser.add_argument(flag, dest=OWN + name, help=f"{about} ({shown})", **values)


def _own_options() -> dict[str, list[Option]]:
    """The options of all pipelines by name."""
    named: dict[str, list[Option]] = {}
    for option in (option for pipeline in pipelines.PIPELINES.values() for option in pipeline.options):
        named.setdefault(option.name, []).append(option)
    return named


def run(options: argparse.Namespace) -> int:
    """Check the whole request, then play it; gives the exit status. Raises CommandError."""
    requested = request(options)
    pipeline = pipelines.named(options.pipeline)
    if pipeline.definition.after and not options.dry_run:
        from embedded.sources import gold

        pipelines.refuse_absent(pipeline.definition.after)
        gold.refuse_absent(pipeline.definition, _days(pipeline, options))
    with _source(pipeline, options, _days(pipeline, options)[-1]) as source:
        settings = pipelines.jdbc() if _reads_database(pipeline, options) else {}
        return run_session(replace(requested, source=source, settings=settings))


def request(options: argparse.Namespace) -> SessionRequest:
    """What the options request, without the database that it may read. Raises InputRefused."""
    pipeline = pipelines.named(options.pipeline)
    params = _params(pipeline, options)
    days = _days(pipeline, options)
    export, output = _directory(options.export), _local(options.output)
    if options.format and not export:
        raise InputRefused("--format is that of the files of --export: name its directory too.")
    given = pipeline.read(options.paths, days, token()) if options.paths else None
    uploads = [upload for delivery in (given or {}).values() for upload in delivery.uploads]
    kinds.refuse_unusable(pipeline.definition, uploads, params.get("encoding", "utf-8"))
    route = _route(pipeline, options)
    make = no_files if given or (route and route.dated) else pipeline.maker()

    def nights(scratch: Path) -> Sequence[RunRequest]:
        deliveries: dict[date, Delivery] = given or make(scratch / "made", days)
        return [RunRequest(pipeline.name, day, deliveries[day], params) for day in days]

    # Without a foundation, which a dry run does not make, there is no role.
    iam = iam_option.wanted(options) and not options.dry_run
    return SessionRequest(
        pipeline.name,
        nights,
        keep=options.keep,
        export=export,
        export_format=options.format or "parquet",
        output=output,
        iam=iam,
        dry_run=options.dry_run,
        on=options.compute or "",
    )


@contextmanager
def _source(pipeline: Pipeline, options: argparse.Namespace, day: date) -> Iterator[Opened]:
    """What opens the pipeline's database to its nights: the user's, or one of this run's own, filled."""
    from embedded.sources import secrets

    if route := _route(pipeline, options):
        opened = source_url.api if api_url.is_one(options.source) else source_url.database
        url: ApiUrl | DatabaseUrl = opened(options.source, options)
        yield partial(secrets.opened, name=route.source, url=url)
    elif not _reads_database(pipeline, options):
        yield nothing_to_open
    elif options.source:
        named = replace(source_url.database(options.source, options), identity=options.source_id or "")
        yield partial(secrets.opened, name=pipeline.database, url=named)
    elif (seed := pipeline.local.seed) is None:
        raise InputRefused(f"{pipeline.name} reads the database {pipeline.database}: name it with --source.")
    else:
        with databases.temporary() as url, tempfile.TemporaryDirectory(prefix="nightshift-") as folder:
            seed(url, options.paths or (), Path(folder) / "made", day)
            yield partial(secrets.opened, name=pipeline.database, url=replace(url, identity=_called(options, day)))


def _called(options: argparse.Namespace, day: date) -> str:
    """What the run's own database is: it has another address each time, and its rows are those of the files."""
    files = ", ".join(str(path.resolve()) for path in options.paths or ())
    return options.source_id or (f"the files in {files}" if files else f"rows made up until {day}")


def _route(pipeline: Pipeline, options: argparse.Namespace) -> Route | None:
    """How the night fetches from --source; None if it does not. Raises InputRefused for a source of another kind."""
    if not options.source or not pipeline.routes:
        return None
    kind = "api" if api_url.is_one(options.source) else "database"
    if kind not in pipeline.routes:
        raise InputRefused(f"{pipeline.name} fetches from no {kind}: expected {' or '.join(pipeline.routes)}.")
    return pipeline.routes[kind]


def _reads_database(pipeline: Pipeline, options: argparse.Namespace) -> bool:
    return bool(pipeline.definition.database_of(_given(options)) or (options.source and pipeline.database))


def _params(pipeline: Pipeline, options: argparse.Namespace) -> dict[str, Any]:
    if options.encoding and not pipeline.definition.encodings:
        raise InputRefused(f"{pipeline.name} detects its files' encoding itself: leave --encoding out.")
    chosen = {"encoding": inputs.encoding(options.encoding)} if options.encoding else {}
    given = _given(options)
    if unsupported := [name for name in (*given, *_named(options)) if not _takes(pipeline, name)]:
        raise InputRefused(f"{pipeline.name} takes no --{unsupported[0].replace('_', '-')}: leave it out.")
    if route := _route(pipeline, options):
        given[INGEST] = route.name
    elif options.source and pipeline.definition.database_if:
        name, value = pipeline.definition.database_if
        if given.setdefault(name, value) != value:
            raise InputRefused(f"--source is a database and --{name} {given[name]} says not to read it: leave one out.")
    if options.source and options.paths and pipeline.from_database:
        raise InputRefused("--source is a database and --input fills one of the run's own: give one of them.")
    if _local(options.output):
        given.pop(OUTPUT)  # the night delivers to the lake, and from there it is copied
    chosen |= given
    chosen |= {ENGINE: _engine(pipeline, options.engine)} if options.engine else {}
    chosen |= on_option.params(options)
    more: dict[str, Any] = {"max_usd": _dollars(options.max_usd)} if options.max_usd else {}
    flags = {"keep_cluster": options.keep, "dry_run": options.dry_run}
    return {**chosen, **more, **{name: True for name, wanted in flags.items() if wanted}}


def _given(options: argparse.Namespace) -> dict[str, Any]:
    """The pipeline's own options that were given, by name."""
    values = {name: getattr(options, OWN + name, None) for name in _own_options()} | {OUTPUT: options.output}
    return {name: value for name, value in values.items() if value not in (None, "")}


def _named(options: argparse.Namespace) -> list[str]:
    """The options that say which database, and are no parameters of a run."""
    return [name for name in ("source", "source_id") if getattr(options, name)]


def _takes(pipeline: Pipeline, name: str) -> bool:
    if name == "source":
        return bool(pipeline.database or pipeline.routes)
    if name == "source_id":
        return bool(pipeline.definition.new_owner)
    return name in {option.name for option in pipeline.definition.options}


def _local(output: str | None) -> Path | None:
    """The directory of --output, made now; None for an address in S3."""
    return None if not output or output.startswith("s3://") else _directory(Path(output), "--output")


def _dollars(requested: str) -> float | None:
    """The dollars of --max-usd. Raises InputRefused."""
    try:
        return parameters.max_usd(requested)
    except ParameterError as wrong:
        raise InputRefused(str(wrong.args[0]).replace("max_usd", "--max-usd")) from None


def _engine(pipeline: Pipeline, requested: str) -> str:
    """The requested engine. Raises InputRefused, also when localcloud would have no Flink to run."""
    if requested not in (engines := pipeline.definition.engines):
        expected = f"choose {' or '.join(engines)}" if engines else "leave --engine out"
        raise InputRefused(f"{pipeline.name} does not run on {requested!r}: {expected}.")
    if requested == "flink" and not os.environ.get(endpoint.ENDPOINT_KEY) and not os.environ.get(endpoint.FLINK_KEY):
        try:
            toolchain.flink()
        except ToolMissing as missing:
            raise InputRefused(str(missing)) from missing
    return requested


def _days(pipeline: Pipeline, options: argparse.Namespace) -> list[date]:
    """The requested business dates, in order."""
    yesterday = dates.today() - timedelta(days=1)
    if options.first:
        if options.date:
            raise InputRefused("--date is one day and --from is the first of several: give one of them.")
        last = dates.parsed(options.last, "--to") if options.last else yesterday
        return dates.between(dates.parsed(options.first, "--from"), last)
    if options.last:
        raise InputRefused("--to needs --from: name the first day too.")
    if options.date:
        return [dates.parsed(options.date, "--date")]
    return [(pipeline.local.newest(options.paths) if options.paths else None) or yesterday]


def _directory(path: Path | None, option: str = "--export") -> Path | None:
    """The directory, made now: a failure is reported before a run starts."""
    if path is not None:
        try:
            path.mkdir(parents=True, exist_ok=True)
        except OSError as refused:
            raise InputRefused(f"{option} {path} cannot be made ({refused.strerror}): name another.") from None
    return path
