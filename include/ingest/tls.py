"""Set a PostgreSQL connection's TLS arguments from the secret's `properties`; the default verifies the server."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from ipaddress import ip_address
from typing import Any

import certifi

BEGIN = "-----BEGIN CERTIFICATE-----"


@contextmanager
def connect_args(address: Mapping[str, Any]) -> Iterator[dict[str, str]]:
    """Arguments of psycopg2's connect; the certificate file that they name exists while the context is open."""
    properties = address.get("properties") or {}
    mode = str(properties.get("sslmode") or ("" if is_loopback(str(address["host"])) else "verify-full"))
    ca = str(properties.get("sslrootcert") or "")
    if not mode.startswith("verify"):
        yield {"sslmode": mode} if mode else {}
        return
    with tempfile.NamedTemporaryFile("w", suffix=".pem", encoding="ascii") as file:
        file.write(ca)
        file.flush()
        yield {"sslmode": mode, "sslrootcert": file.name if ca.startswith(BEGIN) else ca or certifi.where()}


def is_loopback(host: str) -> bool:
    """Whether a host is this machine itself."""
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host.lower() == "localhost"
