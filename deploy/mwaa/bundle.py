"""Builds what MWAA takes: DAGs with include/ and pipelines/ beside them, plugins.zip, requirements.txt and startup.sh.

    python -m deploy.mwaa.bundle --environment prod

writes it to .nightshift/mwaa/<version>/. The version is a hash of the content, and each file that MWAA is pointed at
carries its own: same input, same bytes, same names.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
import shlex
import shutil
import sys
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from deploy.mwaa import environment, tools, tree
from deploy.mwaa.errors import DeployError
from deploy.mwaa.tools import Tool

ROOT = Path(__file__).resolve().parents[2]
OUT = ROOT / ".nightshift" / "mwaa"
HERE = Path(__file__).parent
NAME = re.compile(r"^[a-z][a-z0-9-]{2,30}$")  # docs/interfaces.md, "Names"
CONSTRAINTS = "constraints-mwaa-3.3.1.txt"
ON_MWAA = f"/usr/local/airflow/dags/{CONSTRAINTS}"
BESIDE = ("include", "pipelines")  # no DAGs: terraform and jobs, definitions and contracts
IGNORED = "".join(f"{folder}/\n" for folder in BESIDE)
MANIFEST = "manifest.json"
DIGITS = 12


@dataclass(frozen=True)
class Bundle:
    """Everything that goes to the environment's bucket: bytes by path, the manifest among them."""

    version: str
    files: Mapping[str, bytes]

    def named(self, start: str) -> str:
        """The path of the one file whose name begins so: plugins, requirements or startup."""
        return next(path for path in self.files if path.startswith(f"{start}-"))


def build(root: Path, name: str, fetched: Iterable[Tool], settings: Mapping[str, str] | None = None) -> Bundle:
    """The bundle of the tree at `root` for the deployment `name`, whose workers fetch `fetched`; `settings` are more of
    its NIGHTSHIFT_*. Raises DeployError."""
    if not NAME.match(name):
        raise DeployError(f"The deployment's name is {name!r}: it must match {NAME.pattern}.")
    dags = {f"dags/{path}": content for path, content in _dags(root).items()}
    single = {
        "plugins": (".zip", tree.zipped(tree.files(root / "plugins"))),
        "requirements": (".txt", requirements((root / "requirements.txt").read_text(encoding="utf-8"))),
        "startup": (".sh", startup(name, fetched, settings or {})),
    }
    files = {**dags, **{f"{stem}-{_short(content)}{end}": content for stem, (end, content) in single.items()}}
    sums = {path: hashlib.sha256(files[path]).hexdigest() for path in sorted(files)}
    version = f"{_release(root)}-{_short(json.dumps(sums).encode())}"
    manifest = {"version": version, "name": name, "airflow": "3.3.1", "files": sums}
    return Bundle(version, {**files, MANIFEST: (json.dumps(manifest, indent=2) + "\n").encode()})


def requirements(given: str) -> bytes:
    """requirements.txt with the constraint line that MWAA requires, naming the file in the DAGs' folder."""
    return f'--constraint "{ON_MWAA}"\n{given}'.encode()


def startup(name: str, fetched: Iterable[Tool], settings: Mapping[str, str]) -> bytes:
    """startup.sh of a deployment, with its settings, the sums of its tools and the program that fetches them."""
    others = {key: value for key, value in settings.items() if key != "NIGHTSHIFT_NAME"}
    filled = {
        "@NAME@": name,
        "@SETTINGS@": "\n".join(f"export {key}={shlex.quote(value)}" for key, value in sorted(others.items())),
        "@BUCKET@": tools.bucket(name),
        "@TICKETS@": json.dumps([tool.ticket for tool in fetched]),
        "@FETCH@": (HERE / "fetch.py").read_text(encoding="utf-8").rstrip(),
    }
    text = (HERE / "startup.sh").read_text(encoding="utf-8")
    for mark, value in filled.items():
        text = text.replace(mark, value)
    return text.encode()


def write(bundle: Bundle, out: Path = OUT) -> Path:
    """Write it below `out`, in a folder of its version; gives the folder. What lay there before is replaced."""
    folder = out / bundle.version
    shutil.rmtree(folder, ignore_errors=True)
    for path, content in bundle.files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content)
    return folder


def main(arguments: Sequence[str] | None = None) -> int:
    """The command; gives its exit status."""
    parser = argparse.ArgumentParser(prog="python -m deploy.mwaa.bundle", description=__doc__)
    tools.options(parser)
    args = parser.parse_args(arguments)
    try:
        given = environment.settings(args.environment) if args.environment else {}
        name = args.name or given["NIGHTSHIFT_NAME"]
        bundle = build(ROOT, name, tools.collect(args.terraform, args.mirror), given)
    except DeployError as error:
        print(f"mwaa-bundle: {error}", file=sys.stderr)
        return 1
    folder = write(bundle)
    print(f"{folder.relative_to(ROOT)}: {len(bundle.files)} files, {sum(map(len, bundle.files.values())):,} bytes")
    for start in ("plugins", "requirements", "startup"):
        print(f"  {bundle.named(start)}")
    return 0


def _dags(root: Path) -> dict[str, bytes]:
    """What lies in the DAGs' folder: DAGs, BESIDE, what Airflow is to pass over, and MWAA's constraints."""
    beside = {f"{at}/{path}": content for at in BESIDE for path, content in tree.files(root / at).items()}
    constraints = (root / "requirements" / CONSTRAINTS).read_bytes()
    return {**tree.files(root / "dags"), **beside, ".airflowignore": IGNORED.encode(), CONSTRAINTS: constraints}


def _release(root: Path) -> str:
    return str(tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"])


def _short(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:DIGITS]


if __name__ == "__main__":
    sys.exit(main())
