"""Images that stand in for the official ones where no registry can be reached; standin/Dockerfile says how."""

import os
import shutil
import ssl
import subprocess
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path

import pyspark

from tools import toolchain

ROOT = Path(__file__).resolve().parents[2]
REGISTRY = "https://registry-1.docker.io/v2/"
INCLUDED = "ca-certificates,python3,python3-venv,python3-pip"
TAG = "nightshift-standin"
STAGES = {"AIRFLOW_BASE": "airflow", "PYTHON_BASE": "python", "POSTGRES_IMAGE": "postgres", "MARIADB_IMAGE": "mariadb"}


def registry() -> bool:
    """Whether the registry of the official images can be reached."""
    try:
        urllib.request.urlopen(REGISTRY, timeout=10)
    except urllib.error.HTTPError as answer:
        return answer.code == 401  # it asks who we are
    except OSError:
        return False
    return True


def made(env: Mapping[str, str], home: Path) -> dict[str, str]:
    """Make the images; gives what docker-compose.yaml and offline.yaml ask for by name."""
    mirror = toolchain.provider_mirror()
    if mirror is None:
        raise SystemExit("No registry can be reached, and there is no mirror of terraform's AWS provider here.")
    _rootfs(env, home / "rootfs")
    for stage in STAGES.values():
        _stage(env, stage)
    context = home / "terraform"
    context.mkdir(exist_ok=True)
    shutil.copy(toolchain.terraform(), context / "terraform")
    names = {key: f"{TAG}:{stage}" for key, stage in STAGES.items()}
    return {**names, "TERRAFORM_CONTEXT": str(context), "PROVIDER_MIRROR": str(mirror)}


def spark(env: Mapping[str, str], home: Path) -> str:
    """Make the image that stands in for Spark's; gives its name."""
    _rootfs(env, home / "rootfs")
    return _stage(env, "spark", "--build-context", f"pyspark={Path(pyspark.__file__).parent}")


def _stage(env: Mapping[str, str], stage: str, *more: str) -> str:
    """Build a stage of standin/Dockerfile; gives the image's name."""
    image = f"{TAG}:{stage}"
    where = ["--file", "tests/compose/standin/Dockerfile", "--target", stage, "--tag", image]
    docker(env, "buildx", "build", "--quiet", "--network", "host", *where, *more, ".")
    return image


def _rootfs(env: Mapping[str, str], folder: Path) -> None:
    """Debian, with this machine's certificates: what fetches for it may be a mirror with one of its own."""
    image = f"{TAG}:rootfs"
    known = subprocess.run(["docker", "image", "inspect", image], env=env, capture_output=True, check=False)
    if known.returncode == 0:
        return
    shutil.rmtree(folder, ignore_errors=True)
    command = ["debootstrap", "--variant=minbase", f"--include={INCLUDED}", "bookworm", str(folder)]
    subprocess.run([*command, "http://deb.debian.org/debian"], env=env, check=True, stdout=subprocess.DEVNULL)
    bundle = os.environ.get("SSL_CERT_FILE") or ssl.get_default_verify_paths().cafile
    if bundle:
        shutil.copy(bundle, folder / "etc/ssl/certs/ca-certificates.crt")
    trusted = "ENV PIP_CERT=/etc/ssl/certs/ca-certificates.crt"
    with subprocess.Popen(["tar", "-C", str(folder), "-c", "."], stdout=subprocess.PIPE) as packed:
        docker(env, "import", "-c", trusted, "-", image, stdin=packed.stdout)
    shutil.rmtree(folder)


def docker(env: Mapping[str, str], *arguments: str, stdin: object = None) -> None:
    """One command of docker's, in the tree. Raises CalledProcessError."""
    command = ["docker", *arguments]
    subprocess.run(command, env=env, cwd=ROOT, check=True, stdin=stdin, stdout=subprocess.DEVNULL)
