"""The modules and stacks without any cloud: format, lock, validity, and what each promises under a mocked provider."""

import re
from pathlib import Path

import pytest

pytestmark = pytest.mark.terraform

TERRAFORM = Path(__file__).resolve().parents[2] / "include" / "terraform"
FOLDERS = sorted(str(p.parent.relative_to(TERRAFORM)) for p in TERRAFORM.glob("*/*/versions.tf"))
FILES = {"main.tf", "variables.tf", "outputs.tf", "versions.tf", "README.md", ".terraform.lock.hcl", "tests"}
PLATFORMS = 14  # that HashiCorp builds the provider for


def test_every_module_and_stack_of_the_house_is_there():
    modules = (
        *("athena", "budget", "catalog", "compute_role", "dashboard", "emr", "github", "iam", "ingest_host"),
        *("mwaa", "network", "notifications", "people", "secrets", "ssh", "storage"),
    )
    stacks = ("analytics", "bootstrap", "dashboard", "eks", "foundation", "mwaa", "people", "rds", "transient")
    expected = [*(f"modules/{m}" for m in modules), *(f"stacks/{s}" for s in stacks)]
    assert expected == FOLDERS


@pytest.mark.parametrize("folder", FOLDERS)
def test_a_folder_has_what_a_reader_expects(folder):
    assert {p.name for p in (TERRAFORM / folder).iterdir()} >= FILES


@pytest.mark.parametrize("folder", FOLDERS)
def test_every_variable_is_typed_and_every_variable_and_output_described(folder):
    for name in ("variables", "outputs"):
        blocks = re.split(r"^(?=variable|output)", (TERRAFORM / folder / f"{name}.tf").read_text(), flags=re.M)[1:]
        assert blocks
        for block in blocks:
            assert "  description = " in block, block
            assert name == "outputs" or re.search(r"^  type +=", block, re.M), block


def test_all_lock_files_are_the_same_and_know_every_platform():
    locks = {(TERRAFORM / folder / ".terraform.lock.hcl").read_text() for folder in FOLDERS}
    assert len(locks) == 1
    lock = locks.pop()
    assert 'version     = "5.100.0"' in lock
    assert lock.count('"h1:') == PLATFORMS


def test_everything_is_formatted(stack):
    assert stack("").run("fmt", "-check", "-recursive", "-diff").stdout == ""


def test_a_stack_takes_the_provider_that_its_lock_file_names(stack):
    """One stands for all: their lock files are the same."""
    checked = stack("stacks/foundation", installs=True)
    checked.init("-backend=false")
    checked.run("validate")


@pytest.mark.parametrize("folder", FOLDERS)
def test_a_folder_keeps_its_promises_under_a_mocked_provider(stack, folder):
    """Each `run` validates the configuration before its plan (Terraform's source, backend/local/test.go)."""
    opened = stack(folder)
    opened.init("-backend=false")
    said = opened.run("test").stdout
    promised = sum(p.read_text().count('\nrun "') for p in (opened.folder / "tests").glob("*.tftest.hcl"))
    assert promised >= 2
    assert f"Success! {promised} passed, 0 failed." in said
