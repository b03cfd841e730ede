"""./nightshift new: a pipeline's package from a sample of its input."""

from __future__ import annotations

import argparse
import importlib
import shlex
import shutil
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import timedelta
from importlib.util import find_spec
from os.path import relpath
from pathlib import Path
from zipfile import is_zipfile

from embedded import dates, pipelines
from embedded.new import package, parquet_sample, sample, script_package, trial
from embedded.new.proposal import Proposal, propose
from embedded.new.sample import Sample
from embedded.new.trial import Own
from embedded.sources import source_url
from embedded.uploads.inputs import existing
from nightshift.failures.english import counted
from nightshift.failures.errors import SettingsError
from nightshift.pipelines.registry import AFTER, discover, name_fault, refuse_long
from nightshift.report import product_page
from tools import databases, maven, paths
from tools.errors import InputRefused

SCHEMA = paths.ROOT / "docs" / "contract.schema.json"  # an editor completes a contract by it
DEFAULT_ARGUMENTS, SQL = "{input} {output}", ".sql"
ARCHIVES = {".zip", ".egg", ".jar"}
HELP = "make the package of a new pipeline from a sample of its input"
DESCRIPTION = """\
Reads a sample of what a new pipeline NAME is to take, files or the tables of a database, proposes a contract (types,
key, notation, personal columns), shows it and, once confirmed, writes the package pipelines/NAME/: definition,
contract, job, test, generator, pages.
With --script the job is an existing spark-submit script, unmodified, or several in order, or a file of SQL: they are
run once on the sample, here, and what they write below {output} becomes the contract of gold. {business_date}, {input}
and {output} are replaced in --args, and in SQL; the rows of a query at the end of x.sql go to {output}/x."""
EPILOG = """\
example:
  ./nightshift new shop_orders --sample orders.csv
  make test ARGS="-k shop_orders"
  ./nightshift run shop_orders --input orders.csv
  ./nightshift new customers --source postgresql://reader@db.example/shop --table customers --password-file secret.txt
  ./nightshift new totals --script job.py --args "--in {input} --out {output} --day {business_date}" --sample in.csv

docs/your-own-pipeline.md is the walk-through."""


def add(parser: argparse.ArgumentParser) -> None:
    """Describe the command's arguments."""
    parser.add_argument(
        "name", metavar="NAME", help="of the pipeline, its package and its DAG: a letter, then a-z, 0-9 and _"
    )
    parser.add_argument(
        "--sample",
        metavar="FILE",
        type=Path,
        nargs="+",
        default=[],
        help="CSV, JSON lines or Parquet, one file per table",
    )
    parser.add_argument("--source", metavar="URL", help=f"or a database with --table: {databases.SHAPE}")
    parser.add_argument(
        "--table", metavar="TABLE", nargs="+", default=[], help="tables or views of --source that the nights will read"
    )
    source_url.add(parser)
    parser.add_argument(
        "--after",
        metavar="PIPELINE.TABLE",
        default="",
        help="it takes this gold table of another pipeline, whenever it is published; the sample is a file of it",
    )
    parser.add_argument(
        "--script",
        metavar="FILE",
        type=Path,
        action="append",
        help="an existing script for spark-submit, or SQL (.sql); more than once: in this order",
    )
    parser.add_argument(
        "--args",
        metavar="WORDS",
        action="append",
        help="the script's arguments, once for all or once for each .py (default: {input} {output})",
    )
    parser.add_argument(
        "--py-files", metavar="FILE", type=Path, nargs="+", default=[], help="modules that scripts import: .py, .zip"
    )
    parser.add_argument(
        "--jars", metavar="FILE", type=Path, nargs="+", default=[], help="jars for Spark; their SHA-256 is kept"
    )
    parser.add_argument(
        "--packages",
        metavar="GROUP:ARTIFACT:VERSION",
        nargs="+",
        default=[],
        help=f"jars to download now, without dependencies (from {maven.REPOSITORY_KEY}, else Maven Central)",
    )
    parser.add_argument("--into", metavar="FOLDER", type=Path, default=paths.ROOT / "pipelines", help="(pipelines)")
    parser.add_argument("--yes", action="store_true", help="write it without confirmation")


