"""The quarantine schema: how a refused row's bytes are stored, as text or base64, so that nothing is lost."""

from __future__ import annotations

import base64

TEXT, BASE64 = "text", "base64"
# The column that holds the number of who sent a row's file; null in a pipeline whose files come from one place. The
# files of every lake have it under this name, which the first pipeline with senders gave it.
SENDER = "unit_id"
QUARANTINE_SCHEMA = (
    f"source_file string, line bigint, {SENDER} int, layer string, reason string, detail string, "
    "raw string, raw_encoding string, header string"
)


def keep(content: bytes) -> tuple[str, str]:
    """The bytes as a string, and its encoding: TEXT or BASE64."""
    try:
        return content.decode("utf-8"), TEXT
    except UnicodeDecodeError:
        return base64.b64encode(content).decode("ascii"), BASE64


def bytes_of(kept: str, raw_encoding: str) -> bytes:
    """The original bytes of what `keep` returned."""
    return base64.b64decode(kept) if raw_encoding == BASE64 else kept.encode("utf-8")
