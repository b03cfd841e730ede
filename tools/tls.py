"""What the query of a database's URL says of TLS: which mode, which authority. What it does not know it refuses."""

from __future__ import annotations

import ssl
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

from tools.errors import InputRefused

VERIFIED = "verify-full"
MODES = {  # as drivers of either engine spell them
    "disable": "disable",
    "disabled": "disable",
    "require": "require",
    "required": "require",
    "trust": "require",
    "verify-ca": "verify-ca",
    "verify-full": VERIFIED,
    "verify-identity": VERIFIED,
}
MODE, CA = "sslmode", ("sslrootcert", "sslca", "serversslcert")
BEGIN = "-----BEGIN CERTIFICATE-----"
EXPECTED = "sslmode=disable, require, verify-ca or verify-full, and sslrootcert=FILE (or ssl-ca=FILE)"


@dataclass(frozen=True)
class Tls:
    """How a connection is secured: '' (to this machine alone) leaves it to the driver. `ca` are certificates as PEM."""

    mode: str = ""
    ca: str = ""

    def properties(self, engine: str) -> dict[str, str]:
        """The properties of the engine's JDBC driver, as secrets keep them."""
        mode, ca = ("sslmode", "sslrootcert") if engine == "postgres" else ("sslMode", "serverSslCert")
        return {name: value for name, value in ((mode, self.mode), (ca, self.ca)) if value}

    def warning(self, where: str) -> str:
        """What somebody should know who chose this; '' if nothing."""
        if self.mode == "disable":
            return (
                f"{where} is read unencrypted (sslmode=disable): anyone on the network path can read rows and password."
            )
        if self.mode == "require":
            return (
                f"{where} is read by TLS without verifying the server's certificate: sslmode=verify-full verifies it."
            )
        return ""

    @contextmanager
    def psycopg2(self) -> Iterator[dict[str, str]]:
        """Arguments of psycopg2's connect; the file that they name is there while the block lasts."""
        if not self.mode.startswith("verify"):
            yield {"sslmode": self.mode} if self.mode else {}
            return
        with tempfile.NamedTemporaryFile("w", suffix=".pem", encoding="ascii") as file:
            file.write(self.ca)
            file.flush()
            yield {"sslmode": self.mode, "sslrootcert": file.name if self.ca else _public()}

    def pymysql(self) -> dict[str, Any]:
        """Arguments of pymysql's connect."""
        if self.mode in ("", "disable"):
            return {"ssl_disabled": True} if self.mode else {}
        context = ssl.create_default_context(cadata=self.ca or None, cafile=None if self.ca else _public())
        context.check_hostname = self.mode == VERIFIED
        context.verify_mode = ssl.CERT_REQUIRED if self.mode.startswith("verify") else ssl.CERT_NONE
        return {"ssl": context}


NO_TLS = Tls()


def parsed(query: str, host: str) -> Tls:
    """What a URL's query says; unless it says so, TLS is verified to any other machine. Raises InputRefused."""
    pairs = [(name.lower().replace("-", "").replace("_", ""), value) for name, value in _pairs(query)]
    given = dict(pairs)
    if len(given) < len(pairs):
        raise InputRefused(f"The database's address has an option twice: expected {EXPECTED}.")
    if unknown := [name for name in given if name != MODE and name not in CA]:
        raise InputRefused(f"The database's address has the option {unknown[0]!r}: expected {EXPECTED}.")
    ca = next((_certificates(given[name]) for name in CA if name in given), "")
    unsaid = VERIFIED if ca or not is_loopback(host) else ""
    said = given.get(MODE, unsaid).lower().replace("_", "-")
    if MODE in given and said not in MODES:
        raise InputRefused(f"The database's address says sslmode={given[MODE]}: expected {EXPECTED}.")
    if ca and not MODES[said].startswith("verify"):
        raise InputRefused(f"The database's address names certificates and says sslmode={said}, which reads none.")
    return Tls(MODES.get(said, ""), ca)


def is_loopback(host: str) -> bool:
    """Whether a host is this machine itself."""
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def _pairs(query: str) -> list[tuple[str, str]]:
    try:
        return parse_qsl(query, keep_blank_values=True, strict_parsing=bool(query))
    except ValueError:
        raise InputRefused(f"The options of the database's address are not NAME=VALUE: expected {EXPECTED}.") from None


def _certificates(path: str) -> str:
    try:
        text = Path(path).expanduser().read_text(encoding="ascii")
    except (OSError, ValueError) as wrong:
        why = getattr(wrong, "strerror", None) or "it is no PEM"
        raise InputRefused(f"The certificates in {path!r} cannot be read ({why}): name a PEM file.") from None
    if BEGIN not in text:
        raise InputRefused(f"{path} holds no certificate: name a PEM file with {BEGIN} in it.")
    return text[text.index(BEGIN) :]


def _public() -> str:
    """The authorities that everybody trusts."""
    import certifi  # noqa: PLC0415 - set-up installs it, and a mistaken request is refused before

    return certifi.where()
