"""startup.sh, sourced as MWAA sources it, against an S3: what it exports, what it fetches, and how it fails."""

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import boto3
import pytest
from moto.server import ThreadedMotoServer

from deploy.mwaa import bundle, place
from deploy.mwaa import tools as tool_room
from deploy.mwaa.errors import DeployError
from deploy.mwaa.tools import PROVIDERS

NAME = "acme-night-prod"
BUCKET = f"{NAME}-artifacts"
AWS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": "us-east-1"}


@pytest.fixture(scope="module")
def endpoint():
    server = ThreadedMotoServer("127.0.0.1", port=0, verbose=False)
    server.start()
    yield "http://{}:{}".format(*server.get_host_and_port())
    server.stop()


@pytest.fixture
def s3(endpoint):
    keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test", "region_name": "us-east-1"}
    client = boto3.client("s3", endpoint_url=endpoint, **keys)
    client.create_bucket(Bucket=BUCKET)
    yield client
    for item in client.list_objects_v2(Bucket=BUCKET).get("Contents", []):
        client.delete_object(Bucket=BUCKET, Key=item["Key"])
    client.delete_bucket(Bucket=BUCKET)


@pytest.fixture
def there(tree, tools, tmp_path):
    laid = place.unpacked(bundle.build(tree, NAME, tools), tmp_path / "root")
    yield laid
    place.unsealed(laid)


@pytest.fixture
def start(there, endpoint):
    def started(component="worker", **more):
        aws = {**AWS, "AWS_ENDPOINT_URL": endpoint, "NO_PROXY": "127.0.0.1", **more}
        return place.started(there, place.environ(there, component, Path(sys.executable), aws))

    return started


def test_a_worker_gets_terraform_with_its_mode_and_a_mirror_of_the_provider(start, s3, tools, there):
    tool_room.upload(s3, NAME, tools)
    after, said = start()
    home = there.home / "tools"
    binary = shutil.which("terraform", path=after["PATH"])
    assert binary == str(home / "bin" / "terraform")
    assert subprocess.run([binary], capture_output=True, text=True, check=True).stdout == "Terraform v1.11.4\n"
    assert (home / PROVIDERS / "aws_x5").read_text() == "provider"
    assert Path(after["TF_CLI_CONFIG_FILE"]).read_text().count(str(home / PROVIDERS.parts[0])) == 1
    assert "terraform fetched" in said
    assert "ready in" in said


def test_what_it_exports_leads_to_the_include_folder_in_the_dags(start, s3, tools, there):
    tool_room.upload(s3, NAME, tools)
    after, _ = start()
    assert after["NIGHTSHIFT_NAME"] == NAME
    assert (Path(after["NIGHTSHIFT_INCLUDE_DIR"]) / "terraform" / "stacks" / "foundation" / "main.tf").is_file()
    assert set(after) - set(place.environ(there, "worker", Path(sys.executable), AWS)) == {
        "NIGHTSHIFT_NAME",
        "NIGHTSHIFT_INCLUDE_DIR",
        "TF_CLI_CONFIG_FILE",
        "AWS_ENDPOINT_URL",
        "NO_PROXY",
    }


def test_a_second_start_fetches_nothing(start, s3, tools):
    tool_room.upload(s3, NAME, tools)
    start()
    for tool in tools:
        s3.delete_object(Bucket=BUCKET, Key=tool.key)
    _, said = start()
    assert "terraform was there" in said
    assert "ready in" in said


@pytest.mark.parametrize("component", ["scheduler", "webserver", ""])
def test_a_container_that_runs_no_tasks_fetches_nothing_and_still_knows_the_folder(start, component, there):
    after, said = start(component)
    assert "gets no terraform" in said
    assert after["NIGHTSHIFT_INCLUDE_DIR"] == str(there.dags / "include")
    assert not (there.home / "tools").exists()


def test_a_worker_of_a_bucket_without_tools_starts_and_says_what_to_do(start, s3):
    after, said = start()
    assert "no terraform on this worker" in said
    assert "make mwaa-tools" in said
    assert after["NIGHTSHIFT_NAME"] == NAME
    assert shutil.which("terraform", path=after["PATH"]) is None


def test_a_tool_that_is_not_what_the_bundle_names_is_not_used(start, s3, tools, there, tmp_path):
    tool_room.upload(s3, NAME, tools)
    forged = tmp_path / "forged.zip"
    with zipfile.ZipFile(forged, "w") as archive:
        archive.writestr("bin/terraform", "#!/bin/sh\necho forged\n")
    s3.upload_file(str(forged), BUCKET, tools[0].key)
    after, said = start()
    assert "another SHA-256" in said
    assert shutil.which("terraform", path=after["PATH"]) is None
    assert [path for path in (there.home / "tools").rglob("*") if path.is_file()] == []


def test_what_was_cut_short_or_changed_on_the_worker_is_fetched_again(start, s3, tools, there):
    tool_room.upload(s3, NAME, tools)
    start()
    (there.home / "tools" / "bin" / "terraform").write_text("half")
    after, said = start()
    assert "terraform fetched" in said
    assert "aws-provider was there" in said
    assert subprocess.run([shutil.which("terraform", path=after["PATH"])], check=True, capture_output=True)


def test_tools_are_put_once_and_a_bucket_that_is_not_there_is_told(s3, tools):
    assert tool_room.upload(s3, NAME, tools) == [tool.key for tool in tools]
    assert tool_room.upload(s3, NAME, tools) == []
    with pytest.raises(DeployError, match=r"nobody-artifacts/.*"):
        tool_room.upload(s3, "nobody", tools)


def test_a_tool_is_found_under_the_hash_of_what_it_holds(tools, tmp_path):
    other = tmp_path / "other"
    other.write_text("another terraform")
    changed = tool_room.Tool("terraform", {"bin/terraform": other})
    assert changed.key != tools[0].key
    assert tools[0].key.startswith("tools/")


def test_a_script_that_would_end_mwaas_own_is_refused(there, endpoint):
    script = there.home / "startup" / "startup.sh"
    script.write_text("set -e\nfalse\n")
    with pytest.raises(DeployError, match="would not start"):
        place.started(there, place.environ(there, "worker", Path(sys.executable), AWS))


def test_without_a_provider_for_mwaas_platform_it_is_said_what_to_do(tmp_path):
    with pytest.raises(DeployError, match="--mirror"):
        tool_room.collect(Path(sys.executable), tmp_path)


def test_without_a_mirror_the_provider_is_what_terraform_brings(monkeypatch, tmp_path):
    monkeypatch.setattr(tool_room.toolchain, "provider_mirror", lambda: None)
    terraform = tmp_path / "terraform"
    terraform.write_text(
        f'#!/bin/sh\nmkdir -p "$TF_DATA_DIR/providers/{tool_room.PROVIDER}"\necho "$@" >"$TF_DATA_DIR/asked"\n'
    )
    terraform.chmod(0o755)
    folder = tool_room.registered(terraform, tmp_path / "kept")
    assert (folder / tool_room.PROVIDER).is_dir()
    asked = (tmp_path / "kept" / "asked").read_text()
    assert "-backend=false" in asked and "-lockfile=readonly" in asked
    terraform.write_text("#!/bin/sh\necho registry out of reach >&2\nexit 1\n")
    with pytest.raises(DeployError, match=r"registry out of reach[\s\S]*--mirror"):
        tool_room.registered(terraform, tmp_path / "other")
