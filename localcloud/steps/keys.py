"""Which S3 keys can be files, and which files are a job's scratch files."""

from __future__ import annotations

from collections.abc import Collection

_LONGEST_NAME = 255  # bytes, on ext4 and APFS alike
_LONGEST_PATH = 3000  # bytes: Linux allows 4096, the mirror's own path needs some


def is_scratch(key: str) -> bool:
    """Whether a key is an unfinished file of a committer or a copy: on EMR it never reaches S3."""
    return any(_scratch_name(part) for part in key.split("/"))


def _scratch_name(name: str) -> bool:
    return (
        name == "_temporary"
        or name.startswith((".spark-staging", ".hive-staging", ".sparkStaging"))
        or name.endswith("._COPYING_")
        or (name.startswith(".") and name.endswith(".crc"))
    )


def why_not_a_file(key: str, size: int, folders: Collection[str]) -> str | None:
    """Why a key cannot be a file of the mirror, None when it can.

    size: bytes of the object (an empty object whose key ends in / is a directory). folders: every proper
    prefix of the bucket's keys that a file would have to be a directory for.
    """
    if is_scratch(key):
        return "it has the name of what a committer or a copy leaves half done"
    if key.endswith("/"):
        return "it ends in / and has content" if size else _bad_path(key[:-1])
    if key in folders:
        return "other keys have it as their folder"
    return _bad_path(key)


def _bad_path(key: str) -> str | None:
    parts = key.split("/")
    if "" in parts:
        return "it has an empty part (//)"
    if "." in parts or ".." in parts:
        return "it has a part . or .."
    if "\0" in key:
        return "it has a NUL character"
    if _too_long(key, parts):
        return "it is too long for a file name"
    return None


def _too_long(key: str, parts: list[str]) -> bool:
    sizes = [len(part.encode("utf-8", "surrogatepass")) for part in parts]
    return max(sizes) > _LONGEST_NAME or len(key.encode("utf-8", "surrogatepass")) > _LONGEST_PATH


def folders_of(keys: Collection[str]) -> set[str]:
    """Every proper prefix, up to a /, of the keys."""
    found: set[str] = set()
    for key in keys:
        folder = key.rstrip("/") if key.endswith("/") else key.rpartition("/")[0]
        while folder and folder not in found:
            found.add(folder)
            folder = folder.rpartition("/")[0]
    return found
