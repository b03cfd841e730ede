"""Jars by Maven coordinates, from a repository on this machine."""

import hashlib
import threading
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tools import maven
from tools.errors import DownloadRefused

JAR = b"PK a jar"


class Silent(SimpleHTTPRequestHandler):
    def log_message(self, *_): ...


@contextmanager
def serving(place, jar):
    """A repository below a folder, with a jar as org.example:geo:1.2: that package's folder, and the environment that
    names the repository."""
    folder = place / "org" / "example" / "geo" / "1.2"
    folder.mkdir(parents=True)
    (folder / "geo-1.2.jar").write_bytes(jar)
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Silent, directory=str(place)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield folder, {maven.REPOSITORY_KEY: f"http://127.0.0.1:{server.server_port}/"}
    server.shutdown()
    server.server_close()


@pytest.fixture
def repository(tmp_path):
    """(folder of org.example:geo:1.2 in a repository, the environment that names it)."""
    with serving(tmp_path / "repository", JAR) as served:
        yield served


@pytest.mark.parametrize("digest", maven.DIGESTS)
def test_a_jar_is_taken_if_it_is_what_the_repository_says(repository, tmp_path, digest):
    folder, environ = repository
    (folder / f"geo-1.2.jar.{digest}").write_text(f"{hashlib.new(digest, JAR).hexdigest()}  geo-1.2.jar\n")
    path = maven.jar("org.example:geo:1.2", tmp_path, environ)
    assert (path.name, path.read_bytes()) == ("geo-1.2.jar", JAR)


@pytest.mark.parametrize(
    ("coordinate", "checksum", "words"),
    [
        ("org.example:geo", "", "is no package: expected group:artifact:version"),
        ("org.example:geo:9", "", "There is no org.example:geo:9 at http"),
        ("org.example:geo:1.2", "", "no checksum lies beside it; it was not used"),
        ("org.example:geo:1.2", "0" * 40, f"says {'0' * 40}; it was not used"),
        ("../../etc:passwd:1", "", "is no package"),
    ],
)
def test_anything_else_is_refused_and_nothing_is_kept(repository, tmp_path, coordinate, checksum, words):
    folder, environ = repository
    if checksum:
        (folder / "geo-1.2.jar.sha1").write_text(checksum)
    with pytest.raises(DownloadRefused, match=words):
        maven.jar(coordinate, tmp_path, environ)
    assert list(tmp_path.glob("*.jar")) == []


def test_a_repository_that_cannot_be_reached_says_what_to_do_without_network(tmp_path):
    with pytest.raises(DownloadRefused, match=r"cannot be reached .* name it by --jars"):
        maven.jar("org.example:geo:1.2", tmp_path, {maven.REPOSITORY_KEY: "http://127.0.0.1:9"})
