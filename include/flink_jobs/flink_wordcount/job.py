"""The sequence of the job: judge and count with Flink, write the quarantine, stage gold, return the manifests."""

from __future__ import annotations

import base64
import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Protocol

from flink_wordcount import results
from flink_wordcount.hdfs_file import HdfsFile
from flink_wordcount.judging import lines_of, text_of
from flink_wordcount.order import PIPELINE, Order
from flink_wordcount.results import Row, Tally
from medallion.errors import NoInputError
from medallion.figures import FIRST_ROWS, address, fitted
from medallion.leftovers import leftover
from medallion.manifest import GoldTable, Manifest, TableCount
from medallion.packing import BOUNDS, LOOK, FileRefused, long_line, over
from medallion.raw import BASE64, QUARANTINE_SCHEMA, TEXT
from medallion.storage import WHY_HIDDEN, is_hidden
from nightshift_contract.reading import contract
from wordcount.jobs.figures import of_counts
from wordcount.jobs.text_encoding import NO_TEXT, WHY_CONTROLS, Encoding, encoding_named, lies_open, lines_in

Count = Callable[[str, str, str, str], None]


class Files(Protocol):
    """The HDFS operations that the job needs; files.HdfsFiles implements them."""

    def below(self, folder: str) -> list[HdfsFile]: ...
    def chunks(self, folder: str, file: HdfsFile) -> Iterator[bytes]: ...
    def write(self, uri: str, chunks: Iterable[bytes]) -> None: ...
    def delete(self, folder: str) -> None: ...


Refused = Mapping[HdfsFile, FileRefused]


@dataclass(frozen=True)
class Bronze:
    """The result for the lines: counts of the text lines, the files without usable lines, the number of other
    undecodable lines, and their rows."""

    tally: Tally
    files: Refused
    undecodable: int
    refused: Iterable[Row]


def run(order: Order, files: Files, count: Count) -> list[Manifest]:
    """Count one business date and write gold, quarantine and manifests below `order.out`; returns the manifests.

    Raises NoInputError, UnknownEncodingError and BadArgumentError. A second run replaces what a first one wrote.
    """
    return Job(order, files, count).run()


