"""The ./nightshift command as a user runs it with --iam, on one localcloud that stays up: the cloud of tests/iam."""

import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from datagen import generate_text
from embedded.cloud import iam_option
from tests.commands import Ended, Nightshift
from tests.ground import REATTACH
from tests.iam.stage import DAY
from tools import paths

CLOUD = ("AWS_ENDPOINT_URL", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", iam_option.KEY)
SHARED_DATA = paths.ROOT.parent / "shared" / "data"
TARGETS = ("serverless", "glue", "kubernetes")
LATIN = ("coração não é ilusão\n" * 50).encode("latin-1")
DAYS = ("backfill", "wordcount", "--from", DAY, "--to", "2026-02-06")


@pytest.fixture(scope="session")
def nightshift(played):
    """Commands in the environment of a user who chose the cloud and what its foundation was laid with."""
    chosen = {key: played.env[key] for key in (*CLOUD, "NIGHTSHIFT_EMAIL_ENDPOINTS")}
    return Nightshift(chosen | {key: value for key, value in played.stage.role.items() if key == REATTACH})


@pytest.fixture(scope="session")
def shared_data():
    if not SHARED_DATA.is_dir():
        pytest.skip("the real input data (../shared/data) is not on this machine")
    return SHARED_DATA


@dataclass(frozen=True)
class Others:
    """Commands whose nights one process played after those of tests/iam, by a name; truth: of flink's text."""

    words: dict[str, tuple]
    ended: dict[str, Ended]
    gold: dict[str, Path]
    truth: dict[str, int]


@pytest.fixture(scope="session")
def others(played, tmp_path_factory):
    """The first night's text on each target, one that Flink counts, sales of fifty units, and a backfill, shown and
    made. Of the backfill's days the first has its gold already; the third one's text is in another encoding, so this
    night fails."""
    home = tmp_path_factory.mktemp("others")
    for day, text in (("02", b"dois dias\n"), ("03", LATIN), ("05", b"cinco\n")):
        key = f"wordcount/2026/02/{day}/a.txt"
        played.client("s3").put_object(Bucket="nightshift-local-raw", Key=key, Body=text)
    truth = generate_text(home / "made.txt", 40_000, "pt", seed=3)
    same = ("run", "wordcount", "--input", played.text[0], "--date", DAY)
    words = {target: (*same, "--on", target) for target in TARGETS}
    if (paths.FLINK / ".made").is_file():
        words["flink"] = ("run", "wordcount", "--engine", "flink", "--input", home / "made.txt")
    if SHARED_DATA.is_dir():
        (home / "drops").mkdir()
        week = SHARED_DATA / "mrhealth/generated/mrhealth_50units_7days.tar.gz"
        subprocess.run(["tar", "-xf", week, "-C", home / "drops"], check=True)
        words["sales"] = ("run", "mrhealth_sales", "--input", home / "drops", "--date", "2026-01-04")
    gold = {name: home / name for name in words}
    words = {name: (*given, "--export", gold[name]) for name, given in words.items()}
    words |= {"shown": DAYS, "made": (*DAYS, "--run")}
    played.stage.lay_kubernetes()
    ended = played.stage.play([played.stage.command(*given) for given in words.values()])
    return Others(words, dict(zip(words, ended, strict=True)), gold, dict(truth.counts))
