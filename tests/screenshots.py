"""Takes README's pictures: the page of the newest kept night of mrhealth_sales, in English and in Portuguese, and the
nights in Airflow's UI, as the test of `./nightshift ui` left them.

    make screenshots

Ends with an error if there is no such night, no chromium or no picture of the test.
"""

import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from tests import browser
from tools import paths

PICTURES = paths.ROOT / "docs" / "pictures"
WANTED = {"en": "night.png", "pt": "noite.png"}
SIZE, UPPER = "1200,1180", "1400,500"
OF_AIRFLOW = paths.ROOT / ".nightshift" / "ui" / "pictures" / "2-nights.png"  # tests/embedded/ui_pages.py


def newest(runs: Path = paths.RUNS) -> Path | None:
    """The page of the newest kept night of mrhealth_sales."""
    pages = sorted((runs / "mrhealth_sales").glob("*/index.html"), key=lambda page: page.stat().st_mtime)
    return pages[-1] if pages else None


def take(chromium: str, page: Path, language: str, picture: Path, size: str = SIZE) -> None:
    """The upper part of the page as a PNG; raises CalledProcessError if chromium fails."""
    command = [chromium, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"]
    command += [f"--screenshot={picture}", f"--window-size={size}", f"{page.as_uri()}?lang={language}"]
    subprocess.run(command, check=True, capture_output=True, timeout=300)


def main() -> int:
    """The exit status: 0 when all pictures were taken."""
    chromium, page = browser.chromium(), newest()
    if not chromium or not page or not OF_AIRFLOW.is_file():
        lacking = (
            "chromium"
            if not chromium
            else f"{paths.shown(OF_AIRFLOW)}; make test ARGS=tests/embedded/test_stack.py takes it"
            if page
            else "kept night of mrhealth_sales; make one with ./nightshift run mrhealth_sales"
        )
        print(f"There is no {lacking}.", file=sys.stderr)
        return 1
    PICTURES.mkdir(exist_ok=True)
    for language, name in WANTED.items():
        take(chromium, page, language, PICTURES / name)
        print(f"{paths.shown(PICTURES / name)} from {paths.shown(page)}")
    with TemporaryDirectory() as scratch:
        frame = Path(scratch) / "frame.html"
        frame.write_text(f'<body style="margin:0"><img src="{OF_AIRFLOW.as_uri()}">', encoding="utf-8")
        take(chromium, frame, "en", PICTURES / "airflow.png", UPPER)
    print(f"{paths.shown(PICTURES / 'airflow.png')} from {paths.shown(OF_AIRFLOW)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
