"""The rooms of the house: who may import whom."""

import ast
import re
from pathlib import Path

import pytest

from tests import house

ROOT = Path(__file__).resolve().parents[1]
LAPTOP = {"localcloud", "embedded", "tools", "datagen", "moto"}
NOT_ON_A_CLUSTER = {"airflow", "nightshift", "boto3", "botocore", "pandas", "pyarrow", *LAPTOP}
MUST_NOT_IMPORT = {
    "dags": {"boto3", "botocore", "subprocess", "pyspark", "os", *LAPTOP},
    "plugins/nightshift": {"pyspark", "dags", *LAPTOP},
    "plugins/nightshift/operators": {"boto3", "subprocess", "pyspark", "os", "dags"},
    "plugins/nightshift/compute/emr/spec.py": {"boto3", "botocore", "airflow", "subprocess", "os"},
    "plugins/nightshift/lake/audit.py": {"boto3", "botocore", "airflow", "subprocess", "os"},
    "plugins/nightshift/compute/cost.py": {"boto3", "botocore", "airflow", "subprocess", "os"},
    "plugins/nightshift/contracts/pipeline.py": {"boto3", "botocore", "airflow", "subprocess", "os"},
    "plugins/nightshift/pipelines": {"boto3", "botocore", "airflow", "subprocess", "os"},
    **{
        f"plugins/nightshift/report/{pure}.py": {"boto3", "botocore", "airflow", "subprocess", "os"}
        for pure in ("message", "outcome_rules", "product_page", "record", "runbook")
    },
    "plugins/nightshift/pages": {"boto3", "botocore", "airflow", "subprocess", "os"},
    "include/spark_jobs": NOT_ON_A_CLUSTER,
    "plugins/nightshift_contract": {*NOT_ON_A_CLUSTER, "pyspark", "medallion", "pydantic", "yaml", "os"},
    "pipelines/*/jobs": NOT_ON_A_CLUSTER,
    "pipelines/*/definition.py": {"boto3", "botocore", "airflow", "subprocess", "os", "pyspark", *LAPTOP},
    "pipelines/*/page": {"boto3", "botocore", "airflow", "subprocess", "os", "pyspark", *LAPTOP},
    "pipelines/*/local*": {"boto3", "botocore", "airflow", "pyspark", "localcloud", "moto"},
    "include/ingest": {"airflow", "nightshift", "pyspark", "subprocess", "os", *LAPTOP},
    "pipelines/*/jobs/*.py": {"argparse", "os", "sys"},
    "include/flink_jobs": {"airflow", "nightshift", "boto3", "botocore", "pyspark", *LAPTOP},
    "pipelines/wordcount/jobs/tokens.py": {"pyspark", "pyflink"},  # both engines use these
    "pipelines/wordcount/jobs/figures.py": {"pyspark", "pyflink"},
    "include/spark_jobs/medallion/figures.py": {"pyspark", "pyflink"},
    "localcloud": {"airflow", "nightshift", "embedded", "tools", "datagen"},
    "tools": {"airflow", "nightshift", "localcloud", "embedded", "deploy", "datagen", "moto", "tests"},
    "deploy/mwaa": {"nightshift", "localcloud", "embedded", "datagen", "moto", "pyspark", "dags"},
    "deploy/mwaa/fetch.py": {"airflow", "nightshift", "deploy", "embedded", "tools"},  # it runs on a worker, alone
    "datagen": {"airflow", "nightshift", "embedded", "tools", "localcloud", "pyspark", "boto3"},
}
NAMES_A_TARGET = (  # the default target, a typed client, a column of the price file
    *("config.py", "run/run_context.py", "aws/clients.py", "compute/instances.py"),
)
READERS_OF_THE_ENVIRONMENT = {
    "plugins/nightshift/config.py",
    "plugins/nightshift/infrastructure/terraform.py",  # hands the environment on to terraform; reads only PATH
}


def python_files(place: Path) -> list[Path]:
    """The modules of a place, without users' own scripts, which run as they are."""
    return [place] if place.is_file() else sorted(p for p in place.rglob("*.py") if p.parent.name != "scripts")


def imported_roots(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.split(".")[0])
    return found


@pytest.mark.parametrize("room", MUST_NOT_IMPORT)
def test_a_room_does_not_know_what_it_must_not(room):
    files = [file for place in ROOT.glob(room) for file in python_files(place)]
    assert files, f"{room} is empty: was it renamed?"
    guilty = {f.name: imported_roots(f) & MUST_NOT_IMPORT[room] for f in files}
    assert not any(guilty.values()), guilty


@pytest.mark.parametrize("package", house.PACKAGES)
def test_no_rooms_import_each_other_in_a_circle_and_the_floors_are_few(package):
    assert len(house.floors(house.rooms(package))) <= house.PACKAGES[package]


CLIENT = re.compile(r"client\(\S+, \"\w+\"\)")  # of boto3: "glue" is the catalog's service too


def test_only_a_targets_own_folder_and_the_registry_know_its_service():
    compute = ROOT / "plugins/nightshift/compute"
    for folder in (path for path in compute.iterdir() if (path / "target.py").is_file()):
        knows = re.compile(
            rf"nightshift\.compute\.{folder.name}\b|compute import .*\b{folder.name}\b|[\"']{folder.name}[\"']"
        )
        elsewhere = {
            path
            for path in python_files(ROOT / "plugins/nightshift")
            if folder not in path.parents and knows.search(CLIENT.sub("", path.read_text()))
        }
        allowed = {ROOT / "plugins/nightshift" / path for path in NAMES_A_TARGET}
        assert elsewhere - allowed == {compute / "targets.py"}


