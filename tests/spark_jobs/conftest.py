"""One Spark session for all tests of the jobs, fed with the zip that travels to the cluster; a lake in a temp dir."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from dataclasses import replace
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple
from unittest.mock import patch
from uuid import uuid4

import pyarrow.parquet as pq
import pytest

import main
import medallion.page
from datagen import Shape, generate_mrhealth
from medallion.light import LIGHT
from nightshift.config import Settings
from nightshift.lake.packaging import package
from nightshift.pipelines import FOLDERS
from tests import databases
from tests.spark_jobs.quick_spark import AS_A_CLUSTER, quick_session
from tools import drivers

ROOT = Path(__file__).resolve().parents[2]
SECONDS = 1800  # more than ten times what the longest fixture with its test takes on a quiet machine
SECRET = "acme/sources/shop"
SHARED_DATA = ROOT.parent / "shared" / "data"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "spark" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.spark)
            if not item.get_closest_marker("timeout"):
                item.add_marker(pytest.mark.timeout(SECONDS))


@pytest.fixture(scope="session")
def jobs_zip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What --py-files carries: everything beside main.py."""
    path = tmp_path_factory.mktemp("jobs") / "spark_jobs.zip"
    settings = Settings()
    path.write_bytes(package(settings.jobs_dir, settings.time_limit_script, pipelines=FOLDERS).archive)
    return path


@pytest.fixture(scope="session")
def spark(jobs_zip: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    jars = ",".join(str(jar) for jar in drivers.bring().glob("*.jar"))
    with quick_session(tmp_path_factory.mktemp("spark"), jars) as session:
        session.sparkContext.addPyFile(str(jobs_zip))
        yield session


@pytest.fixture(scope="session")
def as_a_cluster(spark: Any) -> Callable[[], AbstractContextManager[None]]:
    """For a while, Spark with all that EMR has on: generated code, plans that change as they run."""

    @contextmanager
    def for_a_while() -> Iterator[None]:
        for key, value in AS_A_CLUSTER.items():
            spark.conf.set(key, value)
        yield
        for key, value in LIGHT.items():
            spark.conf.set(key, value)

    return for_a_while


class LocalLake:
    """A lake in a directory, and the jobs run against it as a step would run them."""

    def __init__(self, spark: Any, root: Path) -> None:
        self.spark, self.root = spark, root

    def run(
        self,
        pipeline: str,
        day: str,
        source: Path,
        reference: Path | None = None,
        layers: str = "bronze,silver,gold",
        encoding: str = "utf-8",
        replay: bool = False,
        secret: str = "",
        most_refused: float = 1,
        most_refused_of_unit: float = 1,
        words: Sequence[str] = (),
        page: bool = False,
        **options: str,
    ) -> dict[str, dict[str, Any]]:
        """Run the layers; the counts of each layer's tables by name. Gold writes page.json only with `page`: a night
        goes on without one, so nobody would see in a test that does not read it whether it is right."""
        words = [*words, "--pipeline", pipeline, "--layers", layers, "--business-date", day, "--input", str(source)]
        words += ["--lake", str(self.root), "--staging", str(self.staging(pipeline, day)), "--encoding", encoding]
        words += ["--replay"] if replay else []
        words += ["--source-secret", secret] if secret else []
        words += ["--most-refused", str(most_refused), "--most-refused-of-unit", str(most_refused_of_unit)]
        words += [f"--option={name}={value}" for name, value in options.items()]
        with nullcontext() if page else patch.object(medallion.page, "write"):
            main.run_layers(self.spark, main.parse(words + (["--reference", str(reference)] if reference else [])))
        if "gold" in layers:
            self.publish(pipeline, day)
        return {layer: self.counts(pipeline, day, layer) for layer in layers.split(",")}

    def publish(self, pipeline: str, day: str) -> None:
        """What the task `publish` does of tables that are staged by the day they speak of."""
        staged = [t for t in self.manifest(pipeline, day, "gold")["gold"] if t["days"]]
        for table in staged:
            for folder in Path(table["path"]).glob("business_date=*"):
                [file] = folder.glob("*.parquet")
                target = self.root / "gold" / pipeline / table["table"] / folder.name / "part-00000.parquet"
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(file, target)
        if staged:
            shutil.rmtree(self.root / "silver" / pipeline / "_unpublished", ignore_errors=True)

    def staging(self, pipeline: str, day: str) -> Path:
        return self.root / "staging" / pipeline / f"manual-{day}"

    def manifest(self, pipeline: str, day: str, layer: str) -> dict[str, Any]:
        return json.loads((self.staging(pipeline, day) / "manifests" / f"{layer}.json").read_text())

    def page(self, pipeline: str, day: str) -> dict[str, Any]:
        """page.json, which lies beside the manifests' folder."""
        page: dict[str, Any] = json.loads((self.staging(pipeline, day) / "page.json").read_text(encoding="utf-8"))
        return page

    def counts(self, pipeline: str, day: str, layer: str) -> dict[str, Any]:
        tables = self.manifest(pipeline, day, layer)["tables"]
        for t in tables:
            assert t["rows_in"] == t["accepted"] + t["quarantined"] + t["duplicates"], (layer, t)
            assert sum(t["reasons"].values()) == t["quarantined"], (layer, t)
        return {t["table"]: t for t in tables}

    def gold(self, pipeline: str, day: str, table: str) -> list[dict[str, Any]]:
        own = self.staging(pipeline, day) / "gold" / table
        published = self.root / "gold" / pipeline / table / f"business_date={day}"
        [file] = [*own.glob("*.parquet")] or published.glob("*.parquet")
        return pq.ParquetFile(file).read().to_pylist()

    def rows(self, layer: str, pipeline: str, table: str, day: str) -> list[dict[str, Any]]:
        holds = sorted((self.root / layer / pipeline / table / "_holds").glob(f"{day}=*"))
        if holds:
            return self._read(holds[-1].parents[1] / holds[-1].name.split("=")[1] / f"day={day}")
        return self._read(self.root / layer / pipeline / table / f"business_date={day}")

    def held(self, pipeline: str, table: str) -> list[dict[str, Any]]:
        """What a table of silver that is replaced as one holds, over all its days."""
        names = (self.root / "silver" / pipeline / table / "_holds").iterdir()
        return [row for name in sorted(names) for row in self.rows("silver", pipeline, table, name.name.split("=")[0])]

    def published(self, pipeline: str, table: str) -> list[dict[str, Any]]:
        """All that is published of a table, over all its days."""
        return [row for d in (self.root / "gold" / pipeline / table).iterdir() for row in self._read(d)]

    def quarantine(self, layer: str, pipeline: str, table: str, day: str) -> list[dict[str, Any]]:
        rows = self._read(self.root / "quarantine" / pipeline / layer / table / f"business_date={day}")
        return sorted(rows, key=lambda row: (row["source_file"], row["line"]))

    def _read(self, folder: Path) -> list[dict[str, Any]]:
        return [row for file in sorted(folder.glob("*.parquet")) for row in pq.ParquetFile(file).read().to_pylist()]

    def files(self) -> dict[str, int]:
        """Every data file with its time of writing."""
        return {str(f.relative_to(self.root)): f.stat().st_mtime_ns for f in self.root.rglob("*.parquet")}


@pytest.fixture
def lake(spark: Any, tmp_path: Path) -> LocalLake:
    return LocalLake(spark, tmp_path / "lake")


@pytest.fixture(scope="session")
def new_lake(spark: Any, tmp_path_factory: pytest.TempPathFactory) -> Callable[[], LocalLake]:
    """Lakes for fixtures that live longer than a test."""
    return lambda: LocalLake(spark, tmp_path_factory.mktemp("lake"))


class FirstNight(NamedTuple):
    """The lake of a night, its day, and the folder of its files."""

    lake: LocalLake
    day: str
    data: Path


@pytest.fixture(scope="session")
def first_night(new_lake: Callable[[], LocalLake], tmp_path_factory: pytest.TempPathFactory) -> FirstNight:
    """The first night of all of four units of mrhealth_sales, whose files are without fault."""
    data, lake = tmp_path_factory.mktemp("first") / "data", new_lake()
    [day] = generate_mrhealth(data, data.with_name("truth.json"), Shape(units=4, days=1, orders=10, faults=False))
    lake.run("mrhealth_sales", day.isoformat(), data / "csv_sales", data / "reference_data")
    return FirstNight(lake, day.isoformat(), data)


@pytest.fixture(scope="session")
def shared_data() -> Path:
    if not SHARED_DATA.is_dir():
        pytest.skip("the real input data (shared/data beside the repository) is not on this machine")
    return SHARED_DATA


@pytest.fixture
def drop(tmp_path: Path) -> Callable[[dict[str, str | bytes]], Path]:
    """Write a drop from file names and contents; returns its folder."""

    def write(files: dict[str, str | bytes], name: str = "drop") -> Path:
        for path, content in files.items():
            target = tmp_path / name / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content.encode("utf-8") if isinstance(content, str) else content)
        return tmp_path / name

    return write


