"""What a step's role may not do in S3, the mirror does not do in its stead."""

import gzip

import pytest

from localcloud.steps import StepRunner, StepSettings
from localcloud.steps.mirror import Mirror
from tests.localcloud.steps.conftest import ACCOUNT, LOGS, request_of


@pytest.fixture
def packed(s3):
    """The text of a gzipped object of the lake."""
    return lambda key: gzip.decompress(s3.get_object(Bucket="lake", Key=key)["Body"].read()).decode()


class Only:
    """Rights to some operations on the lake alone."""

    def __init__(self, *operations):
        self.operations = operations

    def denial(self, operation, bucket, key=""):
        allowed = bucket == "lake" and operation in self.operations and not key.startswith("shut")
        return None if allowed else f"no {operation} on {bucket}/{key}"


@pytest.fixture
def mirror(s3, tmp_path):
    s3.put_object(Bucket="lake", Key="old", Body=b"old")
    made = Mirror(tmp_path / "mirror")
    made.pull(ACCOUNT)
    return made


def test_what_may_not_be_put_is_not_and_its_file_is_the_object_again(mirror, keys, text):
    lake = mirror.buckets_dir(ACCOUNT) / "lake"
    for name in ("open", "shut", "old"):
        (lake / name).write_text("new")
    moved = mirror.push(ACCOUNT, rights=Only())
    assert sorted(moved.denied) == [
        "no PutObject on lake/old",
        "no PutObject on lake/open",
        "no PutObject on lake/shut",
    ]
    assert keys() == ["old"]
    mirror.pull(ACCOUNT)
    assert sorted(path.name for path in lake.iterdir()) == ["old"]
    assert (lake / "old").read_text() == text("old") == "old"


def test_what_may_be_put_is_beside_what_may_not(mirror, keys):
    lake = mirror.buckets_dir(ACCOUNT) / "lake"
    for name in ("open", "shut"):
        (lake / name).write_text("new")
    assert mirror.push(ACCOUNT, rights=Only("PutObject")).denied == ["no PutObject on lake/shut"]
    assert keys() == ["old", "open"]


def test_what_may_not_be_deleted_comes_back(mirror, keys):
    lake = mirror.buckets_dir(ACCOUNT) / "lake"
    (lake / "old").unlink()
    assert mirror.push(ACCOUNT, rights=Only("PutObject")).denied == ["no DeleteObject on lake/old"]
    mirror.pull(ACCOUNT)
    assert (lake / "old").read_text() == "old"
    (lake / "old").unlink()
    assert mirror.push(ACCOUNT, rights=Only("DeleteObject")).denied == []
    assert keys() == []


SCRIPT = """
hadoop fs -cat s3://lake/in && hadoop fs -put $0 s3://lake/out && hadoop fs -put $0 s3://lake/shut-out
hadoop fs -ls s3://{logs}/
"""


@pytest.mark.spark  # Hadoop's own shell, four times
def test_a_step_reads_and_writes_what_it_may_and_says_what_it_was_denied(s3, tmp_path, keys, packed):
    s3.put_object(Bucket="lake", Key="in", Body=b"input")
    s3.put_object(Bucket=LOGS, Key="secret", Body=b"a secret")
    rights = Only("ListObjectsV2", "PutObject")
    runner = StepRunner(tmp_path / "work", settings=StepSettings(cores=1), rights_of=lambda _request: rights)
    request = request_of("bash", "-c", SCRIPT.format(logs=LOGS), "/etc/hostname", log_uri="s3://lake/emr/")
    outcome = runner.run(request)
    runner.close()
    assert outcome.exit_code != 0
    said = "".join(packed(f"emr/j-1/steps/{request.step_id}/{name}.gz") for name in ("stdout", "stderr"))
    assert said.startswith("input")
    assert "secret" not in said
    assert sorted(key for key in keys() if not key.startswith("emr/")) == ["in", "out"]
    assert "AccessDenied: no PutObject on lake/shut-out" in said
    assert f"AccessDenied: no ListObjectsV2 on {LOGS}/" in said
    assert "does not exist" not in said


def test_logs_that_the_nodes_may_not_write_are_not_shipped(s3, tmp_path):
    runner = StepRunner(tmp_path / "work", rights_of=lambda _request: Only("ListObjectsV2"))
    assert runner.run(request_of("true")).exit_code == 0
    runner.close()
    assert "Contents" not in s3.list_objects_v2(Bucket=LOGS)
