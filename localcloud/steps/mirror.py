"""One directory tree, synchronised with moto's buckets before and after a step."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable, Collection
from pathlib import Path

from localcloud.steps.bucket import BucketMirror, Moved
from localcloud.steps.rights import ALL, Rights
from localcloud.steps.store import Store


class Mirror:
    """Buckets as directories: root/<account>/<bucket>/<key>.

    Only changes on either side are copied, so a step costs a listing plus its own data. Safe for concurrent steps: pull
    skips files that a running step wrote, push skips files that one still has open.
    """

    def __init__(self, root: Path, store_of: Callable[[str], Store] = Store) -> None:
        shutil.rmtree(root, ignore_errors=True)  # moto keeps all in memory: existing files are an earlier server's
        root.mkdir(parents=True)
        self._root, self._store_of = root, store_of
        self._buckets: dict[Path, BucketMirror] = {}
        self._lock = threading.RLock()

    def buckets_dir(self, account: str) -> Path:
        """The directory that holds an account's buckets."""
        return self._root / account

    def pull(self, account: str) -> Moved:
        """Update the files from the objects. Raises OSError when the disk does not take them."""
        moved, store = Moved(), self._store_of(account)
        with self._lock:
            names = store.buckets()
            self._drop_gone(account, names)
            for name in names:
                self._bucket(account, name).pull(store, moved)
        return moved

    def push(
        self,
        account: str,
        busy: Callable[[], Collection[Path]] = tuple,
        alone: Callable[[], bool] = lambda: True,
        rights: Rights = ALL,
    ) -> Moved:
        """Update the objects from the files that a step changed.

        busy: the files that other running steps have open; those steps push them. alone: whether no other step runs, so
        that scratch files and empty directories can be removed. Both are called under the lock, which a starting step
        must take. rights: the step's, where IAM is enforced; of two concurrent steps each may push the other's files.
        Raises OSError when moto's disk is full.
        """
        moved, store = Moved(), self._store_of(account)
        with self._lock:
            clean = alone()
            for name in store.buckets():
                mirrored = self._buckets.get(self.buckets_dir(account) / name)
                if mirrored is None:
                    continue  # created while the step ran: the step could not see it
                mirrored.push(store, busy, moved, rights)
                if clean:
                    mirrored.sweep()
        return moved

    def _bucket(self, account: str, name: str) -> BucketMirror:
        directory = self.buckets_dir(account) / name
        if directory not in self._buckets:
            self._buckets[directory] = BucketMirror(name, directory, self._root / ".partial")
        return self._buckets[directory]

    def _drop_gone(self, account: str, names: Collection[str]) -> None:
        here = self.buckets_dir(account)
        for directory in [d for d in self._buckets if d.parent == here and d.name not in names]:
            shutil.rmtree(directory, ignore_errors=True)
            del self._buckets[directory]