@dataclass(frozen=True)
class Job:
    """One run: its request, the files it reads and writes, and the counting function."""

    order: Order
    files: Files
    count: Count

    def run(self) -> list[Manifest]:
        """See the function `run`."""
        encoding = encoding_named(self.order.encoding)
        everything = self.files.below(self.order.copy)
        if not everything:
            source, copy = self.order.input, self.order.copy
            raise NoInputError(f"reading text files: nothing at {copy}; copy {source} there first")
        for folder in (self.order.scratch, self.order.out):
            self.files.delete(folder)
        bronze = self._judged(encoding, everything)
        lines = self._quarantined(bronze, sum(1 for file in everything if not file.length))
        staged = self._staged(bronze.tally)
        self._write_page(bronze.tally, staged)
        return self._manifests(lines, staged)

    def _judged(self, encoding: Encoding, everything: Sequence[HdfsFile]) -> Bronze:
        """All texts counted, and their refused lines and files."""
        aside = {file: why for file in everything if (why := _no_delivery(file))}
        texts = [file for file in everything if file not in aside]
        open_files = [file for file in texts if self._lies_open(file, encoding)]
        closed = [file for file in texts if file not in open_files]
        in_place = self._in_place(encoding.name, open_files, everything)
        as_utf8 = self._as_utf8(encoding, closed)
        return Bronze(
            in_place.tally + as_utf8.tally,
            {**aside, **in_place.files, **as_utf8.files},
            in_place.undecodable + as_utf8.undecodable,
            chain(in_place.refused, as_utf8.refused),
        )

    def _lies_open(self, file: HdfsFile, encoding: Encoding) -> bool:
        beginning = b""
        for chunk in self.files.chunks(self.order.copy, file):
            beginning += chunk
            if len(beginning) >= LOOK:
                break
        return lies_open(file.relative, beginning[:LOOK], encoding)

    def _in_place(self, encoding: str, texts: Sequence[HdfsFile], everything: Sequence[HdfsFile]) -> Bronze:
        """Flink reads the texts in place. If some turn out not to be text, it reads the others again without them, as
        it cannot subtract their words. Files with undecodable lines are read once more, to quarantine those lines."""
        tally, refused = Tally(), dict[HdfsFile, FileRefused]()
        if texts:
            tally = self._counted("in-place", self.order.copy, _all_but(_paths(everything) - _paths(texts)), encoding)
            refused = {file: why for file in texts if (why := _spoilt(tally, file))}
        good = [file for file in texts if file not in refused]
        if refused:
            others = _all_but(_paths(everything) - _paths(good))
            tally = self._counted("again", self.order.copy, others, encoding) if good else Tally()
        bad = [file for file in good if tally.undecodable[file.path]]
        return Bronze(tally, refused, tally.undecodable.total(), self._undecodable(encoding, bad))

    def _undecodable(self, encoding: str, texts: Sequence[HdfsFile]) -> Iterator[Row]:
        for file in texts:
            for number, line in enumerate(lines_of(self.files.chunks(self.order.copy, file)), start=1):
                if text_of(line, encoding) is None:
                    yield self._refused(file, number, line)

    def _as_utf8(self, encoding: Encoding, texts: Sequence[HdfsFile]) -> Bronze:
        """Texts that cannot be read in place, packed or without a one-byte line break (UTF-16), which Flink's reader
        would split within characters: write their lines as UTF-8 for Flink."""
        folder, rows, refused = f"{self.order.scratch}/utf8", list[Row](), dict[HdfsFile, FileRefused]()
        for number, file in enumerate(texts):
            try:
                recoded = b"".join(self._recoded(file, encoding, rows))
            except FileRefused as why:
                refused[file] = why
            else:
                self.files.write(f"{folder}/{number}", [recoded])
        read = len(texts) > len(refused)
        tally = self._counted("utf8", folder, _all_but([]), "utf-8") if read else Tally()
        return Bronze(tally, refused, len(rows), rows)

    def _recoded(self, file: HdfsFile, encoding: Encoding, rows: list[Row]) -> Iterator[bytes]:
        if too_large := over(file.length):
            raise too_large
        lines, ordered = lines_in(b"".join(self.files.chunks(self.order.copy, file)), encoding, BOUNDS)
        for number, line in enumerate(lines, start=1):
            if (text := text_of(line, ordered)) is None:
                rows.append(self._refused(file, number, line))
            else:
                yield text.replace("\r", " ").encode("utf-8") + b"\n"  # neither is a letter, and one would end the line

    def _counted(self, what: str, texts: str, pattern: str, encoding: str) -> Tally:
        counts, tally = f"{self.order.scratch}/counts/{what}", Tally()
        self.count(texts, pattern, counts, encoding)
        for file in self.files.below(counts):
            tally.add(b"".join(self.files.chunks(counts, file)).decode("utf-8"))
        return tally

    def _refused(self, file: HdfsFile, number: int, line: bytes) -> Row:
        bits = base64.b64encode(line).decode("ascii")
        return (self._source(file), number, None, "bronze", "undecodable", NO_TEXT, bits, BASE64, None)

    def _refused_file(self, file: HdfsFile, why: FileRefused) -> Row:
        source = self._source(file)
        return (source, 0, None, "bronze", why.reason, why.detail, source, TEXT, None)

    def _source(self, file: HdfsFile) -> str:
        return f"{self.order.input}/{file.relative}"

    def _quarantined(self, bronze: Bronze, empty: int) -> TableCount:
        """Write the quarantine, if there is any, and count: accepted lines as Flink read them, refused ones as
        written."""
        reasons: Counter[str] = Counter()

        def rows() -> Iterator[Row]:
            of_files = (self._refused_file(file, why) for file, why in bronze.files.items())
            for row in chain(of_files, bronze.refused):
                reasons[row[4]] += 1
                yield row

        if bronze.undecodable or bronze.files:
            self._put(f"{self.order.quarantine}/part-00000.parquet", QUARANTINE_SCHEMA, rows())
        accepted = bronze.tally.accepted.total()
        rows_in = accepted + bronze.undecodable + len(bronze.files)
        warnings = {"empty_file": empty} if empty else {}
        return TableCount("lines", rows_in, accepted, reasons.total(), 0, dict(sorted(reasons.items())), warnings)

    def _staged(self, tally: Tally) -> list[GoldTable]:
        """Stage gold as one sorted file, in the columns of its contract."""
        table = contract(PIPELINE).gold["word_counts"]
        uri = self.order.staged(table.name)
        return [results.measured(self._put(f"{uri}/part-00000.parquet", table.schema, tally.ranked()), table, uri)]

    def _write_page(self, tally: Tally, staged: Sequence[GoldTable]) -> None:
        """Write page.json, the figures of the night's page, as the Spark job does; without the refused rows."""
        [table], counts = staged, tally.ranked()
        columns = [column.name for column in contract(PIPELINE).gold[table.table].columns]
        first = {"columns": columns, "masked": [], "rows": counts[:FIRST_ROWS], "total": table.rows}
        page = {
            "version": 1,
            "pipeline": PIPELINE,
            "business_date": str(self.order.business_date),
            "input": self.order.input,
            "reference": None,
            "tables": {table.table: first},
            "quarantine": [],
            "figures": of_counts(counts),
        }
        self.files.write(self.order.on_hdfs(address(self.order.manifests)), [fitted(page).encode("utf-8")])

    def _put(self, uri: str, schema: str, rows: Iterable[Row]) -> bytes:
        """Write rows as the Parquet file that s3-dist-cp copies to this URI; returns the file's bytes."""
        content = results.parquet(schema, rows)
        self.files.write(self.order.on_hdfs(uri), [content])
        return content

    def _manifests(self, bronze: TableCount, staged: Sequence[GoldTable]) -> list[Manifest]:
        """The manifests of the three layers; silver and gold accept every line that bronze accepted, in the same
        pass."""
        lines = TableCount("lines", bronze.accepted, bronze.accepted)
        counts: dict[str, tuple[TableCount, Sequence[GoldTable]]] = {
            "bronze": (bronze, ()),
            "silver": (lines, ()),
            "gold": (lines, staged),
        }
        day = self.order.business_date
        manifests = [Manifest(PIPELINE, layer, day, [t], gold) for layer, (t, gold) in counts.items()]
        for manifest in manifests:
            uri = self.order.on_hdfs(f"{self.order.manifests}/{manifest.layer}.json")
            self.files.write(uri, [manifest.to_json().encode("utf-8")])
        return manifests


def _no_delivery(file: HdfsFile) -> FileRefused | None:
    """Why a file is left out whatever it holds; None for others."""
    return FileRefused("hidden_file", WHY_HIDDEN) if is_hidden(file.relative) else leftover(file.relative)


def _paths(files: Iterable[HdfsFile]) -> set[str]:
    return {file.path for file in files}


def _spoilt(tally: Tally, file: HdfsFile) -> FileRefused | None:
    """Why no line of a file counts, from the verdicts on its lines."""
    if tally.not_text[file.path]:
        return FileRefused("not_text", WHY_CONTROLS)
    return long_line(BOUNDS) if tally.long_line[file.path] else None


def _all_but(paths: Collection[str]) -> str:
    """A pattern, for Java and Python, that matches every path but these."""
    return rf"(?s)(?!(?:{'|'.join(map(re.escape, sorted(paths)))})$).*" if paths else "(?s).*"
