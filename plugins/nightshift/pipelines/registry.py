"""Registry of pipelines: finds their packages in folders and in installed distributions, loads their definitions."""

from __future__ import annotations

import importlib
import keyword
import re
import sys
import tomllib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from importlib.metadata import entry_points
from importlib.util import find_spec
from pathlib import Path

from nightshift import config
from nightshift.contracts.pipeline import Pipeline, in_one_job
from nightshift.failures.errors import NightshiftError, SettingsError
from nightshift.failures.portuguese import spoken
from nightshift_contract.model import plain_name

GROUP = "nightshift.pipelines"  # of entry points, like  sales = "sales"
REPAIR = "Correct the package, or take it out of where pipelines are read from."
LONGEST = 63  # characters of a name, which is a DAG's id, a folder of the lake, a database's table and a module
LONGEST_WITH_SOURCE = 19  # where roles are named after it too, which open the secrets of its sources (modules/iam)
NAME = re.compile(rf"[a-z][a-z0-9_]{{0,{LONGEST - 1}}}")
AFTER = re.compile(r"[a-z]\w*\.[a-z]\w*")
# DAGs of the library, and modules of the jobs' zip.
TAKEN = re.compile(r"reaper|drift|backfill_.*|main|medallion|nightshift_contract")
PARTS = ("__init__.py", "definition.py", "contract.toml", "jobs/__init__.py", "jobs/job.py")


@dataclass(frozen=True)
class Package:
    """The package of one pipeline: its definition and its folder."""

    pipeline: Pipeline
    folder: Path

    @property
    def runbook(self) -> str:
        """What the pipeline does and how to react when it fails: runbook.md, or the title alone."""
        file = self.folder / "runbook.md"
        return file.read_text(encoding="utf-8") if file.is_file() else f"### {self.pipeline.title}\n\n{{failures}}\n"

    @property
    def portuguese(self) -> dict[str, str]:
        """The package's texts in Portuguese, by the English: portuguese.toml, or none. Raises SettingsError."""
        file = self.folder / "portuguese.toml"
        try:
            read = tomllib.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as wrong:
            raise SettingsError(f"The texts {file} cannot be read: {wrong}.") from wrong
        return {english: str(text) for english, text in read.items()}


@dataclass
class Registry:
    """The usable packages by name, and a sentence about each that is broken, by its folder."""

    packages: dict[str, Package] = field(default_factory=dict)
    broken: dict[str, str] = field(default_factory=dict)

    @property
    def names(self) -> set[str]:
        """The names of the pipelines, the broken ones included."""
        return {*self.packages, *(Path(folder).name for folder in self.broken)}

    def refuse_broken(self) -> None:
        """Raises SettingsError with the sentences about the broken packages, if there are any."""
        if self.broken:
            raise SettingsError("\n".join(self.broken.values()), REPAIR)

    def says(self, name: str, language: str) -> Callable[[str], str]:
        """What puts an English text into a language of config.LANGUAGES: by the portuguese.toml of the package `name`,
        if there is one, or else by the catalogue. Raises SettingsError."""
        package = self.packages.get(name)
        own = package.portuguese if package and language != "en" else {}
        return lambda text: own.get(text) or spoken(text, language)

    def add(self, name: str, folder: Path) -> None:
        """Load the package `name`, which is importable and must lie in `folder`; a folder counts once."""
        if name in self.packages and self.packages[name].folder == folder:
            return
        try:
            self.packages[name] = Package(self._loaded(name, folder), folder)
        except Exception as wrong:  # noqa: BLE001 - whatever its author's code raises, the other pipelines go on
            self.broken[str(folder)] = about_broken(folder, wrong)

    def _loaded(self, name: str, folder: Path) -> Pipeline:
        if fault := name_fault(name):
            raise SettingsError(fault)
        if name in self.packages:
            raise SettingsError(f"the name {name} is that of the pipeline in {self.packages[name].folder}.")
        if lacking := [part for part in PARTS if not (folder / part).is_file()]:
            raise SettingsError(f"it lacks {', '.join(lacking)}.")
        spec = find_spec(name)
        if spec is None or Path(spec.origin or "").resolve() != (folder / "__init__.py").resolve():
            raise SettingsError(f"Python finds {name} in {spec and spec.origin}: give the package another name.")
        pipeline = getattr(importlib.import_module(f"{name}.definition"), "PIPELINE", None)
        if not isinstance(pipeline, Pipeline) or pipeline.name != name:
            raise SettingsError(f"its definition.py must set PIPELINE to a Pipeline with the name {name!r}.")
        if pipeline.after and (not AFTER.fullmatch(pipeline.after) or pipeline.inputs.prefix):
            raise SettingsError(
                f"after={pipeline.after!r} must be a gold table <pipeline>.<table>, and the prefix of inputs empty."
            )
        if pipeline.database or pipeline.routes:
            refuse_long(name)
        return in_one_job(pipeline) if {name, "*"} & {*config.ONE_JOB} else pipeline


