"""docs/your-own-pipeline.md, played literally in a copy of the tree: its shell blocks in order, with a stopwatch."""

import os
import shutil
import subprocess
import time

import pyarrow.parquet as pq
import pytest

from tests.embedded.test_new import SHELL
from tests.house import ROOT

MOST_SECONDS = 600  # beside other tests; the goal, 180 on two idle cores, is for whoever reads the stopwatch
FINGERPRINT = (
    """{ cat requirements/*.txt; printf '%s' "$PWD/.venv"; } | cksum; echo run test lint"""  # embedded/setup.sh
)


@pytest.fixture
def tree(tmp_path):
    """A copy of what git has of the tree, set up: with this one's packages and tools, and no run."""
    tree = tmp_path / "tree"
    tracked = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in filter(None, tracked.split("\0")):
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tree / name)
    # Not one link to all of .venv: set-up writes into it, and would change the environment of this tree.
    (tree / ".venv").mkdir()
    shutil.copy(ROOT / ".venv/pyvenv.cfg", tree / ".venv/pyvenv.cfg")
    for part in ("bin", "lib"):
        (tree / ".venv" / part).symlink_to(ROOT / ".venv" / part)
    done = subprocess.run(["bash", "-c", FINGERPRINT], cwd=tree, capture_output=True, text=True, check=True).stdout
    (tree / ".venv/.nightshift-setup").write_text(done)
    (tree / ".nightshift").mkdir()
    shutil.copytree(ROOT / ".nightshift/airflow", tree / ".nightshift/airflow")
    for path in (ROOT / ".nightshift").iterdir():
        if path.name not in ("airflow", "runs", "logs"):
            (tree / ".nightshift" / path.name).symlink_to(path)
    return tree


@pytest.mark.long
@pytest.mark.spark
@pytest.mark.terraform
def test_the_walk_through_ends_in_a_green_night_of_an_own_csv(tree, capsys):
    assert subprocess.run(["embedded/setup.sh", "--done"], cwd=tree, check=False).returncode == 0
    own = ("AIRFLOW", "PYTEST", "NIGHTSHIFT", "AWS")
    env = {key: value for key, value in os.environ.items() if not key.startswith(own)}
    begun = time.monotonic()
    for block in SHELL:
        since = time.monotonic()
        done = subprocess.run(["bash", "-ec", block], cwd=tree, env=env, capture_output=True, text=True, check=False)
        with capsys.disabled():
            print(f"\n{time.monotonic() - since:6.1f} s  {block.splitlines()[0]}")
        assert done.returncode == 0, f"{block}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
    whole = time.monotonic() - begun
    with capsys.disabled():
        print(f"\n{whole:6.1f} s  in all")
    [file] = (tree / "out/orders_by_data").glob("*.parquet")
    assert [row["rows"] for row in pq.read_table(file).to_pylist()] == [2, 2]
    assert whole < MOST_SECONDS
