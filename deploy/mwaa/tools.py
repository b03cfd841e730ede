"""Terraform and its AWS provider, as MWAA's workers fetch them: located, packed, put into the project's bucket.

    python -m deploy.mwaa.tools --name acme-night-prod

puts both into s3://<name>-artifacts/tools/, with the AWS credentials of whoever calls it; what is there stays.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
from boto3.exceptions import S3UploadFailedError
from botocore.exceptions import BotoCoreError, ClientError

from deploy.mwaa import environment
from deploy.mwaa.errors import DeployError
from tools import download, paths, toolchain

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

PREFIX = "tools"
PLATFORM = "linux_amd64"  # what MWAA's containers are
PROVIDER = toolchain.PROVIDER / PLATFORM
ANY_STACK = paths.STACKS / "foundation"  # all require the same provider
KEPT = paths.STATE / "provider"
BIN, PROVIDERS = Path("bin"), Path("providers")  # below tools/ on the worker
FAST = 1  # zlib's level: 700 MB become 180 in seconds; more would take minutes and save little
REMEDY = (
    f"on a {PLATFORM} machine, or with --terraform and --mirror, name the binary and a folder that holds {PROVIDER}/ "
    "unpacked (`terraform providers mirror` brings it packed)"
)


@dataclass(frozen=True)
class Tool:
    """One thing that workers fetch: its name, and its files by their places below tools/ on the worker."""

    name: str
    files: Mapping[str, Path]

    @cached_property
    def sums(self) -> dict[str, str]:
        """The SHA-256 of every file as it will lie on the worker: what runs is what is checked, however it travels."""
        return {place: _sha256(path) for place, path in sorted(self.files.items())}

    @property
    def key(self) -> str:
        """Where it lies in the bucket: under the hash of its sums, so another version is another key."""
        content = hashlib.sha256(json.dumps(self.sums, sort_keys=True).encode()).hexdigest()
        return f"{PREFIX}/{content}/{self.name}.zip"

    @property
    def ticket(self) -> dict[str, Any]:
        """What startup.sh carries of it."""
        return {"name": self.name, "key": self.key, "files": self.sums}

    def pack(self, target: Path) -> None:
        """Write it as a zip."""
        with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=FAST) as archive:
            for place, path in sorted(self.files.items()):
                archive.write(path, place)


def bucket(name: str) -> str:
    """The bucket of a deployment that holds its tools."""
    return f"{name}-artifacts"


def collect(terraform: Path | None = None, mirror: Path | None = None) -> list[Tool]:
    """Terraform and its provider for MWAA's platform: those named, else the machine's, else the registry's provider.
    Raises DeployError."""
    if not terraform and _here() != PLATFORM:
        raise DeployError(f"This machine is {_here()}, and its terraform does not run on MWAA's {PLATFORM}: {REMEDY}.")
    binary = terraform or toolchain.terraform()
    folder = (mirror or toolchain.provider_mirror() or registered(binary)) / PROVIDER
    if not binary.is_file() or not folder.is_dir() or not any(folder.iterdir()):
        raise DeployError(f"There is no terraform at {binary} or no AWS provider in {folder}: {REMEDY}.")
    provider = {str(PROVIDERS / PROVIDER / path.name): path for path in folder.iterdir()}
    return [Tool("terraform", {str(BIN / "terraform"): binary.resolve()}), Tool("aws-provider", provider)]


def registered(terraform: Path, into: Path = KEPT) -> Path:
    """A folder with the provider as `terraform init` brings and unpacks it, checked by the lock file; it is kept.

    Raises DeployError when terraform cannot have it.
    """
    command = [
        str(terraform),
        f"-chdir={ANY_STACK}",
        "init",
        "-input=false",
        "-no-color",
        "-backend=false",
        "-lockfile=readonly",
    ]
    done = subprocess.run(
        command, env={**os.environ, "TF_DATA_DIR": str(into)}, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise DeployError(f"terraform brought no AWS provider: {done.stderr.strip()}\n{REMEDY}.")
    return into / "providers"


def upload(s3: S3Client, name: str, tools: Iterable[Tool]) -> list[str]:
    """Put what is not there yet into the deployment's bucket; gives the keys that were put. Raises DeployError."""
    put = [tool for tool in tools if not _there(s3, bucket(name), tool.key)]
    for tool in put:
        with tempfile.TemporaryDirectory(prefix="nightshift-tools-") as scratch:
            packed = Path(scratch) / "tool.zip"
            tool.pack(packed)
            try:
                s3.upload_file(str(packed), bucket(name), tool.key)
            except (S3UploadFailedError, BotoCoreError) as refused:
                raise DeployError(f"{tool.name} could not be put into s3://{bucket(name)}: {refused}.") from refused
    return [tool.key for tool in put]


def options(parser: argparse.ArgumentParser) -> None:
    """The options of every command about tools."""
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument("--environment", help="dev or prod: a file of include/environments")
    which.add_argument("--name", help="another deployment's NIGHTSHIFT_NAME")
    parser.add_argument("--terraform", type=Path, help=f"a terraform for {PLATFORM} (default: this machine's)")
    parser.add_argument("--mirror", type=Path, help=f"a folder that holds {PROVIDER}/ (default: this machine's)")


def main(arguments: Sequence[str] | None = None) -> int:
    """The command; gives its exit status."""
    parser = argparse.ArgumentParser(prog="python -m deploy.mwaa.tools", description=__doc__)
    options(parser)
    args = parser.parse_args(arguments)
    try:
        tools = collect(args.terraform, args.mirror)
        name = args.name or environment.settings(args.environment)["NIGHTSHIFT_NAME"]
        put = upload(boto3.client("s3", endpoint_url=os.environ.get("AWS_ENDPOINT_URL")), name, tools)
    except DeployError as error:
        print(f"mwaa-tools: {error}", file=sys.stderr)
        return 1
    for tool in tools:
        print(f"s3://{bucket(name)}/{tool.key} {'put' if tool.key in put else 'was there'}")
    return 0


def _there(s3: S3Client, bucket_name: str, key: str) -> bool:
    try:
        s3.head_object(Bucket=bucket_name, Key=key)
    except ClientError as refused:
        if refused.response["Error"]["Code"] in {"404", "NoSuchKey"}:
            return False
        raise DeployError(
            f"s3://{bucket_name}/{key} cannot be read ({refused}): apply stacks/foundation first, which makes the "
            "bucket, and use credentials that may write to it."
        ) from refused
    except BotoCoreError as unreachable:
        raise DeployError(f"S3 does not answer ({unreachable}): are credentials and a region set?") from unreachable
    return True


def _here() -> str:
    return download.platform_name(os.uname().sysname, os.uname().machine)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


if __name__ == "__main__":
    sys.exit(main())
