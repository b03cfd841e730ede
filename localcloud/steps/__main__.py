"""python -m localcloud.steps archive: build Java's archive of loaded classes. (shim: what steps' PATH calls.)"""

from __future__ import annotations

import sys

from localcloud.steps import shim
from localcloud.steps.archive import build_archive


def main(args: list[str]) -> int:
    """Run the named part; returns an exit status."""
    if args[:1] == ["shim"]:
        shim.main(args[1:])
    if args != ["archive"]:
        sys.stderr.write("usage: python -m localcloud.steps archive\n")
        return 2
    sys.stdout.write(f"{build_archive()}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
