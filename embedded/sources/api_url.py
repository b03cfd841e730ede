"""An HTTP API that the user names by a URL, with the user that it requires in front of its host."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

from tools.errors import InputRefused
from tools.tls import is_loopback

SCHEMES = ("https", "http")


@dataclass(frozen=True)
class ApiUrl:
    """The address and user of an API. Its text names no password."""

    url: str
    username: str = ""
    password: str = field(default="", repr=False)

    def __str__(self) -> str:
        return self.url

    @property
    def warning(self) -> str:
        """What somebody should know who reads it without TLS; '' if nothing."""
        parts = urlsplit(self.url)
        if parts.scheme == "https" or is_loopback(parts.hostname or ""):
            return ""
        return f"{self} is read unencrypted (http): anyone on the network path can read documents and password."

    @property
    def secret(self) -> str:
        """The same in the form that the ingestion program reads (include/ingest/secret.py)."""
        user = {"username": self.username, "password": self.password} if self.username else {}
        return json.dumps({"url": self.url, **user})


def is_one(text: str) -> bool:
    """Whether a URL is one of HTTP."""
    return urlsplit(text).scheme in SCHEMES


def parsed(text: str) -> ApiUrl:
    """The API of an http(s) URL. Raises InputRefused."""
    try:
        parts = urlsplit(text)
        host, port = parts.hostname, parts.port
    except ValueError:  # a port or an IPv6 address that is none
        host = port = None
    if not host:
        raise InputRefused("--source names no host: give https://host/index/_search, or https://user:password@host/…")
    shown = f"[{host}]" if ":" in host else host
    bare = parts._replace(netloc=f"{shown}:{port}" if port else shown).geturl()
    return ApiUrl(bare, unquote(parts.username or ""), unquote(parts.password or ""))
