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


def test_the_monthly_cost_is_the_sum_of_what_the_modules_say_and_the_foundation_has_nothing_else_by_the_hour():
    terraform = ROOT / "include" / "terraform"

    def figure(readme, pattern):
        return float(re.search(pattern, (terraform / readme / "README.md").read_text())[1])

    key = figure("stacks/foundation", r"the key costs (\d+) USD a month")
    nat = figure("modules/network", r"nat = true` \(about (\d+) USD a month")
    airflow = figure("modules/mwaa", r"About (0\.\d+) USD an hour for mw1\.small") * 730
    variables = (terraform / "stacks" / "foundation" / "variables.tf").read_text()
    assert re.search(r'variable "nat" \{[^}]*default += false', variables)
    assert re.search(r'variable "interface_endpoints" \{[^}]*default += \[\]', variables)
    words = f"{key:.0f} USD a month", f"about {key + nat + airflow:.0f} with MWAA", f"NAT gateway ({nat:.0f})"
    assert not [said for said in words if said not in README.replace("\n", " ").replace("  ", " ")]
    assert f"cerca de {key + nat + airflow:.0f} com MWAA" in IN_PORTUGUESE
