"""One directory tree that follows moto's buckets before a step, and is followed by them after it."""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from pathlib import Path

from localcloud.steps import keys
from localcloud.steps.scan import Found, prune_upwards, scan, stat_of
from localcloud.steps.store import S3Object, Store


@dataclass(slots=True)
class Seen:
    """What a file and its object were when they were last the same."""

    version: str
    size: int
    modified_ns: int

    def is_file(self, found: Found | None) -> bool:
        """Whether the file is still the one that was seen."""
        return found is not None and (found.size, found.modified_ns) == (self.size, self.modified_ns)


@dataclass
class Moved:
    """What one synchronisation did, for the controller log."""

    downloaded: int = 0
    uploaded: int = 0
    removed: int = 0
    bytes: int = 0
    warnings: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        return (
            f"{self.downloaded} downloaded, {self.uploaded} uploaded, {self.removed} removed, {self.bytes} bytes"
        )


class Mirror:
    """Buckets as directories: root/<account>/<bucket>/<key>.

    Only what changed on either side moves, so a step costs a listing plus its own data. Safe for steps that
    run at the same time: pull leaves alone what a running step wrote, push leaves alone what one still has open.
    S3 keeps no directories, so empty ones vanish after a step.
    """

    def __init__(self, root: Path, store_of: Callable[[str], Store] = Store) -> None:
        shutil.rmtree(root, ignore_errors=True)  # moto keeps all in memory: what lies here is another life's
        self._root = root
        self._spool = root / ".spool"
        self._spool.mkdir(parents=True)
        self._store_of = store_of
        self._seen: dict[Path, dict[str, Seen]] = {}
        self._lock = threading.RLock()

    def buckets_dir(self, account: str) -> Path:
        """The directory that holds an account's buckets."""
        return self._root / account

    def pull(self, account: str) -> Moved:
        """Make the files what the objects are. Raises OSError when the disk does not take them."""
        store, moved = self._store_of(account), Moved()
        with self._lock:
            buckets = store.buckets()
            self._drop_gone_buckets(account, buckets)
            for bucket in buckets:
                self._pull_bucket(store, bucket, moved)
        return moved

    def push(self, account: str, busy: Collection[Path] = (), *, sweep: bool = True) -> Moved:
        """Make the objects what a step made of the files.

        busy: files that another running step has open, left for that step's own push. sweep: remove scratch and
        empty directories as well, right only when no other step runs. Raises OSError when moto's disk is full.
        """
        store, moved = self._store_of(account), Moved()
        with self._lock:
            for bucket in store.buckets():
                self._push_bucket(store, bucket, busy, moved)
                if sweep:
                    _sweep(self.buckets_dir(account) / bucket)
        return moved

    def _drop_gone_buckets(self, account: str, buckets: Collection[str]) -> None:
        gone = [d for d in self._seen if d.parent == self.buckets_dir(account) and d.name not in buckets]
        for directory in gone:
            shutil.rmtree(directory, ignore_errors=True)
            del self._seen[directory]

    def _pull_bucket(self, store: Store, bucket: str, moved: Moved) -> None:
        directory = self.buckets_dir(store.account) / bucket
        directory.mkdir(parents=True, exist_ok=True)
        seen = self._seen.setdefault(directory, {})
        objects = {item.key: item for item in store.objects(bucket) if not keys.is_scratch(item.key)}
        self._remove_vanished(directory, seen, objects, moved)
        changed = [item for item in objects.values() if _differs(item, seen.get(item.key))]
        folders = keys.folders_of(objects) if changed else set()
        for item in changed:
            if reason := keys.why_not_a_file(item.key, item.size, folders):
                moved.warnings.append(f"s3://{bucket}/{item.key} is not visible to the step: {reason}")
            else:
                self._fetch(store, item, directory, seen, moved)

    def _remove_vanished(
        self, directory: Path, seen: dict[str, Seen], objects: Collection[str], moved: Moved
    ) -> None:
        for key in [key for key in seen if key not in objects]:
            path = keys.path_of(directory, key)
            known = seen.pop(key)
            if known.is_file(stat_of(path)):
                path.rmdir() if key.endswith("/") else path.unlink()
                prune_upwards(path.parent, directory)
                moved.removed += 1

    def _fetch(
        self, store: Store, item: S3Object, directory: Path, seen: dict[str, Seen], moved: Moved
    ) -> None:
        path = keys.path_of(directory, item.key)
        known, found = seen.get(item.key), stat_of(path)
        if found and not found.is_dir and not (known and known.is_file(found)):
            return  # a running step wrote this file: its push decides
        try:
            self._write(store, item, path)
        except (FileNotFoundError, FileExistsError, NotADirectoryError, IsADirectoryError) as problem:
            moved.warnings.append(f"{item.key} is not visible to the step: {problem}")
            return
        seen[item.key] = _seen(item.version, path)
        moved.downloaded += 1
        moved.bytes += item.size

    def _write(self, store: Store, item: S3Object, path: Path) -> None:
        """Put the object in its place at once: a running step that has the old file open keeps reading that."""
        if item.key.endswith("/"):
            path.mkdir(parents=True, exist_ok=True)
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = self._spool / "partial"
        try:
            store.download(item, partial)
            os.utime(partial, ns=(item.modified_ns, item.modified_ns))
            partial.replace(path)
        finally:
            partial.unlink(missing_ok=True)

    def _push_bucket(self, store: Store, bucket: str, busy: Collection[Path], moved: Moved) -> None:
        directory = self.buckets_dir(store.account) / bucket
        if directory not in self._seen:
            return  # made while the step ran: the step could not see it
        seen = self._seen[directory]
        files = scan(directory)
        for key, found in files.items():
            known = seen.get(key)
            if not (known and known.is_file(found)) and keys.path_of(directory, key) not in busy:
                self._send(store, bucket, key, found, directory, seen, moved)
        for key in [key for key in seen if key not in files]:
            self._forget(store, bucket, key, directory, seen, moved)

    def _send(
        self, store: Store, bucket: str, key: str, found: Found, directory: Path, seen: dict[str, Seen], moved: Moved
    ) -> None:
        known, current = seen.get(key), store.find(bucket, key)
        if _written_outside(known, current) and current and current.modified_ns > found.modified_ns:
            # Both wrote it: as in S3 the last writer wins. The file counts as stale, so the next pull replaces it.
            seen[key] = Seen("", found.size, found.modified_ns)
            return
        try:
            written = store.upload(bucket, key, keys.path_of(directory, key))
        except FileNotFoundError:
            return  # another step that still runs has moved it: its own push will say where
        seen[key] = Seen(written.version, found.size, found.modified_ns)
        moved.uploaded += 1
        moved.bytes += found.size

    def _forget(
        self, store: Store, bucket: str, key: str, directory: Path, seen: dict[str, Seen], moved: Moved
    ) -> None:
        if key.endswith("/") and keys.path_of(directory, key).is_dir():
            return
        known, current = seen.pop(key), store.find(bucket, key)
        if current and not _written_outside(known, current):
            store.delete(bucket, key)
            moved.removed += 1


def _differs(item: S3Object, known: Seen | None) -> bool:
    return known is None or known.version != item.version


def _written_outside(known: Seen | None, current: S3Object | None) -> bool:
    """Whether an object is not the one that the file came from."""
    return current is not None and (known is None or known.version != current.version)


def _seen(version: str, path: Path) -> Seen:
    found = stat_of(path)
    return Seen(version, found.size, found.modified_ns) if found else Seen("", 0, 0)


def _sweep(directory: Path) -> None:
    """Remove scratch and what is empty after it. Directories of marker objects come back with the next pull."""
