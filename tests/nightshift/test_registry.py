"""A fifth pipeline is found by itself, from a folder or a wheel; a broken one takes no other with it."""

import json
import os
import re
import subprocess
import sys
import zipfile

import pytest

from nightshift import config
from nightshift.config import Settings
from nightshift.contracts.pipeline import Step
from nightshift.dag_factory import night_dag
from nightshift.failures.errors import SettingsError
from nightshift.pipelines import PIPELINES, REGISTRY, registry
from nightshift.report import product_page
from tests.fifth import forgotten, planted, wheel
from tests.house import ROOT

ASKED = """
import json, sys
from pathlib import Path
from embedded import cli
from embedded.commands import run
from nightshift.config import Settings
from nightshift.lake.packaging import package
from nightshift.pipelines import BACKFILLS, FOLDERS

settings = Settings()
packed = [package(settings.jobs_dir, settings.time_limit_script, pipelines=FOLDERS) for _ in range(2)]
Path(sys.argv[1]).write_bytes(packed[0].archive)
status = [cli.main(["list"]), cli.main(["run", "spilt"]), cli.main(["run", "coffees"])]
words = ["run", "teas", "--input", sys.argv[1], "--date", "2026-01-04", "--strength", "dark"]
words += ["--no-milk", "--picked", "2026-01-02"]
[night] = run.request(cli.parser().parse_args(words)).nights(Path())
given = [night.params, [upload.key for upload in night.delivery.uploads]]
print(json.dumps([status, sorted(BACKFILLS), packed[0].sha256 == packed[1].sha256, given]))
"""
ON_THE_CLUSTER = """
import sys
sys.path[:0] = [sys.argv[1]]
from nightshift_contract.reading import contract
for name in sys.argv[2:]:
    job = __import__(f"{name}.jobs.job", fromlist=["job"])
    print(job.__file__.endswith(f".zip/{name}/jobs/job.py"), *contract(name).gold)
"""


@pytest.fixture
def folder(tmp_path):
    """A folder of pipelines."""
    with forgotten(tmp_path):
        yield tmp_path


