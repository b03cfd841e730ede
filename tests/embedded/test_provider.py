"""The provider of a command's nights ends with them, however their processes end."""

import os
import shutil
import signal
import subprocess

import pytest

from embedded.cloud import endpoint, provider
from embedded.cloud.provider import Providers
from embedded.errors import CloudError
from embedded.runs import session
from embedded.runs.requests import SessionRequest
from localcloud.credentials import Access, Credentials
from tests.patience import lives, until
from tools import download, toolchain
from tools.toolchain import Toolchain

STAND_IN = """#!/bin/sh
echo "$AWS_ACCESS_KEY_ID $AWS_CA_BUNDLE $1 $$" >> {said}
echo "	TF_REATTACH_PROVIDERS='here'"
exec sleep 600
"""


@pytest.fixture
def mirror(tmp_path, monkeypatch):
    """A mirror with a stand-in that the lock file names, and what each start of it said: key, bundle, flag, pid."""
    place = tmp_path / toolchain.PROVIDER / download.platform_name("Linux", "x86_64")
    place.mkdir(parents=True)
    monkeypatch.setattr(provider.platform, "system", lambda: "Linux")
    monkeypatch.setattr(provider.platform, "machine", lambda: "x86_64")
    binary, said = place / "terraform-provider-aws_v0", tmp_path / "said"
    binary.write_text(STAND_IN.format(said=said))
    binary.chmod(0o755)
    lock = tmp_path / "lock"
    lock.write_text(f'hashes = ["{provider.package_hash(place)}"]')
    monkeypatch.setattr(provider, "LOCK", lock)
    yield tmp_path, lambda: [line.split(" ") for line in said.read_text().splitlines()]
    provider.package_hash.cache_clear()


def pids(said):
    return [int(line[-1]) for line in said()]


def test_one_is_up_for_each_set_of_credentials_until_the_block_ends(mirror, tmp_path):
    folder, said = mirror
    env = {"PATH": os.environ["PATH"], "AWS_CA_BUNDLE": "ca.pem"}
    with Providers(folder, tmp_path) as providers:
        for key in ("operator", "role"):
            assert providers.attach({**env, "AWS_ACCESS_KEY_ID": key}) == {"TF_REATTACH_PROVIDERS": "here"}
        assert [line[:3] for line in said()] == [["operator", "", "-debug"], ["role", "", "-debug"]]
        assert all(map(lives, pids(said)))
    assert not any(map(lives, pids(said)))


def test_it_outlives_a_killed_command_as_long_as_its_night_goes_on(mirror, tmp_path):
    folder, said = mirror
    providers = Providers(folder, tmp_path)
    providers.attach(dict(os.environ))
    [up] = pids(said)
    with subprocess.Popen(["sleep", "600"], pass_fds=(providers.lifeline,)) as night:
        os.close(providers.lifeline)  # as the kernel does for a command that is killed
        with pytest.raises(AssertionError):
            until(lambda: not lives(up), seconds=0.3)
        night.send_signal(signal.SIGKILL)
    until(lambda: not lives(up), what="its end")


def test_without_a_mirror_terraform_starts_its_own(tmp_path):
    with Providers(None, tmp_path) as providers:
        assert providers.attach({}) == {}


def test_another_provider_than_the_locked_one_is_not_started(mirror, tmp_path):
    folder, _said = mirror
    [binary] = folder.rglob("terraform-provider-aws_*")
    shutil.copy(binary, binary.with_name("another"))
    provider.package_hash.cache_clear()
    with Providers(folder, tmp_path) as providers, pytest.raises(CloudError, match="is not the AWS provider"):
        providers.attach({})
    assert not (folder / "said").exists()


def test_the_hash_is_the_one_that_terraform_writes():
    mirror = toolchain.provider_mirror()
    if mirror is None:
        pytest.skip("the provider comes from the registry")
    [place] = (mirror / toolchain.PROVIDER).iterdir()
    assert provider.package_hash(place) in provider.LOCK.read_text()


def test_one_that_does_not_start_is_said(mirror, tmp_path):
    folder, _said = mirror
    [binary] = folder.rglob("terraform-provider-aws_*")
    binary.write_text("#!/bin/sh\necho no room\nexit 1\n")
    provider.LOCK.write_text(provider.package_hash.__wrapped__(binary.parent))
    provider.package_hash.cache_clear()
    with Providers(folder, tmp_path) as providers, pytest.raises(CloudError, match=r"did not start .* no room"):
        providers.attach(dict(os.environ))


@pytest.mark.parametrize(
    ("named", "dry_run", "kept"),
    [
        ("", False, True),
        ("http://127.0.0.1:5555/", False, True),
        ("https://aws.example", False, False),
        ("", True, False),
    ],
    ids=["localcloud", "localcloud by its address", "another cloud", "a dry run"],
)
def test_none_is_kept_up_where_a_crash_would_cost_the_teardown(monkeypatch, tmp_path, named, dry_run, kept):
    here = Access("http://127.0.0.1:5555", Credentials("key", "secret"))
    monkeypatch.setattr(endpoint, "running", lambda _home: here)
    monkeypatch.setenv(endpoint.ENDPOINT_KEY, named)
    request = SessionRequest("run", lambda _scratch: [], dry_run=dry_run)
    assert session._mirror(Toolchain(tmp_path, tmp_path, tmp_path), request) == (tmp_path if kept else None)
