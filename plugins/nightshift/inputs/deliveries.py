"""Deliveries hook: checks the beginning of each delivered file for schema drift before a cluster exists."""

from __future__ import annotations

import gzip
import io
import zlib
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from nightshift.contracts import drift
from nightshift.contracts.drift import Drift
from nightshift.contracts.pipeline import Pipeline
from nightshift.inputs.text_encoding import Beginning, is_text, looked_at
from nightshift.run.run_context import RunContext
from nightshift_contract.json_lines import is_json_lines
from nightshift_contract.model import Table

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

BEGINNING = 64 * 1024  # bytes: a header and some rows
THREADS = 8
_GZIP = b"\x1f\x8b"


class DeliveriesHook:
    """Reads the files of one night in the raw bucket."""

    def __init__(self, s3: S3Client, night: RunContext) -> None:
        self._s3, self._night = s3, night
        self._raw = night.settings.bucket("raw")

    def drifts(self) -> dict[str, list[Drift]]:
        """The s3:// address of each delivered file that drifted from its contract -> its drifts."""
        keys = list(self._keys()) if self._night.pipeline.sources else []
        with ThreadPoolExecutor(THREADS) as pool:
            drifts = list(pool.map(self._drifts, keys))
        return {f"s3://{self._raw}/{key}": drifted for key, drifted in zip(keys, drifts, strict=True) if drifted}

    def unusable(self) -> list[str]:
        """The s3:// addresses of the files of the run's own prefix, if no job can use any of them; else [].

        Of a pipeline with sources such a file is like none of them, or lacks a column without which its rows are
        quarantined; of one that reads text, it is no text.
        """
        night = self._night
        keys = [key for key in self._keys() if key.startswith(night.input_prefix)]
        if not night.pipeline.sources and not night.pipeline.encodings:
            return []
        usable = self._is_readable if night.pipeline.sources else self._is_text
        return [] if any(usable(key) for key in keys) else [f"s3://{self._raw}/{key}" for key in keys]

    def almost(self) -> tuple[str, str, list[str]] | None:
        """The first file of the run's own prefix that is like a source but lacks columns: its s3:// address, the
        source's name and the columns; None if there is none."""
        sources = self._night.pipeline.sources
        for key in (key for key in self._keys() if key.startswith(self._night.input_prefix)):
            text, whole = self._beginning(key)
            sample = drift.sample(sources, key, text, whole=whole)
            if sample and drift.is_known(sources, key, sample):
                source, lacking = drift.nearest(sources, sample)
                return f"s3://{self._raw}/{key}", source.name, lacking
        return None

    def _is_readable(self, key: str) -> bool:
        sources = self._night.pipeline.sources
        text, whole = self._beginning(key)
        if drift.takes_parquet(sources, text):
            return True
        # A column of JSON lines may come first behind this beginning.
        judged = drift.is_known if is_json_lines(text) else drift.is_readable
        return judged(sources, key, drift.sample(sources, key, text, whole=whole))

    def _is_text(self, key: str) -> bool:
        return is_text(self._beginning(key)[0], self._night.encoding)

    def misread(self) -> tuple[list[Beginning], int]:
        """The files whose beginning the run's encoding cannot read, and the number of lines of the other beginnings;
        none of a pipeline whose runs name no encoding."""
        keys = list(self._keys()) if self._night.pipeline.encodings else []
        with ThreadPoolExecutor(THREADS) as pool:
            looked = list(pool.map(self._misread, keys))
        return [b for b, _ in looked if b], sum(lines for b, lines in looked if not b)

    def _misread(self, key: str) -> tuple[Beginning | None, int]:
        text, whole = self._beginning(key)
        misread = looked_at(f"s3://{self._raw}/{key}", text, self._night.encoding, whole=whole)
        return misread, text.count(b"\n")

    def _keys(self) -> Iterator[str]:
        inputs = self._night.pipeline.inputs
        for prefix in filter(None, (self._night.input_prefix, inputs.reference)):
            for page in self._s3.get_paginator("list_objects_v2").paginate(Bucket=self._raw, Prefix=prefix):
                yield from (item["Key"] for item in page.get("Contents", []) if item["Size"])

    def _beginning(self, key: str) -> tuple[bytes, bool]:
        """The unpacked beginning of a file, and whether it is the whole file."""
        answer = self._s3.get_object(Bucket=self._raw, Key=key, Range=f"bytes=0-{BEGINNING - 1}")
        beginning = answer["Body"].read()
        text = _unpacked(beginning)
        return text, max(len(beginning), len(text)) < BEGINNING

    def _drifts(self, key: str) -> list[Drift]:
        text, whole = self._beginning(key)
        sample = drift.sample(self._night.pipeline.sources, key, text, whole=whole)
        source = source_of(self._night.pipeline, key, sample.header) if sample else None
        return list(drift.drifts(source, sample)) if sample and source else []


def source_of(pipeline: Pipeline, key: str, header: Sequence[str] = ()) -> Table | None:
    """The source of a file, by its header or, if that lacks a column, by its exact name (any case, with or without the
    pipeline's `file_prefix`, gzip or not). This serves drift checks only: the jobs decide what a file is."""
    name = key.rsplit("/", 1)[-1].lower().removesuffix(".gz")
    stem = name.removesuffix(".csv").removeprefix(pipeline.inputs.file_prefix)
    by_name = (s for s in pipeline.sources if name.endswith(".csv") and fnmatchcase(stem, s.files))
    return drift.known_by(pipeline.sources, header) or next(by_name, None)


def _unpacked(beginning: bytes) -> bytes:
    """The bytes, of a gzip file unpacked up to BEGINNING bytes, whichever of its members they are in; b"" for a broken
    gzip file, which the jobs refuse and name."""
    if not beginning.startswith(_GZIP):
        return beginning
    members, text = gzip.GzipFile(fileobj=io.BytesIO(beginning)), b""
    try:
        while len(text) < BEGINNING and (more := members.read1(BEGINNING - len(text))):
            text += more
    except EOFError:  # the file goes on behind this beginning
        return text
    except (OSError, zlib.error):
        return b""
    return text
