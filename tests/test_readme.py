"""The front door is true: its commands exist, its links lead somewhere."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from embedded import cli

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text()
IN_PORTUGUESE = (ROOT / "README.pt-BR.md").read_text()
LINES = [*README.splitlines(), *IN_PORTUGUESE.splitlines()]
COMMANDS = list(dict.fromkeys(line.strip() for line in LINES if line.startswith("    ") and line.strip()))


def commands(start):
    return [shlex.split(c)[1:] for c in COMMANDS if c.startswith(start)]


@pytest.mark.parametrize("arguments", [c for c in commands("./nightshift") if c[0] != "cloud"], ids=" ".join)
def test_a_nightshift_command_of_the_readme_is_one(arguments):
    try:
        cli.parser().parse_args(arguments)
    except SystemExit as ended:
        assert ended.code == 0, arguments  # --help


@pytest.mark.parametrize("arguments", [c[1:] for c in commands("./nightshift cloud")], ids=" ".join)
def test_a_cloud_command_of_the_readme_is_one(arguments):
    asked = subprocess.run(
        [sys.executable, "-m", "localcloud", *arguments, "--help"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert asked.returncode == 0, asked.stderr


@pytest.mark.parametrize("target", [c[0] for c in commands("make ")])
def test_a_make_target_of_the_readme_lists_itself(target):
    listed = subprocess.run(["make", "-s", "help"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert re.search(rf"^  make {target} ", listed, re.MULTILINE), listed


@pytest.mark.parametrize("file", ["README.md", "README.pt-BR.md", "CONTRIBUTING.md", "localcloud/README.md"])
def test_links_lead_to_files_that_are_there(file):
    text = (ROOT / file).read_text()
    targets = [t for t in re.findall(r"\]\(([^)#]+)\)", text) if not t.startswith("http")]
    missing = [t for t in targets if not ((ROOT / file).parent / t).exists()]
    assert missing == []


def test_folders_that_the_readme_names_are_there():
    named = {
        name.rstrip("/") for name in re.findall(r"`([a-z_/]+/)`", README) if not name.startswith(("out", "csv", "old"))
    }
    missing = [n for n in named if not (ROOT / n).exists() and not (ROOT / "include/terraform" / n).exists()]
    assert not [n for n in missing if n not in {"reference_data"}]
