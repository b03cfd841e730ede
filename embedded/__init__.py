"""Nightshift on one machine: set-up, tools, and the ./nightshift command."""

import sys
from pathlib import Path

# `nightshift`, the library of this tree, on a bare Python too.
sys.path.append(str(Path(__file__).resolve().parents[1] / "plugins"))
