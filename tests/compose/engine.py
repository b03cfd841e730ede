"""A Docker engine for the test: the one that runs, or one of Debian's packages, unpacked and started here as root.

What it starts of its own is told by its folder: packages, images, volumes and socket are all below it, nothing of the
machine is changed, and iptables is left alone. So its containers reach each other and 127.0.0.1 reaches their ports,
but they do not reach the world.
"""

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

SUITE = "trixie"  # the first Debian that has compose
PACKAGES = ("docker.io", "containerd", "docker-cli", "docker-compose", "docker-buildx")
# These stand on the machine's own libc.
NATIVE = (
    *("runc", "tini", "debootstrap", "iptables", "libip4tc2", "libip6tc2", "libxtables12", "libmnl0", "libseccomp2"),
    *("libnetfilter-conntrack3", "libnfnetlink0", "libnftnl11"),
)
SOURCES = f"""\
Types: deb
URIs: http://deb.debian.org/debian
Suites: {SUITE}
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg
"""
START_SECONDS = 60
AS_ROOT = "-oAPT::Sandbox::User=root"  # its own user need not be able to write into a checkout


@contextmanager
def engine(home: Path) -> Iterator[tuple[dict[str, str], bool]]:
    """(the environment in which `docker` works, whether its containers reach the world) while the block lasts."""
    if _works(os.environ):
        yield dict(os.environ), True
        return
    if os.geteuid():
        raise SystemExit("No Docker engine runs, and only root can start one: start Docker, or be root.")
    unpacked = brought(home)
    with _started(home, environment(home, unpacked)) as env:
        yield env, False


def brought(home: Path) -> Path:
    """The folder with Debian's packages unpacked, fetched once."""
    unpacked = home / "engine"
    if not (unpacked / ".made").exists():
        shutil.rmtree(unpacked, ignore_errors=True)
        debs = home / "debs"
        debs.mkdir(parents=True, exist_ok=True)
        _run("apt-get", *_apt(home), "-qq", "update", cwd=debs)
        _run("apt-get", *_apt(home), "-qq", "download", *PACKAGES, cwd=debs)
        _run("apt-get", AS_ROOT, "-qq", "download", *NATIVE, cwd=debs)
        for deb in sorted(debs.glob("*.deb")):
            _run("dpkg", "-x", deb.name, str(unpacked), cwd=debs)
        _alias(unpacked)
    return unpacked


def environment(home: Path, unpacked: Path) -> dict[str, str]:
    """The environment of the engine that is ours, and of its clients."""
    [libraries] = (unpacked / "usr" / "lib").glob("*-linux-gnu")
    programs = [str(unpacked / "usr" / folder) for folder in ("sbin", "bin")]
    return {
        **os.environ,
        "PATH": os.pathsep.join((*programs, os.environ["PATH"])),
        "LD_LIBRARY_PATH": str(libraries),
        "XTABLES_LIBDIR": str(libraries / "xtables"),
        "DEBOOTSTRAP_DIR": str(unpacked / "usr" / "share" / "debootstrap"),
        "DOCKER_HOST": f"unix://{home / 'engine.sock'}",
        "DOCKER_CONFIG": str(home / "config"),
    }


def _apt(home: Path) -> list[str]:
    """Options with which apt looks into Debian's later suite and writes nothing outside of `home`."""
    parts, lists, cache = (home / "apt" / name for name in ("parts", "lists", "cache"))
    for folder in (parts, lists / "partial", cache / "archives" / "partial"):
        folder.mkdir(parents=True, exist_ok=True)
    (parts / "later.sources").write_text(SOURCES)
    places = {"Etc::sourcelist": "/dev/null", "Etc::sourceparts": parts, "State::lists": lists, "Cache": cache}
    return [AS_ROOT, *(f"-oDir::{name}={place}" for name, place in places.items())]


def _alias(unpacked: Path) -> None:
    """The names that installing the packages would have made."""
    for name in ("iptables", "ip6tables"):
        (unpacked / "usr" / "sbin" / name).symlink_to("xtables-nft-multi")
    (unpacked / ".made").touch()


@contextmanager
def _started(home: Path, env: dict[str, str]) -> Iterator[dict[str, str]]:
    config = Path(env["DOCKER_CONFIG"])
    config.mkdir(exist_ok=True)
    plugins = config / "cli-plugins"
    plugins.unlink(missing_ok=True)
    plugins.symlink_to(home / "engine" / "usr" / "libexec" / "docker" / "cli-plugins")
    places = {"data-root": home / "data", "exec-root": home / "exec", "pidfile": home / "engine.pid"}
    flags = ["--iptables=false", "--ip6tables=false", "--ip-forward=false", "--bridge=none"]
    command = ["dockerd", "-H", env["DOCKER_HOST"], *flags, *(f"--{name}={place}" for name, place in places.items())]
    with (home / "engine.log").open("wb") as log:
        daemon = subprocess.Popen(command, env=env, stdout=log, stderr=log, start_new_session=True)
    try:
        _wait(daemon, env, home / "engine.log")
        yield env
    finally:
        daemon.terminate()
        daemon.wait()


def _wait(daemon: subprocess.Popen[bytes], env: dict[str, str], log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not _works(env):
        if daemon.poll() is not None or time.monotonic() > deadline:
            raise SystemExit(f"dockerd does not work here; see {log}: {log.read_text()[-500:]}")
        time.sleep(0.5)


def _works(env: os._Environ[str] | dict[str, str]) -> bool:
    """Whether an engine answers, and compose is there."""
    try:
        asked = [["docker", "info"], ["docker", "compose", "version"]]
        return all(subprocess.run(a, env=env, capture_output=True, check=False).returncode == 0 for a in asked)
    except FileNotFoundError:
        return False


def _run(*command: str, cwd: Path) -> None:
    subprocess.run(command, cwd=cwd, check=True, stdout=subprocess.DEVNULL)
