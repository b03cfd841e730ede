"""The distribution that `pip install .` makes: the library and the contract package, without the laptop."""

import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("nightshift", "nightshift_contract")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """The wheel, built by the pinned uv's own backend."""
    out = tmp_path_factory.mktemp("dist")
    uv = Path(sys.executable).with_name("uv")
    subprocess.run([uv, "build", "--quiet", "--offline", "--wheel", "--out-dir", out, ROOT], check=True)
    [file] = out.glob("*.whl")
    return zipfile.ZipFile(file)


def test_the_wheel_has_every_file_of_the_packages_and_no_other(wheel):
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", *PACKAGES]
    tracked = subprocess.run(command, cwd=ROOT / "plugins", capture_output=True, text=True, check=True).stdout.split()
    names = {name for name in wheel.namelist() if ".dist-info/" not in name and not name.endswith("/")}
    assert names == {name for name in tracked if (ROOT / "plugins" / name).is_file()}


def test_what_it_needs_is_what_mwaa_installs():
    named = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    lines = (ROOT / "requirements.txt").read_text().splitlines()
    assert named == [line for line in lines if line and not line.startswith("#")]


def test_a_definition_and_its_contract_are_read_with_the_wheel_alone(wheel, tmp_path):
    wheel.extractall(tmp_path / "site")
    (tmp_path / "contract.toml").write_text(
        '[gold.t]\nabout = "-"\nkey = ["a"]\nfresh_hours = 36\ncolumns.a = { type = "int" }\n'
    )
    code = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "from nightshift.contracts import contract\n"
        "from nightshift.failures import portuguese\n"
        "from nightshift.pages import render\n"
        "assert contract.__file__.startswith(sys.argv[1]) and portuguese.CATALOGUE.is_file()\n"
        "print(contract.beside(sys.argv[2])[1][0].types)"
    )
    command = [sys.executable, "-I", "-c", code, str(tmp_path / "site"), str(tmp_path / "definition.py")]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout == "{'a': 'int'}\n"
