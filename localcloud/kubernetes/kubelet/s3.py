"""S3 for Spark in pods: buckets as directories, read before a driver starts, written back when it has ended."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from pathlib import Path

from localcloud.steps.mirror import Mirror
from localcloud.steps.process import open_files
from localcloud.steps.request import StepRequest
from localcloud.steps.rights import RightsOf, hide


class Buckets:
    """The mirrored buckets of one node."""

    def __init__(self, root: Path, rights_of: RightsOf) -> None:
        self._mirror, self._rights_of = Mirror(root), rights_of
        self._drivers: set[str] = set()
        self._lock = threading.Lock()

    def pull(self, request: StepRequest) -> None:
        """Read the buckets for a driver. Raises OSError when the disk is full."""
        with self._lock:
            self._drivers.add(request.step_id)
        self._mirror.pull(request.account)

    def seen_by(self, request: StepRequest, place: Path) -> Path:
        """The directory of the buckets that a pod may see."""
        buckets = self._mirror.buckets_dir(request.account)
        buckets.mkdir(parents=True, exist_ok=True)
        hide(buckets, self._rights_of(request), place)
        return place if place.is_dir() else buckets

    def push(self, request: StepRequest, sessions: Iterable[int]) -> list[str]:
        """Write what a driver wrote. sessions: of the other pods, whose open files stay. Returns AWS's denials.

        Raises OSError when moto's disk is full.
        """
        others = set(sessions)
        moved = self._mirror.push(
            request.account,
            lambda: open_files(others),
            lambda: self._alone(request.step_id),
            self._rights_of(request),
        )
        with self._lock:
            self._drivers.discard(request.step_id)
        return moved.denied

    def _alone(self, driver: str) -> bool:
        with self._lock:
            return self._drivers <= {driver}
