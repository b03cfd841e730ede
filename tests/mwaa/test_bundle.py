"""The bundle: what travels and what does not, its names, its determinism, and that the real tree gives one."""

import hashlib
import io
import json
import subprocess
import zipfile

import pytest

from deploy.mwaa import bundle, environment
from deploy.mwaa import tools as tool_room
from deploy.mwaa.bundle import CONSTRAINTS, ROOT, build
from deploy.mwaa.errors import DeployError

NAME = "acme-night-prod"


def test_what_travels_in_the_dags_folder(tree, tools):
    paths = {path for path in build(tree, NAME, tools).files if path.startswith("dags/")}
    assert paths == {
        "dags/night.py",
        "dags/.airflowignore",
        f"dags/{CONSTRAINTS}",
        "dags/include/spark_jobs/main.py",
        "dags/pipelines/wordcount/contract.toml",
        "dags/include/terraform/stacks/foundation/main.tf",
        "dags/include/terraform/stacks/foundation/.terraform.lock.hcl",
    }


def test_airflow_passes_over_what_holds_no_dags(tree, tools):
    ignored = build(tree, NAME, tools).files["dags/.airflowignore"].decode().splitlines()
    assert ignored == ["include/", "pipelines/"]


def test_the_plugins_are_a_zip_of_what_lies_in_plugins(tree, tools):
    made = build(tree, NAME, tools)
    with zipfile.ZipFile(io.BytesIO(made.files[made.named("plugins")])) as archive:
        entries = archive.infolist()
    assert [e.filename for e in entries] == [".airflowignore", "nightshift/__init__.py", "nightshift/config.py"]
    assert {e.date_time for e in entries} == {(1980, 1, 1, 0, 0, 0)}
    assert {oct(e.external_attr >> 16) for e in entries} == {"0o100644"}


def test_requirements_begin_with_a_constraint_file_that_travels_too(tree, tools):
    made = build(tree, NAME, tools)
    first, *rest = made.files[made.named("requirements")].decode().splitlines()
    assert first == f'--constraint "/usr/local/airflow/dags/{CONSTRAINTS}"'
    assert rest == (tree / "requirements.txt").read_text().splitlines()
    assert made.files[f"dags/{CONSTRAINTS}"] == b"boto3==1.43.56\n"


def test_the_same_input_gives_the_same_bytes_whatever_the_dates_and_modes(tree, tools):
    first = build(tree, NAME, tools)
    for path in tree.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            path.unlink()
            path.write_bytes(content)
            path.chmod(0o755)
    assert build(tree, NAME, tools) == first


@pytest.mark.parametrize(
    ("changed", "start"),
    [("plugins/nightshift/config.py", "plugins"), ("requirements.txt", "requirements"), ("dags/night.py", None)],
)
def test_a_change_renames_what_it_changed_and_nothing_else(tree, tools, changed, start):
    before = build(tree, NAME, tools)
    (tree / changed).write_text("# changed\n")
    after = build(tree, NAME, tools)
    assert after.version != before.version
    renamed = {s for s in ("plugins", "requirements", "startup") if after.named(s) != before.named(s)}
    assert renamed == ({start} if start else set())


def test_another_terraform_makes_another_startup_script(tree, tools, tmp_path):
    before = build(tree, NAME, tools)
    newer = tmp_path / "newer"
    newer.write_text("another")
    after = build(tree, NAME, [tool_room.Tool("terraform", {"bin/terraform": newer}), tools[1]])
    assert after.named("startup") != before.named("startup")
    assert after.named("plugins") == before.named("plugins")


def test_the_manifest_has_the_sum_of_every_file(tree, tools, tmp_path):
    folder = bundle.write(build(tree, NAME, tools), tmp_path / "out")
    manifest = json.loads((folder / "manifest.json").read_text())
    there = {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()}
    assert there == {*manifest["files"], "manifest.json"}
    for path, expected in manifest["files"].items():
        assert hashlib.sha256((folder / path).read_bytes()).hexdigest() == expected
    assert (folder.name, manifest["name"]) == (manifest["version"], NAME)