def refuse_long(name: str) -> None:
    """Raise SettingsError if no pipeline that opens a secret of its own can have the name: the foundation would be
    refused as a whole."""
    if len(name) > LONGEST_WITH_SOURCE:
        raise SettingsError(
            f"the name {name} is too long for a pipeline that reads a database or an API, after which roles are named:"
            f" choose one of at most {LONGEST_WITH_SOURCE} characters, such as {name[:LONGEST_WITH_SOURCE].strip('_')}."
        )


def name_fault(name: str) -> str:
    """Why a pipeline cannot have a name, with one made of it that it can have; '' if it can."""
    if TAKEN.fullmatch(name):
        return f"{name!r} is no name for a pipeline: Nightshift uses it itself. Choose another one, such as my_{name}."
    if keyword.iskeyword(name):
        return f"{name!r} is no name for a pipeline: it is a word of Python. Choose another one, such as my_{name}."
    if NAME.fullmatch(name):
        return ""
    return (
        f"{name!r} is no name for a pipeline: it must begin with a letter and have lower-case letters (a-z), digits and"
        f" underscores only, at most {LONGEST}. Choose another one, such as {_valid(name)}."
    )


def _valid(name: str) -> str:
    """A valid name that is like another one."""
    made = re.sub(r"[^a-z0-9]+", "_", plain_name(name)).strip("_")
    made = made if made[:1].isalpha() else f"pipeline_{made}".strip("_")
    return (f"my_{made}" if TAKEN.fullmatch(made) or keyword.iskeyword(made) else made)[:LONGEST]


def about_broken(folder: Path, wrong: Exception) -> str:
    """The sentence about a package that cannot be used."""
    what = wrong.args[0] if isinstance(wrong, NightshiftError) else f"{type(wrong).__name__}: {wrong}"
    return f"The pipeline in {folder} cannot be used: {what}"


def discover(folders: Sequence[Path]) -> Registry:
    """The pipelines of all packages in `folders`, in order, then of the installed ones. Broken ones are reported in
    the result; the others are not affected."""
    registry = Registry()
    for folder in folders:
        if not folder.is_dir():
            registry.broken[str(folder)] = (
                f"There is no folder of pipelines {folder}: check NIGHTSHIFT_INCLUDE_DIR and NIGHTSHIFT_PIPELINES."
            )
            continue
        if str(folder) not in sys.path:
            sys.path.append(str(folder))
        for package in sorted(path for path in folder.iterdir() if _is_package(path)):
            registry.add(package.name, package)
    for name, folder in _installed():
        registry.add(name, folder)
    return registry


def _is_package(path: Path) -> bool:
    return (path / "__init__.py").is_file() or (path / "definition.py").is_file()


def _installed() -> Iterator[tuple[str, Path]]:
    """The packages that installed distributions name, by name; a pipeline's package must be a top-level one."""
    for point in sorted(entry_points(group=GROUP)):
        spec = find_spec(point.value) if NAME.fullmatch(point.value) else None
        places = list(spec.submodule_search_locations or ()) if spec else []
        yield point.value, Path(places[0] if places else f"{point.value} (an entry point of {point.dist})")
