"""One directory tree that follows moto's buckets before a step, and is followed by them after it."""

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

    Only what changed on either side moves, so a step costs a listing plus its own data. Safe for steps that
    run at the same time: pull leaves alone what a running step wrote, push what one still has open.
    """

    def __init__(self, root: Path, store_of: Callable[[str], Store] = Store) -> None:
        shutil.rmtree(root, ignore_errors=True)  # moto keeps all in memory: what lies here is another life's
        root.mkdir(parents=True)
        self._root, self._store_of = root, store_of
        self._buckets: dict[Path, BucketMirror] = {}
        self._lock = threading.RLock()

    def buckets_dir(self, account: str) -> Path:
        """The directory that holds an account's buckets."""
        return self._root / account

    def pull(self, account: str) -> Moved:
        """Make the files what the objects are. Raises OSError when the disk does not take them."""
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
        """Make the objects what a step made of the files.

        busy: the files that other running steps have open; they are left for those steps' own pushes. alone:
        whether no other step runs, so that what is scratch or empty now is nobody's and goes. Both are asked
        under the lock, which a starting step must pass. rights: the step's, where IAM is enforced; two steps that
        run at once may push each other's files. Raises OSError when moto's disk is full.
        """
        moved, store = Moved(), self._store_of(account)
        with self._lock:
            clean = alone()
            for name in store.buckets():
                mirrored = self._buckets.get(self.buckets_dir(account) / name)
                if mirrored is None:
                    continue  # made while the step ran: the step could not see it
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
