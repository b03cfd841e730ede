"""Until localcloud.steps lands: its types, and a runner that says it cannot run."""

from __future__ import annotations

try:
    from localcloud.steps import StepOutcome, StepRequest, StepRunner
except ImportError:
    import subprocess
    from collections.abc import Mapping
    from dataclasses import dataclass
    from pathlib import Path

    @dataclass(frozen=True)
    class StepRequest:
        account: str
        region: str
        endpoint: str
        cluster_id: str
        step_id: str
        jar: str
        args: tuple[str, ...]
        log_uri: str | None
        spark_defaults: Mapping[str, str]

    @dataclass(frozen=True)
    class StepOutcome:
        exit_code: int
        message: str

    class StepRunner:
        def __init__(self, work_dir: Path, log_delay_seconds: float = 0): ...
        def run(self, request: StepRequest) -> StepOutcome:
            if request.args[:1] != ("bash",):
                return StepOutcome(127, "localcloud.steps is not there yet: only bash runs")
            done = subprocess.run(request.args, capture_output=True, text=True)
            return StepOutcome(done.returncode, done.stderr[-500:])

        def kill(self, cluster_id: str, step_id: str) -> None: ...
        def forget(self, cluster_id: str) -> None: ...
        def close(self) -> None: ...
