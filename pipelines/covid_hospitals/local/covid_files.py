"""A folder of covid files, in folders by kind or flat: which days it has, and where each file goes."""

from __future__ import annotations

import gzip
import re
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from fnmatch import fnmatchcase
from pathlib import Path

from embedded import dates
from embedded.uploads import inputs
from embedded.uploads.inputs import Delivery, Upload
from tools.errors import InputRefused

PREFIX = "covid"
# The folder that a flat file gets, for people's eyes: the jobs know a file by its header.
KINDS = {
    "data_*": "occupation",
    "cases-brazil-cities*": "cities",
    "cases-brazil-*": "states",
    "leito_ocupacao*": "leito_ocupacao",
    "*": "ref",
}
MOST_READ = 512 * 1024**2  # bytes of a file's text: the jobs read no more of one (medallion/packing.py)
_DAY = re.compile(r"(?<![0-9])20[0-9]{2}-[0-9]{2}-[0-9]{2}(?![0-9])")


@dataclass(frozen=True)
class CovidFolder:
    """The files of a folder. A file that names a day is that day's; the others are of every day."""

    root: Path
    files: tuple[Path, ...]

    def newest(self) -> date | None:
        """The newest day until today that the files have, in their names or within; None if there is none."""
        return max((day for file in self.files for day in _days((file.name, _text(file)))), default=None)

    def whole(self, day: date) -> Delivery:
        """Everything, as known on one business date."""
        return self._delivery(day, self.files)

    def delivery(self, day: date) -> Delivery:
        """What one of several business dates brings. Raises InputRefused when that is nothing."""
        files = [file for file in self.files if day == max(_days([file.name]), default=day)]
        if not files:
            named = sorted({max(days) for file in self.files if (days := _days([file.name]))})
            raise InputRefused(f"{self.root} has no file for {day}; its files name {', '.join(map(str, named))}.")
        return self._delivery(day, files)

    def _delivery(self, day: date, files: Sequence[Path]) -> Delivery:
        folder = f"{PREFIX}/{day:%Y/%m/%d}/"
        uploads = {folder + self._place(file): file for file in files}
        if len(uploads) < len(files):
            raise InputRefused(f"{self.root} has files whose names differ only in special characters: rename one.")
        return Delivery(tuple(Upload(file, key) for key, file in uploads.items()), (folder,))

    def _place(self, file: Path) -> str:
        below = file.relative_to(self.root)
        folders = below.parent.parts or (_kind(file.name),)
        return "/".join(inputs.plain(part) for part in (*folders, file.name))


def read(root: Path) -> CovidFolder:
    """The folder at `root`. Raises InputRefused when it is none, or empty."""
    inputs.existing(root)
    if not root.is_dir():
        raise InputRefused(f"{root} is a file: covid_hospitals reads a folder, of any of its kinds of files.")
    files = tuple(file for file in inputs.files(root) if file.stat().st_size)
    if not files:
        raise InputRefused(f"{root} holds no file: expected occupation/, states/, cities/, leito_ocupacao/, ref/.")
    return CovidFolder(root, files)


def _kind(name: str) -> str:
    return next(kind for pattern, kind in KINDS.items() if fnmatchcase(name.lower(), pattern))


def _days(texts: Iterable[str]) -> set[date]:
    """Every day of the calendar until today in some texts."""
    named, today = {day for text in texts for day in _DAY.findall(text)}, dates.today()
    return {day for text in named if (day := dates.known(text)) and day <= today}


def _text(file: Path) -> str:
    """What a file says, of a huge one its beginning; nothing of one that is packed and broken: the night says so."""
    with file.open("rb") as content:
        packed = content.read(2) == b"\x1f\x8b"
        content.seek(0)
        try:
            text = gzip.GzipFile(fileobj=content).read(MOST_READ) if packed else content.read(MOST_READ)
        except (OSError, EOFError, zlib.error):
            return ""
    return text.decode("ascii", "replace")