@pytest.fixture
def a_day() -> str:
    return date(2025, 12, 29).isoformat()


@pytest.fixture(scope="session")
def servers():
    """The two servers, each started when it is first asked for."""
    starts = {"postgresql": partial(databases.postgresql, costly_passwords=False), "mariadb": databases.mariadb}
    with ExitStack() as stack:
        started = {}

        def server(kind):
            if kind not in started:
                started[kind] = stack.enter_context(starts[kind]())
            return started[kind]

        yield server


@pytest.fixture
def postgresql(servers):
    return servers("postgresql")


def opener(folder, monkeypatch):
    """Lets a secret open a database: an `aws` on PATH that answers as the AWS CLI does, and knows this one secret."""
    kept, program = folder / "secret.json", folder / "bin" / "aws"
    asked = f"secretsmanager get-secret-value --query SecretString --output text --secret-id {SECRET}"
    refused = "An error occurred (ResourceNotFoundException): Secrets Manager can't find the specified secret."
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\n[ "$*" = "{asked}" ] && exec cat {kept}\necho "{refused}" >&2\nexit 254\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
    return kept.write_text


@pytest.fixture
def opens(tmp_path, monkeypatch):
    """What a test gives the secret to."""
    return opener(tmp_path, monkeypatch)


@pytest.fixture
def made_up(servers, opens, tmp_path):
    """made_up(LOCAL, day, *more): the secret of a new database with a pipeline's rows, after more statements."""

    def fill(local, day, *more):
        url = replace(servers("postgresql"), dbname=f"own_{uuid4().hex[:12]}")
        with servers("postgresql").connected() as connection:
            connection.autocommit = True  # no transaction makes a database
            connection.cursor().execute(f"CREATE DATABASE {url.dbname}")
        local.seed(url, (), tmp_path / "made", day)
        with url.connected() as connection:
            for statement in more:
                connection.cursor().execute(statement)
        opens(url.secret)
        return SECRET

    return fill


@pytest.fixture(scope="module")
def opens_for_all(tmp_path_factory):
    """The same for fixtures whose nights several tests read."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        yield opener(tmp_path_factory.mktemp("secret"), monkeypatch)
