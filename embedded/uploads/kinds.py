"""Refuses a user's files of which a pipeline can read none, before anything starts. It needs no package of set-up."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Sequence
from pathlib import Path

from embedded.uploads.inputs import Upload
from nightshift.contracts import drift
from nightshift.contracts.pipeline import Pipeline
from nightshift.inputs.text_encoding import is_text
from nightshift_contract.model import Table
from tools.errors import InputRefused

BEGINNING = 64 * 1024  # bytes
FEW_SHOWN = 5


def refuse_unusable(pipeline: Pipeline, uploads: Sequence[Upload], encoding: str) -> None:
    """Raise InputRefused if no file of a delivery, reference data aside, is of the pipeline: like one of its sources,
    or text if it reads text."""
    reference = pipeline.inputs.reference
    files = [upload.source for upload in uploads if not (reference and upload.key.startswith(reference))]
    if pipeline.sources and pipeline.reads_files:
        refuse_other_files(pipeline.name, pipeline.sources, files)
    elif pipeline.encodings:
        refuse_no_text(files, encoding)


def refuse_other_files(pipeline: str, sources: Sequence[Table], files: Sequence[Path]) -> None:
    """Raise InputRefused if no file that is not empty can be one of the pipeline's sources: its header has none of
    their columns."""
    filled = [file for file in files if file.stat().st_size]
    if filled and not any(_is_like(sources, file) for file in filled):
        names = ", ".join(source.name for source in sources)
        raise InputRefused(
            f"No file has the columns of any of {names}: {_listed(filled)}. pipelines/{pipeline}/product.md lists them."
        )


def refuse_no_text(files: Sequence[Path], encoding: str) -> None:
    """Raise InputRefused if none of the files that are not empty is text."""
    filled = [file for file in files if file.stat().st_size]
    if filled and not any(is_text(_beginning(file)[0], encoding) for file in filled):
        raise InputRefused(f"No file is text: {_listed(filled)}. Save it as plain text, or pack that as gzip.")


def _is_like(sources: Sequence[Table], file: Path) -> bool:
    text, whole = _beginning(file)
    if drift.takes_parquet(sources, text):
        return True
    return drift.is_known(sources, file.name, drift.sample(sources, file.name, text, whole=whole))


def _beginning(file: Path) -> tuple[bytes, bool]:
    """The unpacked beginning of a file (b"" of a broken gzip), and whether it is the whole file."""
    with file.open("rb") as content:
        packed = content.read(2) == b"\x1f\x8b"
        content.seek(0)
        try:
            text = gzip.GzipFile(fileobj=content).read(BEGINNING) if packed else content.read(BEGINNING)
        except (OSError, EOFError, zlib.error):
            return b"", True
    return text, len(text) < BEGINNING


def _listed(files: Sequence[Path]) -> str:
    return ", ".join(map(str, files[:FEW_SHOWN])) + (", …" if len(files) > FEW_SHOWN else "")
