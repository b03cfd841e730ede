"""Takes README's pictures: the page of the newest kept night of mrhealth_sales, in English and in Portuguese.

    make screenshots

Ends with an error if there is no such night, or no chromium.
"""

import subprocess
import sys
from pathlib import Path

from tests import browser
from tools import paths

PICTURES = paths.ROOT / "docs" / "pictures"
WANTED = {"en": "night.png", "pt": "noite.png"}
SIZE = "1200,1180"


def newest(runs: Path = paths.RUNS) -> Path | None:
    """The page of the newest kept night of mrhealth_sales."""
    pages = sorted((runs / "mrhealth_sales").glob("*/index.html"), key=lambda page: page.stat().st_mtime)
    return pages[-1] if pages else None


def take(chromium: str, page: Path, language: str, picture: Path) -> None:
    """The upper part of the page as a PNG; raises CalledProcessError if chromium fails."""
    command = [chromium, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"]
    command += [f"--screenshot={picture}", f"--window-size={SIZE}", f"{page.as_uri()}?lang={language}"]
    subprocess.run(command, check=True, capture_output=True, timeout=120)


def main() -> int:
    """The exit status: 0 when both pictures were taken."""
    chromium, page = browser.chromium(), newest()
    if not chromium or not page:
        lacking = (
            "chromium"
            if not chromium
            else "kept night of mrhealth_sales; make one with ./nightshift run mrhealth_sales"
        )
        print(f"There is no {lacking}.", file=sys.stderr)
        return 1
    PICTURES.mkdir(exist_ok=True)
    for language, name in WANTED.items():
        take(chromium, page, language, PICTURES / name)
        print(f"{paths.shown(PICTURES / name)} from {paths.shown(page)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
