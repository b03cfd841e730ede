"""docs/your-own-pipeline.md, played literally in a copy of the tree: its shell blocks in order, with a stopwatch."""

import os
import subprocess
import time

import pyarrow.parquet as pq
import pytest

from tests.embedded.test_new import SHELL
from tests.house import ROOT

MOST_SECONDS = 180  # of the machine's time, on two cores that nobody else uses


@pytest.mark.long
@pytest.mark.spark
@pytest.mark.terraform
def test_the_walk_through_ends_in_a_green_night_of_an_own_csv(tmp_path, capsys):
    tree = tmp_path / "tree"
    tracked = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in filter(None, tracked.split("\0")):
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        (tree / name).write_bytes((ROOT / name).read_bytes())
        (tree / name).chmod((ROOT / name).stat().st_mode)
    (tree / ".venv").symlink_to(ROOT / ".venv")
    subprocess.run(["cp", "-r", str(ROOT / ".nightshift"), str(tree / ".nightshift")], check=False)
    env = {key: value for key, value in os.environ.items() if not key.startswith(("AIRFLOW", "PYTEST", "NIGHTSHIFT"))}
    begun = time.monotonic()
    for block in SHELL:
        own = time.monotonic()
        done = subprocess.run(
            ["bash", "-e", "-c", block], cwd=tree, env=env, capture_output=True, text=True, check=False
        )
        with capsys.disabled():
            print(f"\n{time.monotonic() - own:6.1f} s  {block.splitlines()[0]}")
        assert done.returncode == 0, f"{block}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
    assert time.monotonic() - begun < MOST_SECONDS
    [file] = (tree / "out/orders_by_data").glob("*.parquet")
    assert [row["rows"] for row in pq.read_table(file).to_pylist()] == [2, 2]
