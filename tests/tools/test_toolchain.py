"""Tools are found where they are, fetched only as pinned, and missed in one sentence."""

import hashlib
import http.server
import io
import os
import platform
import stat
import threading
import zipfile
from pathlib import Path

import pytest

from tools import download, toolchain
from tools.errors import DownloadRefused, ToolMissing

HERE = download.platform_name(platform.system(), platform.machine())
ARCHIVE = f"/{download.VERSION}/terraform_{download.VERSION}_{HERE}.zip"


@pytest.fixture
def program(tmp_path):
    """Writes an executable that prints `said` and ends with `status`; gives its path."""

    def write(name, said, status=0):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"#!/bin/sh\ncat <<'EOT'\n{said}\nEOT\nexit {status}\n")
        path.chmod(path.stat().st_mode | stat.S_IEXEC)
        return path

    return write


@pytest.fixture
def release():
    """A zip with a terraform that answers as the real one does."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("terraform", "#!/bin/sh\necho Terraform v1.11.4\n")
    return buffer.getvalue()


@pytest.fixture
def releases(release):
    """A stand-in for the releases site; gives its base URL."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200 if self.path == ARCHIVE else 404)
            self.end_headers()
            self.wfile.write(release if self.path == ARCHIVE else b"")

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def pinned(body):
    return {HERE: hashlib.sha256(body).hexdigest()}


def test_the_pinned_release_is_unpacked_and_runs(tmp_path, releases, release):
    binary = download.terraform(tmp_path, {download.RELEASES_KEY: releases}, pinned(release))
    assert binary == tmp_path / "terraform" and toolchain.terraform_version(binary) == (1, 11)
    assert [path.name for path in tmp_path.iterdir()] == ["terraform"]


def test_a_release_with_another_sha256_is_refused_and_not_kept(tmp_path, releases):
    with pytest.raises(DownloadRefused, match="not the pinned"):
        download.terraform(tmp_path, {download.RELEASES_KEY: releases}, pinned(b"something else"))
    assert list(tmp_path.iterdir()) == []


def test_a_mirror_without_the_release_is_named_with_its_answer(tmp_path, releases, release):
    with pytest.raises(DownloadRefused, match=r"/elsewhere/.* answered 404: install terraform"):
        download.terraform(tmp_path, {download.RELEASES_KEY: f"{releases}/elsewhere"}, pinned(release))


def test_without_a_network_one_sentence_says_what_to_install(tmp_path):
    with pytest.raises(DownloadRefused, match="cannot be reached") as refused:
        download.terraform(tmp_path, {download.RELEASES_KEY: "http://127.0.0.1:9"})
    assert "install terraform 1.11 or newer" in str(refused.value) and "\n" not in str(refused.value)


def test_a_platform_without_a_pin_is_refused_before_anything_is_fetched(tmp_path):
    with pytest.raises(DownloadRefused, match="no pinned terraform"):
        download.terraform(tmp_path, {}, {})


def test_the_machines_terraform_is_used_when_it_is_new_enough(program, tmp_path):
    binary = program("path/terraform", "Terraform v1.12.0")
    assert toolchain.terraform({"PATH": str(binary.parent)}, tmp_path / "bin") == binary


def test_an_old_terraform_is_passed_over_for_the_one_that_was_fetched_before(program, tmp_path):
    old = program("path/terraform", "Terraform v1.5.7")
    fetched = program("bin/terraform", "Terraform v1.11.4")
    assert toolchain.terraform({"PATH": str(old.parent)}, fetched.parent) == fetched


def test_no_terraform_on_the_machine_means_the_pinned_one_is_asked_for(tmp_path):
    with pytest.raises(DownloadRefused, match="cannot be reached"):
        toolchain.terraform({"PATH": "", download.RELEASES_KEY: "http://127.0.0.1:9"}, tmp_path)


def test_java_home_wins_over_the_path_and_an_old_java_is_passed_over(program):
    old = program("old/bin/java", 'openjdk version "11.0.2" 2019-01-15')
    new = program("new/bin/java", 'openjdk version "21.0.1" 2023-10-17')
    found = toolchain.java({"JAVA_HOME": str(old.parents[1]), "PATH": str(new.parent)})
    assert found == new.parents[1]


@pytest.mark.parametrize(
    ("said", "major"), [('openjdk version "17.0.9"', 17), ('java version "1.8.0_402"', 8), ("", 0)]
)
def test_the_major_version_is_read_from_what_java_says(program, said, major):
    assert toolchain.java_version(program("java", said)) == major


def test_a_java_that_does_not_run_counts_for_nothing(program):
    assert toolchain.java_version(program("java", 'version "17"', status=1)) == 0


def test_no_java_anywhere_is_one_sentence(monkeypatch):
    monkeypatch.setattr(toolchain.importlib.util, "find_spec", lambda _name: None)
    with pytest.raises(ToolMissing, match=r"^No Java 17 or newer runs here.*requirements/java.txt.*\.$"):
        toolchain.java({"PATH": ""})


def test_a_provider_mirror_is_found_some_folders_down(tmp_path):
    mirror = tmp_path / "somewhere" / "plugins"
    (mirror / toolchain.PROVIDER / HERE).mkdir(parents=True)
    assert toolchain.provider_mirror([tmp_path / "absent", tmp_path]) == mirror


def test_a_mirror_of_another_platform_is_none(tmp_path):
    (tmp_path / toolchain.PROVIDER / "plan9_mips").mkdir(parents=True)
    assert toolchain.provider_mirror([tmp_path]) is None


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read every folder")
def test_a_folder_that_may_not_be_read_is_passed_over(tmp_path):
    closed = tmp_path / "closed"
    closed.mkdir(mode=0)
    assert toolchain.provider_mirror([tmp_path]) is None


def test_the_mirror_of_this_machine_is_a_folder_or_none():
    found = toolchain.provider_mirror()
    assert found is None or (Path(found) / toolchain.PROVIDER / HERE).is_dir()
