"""Synchronise one bucket with a directory: compare both sides, and copy the differences."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from pathlib import Path

from localcloud.steps import keys
from localcloud.steps.rights import ALL, Rights
from localcloud.steps.scan import Found, prune_upwards, scan, stat_of, sweep
from localcloud.steps.store import S3Object, Store


@dataclass(slots=True)
class Seen:
    """State of a file and its object when last synchronised. version '': fetch it again."""

    version: str
    size: int
    modified_ns: int

    def is_still(self, found: Found | None) -> bool:
        """Whether the file is unchanged since then."""
        return found is not None and (found.size, found.modified_ns) == (self.size, self.modified_ns)


@dataclass
class Moved:
    """What one synchronisation copied, for the controller log; denied: AWS's messages about denied operations."""

    downloaded: int = 0
    uploaded: int = 0
    removed: int = 0
    size: int = 0
    warnings: list[str] = field(default_factory=list)
    denied: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        return (
            f"{self.downloaded} objects downloaded, {self.uploaded} uploaded, {self.removed} removed, {self.size} bytes"
        )


class BucketMirror:
    """A bucket's directory, and the last synchronised state of both sides.

    The directory is created here; spool is where a download is written before it is renamed. The caller holds a lock.
    """

    def __init__(self, bucket: str, directory: Path, spool: Path) -> None:
        self._bucket, self.directory, self._spool = bucket, directory, spool
        self._seen: dict[str, Seen] = {}
        directory.mkdir(parents=True, exist_ok=True)

    def pull(self, store: Store, moved: Moved) -> None:
        """Update the files from the objects, except files that a running step has written meanwhile."""
        objects = {item.key: item for item in store.objects(self._bucket)}
        for key in [key for key in self._seen if key not in objects]:
            self._remove_vanished(key, moved)
        changed = [item for item in objects.values() if self._differs(item)]
        folders = keys.folders_of(objects) if changed else set()
        for item in changed:
            if reason := keys.why_not_a_file(item.key, item.size, folders):
                self._warn(item.key, reason, moved)
            elif not self._written_here(item.key):
                self._fetch(store, item, moved)

    def push(self, store: Store, busy: Callable[[], Collection[Path]], moved: Moved, rights: Rights = ALL) -> None:
        """Update the objects from the files, except files in busy and objects that others wrote later.

        Denied changes are undone: the next pull restores the file from the object.
        """
        files = scan(self.directory)
        changed = {key: found for key, found in files.items() if not self._same(key, found)}
        held = busy() if changed else ()
        for key, found in changed.items():
            if self._path(key) not in held:
                self._send(store, key, found, moved, rights)
        for key in [key for key in self._seen if key not in files and not self._is_marker(key)]:
            self._delete(store, key, moved, rights)

    def sweep(self) -> None:
        """Remove scratch files and empty directories, which S3 does not have. Directories of marker objects (key/)
        stay."""
        sweep(self.directory, {self._path(key) for key in self._seen if key.endswith("/")})

    def _path(self, key: str) -> Path:
        return self.directory / key

    def _warn(self, key: str, reason: object, moved: Moved) -> None:
        moved.warnings.append(f"s3://{self._bucket}/{key} is not mirrored: {reason}")

    def _differs(self, item: S3Object) -> bool:
        known = self._seen.get(item.key)
        return known is None or known.version != item.version

    def _same(self, key: str, found: Found) -> bool:
        known = self._seen.get(key)
        return known is not None and known.is_still(found)

    def _written_here(self, key: str) -> bool:
        found = stat_of(self._path(key))
        return found is not None and not found.is_dir and not self._same(key, found)

    def _is_marker(self, key: str) -> bool:
        return key.endswith("/") and self._path(key).is_dir()

    def _written_outside(self, key: str, current: S3Object) -> bool:
        known = self._seen.get(key)
        return known is None or known.version != current.version

    def _remove_vanished(self, key: str, moved: Moved) -> None:
        path, known = self._path(key), self._seen.pop(key)
        if not known.is_still(stat_of(path)):
            return
        if not key.endswith("/"):
            path.unlink()
        prune_upwards(path if key.endswith("/") else path.parent, self.directory)
        moved.removed += 1

    def _fetch(self, store: Store, item: S3Object, moved: Moved) -> None:
        path = self._path(item.key)
        try:
            self._write(store, item, path)
        except (FileNotFoundError, FileExistsError, NotADirectoryError, IsADirectoryError) as problem:
            self._warn(item.key, problem, moved)
            return
        found = stat_of(path) or Found(0, 0)
        self._seen[item.key] = Seen(item.version, found.size, found.modified_ns)
        moved.downloaded += 1
        moved.size += item.size

    def _write(self, store: Store, item: S3Object, path: Path) -> None:
        """Rename the object into place: a running step that has the old file open keeps reading that."""
        if item.key.endswith("/"):
            path.mkdir(parents=True, exist_ok=True)
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            store.download(item, self._spool)
            os.utime(self._spool, ns=(item.modified_ns, item.modified_ns))
            self._spool.replace(path)
        finally:
            self._spool.unlink(missing_ok=True)

    def _send(self, store: Store, key: str, found: Found, moved: Moved, rights: Rights) -> None:
        current = store.find(self._bucket, key)
        if current and self._written_outside(key, current) and current.modified_ns > found.modified_ns:
            # Both sides changed, the object later: as in S3 the last writer wins, and the next pull fetches it.
            self._seen[key] = Seen("", found.size, found.modified_ns)
            return
        if words := rights.denial("PutObject", self._bucket, key):
            self._path(key).unlink(missing_ok=True)
            self._seen.pop(key, None)
            moved.denied.append(words)
            return
        try:
            written = store.upload(self._bucket, key, self._path(key))
        except UnicodeEncodeError:
            self._warn(key.encode("utf-8", "replace").decode(), "its name is not UTF-8", moved)
        except FileNotFoundError:
            return  # a step that still runs has moved it: its own push will upload it
        else:
            self._seen[key] = Seen(written.version, found.size, found.modified_ns)
            moved.uploaded += 1
            moved.size += found.size

    def _delete(self, store: Store, key: str, moved: Moved, rights: Rights) -> None:
        current = store.find(self._bucket, key)
        if current and not self._written_outside(key, current):
            if words := rights.denial("DeleteObject", self._bucket, key):
                moved.denied.append(words)
            else:
                store.delete(self._bucket, key)
                moved.removed += 1
        del self._seen[key]