@pytest.fixture(scope="module")
def asked(tmp_path_factory):
    """A process with a pipeline in a folder, one in an installed wheel, and a broken one: its output, and its zip."""
    folder = tmp_path_factory.mktemp("fifth")
    planted(folder / "mine", "teas")
    planted(folder / "mine", "spilt", definition="PIPELINE = 1 / 0")
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-index", "--no-deps", "--no-compile"]
    site, brought = folder / "site", wheel(folder, "coffees")
    subprocess.run([*pip, "--target", str(site), str(brought)], check=True)
    path = os.pathsep.join((str(ROOT), str(site), os.environ.get("PYTHONPATH", "")))
    env = {**os.environ, "PYTHONPATH": path, "NIGHTSHIFT_PIPELINES": str(folder / "mine")}
    archive = folder / "spark_jobs.zip"
    done = subprocess.run(
        [sys.executable, "-c", ASKED, str(archive)], env=env, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done, archive


def test_the_commands_list_it_and_refuse_the_broken_one_by_its_folder(asked):
    done, _ = asked
    *listed, answer = done.stdout.splitlines()
    assert [line.split()[0] for line in listed] == [*PIPELINES, "teas", "coffees"]
    assert listed[-1] == "coffees          cups; from leaves"
    status, backfills, same, _ = json.loads(answer)
    assert (status, same) == ([0, 2, 2], True)
    assert {"backfill_teas", "backfill_coffees"} < set(backfills)
    assert done.stderr.count("mine/spilt cannot be used: ZeroDivisionError: division by zero") == 2


def test_files_become_its_input_and_its_options_are_flags_without_a_line_about_this_machine(asked):
    done, _ = asked
    params, [key] = json.loads(done.stdout.splitlines()[-1])[-1]
    assert params == {"strength": "dark", "milk": False, "picked": "2026-01-02"}
    assert re.fullmatch(r"teas/inbox/[^/]+/00000-spark_jobs\.zip", key)
    assert "coffees has no generator of input: name files with --input." in done.stderr


def test_its_jobs_and_contract_travel_and_the_engine_finds_them_in_the_zip(asked):
    _, archive = asked
    with zipfile.ZipFile(archive) as packed:
        names = set(packed.namelist())
    assert {"teas/jobs/job.py", "coffees/contract.toml", "medallion/run.py", "wordcount/jobs/tokens.py"} < names
    assert not [name for name in names if "definition" in name or "local" in name.split("/") or "spilt" in name]
    command = [sys.executable, "-I", "-S", "-c", ON_THE_CLUSTER, str(archive), "teas", "coffees"]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == "True cups\n" * 2


@pytest.mark.parametrize("given", [("mrhealth_sales", "card_movements"), ("*",)])
def test_the_layers_of_a_pipeline_run_as_one_job_where_the_environment_says_so(monkeypatch, given):
    monkeypatch.setattr(config, "ONE_JOB", given)
    made = {name: package.pipeline for name, package in registry.discover(config.PIPELINE_FOLDERS).packages.items()}
    sales = made["mrhealth_sales"]
    assert sales.steps == (Step("layers", ("bronze", "silver", "gold")),)
    assert sales.layers == PIPELINES["mrhealth_sales"].layers
    assert [step.name for step in made["wordcount"].steps] == ["wordcount"], "it has one job anyway"
    apart = len(PIPELINES["covid_hospitals"].steps)
    assert len(made["covid_hospitals"].steps) == (1 if given == ("*",) else apart)
    jobs = [task for task in night_dag(sales, Settings(), None).task_ids if task.startswith("job_")]
    assert jobs == ["job_layers"]


def test_its_page_and_its_row_of_the_readme_are_written(folder, monkeypatch):
    planted(folder / "pipelines", "infusions")
    monkeypatch.setattr(product_page, "REGISTRY", registry.discover([folder / "pipelines"]))
    readme = "Above.\n\n| product | from | gold |\n| --- | --- | --- |\n| [old](old.md) | a | b |\n\nBelow.\n"
    (folder / "README.md").write_text(readme)
    product_page.write(folder)
    assert "### cups" in (folder / "pipelines" / "infusions" / "product.md").read_text()
    row = "| [infusions](pipelines/infusions/product.md) | leaves | cups |"
    assert (folder / "README.md").read_text() == readme.replace("| [old](old.md) | a | b |", row)


AFTER = """from nightshift.contracts.pipeline import Inputs, Pipeline

PIPELINE = Pipeline("brew_g", "Brew", Inputs(""), (), (), after="leaves")
"""


READS = """from nightshift.contracts.pipeline import Inputs, Pipeline

PIPELINE = Pipeline("brew_of_many_leaves_", "Brew", Inputs(""), (), (), database="leaves")
"""


@pytest.mark.parametrize(
    ("name", "changed", "words"),
    [
        ("brew_a", {"definition": "PIPELINE = ("}, "SyntaxError"),
        ("brew_b", {"definition": "import medallions"}, "No module named 'medallions'"),
        ("brew_c", {"definition": "PIPELINE = None"}, "definition.py must set PIPELINE to a Pipeline"),
        ("brew_d", {"definition": "from wordcount.definition import PIPELINE"}, "with the name 'brew_d'"),
        ("brew_e", {"contract": "[[gold"}, "contract.toml cannot be read"),
        ("brew_f", {"contract": None, "job": None}, "it lacks contract.toml, jobs/job.py."),
        ("brew_g", {"definition": AFTER}, "after='leaves' must be a gold table <pipeline>.<table>, and the prefix"),
        ("brew_of_many_leaves_", {"definition": READS}, "at most 19 characters, such as brew_of_many_leaves."),
        ("json", {}, "Python finds json in"),
        ("reaper", {}, "'reaper' is no name for a pipeline"),
        ("Brew-G", {}, "'Brew-G' is no name for a pipeline"),
    ],
)
def test_a_broken_package_is_named_with_its_fault_and_leaves_the_others(folder, name, changed, words):
    package = planted(folder, name, **changed)
    planted(folder, "zests")
    found = registry.discover([folder])
    assert list(found.packages) == ["zests"]
    with pytest.raises(SettingsError, match=f"^The pipeline in {package} cannot be used: ") as refused:
        found.refuse_broken()
    assert words in str(refused.value)
    assert str(refused.value).endswith(f" Next: {registry.REPAIR}") and str(refused.value).count("Next:") == 1


@pytest.mark.parametrize(
    ("name", "offered"),
    [
        ("Café Orders-2", "cafe_orders_2"),
        ("2024_sales", "pipeline_2024_sales"),
        ("reaper", "my_reaper"),
        ("class", "my_class"),
        ("Import", "my_import"),
        ("Main", "my_main"),
        ("backfill_shop", "my_backfill_shop"),
        ("--", "pipeline"),
        ("S" * 70, "s" * 63),
    ],
)
def test_a_name_that_is_none_is_answered_with_one_that_is_like_it(name, offered):
    fault = registry.name_fault(name)
    assert fault.startswith(f"{name!r} is no name for a pipeline: ") and fault.endswith(f" such as {offered}.")
    assert "[a-z]" not in fault and not registry.name_fault(offered)


def test_a_name_is_given_once_and_a_folder_must_be_there(folder):
    first, second = planted(folder / "a", "mints"), planted(folder / "b", "mints")
    found = registry.discover([folder / "a", folder / "b", folder / "a", folder / "c"])
    assert found.packages["mints"].folder == first
    assert f"{second} cannot be used: the name mints is that of the pipeline in {first}." in found.broken[str(second)]
    assert len(found.broken) == 2
    assert f"no folder of pipelines {folder / 'c'}" in found.broken[str(folder / "c")]


def test_every_package_of_the_tree_is_sound():
    assert REGISTRY.broken == {}
    assert list(PIPELINES) == sorted(path.parent.name for path in ROOT.glob("pipelines/*/contract.toml"))


@pytest.mark.parametrize("pipeline", PIPELINES.values(), ids=lambda pipeline: pipeline.name)
def test_the_foundation_grants_each_pipeline_the_secrets_that_it_reads(pipeline):
    variables = (ROOT / "include/terraform/stacks/foundation/variables.tf").read_text()
    read = [[pipeline.database] if pipeline.database else [], [route.source for route in pipeline.routes]]
    granted = [json.loads(names) for names in re.findall(rf"^ +{pipeline.name} = (\[.*\])$", variables, re.MULTILINE)]
    assert granted == [secrets for secrets in read if secrets]
