"""Nightshift on one machine: set-up, tools, and the ./nightshift command."""

import sys
from pathlib import Path

# `nightshift`, the library of this tree, and `medallion`, the engine of its jobs, on a bare Python too.
sys.path += [str(Path(__file__).resolve().parents[1] / room) for room in ("plugins", "include/spark_jobs")]
