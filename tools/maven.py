"""Downloads the jars of Maven coordinates, once, when a package is made; a night fetches nothing.

The layout and the checksums beside each file: Maven's documentation, "Maven Repository Format". A repository may have
.sha256 and has .sha1.
"""

from __future__ import annotations

import hashlib
import os
import re
import urllib.error
import urllib.request
from collections.abc import Mapping
from http import HTTPStatus
from pathlib import Path

from tools.errors import DownloadRefused

REPOSITORY = "https://repo1.maven.org/maven2"
REPOSITORY_KEY = "MAVEN_REPOSITORY"
COORDINATE = re.compile(r"(?P<group>[\w.-]+):(?P<artifact>[\w.-]+):(?P<version>\w[\w.-]*)")
DIGESTS = ("sha256", "sha1")  # the best that the repository has beside the jar
TIMEOUT_SECONDS = 60
REMEDY = f"name a repository that is reachable in {REPOSITORY_KEY}, or download the jar and name it by --jars"


def jar(coordinate: str, folder: Path, environ: Mapping[str, str] = os.environ) -> Path:
    """Download the jar of `group:artifact:version` into `folder`; gives its path. Its dependencies are not downloaded.

    Raises DownloadRefused: no coordinate, no network, an HTTP error, no checksum beside it, another content than that.
    """
    named = COORDINATE.fullmatch(coordinate)
    if not named:
        raise DownloadRefused(f"{coordinate!r} is no package: expected group:artifact:version, as for spark-submit.")
    base, name = environ.get(REPOSITORY_KEY, REPOSITORY).rstrip("/"), f"{named['artifact']}-{named['version']}.jar"
    url = f"{base}/{named['group'].replace('.', '/')}/{named['artifact']}/{named['version']}/{name}"
    content = _fetched(url)
    if content is None:
        raise DownloadRefused(f"There is no {coordinate} at {url}: {REMEDY}.")
    published = ((digest, _fetched(f"{url}.{digest}")) for digest in DIGESTS)
    digest, text = next(((digest, text) for digest, text in published if text), ("", b""))
    actual, expected = hashlib.new(digest or "sha1", content).hexdigest(), text.decode("ascii", "replace").split()[:1]
    if [actual] != expected:
        said = f"its {digest} says {expected[0]}" if expected else "no checksum lies beside it"
        raise DownloadRefused(f"{url} has {digest or 'sha1'} {actual}, and {said}; it was not used: {REMEDY}.")
    target = folder / name
    target.write_bytes(content)
    return target


def _fetched(url: str) -> bytes | None:
    """The content at an address; None if there is none. Raises DownloadRefused."""
    try:
        with urllib.request.urlopen(url, timeout=TIMEOUT_SECONDS) as answer:  # noqa: S310 - a repository may be file://
            return bytes(answer.read())
    except urllib.error.HTTPError as refused:
        if refused.code == HTTPStatus.NOT_FOUND:
            return None
        raise DownloadRefused(f"{url} answered {refused.code}: {REMEDY}.") from refused
    except OSError as unreachable:
        reason = getattr(unreachable, "reason", unreachable)
        raise DownloadRefused(f"{url} cannot be reached ({reason}): {REMEDY}.") from None
