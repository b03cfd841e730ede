"""A Python that plays a browser: the environment of requirements/browser.txt, made at its first use, and chromium."""

import fcntl
import shutil
import subprocess
import sys
from pathlib import Path

from tools import paths

HOME = paths.ROOT / ".nightshift" / "browser"
LOCK = paths.ROOT / "requirements" / "browser.txt"


def chromium() -> str | None:
    """Debian's chromium, if it is on this machine."""
    return shutil.which("chromium")


def python() -> Path:
    """The interpreter that has playwright."""
    made = HOME / ".made"
    HOME.parent.mkdir(exist_ok=True)
    with HOME.with_name("browser.lock").open("w") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)  # several workers of pytest may need it at once
        if not made.exists() or made.read_text() != LOCK.read_text():
            subprocess.run([sys.executable, "-m", "venv", "--clear", str(HOME)], check=True)
            subprocess.run([HOME / "bin" / "pip", "install", "-q", "--require-hashes", "-r", LOCK], check=True)
            made.write_text(LOCK.read_text())
    return HOME / "bin" / "python"


def play(script: Path, *words: str) -> str:
    """Run a script of this environment to its end; gives what it printed."""
    command = [python(), script, *words]
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=1000)
    assert done.returncode == 0, done.stderr[-4000:]
    return done.stdout
