"""Watches: the changes of a kind as a stream of JSON lines, from a version on."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator

from localcloud.kubernetes.errors import ApiError, Json
from localcloud.kubernetes.kinds import Kind
from localcloud.kubernetes.selectors import Test
from localcloud.kubernetes.store import Change, Store

_LOOK_SECONDS = 1.0  # how often a quiet watch looks whether the server ends
INITIAL_EVENTS_END = "k8s.io/initial-events-end"  # the annotation of a bookmark (KEP-3157)


class Watch:
    """One watch; iterating over it blocks until its time is over. live: each line is to be sent at once."""

    live = True

    def __init__(
        self,
        store: Store,
        kind: Kind,
        namespace: str,
        accept: Test,
        *,
        since: int = 0,
        seconds: float = 1800,
        bookmarks: bool = False,
        initial: bool = False,
        shown: Callable[[Json], Json] = dict,
        ended: Callable[[], bool] = lambda: False,
    ) -> None:
        """since: a version; 0 begins with the objects that there are, and so does initial, which a bookmark
        ends. shown: what is sent of an object. ended: whether the server stops."""
        self._store, self._kind, self._namespace, self._accept = store, kind, namespace, accept
        self._since, self._until = since, time.monotonic() + seconds
        self._bookmarks, self._initial, self._shown, self._ended = bookmarks, initial, shown, ended

    def __iter__(self) -> Iterator[bytes]:
        # The first line is empty: the client gets its head now, not with the first change.
        yield b""
        version = self._since
        if self._initial or not version:
            items, version = self._now()
            yield from (self._line("ADDED", item) for item in items)
            if self._initial and self._bookmarks:
                yield self._bookmark(version, {INITIAL_EVENTS_END: "true"})
        yield from self._follow(version)

    def _now(self) -> tuple[list[Json], int]:
        with self._store.changed:
            found = self._store.of(self._kind.group, self._kind.plural, self._namespace)
            return [item for _, item in found if self._accept(item)], self._store.version

    def _follow(self, version: int) -> Iterator[bytes]:
        while True:
            over = time.monotonic() >= self._until or self._ended()  # what has happened by now is told all the same
            try:
                changes, version = self._next(version, 0 if over else self._until)
            except ApiError as error:
                yield self._encoded("ERROR", error.body())
                return
            for change in changes:
                if kind := self._seen_as(change):
                    yield self._line(kind, change.item)
            if over:
                break
        if self._bookmarks:
            yield self._bookmark(version, {})

    def _next(self, version: int, until: float) -> tuple[list[Change], int]:
        """The changes after a version, waiting a moment for one, and the version that they lead to."""
        with self._store.changed:
            if self._store.version == version:
                self._store.changed.wait(min(_LOOK_SECONDS, max(0.0, until - time.monotonic())))
            return self._store.since(version), max(version, self._store.version)

    def _seen_as(self, change: Change) -> str | None:
        """The type of a change for this watch; an object that a change moves into its selector is ADDED."""
        key = change.key
        if (key.group, key.plural) != (self._kind.group, self._kind.plural):
            return None
        if self._namespace not in ("", key.namespace):
            return None
        was = change.before is not None and self._accept(change.before)
        stays = change.type != "DELETED" and self._accept(change.item)
        if was and stays:
            return "MODIFIED"
        return "DELETED" if was else "ADDED" if stays else None

    def _line(self, kind: str, item: Json) -> bytes:
        return self._encoded(kind, self._shown(item))

    def _bookmark(self, version: int, annotations: Json) -> bytes:
        metadata = {"resourceVersion": str(version), **({"annotations": annotations} if annotations else {})}
        item = {"kind": self._kind.name, "apiVersion": self._kind.api_version, "metadata": metadata}
        return self._encoded("BOOKMARK", item)

    @staticmethod
    def _encoded(kind: str, item: Json) -> bytes:
        return json.dumps({"type": kind, "object": item}).encode() + b"\n"
