"""Whether a part of Airflow is well, as its api-server says: exit status 0, or 1 with a word. Standard library only.

health.py metadatabase|scheduler|triggerer|dag_processor     that part has given a sign of life
health.py dags                                               the nights can be triggered
"""

from __future__ import annotations

import json
import sys
import urllib.request
from pathlib import Path
from typing import Any

API = "http://api-server:8080"
PASSWORDS = Path("/run/nightshift/passwords.json")
SECONDS = 15


def main(what: str) -> str:
    """What is wrong with it; '' when nothing is."""
    if what == "dags":
        return "" if _dags() else "no DAG is there yet"
    state = _call("/api/v2/monitor/health")[what]["status"]
    return "" if state == "healthy" else f"{what} is {state}"


def _dags() -> list[Any]:
    [(user, password)] = json.loads(PASSWORDS.read_text()).items()
    token = _call("/auth/token", {"username": user, "password": password})["access_token"]
    result: list[Any] = _call("/api/v2/dags", token=token)["dags"]
    return result


def _call(path: str, body: dict[str, str] | None = None, token: str = "") -> dict[str, Any]:
    headers = {"Content-Type": "application/json", **({"Authorization": f"Bearer {token}"} if token else {})}
    data = json.dumps(body).encode() if body else None
    request = urllib.request.Request(API + path, data=data, headers=headers)  # noqa: S310
    with urllib.request.urlopen(request, timeout=SECONDS) as answer:  # noqa: S310
        result: dict[str, Any] = json.load(answer)
    return result


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1]) or 0)
    except OSError as silent:
        sys.exit(f"{API} does not answer: {silent}")
