"""Write the API's documents as the day's snapshot file: the columns of the published snapshots, one row a document."""

from __future__ import annotations

import csv
import gzip
import io
from collections.abc import Iterable, Mapping
from typing import Any

OF_DOCUMENT = ("_index", "_type", "_id", "_score")
OF_SOURCE = (
    *("estado", "estadoSigla", "municipio", "cnes", "nomeCnes", "dataNotificacaoOcupacao", "ofertaRespiradores"),
    *("ofertaHospCli", "ofertaHospUti", "ofertaSRAGCli", "ofertaSRAGUti"),
    *("ocupHospCli", "ocupHospUti", "ocupSRAGCli", "ocupSRAGUti"),
    *("altas", "obitos", "ocupacaoInformada", "algumaOcupacaoInformada"),
)
TAKEN_AT = "ts_run"


def packed_csv(documents: Iterable[Mapping[str, Any]], taken_at: str) -> bytes:
    """The documents as a gzipped CSV file. A field that snapshots do not have becomes an extra column at the end, which
    the run reports as drift; a field that a document lacks is empty."""
    rows = [(document, document["_source"]) for document in documents]
    unrecognised = sorted({name for _, source in rows for name in source} - {*OF_SOURCE, *OF_DOCUMENT, TAKEN_AT})
    text = io.StringIO()
    lines = csv.writer(text, lineterminator="\n")
    lines.writerow([*OF_DOCUMENT, *OF_SOURCE, TAKEN_AT, *unrecognised])
    for document, source in rows:
        own = [_cell(document.get(name)) for name in OF_DOCUMENT]
        lines.writerow([*own, *_cells(source, OF_SOURCE), taken_at, *_cells(source, unrecognised)])
    return gzip.compress(text.getvalue().encode("utf-8"), mtime=0)


def _cells(source: Mapping[str, Any], names: Iterable[str]) -> list[str]:
    return [_cell(source.get(name)) for name in names]


def _cell(value: Any) -> str:
    return "" if value is None else str(value)
