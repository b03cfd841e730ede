"""How one shop writes CSV: its delimiter, byte order mark, line ends, header spelling and file names."""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass

ORDER_HEADER = (
    "Id_Unidade",
    "Id_Pedido",
    "Tipo_Pedido",
    "Data_Pedido",
    "Vlr_Pedido",
    "Endereco_Entrega",
    "Taxa_Entrega",
    "Status",
)
ITEM_HEADER = ("Id_Pedido", "Id_Item_Pedido", "Id_Produto", "Qtd", "Vlr_Item", "Observacao")


@dataclass(frozen=True)
class Dialect:
    """One way of writing CSV."""

    delimiter: str = ","
    mark: bool = False
    line_end: str = "\n"
    blank_in_header: bool = False
    upper_case: bool = False

    def line(self, cells: Sequence[str]) -> bytes:
        """One record, quoted where it must be."""
        text = io.StringIO()
        csv.writer(text, delimiter=self.delimiter, lineterminator=self.line_end).writerow(cells)
        return text.getvalue().encode("utf-8")

    def header(self, names: Sequence[str]) -> bytes:
        """The first line of a file, after its byte order mark if this shop writes one."""
        spelt = [n.replace("Endereco_Entrega", "Endereco Entrega") for n in names] if self.blank_in_header else names
        line = self.line([n.upper() for n in spelt] if self.upper_case else spelt)
        return codecs.BOM_UTF8 + line if self.mark else line

    def file_name(self, stem: str) -> str:
        """A file's name in this shop's spelling."""
        return f"{stem.upper()}.csv" if self.upper_case else f"{stem}.csv"


def dialect_of(unit_id: int) -> Dialect:
    """The way one unit writes, always the same; the first few units show every way there is."""
    return Dialect(
        delimiter=";" if unit_id % 2 == 0 else ",",
        mark=unit_id % 3 == 0,
        line_end="\r\n" if unit_id % 4 == 1 else "\n",
        blank_in_header=unit_id % 4 == 1,
        upper_case=unit_id % 5 == 0,
    )
