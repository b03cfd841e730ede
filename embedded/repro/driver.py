"""Runs a fetched step's Python in this process, against its scratch lake: `python -m embedded.repro.driver FOLDER
[--pdb]`. With --pdb it stops where the step fails, in the step's own code, with the Spark session still open."""

from __future__ import annotations

import json
import os
import pdb
import runpy
import shutil
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType

from pyspark.sql import SparkSession

from nightshift.failures.tracebacks import OURS


def main(folder: Path, *, debug: bool) -> None:
    """Run the step to its end; raises what it raises, unless `debug`."""
    lake = folder / "s3"
    shutil.rmtree(lake, ignore_errors=True)
    shutil.copytree(folder / "fetched", lake, copy_function=os.link)  # Spark replaces files, and changes none
    program = folder / "jobs" / "main.py"
    sys.argv = [str(program), *json.loads((folder / "job.json").read_text(encoding="utf-8"))["arguments"]]
    if not debug:
        runpy.run_path(str(program), run_name="__main__")
        return
    with _session_kept_open():
        try:
            runpy.run_path(str(program), run_name="__main__")
        except SystemExit as end:
            if end.code not in (None, 0):
                _stop_at(end.__context__ or end)  # a JobError ends the program so
        except Exception as error:  # noqa: BLE001 - whatever the step raises is what is looked at
            _stop_at(error)


def _stop_at(error: BaseException) -> None:
    """Print the traceback and open pdb in the deepest frame of the step's own code."""
    traceback.print_exception(error)
    pdb.post_mortem(_down_to_ours(error.__traceback__))


def _down_to_ours(whole: TracebackType | None) -> TracebackType | None:
    """The traceback without the frames of libraries at its end."""
    frames, at = [], whole
    while at is not None:
        frames.append(at)
        at = at.tb_next
    own = [frame for frame in frames if OURS.search(frame.tb_frame.f_code.co_filename)]
    if own:
        own[-1].tb_next = None
    return whole


@contextmanager
def _session_kept_open() -> Iterator[None]:
    """While the block lasts, stop() of a session does nothing: who looks at a frame wants to see its rows."""
    stop = SparkSession.stop
    SparkSession.stop = lambda _self: None
    try:
        yield
    finally:
        SparkSession.stop = stop


if __name__ == "__main__":
    main(Path(sys.argv[1]), debug="--pdb" in sys.argv[2:])