def test_what_an_earlier_build_left_in_the_folder_is_gone(tree, tools, tmp_path):
    made = build(tree, NAME, tools)
    (bundle.write(made, tmp_path) / "dags" / "stray.py").write_text("")
    assert not (bundle.write(made, tmp_path) / "dags" / "stray.py").exists()


@pytest.mark.parametrize("name", ["Acme", "a", "acme; rm", "acme_night"])
def test_a_name_that_is_none_is_refused_before_it_is_in_a_script(tree, tools, name):
    with pytest.raises(DeployError, match="must match"):
        build(tree, name, tools)


def test_the_tree_gives_a_bundle_without_what_belongs_to_a_laptop(tools):
    made = build(ROOT, NAME, tools)
    dags = {path.removeprefix("dags/") for path in made.files if path.startswith("dags/")}
    assert {path.name for path in (ROOT / "dags").glob("*.py")} <= dags
    stacks = ("foundation", "transient")
    assert {f"include/terraform/stacks/{stack}/.terraform.lock.hcl" for stack in stacks} <= dags
    assert "include/instance_types.toml" in dags
    folders = {part for path in made.files for part in path.split("/")[:-1]}
    assert not folders & {"tests", "localcloud", "embedded", "tools", "datagen", ".terraform", "__pycache__"}
    assert not [path for path in made.files if path.endswith((".tftest.hcl", ".pyc", ".tfstate"))]
    assert sum(map(len, made.files.values())) < 10_000_000


def test_our_requirements_are_held_by_constraints_that_agree_with_mwaas_essential_pins():
    constraints = pins(ROOT / "requirements" / CONSTRAINTS)
    essential = pins(ROOT / "deploy" / "mwaa" / "essential-3.3.1.txt")
    # Airflow itself stands in the essential pins alone: its constraints leave it out.
    assert {k: constraints.get(k, v) for k, v in essential.items()} == essential
    asked = pins(ROOT / "requirements.txt")
    # MWAA's constraints do not know pygal, so any version may be installed beside them; what it needs they know.
    known = constraints | essential | {"pygal": asked["pygal"]}
    assert "pygal" not in constraints and "importlib_metadata" in constraints
    assert {name: known.get(name) for name in asked} == asked


def test_the_command_says_in_one_sentence_why_it_made_nothing(tmp_path, capsys):
    terraform = tmp_path / "terraform"
    terraform.write_text("")
    told = ["--name", NAME, "--terraform", str(terraform), "--mirror", str(tmp_path)]
    assert bundle.main(told) == 1
    assert capsys.readouterr().err.startswith("mwaa-bundle: There is no terraform at")


def pins(file):
    lines = (line.split("#")[0].strip() for line in file.read_text().splitlines())
    return {name.lower(): version for name, version in (line.split("==") for line in lines if line)}


def test_startup_exports_the_settings_of_its_environment_whatever_is_in_them(tree, tools):
    settings = {"NIGHTSHIFT_NAME": NAME, "NIGHTSHIFT_REAP_SCHEDULE": "0 * * * *", "NIGHTSHIFT_OWNER": "o'neill $(x)"}
    made = build(tree, NAME, tools, settings)
    script = made.files[made.named("startup")].decode().partition("case ")[0]
    told = subprocess.run(
        [
            "bash",
            "-c",
            f'{script}\nprintf "%s|%s|%s" "$NIGHTSHIFT_NAME" "$NIGHTSHIFT_REAP_SCHEDULE" "$NIGHTSHIFT_OWNER"',
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    assert told.stdout == f"{NAME}|0 * * * *|o'neill $(x)"


@pytest.mark.parametrize("name", ["dev", "prod"])
def test_the_environments_files_are_read(name):
    found = environment.settings(name)
    assert found["NIGHTSHIFT_NAME"].endswith(name) and "" not in found.values()


def test_an_environment_that_there_is_not_is_told_with_those_that_there_are():
    with pytest.raises(DeployError, match="environments/ has dev, prod"):
        environment.settings("stage")
