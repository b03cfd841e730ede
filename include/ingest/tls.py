"""Set a PostgreSQL connection's TLS arguments from the secret's `properties`; the default verifies the server."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

import certifi

from nightshift_contract.secret import Address

BEGIN = "-----BEGIN CERTIFICATE-----"


@contextmanager
def connect_args(address: Address) -> Iterator[dict[str, str]]:
    """Arguments of psycopg2's connect; the certificate file that they name exists while the context is open."""
    mode = address.properties.get("sslmode") or ("" if address.is_loopback else "verify-full")
    ca = address.properties.get("sslrootcert", "")
    if not mode.startswith("verify"):
        yield {"sslmode": mode} if mode else {}
        return
    with tempfile.NamedTemporaryFile("w", suffix=".pem", encoding="ascii") as file:
        file.write(ca)
        file.flush()
        yield {"sslmode": mode, "sslrootcert": file.name if ca.startswith(BEGIN) else ca or certifi.where()}
