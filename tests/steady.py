"""`make test-steady`: the suite five times in a row, each in another order of files, beside a load of two processes.

python -m tests.steady [--times N] [ARGUMENTS OF PYTEST]
"""

import argparse
import subprocess
import sys
import time
from contextlib import ExitStack, contextmanager

LOAD = "while True: sum(range(100_000))"
PLAY = ["-m", "pytest", "-n", "2", "--dist", "loadfile", "--no-loadscope-reorder", "-m", "not long"]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--times", type=int, default=5)
    options, rest = parser.parse_known_args()
    with ExitStack() as stack:
        for _ in range(2):
            stack.enter_context(busy())
        ended = [played(seed, rest) for seed in range(1, options.times + 1)]
    for seed, (status, seconds) in enumerate(ended, 1):
        print(f"order {seed}: {'passed' if status == 0 else f'ended with {status}'} in {seconds / 60:.1f} minutes")
    return max(status for status, _ in ended)


def played(seed, arguments):
    """(exit status, seconds) of one whole run."""
    began = time.monotonic()
    done = subprocess.run([sys.executable, *PLAY, f"--shuffle={seed}", *arguments], check=False)
    return done.returncode, time.monotonic() - began


@contextmanager
def busy():
    """A process that takes a core for as long as the block lasts."""
    process = subprocess.Popen([sys.executable, "-c", LOAD])
    try:
        yield
    finally:
        process.kill()
        process.wait()


if __name__ == "__main__":
    sys.exit(main())