def test_no_generic_room_names_a_pipeline_of_the_tree():
    names = "|".join(path.parent.name for path in ROOT.glob("pipelines/*/definition.py"))
    knows = re.compile(rf"(?<!flink[_-])({names})")  # the Flink jobs are a variant of one
    rooms = ("dags", "plugins", "include/spark_jobs", "tools")
    assert [p for room in rooms for p in python_files(ROOT / room) if knows.search(p.read_text())] == []


def test_no_generic_room_knows_a_column_of_a_product():
    columns = re.compile(r"\b(unit_id|product_id|order_id|city_code|case_fatality|tabela_\w+)\b")
    files = [p for room in ("plugins", "include/spark_jobs") for p in python_files(ROOT / room)]
    assert {p.name for p in files if columns.search(p.read_text())} == {"raw.py"}  # SENDER, by its name in every lake


def test_a_circle_is_refused_by_name():
    with pytest.raises(ValueError, match=r"circle.*\['a', 'b'\]"):
        house.floors({"a": {"b"}, "b": {"a"}, "c": set()})


def test_only_config_reads_the_environment_of_the_library():
    library = ROOT / "plugins" / "nightshift"
    readers = {
        path.relative_to(ROOT).as_posix()
        for path in python_files(library)
        if "os.environ" in path.read_text() or "getenv" in path.read_text()
    }
    assert readers == READERS_OF_THE_ENVIRONMENT


@pytest.mark.parametrize("room", ["dags", "plugins", "pipelines", "include"])
def test_nothing_that_runs_in_production_asks_whether_it_is_local(room):
    suspects = [
        p for p in python_files(ROOT / room) if any(w in p.read_text() for w in ("if local", "is_local", "127.0.0.1"))
    ]
    assert suspects == []


def test_a_file_says_in_its_first_line_what_lives_there():
    rooms = (
        "dags",
        "plugins",
        "pipelines",
        "include",
        "localcloud",
        "embedded",
        "tools",
        "datagen",
        "benchmarks",
        "deploy",
        "tests",
    )
    silent = [
        str(path.relative_to(ROOT))
        for room in rooms
        for path in python_files(ROOT / room)
        if path.read_text().strip() and not ast.get_docstring(ast.parse(path.read_text()))
    ]
    assert silent == []


def test_a_program_of_ours_imports_nothing_from_the_folder_where_it_is_started():
    """Python puts that folder first for `-m`, unless started with -P; a user's types.py or tools.py may be there."""
    files = [path for room in ("embedded", "localcloud", "tools") for path in (ROOT / room).rglob("*.py")]
    starts = [
        f"{path.relative_to(ROOT)}: {line.strip()}"
        for path in files
        for line in path.read_text().splitlines()
        if re.search(r"(sys\.executable|python), (?!\"-P\", )\"-m\"", line)
    ]
    assert starts == []


def test_a_dag_file_has_no_function_and_no_branch():
    for path in python_files(ROOT / "dags"):
        nodes = [type(n).__name__ for n in ast.walk(ast.parse(path.read_text()))]
        assert not {"FunctionDef", "If", "For", "While", "Lambda"} & set(nodes), path.name


MAY_SLEEP = {  # why, though nobody knows how fast the machine is
    "chaos/test_commands.py": "a laptop sleeps for longer than its lease; what must not happen has its time",
    "embedded/test_repro.py": "S3 counts in seconds: what comes after must be a second later",
    "embedded/test_stack.py": "Airflow's API is silent for longer than its clients allow by default",
    "localcloud/test_ssm.py": "what must not end has its time to",
}
CLOCKS = {"time.monotonic", "time.perf_counter", "time.time"}
A_MINUTE = 60


def hasty(tree: ast.Module) -> set[str]:
    """What fails on a slow machine by the machine's fault: an assertion about the time that something took, a time-out
    of seconds, and a sleep that is none between two looks (tests.patience.until waits for a thing itself)."""
    inside = {
        kind: {id(node) for outer in ast.walk(tree) if isinstance(outer, kind) for node in ast.walk(outer)}
        for kind in (ast.Assert, ast.While, ast.For)
    }
    found = set()
    for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
        called = ast.unparse(call.func)
        if called in CLOCKS and id(call) in inside[ast.Assert]:
            found.add(f"line {call.lineno} asserts by the clock")
        if called == "time.sleep" and id(call) not in inside[ast.While] | inside[ast.For]:
            found.add(f"line {call.lineno} sleeps")
        given = {keyword.arg: keyword.value for keyword in call.keywords}.get("timeout")
        if isinstance(given, ast.Constant) and isinstance(given.value, int | float) and given.value < A_MINUTE:
            found.add(f"line {call.lineno} has a time-out of {given.value} s")
    return found


def test_no_test_fails_because_the_machine_is_slow():
    files = [path for name in ("test_*.py", "conftest.py") for path in (ROOT / "tests").rglob(name)]
    found = {path.relative_to(ROOT / "tests").as_posix(): hasty(ast.parse(path.read_text())) for path in files}
    slept = {name for name, said in found.items() if any(words.endswith("sleeps") for words in said)}
    assert slept <= MAY_SLEEP.keys()
    left = {name: [w for w in said if not (w.endswith("sleeps") and name in MAY_SLEEP)] for name, said in found.items()}
    assert {name: said for name, said in left.items() if said} == {}


def test_haste_is_seen():
    lines = ("assert time.monotonic() - began < 50", "run(timeout=20)", "time.sleep(0.5)", "wait(timeout=600)")
    body = "\n".join([*lines, "while not done():", "    time.sleep(0.1)"])
    assert {words.split()[1] for words in hasty(ast.parse(body))} == {"1", "2", "3"}
