"""Fetches the pinned terraform release and checks that it is what was pinned."""

from __future__ import annotations

import hashlib
import os
import platform
import shutil
import tempfile
import urllib.error
import urllib.request
import zipfile
from collections.abc import Mapping
from pathlib import Path

from tools.errors import DownloadRefused

VERSION = "1.11.4"
# HashiCorp's own SHA256SUMS of this release.
SHA256 = {
    "linux_amd64": "1ce994251c00281d6845f0f268637ba50c0005657eb3cf096b92f753b42ef4dc",
    "linux_arm64": "a43d1d0da9b9bab214a8305a39db0e40869572594ccf50c416a7756499143633",
    "darwin_amd64": "a56d5002b9f7647291faccc3dd1a70350e60fb61e4c45037629508b8fdc2575b",
    "darwin_arm64": "867e0808fa971217043e25b7a792b10720c79b1546f8a68479b74f138be73e18",
}
RELEASES = "https://releases.hashicorp.com/terraform"
RELEASES_KEY = "TERRAFORM_RELEASES"
TIMEOUT_SECONDS = 60
REMEDY = f"install terraform 1.11 or newer yourself, or name a mirror of its releases in {RELEASES_KEY}"


def terraform(bin_dir: Path, environ: Mapping[str, str] = os.environ, checksums: Mapping[str, str] = SHA256) -> Path:
    """Download, check and unpack terraform into `bin_dir`, mode 0755; gives its path.

    Raises DownloadRefused: unknown platform, no network, an HTTP error, a wrong SHA-256 (nothing is kept then).
    """
    target = platform_name(platform.system(), platform.machine())
    expected = checksums.get(target)
    if expected is None:
        raise DownloadRefused(f"There is no pinned terraform for {target}: {REMEDY}.")
    base = environ.get(RELEASES_KEY, RELEASES).rstrip("/")
    url = f"{base}/{VERSION}/terraform_{VERSION}_{target}.zip"
    bin_dir.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=bin_dir) as scratch:
        archive = Path(scratch) / "terraform.zip"
        _fetch(url, archive)
        _check(url, archive, expected)
        return _unpack(archive, bin_dir)


def platform_name(system: str, machine: str) -> str:
    """Terraform's name of a platform, such as linux_amd64, from Python's names of system and machine."""
    architectures = {"x86_64": "amd64", "amd64": "amd64", "aarch64": "arm64", "arm64": "arm64"}
    return f"{system.lower()}_{architectures.get(machine.lower(), machine.lower())}"


def _fetch(url: str, target: Path) -> None:
    try:
        with urllib.request.urlopen(url, timeout=TIMEOUT_SECONDS) as answer, target.open("wb") as file:  # noqa: S310 - a mirror may be file://
            shutil.copyfileobj(answer, file)
    except urllib.error.HTTPError as refused:
        raise DownloadRefused(f"{url} answered {refused.code}: {REMEDY}.") from refused
    except OSError as unreachable:
        reason = getattr(unreachable, "reason", unreachable)
        raise DownloadRefused(
            f"No terraform 1.11 is installed and {url} cannot be reached ({reason}): {REMEDY}."
        ) from None


def _check(url: str, archive: Path, expected: str) -> None:
    with archive.open("rb") as file:
        actual = hashlib.file_digest(file, "sha256").hexdigest()
    if actual != expected:
        raise DownloadRefused(f"{url} has SHA-256 {actual}, not the pinned {expected}; it was not used: {REMEDY}.")


def _unpack(archive: Path, bin_dir: Path) -> Path:
    with zipfile.ZipFile(archive) as content:
        unpacked = Path(content.extract("terraform", archive.parent))
    unpacked.chmod(0o755)
    return unpacked.replace(bin_dir / "terraform")  # whole or not at all, also when two runs start together
