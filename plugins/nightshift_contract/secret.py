"""A database's address and password, in the form of Amazon RDS's secrets; never written to a log."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Any

NEEDED = ("engine", "host", "dbname", "username", "password")
FORM = '{"engine": "postgres|mysql|mariadb", "host", "port", "dbname", "username", "password"}'
POSTGRES, MYSQL = "postgres", "mysql"
# The family of each engine: a database is the same whichever alias names it.
FAMILIES = {
    **dict.fromkeys((POSTGRES, "postgresql", "aurora-postgresql"), POSTGRES),
    **dict.fromkeys((MYSQL, "mariadb", "aurora-mysql"), MYSQL),
}
PORTS = {POSTGRES: 5432, MYSQL: 3306}


@dataclass(frozen=True)
class Address:
    """A database's address and credentials; `properties` are extra driver properties, such as TLS. `called` is a name
    that its owner gives it, independent of its address."""

    engine: str
    host: str
    given_port: int | None
    dbname: str
    username: str
    password: str = field(repr=False)
    properties: Mapping[str, str] = field(default_factory=dict, repr=False)
    called: str = ""

    @property
    def family(self) -> str:
        """POSTGRES or MYSQL; the engine itself if it is another."""
        return FAMILIES.get(self.engine, self.engine)

    @property
    def port(self) -> int:
        """The port, by default the family's own; 0 if the engine is unknown."""
        return self.given_port or PORTS.get(self.family, 0)

    @property
    def identity(self) -> str:
        """Identifies this database among others."""
        return self.called or f"{self.family}://{self.host.lower()}:{self.port}/{self.dbname}"

    @property
    def is_loopback(self) -> bool:
        """Whether the host is this machine itself, to which alone a connection may be unencrypted by default."""
        return is_loopback(self.host)


def parsed(text: str) -> Address:
    """The address in a secret. Raises ValueError, whose message says what the secret lacks and never quotes it."""
    try:
        fields: Any = json.loads(text)
    except ValueError:
        fields = None
    if missing := [key for key in NEEDED if not fields.get(key)] if isinstance(fields, dict) else list(NEEDED):
        raise ValueError(f"it lacks {', '.join(missing)}; write it in the form {FORM}")
    port = int(fields["port"]) if str(fields.get("port", "")).isdigit() else None
    properties = {str(key): str(value) for key, value in (fields.get("properties") or {}).items()}
    called = str(fields.get("identity") or "")
    texts = {key: str(fields[key]) for key in NEEDED}
    return Address(**texts, given_port=port, properties=properties, called=called)


def is_loopback(host: str) -> bool:
    """Whether a host is this machine itself."""
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host.lower() == "localhost"
