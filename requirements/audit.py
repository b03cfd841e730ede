"""Asks PyPI which pinned packages have published advisories (`make audit`), by pip-audit's own client.

Exit status: 1 for an advisory that accepted.toml does not name, 2 when some pins got no answer. An index that mirrors
PyPI may answer for a project's newest release alone: a pin of an older one is then listed as unanswered, not as clean.
"""

from __future__ import annotations

import re
import sys
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pip_audit._service.interface import ConnectionError as NoService
from pip_audit._service.interface import ResolvedDependency, ServiceError, SkippedDependency, VulnerabilityResult
from pip_audit._service.pypi import PyPIService

ROOT = Path(__file__).resolve().parents[1]
ACCEPTED = Path(__file__).with_name("accepted.toml")
NOT_INSTALLED = "constraints-"  # MWAA's constraints hold six hundred packages that nobody here installs
PIN = re.compile(r"^([A-Za-z0-9][A-Za-z0-9._-]*)(?:\[[^]]*\])?==([^\s;\\]+)", re.MULTILINE)
TIMEOUT = 30


@dataclass(frozen=True, order=True)
class Pin:
    """One version of one package, as a lock names it."""

    package: str
    version: str

    def __str__(self) -> str:
        return f"{self.package} {self.version}"


@dataclass(frozen=True)
class Finding:
    """An advisory that holds for a pin, under all its names, and the versions that mend it."""

    pin: Pin
    names: frozenset[str]
    fixed_in: str

    def is_named_in(self, accepted: Mapping[Pin, frozenset[str]]) -> bool:
        return bool(self.names & accepted.get(self.pin, frozenset()))


class NewestToo:
    """The client's session: where no page of a release is served, the project's page speaks for its newest release."""

    def __init__(self, session: Any) -> None:
        self._session = session

    def get(self, url: str, timeout: int | None) -> Any:
        answer = self._session.get(url=url, timeout=timeout)
        project, version = re.fullmatch(r"(.*)/([^/]+)/json", url).groups()  # type: ignore[union-attr]
        if answer.status_code == 404:
            newest = self._session.get(url=f"{project}/json", timeout=timeout)
            if newest.ok and newest.json()["info"]["version"] == version:
                return newest
        return answer


def main() -> int:
    locks = pins(lock_files(ROOT))
    accepted = read_accepted(tomllib.loads(ACCEPTED.read_text(encoding="utf-8")))
    service = PyPIService(timeout=TIMEOUT)
    service.session = NewestToo(service.session)
    findings, unanswered = [], []
    for number, pin in enumerate(sorted(locks), 1):
        if number % 50 == 0:
            print(f"{number} of {len(locks)} pins asked", file=sys.stderr)
        found = advisories(service, pin)
        if found is None:
            unanswered.append(pin)
        else:
            findings.extend(found)
    new = [finding for finding in findings if not finding.is_named_in(accepted)]
    tell(new, unanswered, locks, named=len(findings) - len(new))
    return 1 if new else 2 if unanswered else 0


def lock_files(root: Path) -> list[Path]:
    """The files whose pins somebody installs: on a laptop, in CI, on MWAA or on a cluster."""
    locks = [file for file in sorted((root / "requirements").glob("*.txt")) if not file.name.startswith(NOT_INSTALLED)]
    return [*locks, root / "include/flink_jobs/requirements.txt"]


def pins(files: Iterable[Path]) -> dict[Pin, list[str]]:
    """Each pin once, with the names of the files that have it."""
    found: dict[Pin, list[str]] = {}
    for file in files:
        name = str(file.relative_to(ROOT))
        for package, version in PIN.findall(file.read_text(encoding="utf-8")):
            found.setdefault(Pin(canonical(package), version), []).append(name)
    return found


def canonical(package: str) -> str:
    return re.sub(r"[-_.]+", "-", package).lower()


def read_accepted(table: Mapping[str, Any]) -> dict[Pin, frozenset[str]]:
    """The advisories that are known and borne, by the pin that they are about; each entry has a reason."""
    named: dict[Pin, frozenset[str]] = {}
    for entry in table["accepted"]:
        pin = Pin(canonical(entry["package"]), entry["version"])
        if not entry["reason"].strip():
            raise ValueError(f"{ACCEPTED.name} accepts advisories of {pin} without a reason")
        named[pin] = named.get(pin, frozenset()) | frozenset(entry["advisories"])
    return named


def advisories(service: PyPIService, pin: Pin) -> list[Finding] | None:
    """What is published about a pin; None if nobody answers for it."""
    try:
        asked, found = service.query(ResolvedDependency(pin.package, pin.version))
    except (NoService, ServiceError, OSError):
        return None
    return None if isinstance(asked, SkippedDependency) else merged(pin, found)


def merged(pin: Pin, found: Iterable[VulnerabilityResult]) -> list[Finding]:
    """One finding for each advisory, which several databases may have entered under names of their own."""
    findings: list[Finding] = []
    for each in found:
        names = frozenset({each.id, *each.aliases})
        for same in [other for other in findings if other.names & names]:
            findings.remove(same)
            names |= same.names
        findings.append(Finding(pin, names, ", ".join(map(str, each.fix_versions)) or "no release"))
    return findings


def tell(new: list[Finding], unanswered: list[Pin], locks: Mapping[Pin, list[str]], named: int) -> None:
    for each in new:
        print(f"{each.pin} ({', '.join(locks[each.pin])}): {', '.join(sorted(each.names))}; fixed in {each.fixed_in}")
    if unanswered:
        print(f"No answer about {len(unanswered)} of {len(locks)} pins: {', '.join(map(str, unanswered))}.")
    answered = len(locks) - len(unanswered)
    print(f"{answered} pins answered for: {len(new)} new advisories, {named} that {ACCEPTED.name} names.")


if __name__ == "__main__":
    sys.exit(main())
