"""Slugs: run ids in the form used in S3 keys, tags and file names."""

from __future__ import annotations

import re
from hashlib import sha256

UNSAFE = re.compile(r"[^A-Za-z0-9._-]")
# Airflow's own run ids: manual__2026-01-05T03:00:00.123456+00:00, perhaps with a suffix.
_AIRFLOWS = re.compile(
    r"[a-z_]{1,32}__[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?\+[0-9]{2}:[0-9]{2}"
    r"(_[A-Za-z0-9]{1,16})?"
)
# Not hidden from Spark (no leading _ or .), not a path (..), and short enough for a tag with the DAG's id.
_PLAIN = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]{0,98}[A-Za-z0-9])?")
# Ends of rewritten ids: a plain id with such an end is rewritten too, so that no two ids get one slug.
_REWRITTEN = re.compile(
    r".*(-[0-9a-f]{8}|T[0-9]{2}-[0-9]{2}-[0-9]{2}(\.[0-9]{1,6})?-[0-9]{2}-[0-9]{2}(_[A-Za-z0-9]{1,16})?)"
)
_KEPT = 80


def slug_of(run_id: str) -> str:
    """The run id with everything outside [A-Za-z0-9._-] replaced by -, and different for different run ids.

    That is all for Airflow's own ids and plain ones. Any other (`a b`, `../x`, 300 characters long, or one that looks
    like a rewritten id) is cut and gets the first 8 digits of its SHA-256.
    """
    shown = UNSAFE.sub("-", run_id)
    if _AIRFLOWS.fullmatch(run_id) or (_PLAIN.fullmatch(run_id) and not _REWRITTEN.fullmatch(run_id)):
        return shown
    digest = sha256(run_id.encode("utf-8", "surrogatepass")).hexdigest()[:8]
    return f"{shown[:_KEPT].strip('._-') or 'run'}-{digest}"
