"""TLS arguments for Airflow's own database connections, from the secret's `properties`, which the jobs' drivers use."""

from __future__ import annotations

import ssl
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import certifi

from nightshift_contract.secret import MYSQL, Address

VERIFIED = "verify-full"
BEGIN = "-----BEGIN CERTIFICATE-----"


@contextmanager
def connect_args(address: Address) -> Iterator[dict[str, Any]]:
    """TLS arguments of psycopg2's or pymysql's connect; files that they name exist during the block."""
    properties = {name.lower(): value for name, value in address.properties.items()}
    mode = properties.get("sslmode") or ("" if address.is_loopback else VERIFIED)
    ca = properties.get("sslrootcert") or properties.get("serversslcert") or ""
    if not mode:
        yield {}
    elif address.family == MYSQL:
        yield {"ssl_disabled": True} if mode == "disable" else {"ssl": _context(mode, ca)}
    elif mode.startswith("verify"):
        with tempfile.NamedTemporaryFile("w", suffix=".pem", encoding="ascii") as file:
            file.write(ca)
            file.flush()
            yield {"sslmode": mode, "sslrootcert": file.name if ca.startswith(BEGIN) else ca or certifi.where()}
    else:
        yield {"sslmode": mode}


def _context(mode: str, ca: str) -> ssl.SSLContext:
    is_text = ca.startswith(BEGIN)
    context = ssl.create_default_context(
        cadata=ca if is_text else None, cafile=None if is_text else ca or certifi.where()
    )
    context.check_hostname = mode == VERIFIED
    context.verify_mode = ssl.CERT_REQUIRED if mode.startswith("verify") else ssl.CERT_NONE
    return context