def run(options: argparse.Namespace) -> int:
    """Propose and, once confirmed, write; gives the exit status. Raises InputRefused."""
    folder = _folder(options.name, options.into)
    _refuse_unclear(options)
    proposals, texts = _of_script(options) if options.script else _of_sample(options)
    texts["contract.toml"] = contract = f"#:schema {relpath(SCHEMA, folder)}\n{texts['contract.toml']!s}"
    print(f"{package.shown(proposals)}\n\n{contract}")
    if not (options.yes or _confirmed(folder)):
        print("Nothing was written.")
        return 1
    _write(folder, texts)
    print(f"Written: {paths.shown(folder)}/ ({', '.join(texts)}, product.md)")
    given = "--source URL" if options.source else "--date YYYY-MM-DD" if options.after else "--input FILE"
    print(f"Next:    {_next(options.name, folder, given)}")
    return 0


def _refuse_unclear(options: argparse.Namespace) -> None:
    """Raise InputRefused unless it is clear what the sample is."""
    if bool(options.sample) == bool(options.source):
        raise InputRefused("Give a sample: files with --sample, or tables with --source and --table.")
    if bool(options.source) != bool(options.table):
        raise InputRefused("--source is a database and --table names its tables: give both.")
    if options.source and options.script:
        raise InputRefused("--source is for a pipeline without --script: give the script a file of rows as --sample.")
    if options.after and (options.source or not AFTER.fullmatch(options.after)):
        raise InputRefused("--after names a gold table <pipeline>.<table>, of which --sample is a file.")
    if options.after:
        pipelines.refuse_absent(options.after, options.into.resolve())
    if options.source:
        try:
            refuse_long(options.name)
        except SettingsError as long:
            raise InputRefused(str(long)) from None


def _of_sample(options: argparse.Namespace) -> tuple[list[Proposal], dict[str, str | bytes]]:
    if options.args or options.py_files or options.jars or options.packages:
        raise InputRefused("--args, --py-files, --jars and --packages are of a --script.")
    proposals = _proposals(_of_tables(options) if options.source else _of_files(options))
    return proposals, {**package.files(options.name, proposals, options.after)}


def _of_script(options: argparse.Namespace) -> tuple[list[Proposal], dict[str, str | bytes]]:
    """The sources, if their format is one that samples can have, and the files. Raises InputRefused."""
    with tempfile.TemporaryDirectory(prefix="nightshift-") as folder:
        own = _own(options, [maven.jar(package, Path(folder)) for package in options.packages])
        print(f"Running {own.names} once on the sample …", flush=True)
        day = dates.today() - timedelta(days=1)
        tables = trial.play(options.name, own, options.sample, day)
        script_package.refuse_names(tables)
        try:
            proposals, no_test = _proposals(_of_files(options)), ""
        except InputRefused as other_format:
            proposals, no_test = [], str(other_format)
        for loss in script_package.losses(proposals, tables):
            print(loss)
        if proposals:
            print("Running it once on made-up rows of that shape …", flush=True)
            no_test = trial.unlike(options.name, own, script_package.made_up(proposals, day), day, tables)
        if no_test:
            print(f"No generator and no test: {no_test}")
            proposals = []
        return proposals, script_package.files(options.name, own, proposals, tables, options.after)


def _own(options: argparse.Namespace, downloaded: Sequence[Path]) -> Own:
    """The user's own files, with the arguments of each script; SQL has none. Raises InputRefused."""
    jars = [*options.jars, *downloaded]
    files = [*options.script, *options.py_files, *jars]
    for file in files:
        existing(file)
    _refuse_other_kinds("--script", options.script, (".py", SQL))
    _refuse_other_kinds("--py-files", options.py_files, (".py", ".zip", ".egg"))
    _refuse_other_kinds("--jars", options.jars, (".jar",))
    if twice := sorted({one.name for one in files if [other.name for other in files].count(one.name) > 1}):
        raise InputRefused(f"Two files are called {', '.join(twice)}: the package has one folder for them.")
    words = options.args or [DEFAULT_ARGUMENTS]
    python = [script for script in options.script if script.suffix != SQL]
    if len(words) not in (1, len(python)):
        given = f"--args was given {counted(len(words), 'time')} for {counted(len(python), 'script')}"
        raise InputRefused(f"{given}: give it once, or for each.")
    if python and not any("{output}" in each for each in words):
        raise InputRefused("--args has no {output}: the script must be given the folder to write to.")
    each = iter(words * len(python) if len(words) == 1 else words)
    scripts = [(s.resolve(), () if s.suffix == SQL else _divided(next(each))) for s in options.script]
    return Own(scripts, [path.resolve() for path in options.py_files], [path.resolve() for path in jars])


def _refuse_other_kinds(option: str, files: Iterable[Path], endings: Sequence[str]) -> None:
    """Raise InputRefused for a file of another kind than the option takes; what is no text must be in ZIP's format."""
    for file in files:
        if file.suffix not in endings:
            raise InputRefused(f"{option} takes {' or '.join(endings)}, and {file} is none.")
        if file.suffix in ARCHIVES and not is_zipfile(file):
            raise InputRefused(f"{file} ({option}) is damaged or no archive: a {file.suffix} is in ZIP's format.")


def _divided(words: str) -> tuple[str, ...]:
    """The words of --args, as a shell divides them. Raises InputRefused."""
    try:
        return tuple(shlex.split(words))
    except ValueError as wrong:
        why = f'--args "{words}" cannot be divided into words ({wrong}): close each quote, or write \\ before it.'
        raise InputRefused(why) from None


def _folder(name: str, into: Path) -> Path:
    """The new package's folder. Raises InputRefused for a name that cannot be a package's, or that one has."""
    if fault := name_fault(name):
        raise InputRefused(fault)
    folder = into.resolve() / name
    if folder.exists():
        raise InputRefused(f"{folder} exists: choose another name, or remove it.")
    if name in sys.stdlib_module_names or (spec := find_spec(name)):
        where = "Python's library" if name in sys.stdlib_module_names else spec and spec.origin
        raise InputRefused(f"Python has a package {name} already ({where}): choose another name, such as my_{name}.")
    return folder


def _of_files(options: argparse.Namespace) -> Iterator[Sample]:
    for file in options.sample:
        read = parquet_sample.read(file) if parquet_sample.is_parquet(file) else sample.read(file)
        name = options.after.partition(".")[2] or read.table.name  # an exported partition is called after its date
        yield replace(read, table=replace(read.table, name=name, files=sample.files_of(name)))


def _of_tables(options: argparse.Namespace) -> Iterator[Sample]:
    from embedded.new import table_sample

    url = source_url.database(options.source, options)
    return (table_sample.read(url, table) for table in options.table)


def _proposals(samples: Iterable[Sample]) -> list[Proposal]:
    """A proposal for each table; samples with the same columns and format are of one. Raises InputRefused."""
    tables: dict[tuple[str, ...], Sample] = {}
    for read in samples:
        own = read.table
        columns = (own.format, own.files if own.database else "", *(column.name for column in own.columns))
        before = tables.get(columns)
        tables[columns] = replace(before, records=(*before.records, *read.records)) if before else read
    proposals = [propose(table) for table in tables.values()]
    names = [proposed.table.name for proposed in proposals]
    if twice := {name for name in names if names.count(name) > 1}:
        raise InputRefused(f"Two samples with other columns would both be {', '.join(twice)}: name them apart.")
    return proposals


def _confirmed(folder: Path) -> bool:
    """Whether the user wants it written. Raises InputRefused where there is no terminal."""
    if not sys.stdin.isatty():
        raise InputRefused("Nothing was written: confirm with --yes where there is no terminal.")
    return input(f"Write {paths.shown(folder)}/ with this contract? You can change it there. [y/N] ").lower() == "y"


def _write(folder: Path, texts: Mapping[str, str | bytes]) -> None:
    """Write the package and its page; the registry must accept it. Raises InputRefused, and then leaves nothing."""
    with _all_or_nothing(folder):
        for path, text in texts.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_bytes(text.encode() if isinstance(text, str) else text)
        importlib.invalidate_caches()
        registry = discover([folder.parent])
        if (wrong := registry.broken.get(str(folder))) is not None:
            raise InputRefused(f"Nothing was written. {wrong}")
        page = product_page.whole(registry.packages[folder.name].pipeline)
        (folder / product_page.PAGE).write_text(page, encoding="utf-8")


@contextmanager
def _all_or_nothing(folder: Path) -> Iterator[None]:
    """Remove a new folder, and the empty ones that were made above it, if the block does not come to its end. Raises
    InputRefused for what the system refuses."""
    above = [parent for parent in folder.parents if not parent.exists()]
    try:
        yield
    except BaseException as failed:
        shutil.rmtree(folder, ignore_errors=True)
        with suppress(OSError):
            for parent in above:
                parent.rmdir()
        if isinstance(failed, OSError):
            why = f"Nothing was written: {folder} cannot be ({failed.strerror}). Choose another folder with --into."
            raise InputRefused(why) from failed
        raise


def _next(name: str, folder: Path, given: str) -> str:
    """The commands to go on with."""
    night = f"./nightshift run {name} {given}"
    if folder.parent == paths.ROOT / "pipelines":
        return f'make test ARGS="-k {name}", {night}, make docs (the README\'s table)'
    test = f".venv/bin/python -m pytest -c pyproject.toml -p pipelines.conftest {folder}"
    return f"export NIGHTSHIFT_PIPELINES={folder.parent}, {test}, {night}"
