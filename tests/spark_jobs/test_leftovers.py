"""Files that nobody meant to deliver: their names say so."""

import pytest

from covid_hospitals.jobs import bronze as covid
from medallion import by_contract
from medallion.leftovers import refuse_leftover
from medallion.packing import FileRefused
from mrhealth_sales.jobs.bronze import rows_of
from mrhealth_sales.jobs.tables import ORDERS, SOURCES
from nightshift_contract.model import Table

HEADER = b"Id_Unidade,Id_Pedido,Tipo_Pedido,Data_Pedido,Vlr_Pedido,Endereco_Entrega,Taxa_Entrega,Status\n"


def reason(name: str, tables: tuple[Table, ...] = SOURCES) -> str:
    try:
        refuse_leftover(f"s3://raw/unit_007/{name}", tables)
    except FileRefused as why:
        return why.reason
    return ""


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        *((f"pedido.csv{end}", "partial_file") for end in (".part", ".PARTIAL", ".crdownload", ".filepart", ".tmp")),
        *(
            (f"pedido.csv{end}", "backup_file")
            for end in (".bak", ".BAK2", ".old", ".orig", "~", ".bak.gz", ".bak.csv")
        ),
        ("~$pedido.csv", "partial_file"),
        ("pedido_old.csv", "backup_file"),
        ("PEDIDO - Antigo (2).csv", "backup_file"),
        ("backup pedido.csv.gz", "backup_file"),
        ("pedido-bkp.txt", "backup_file"),
        *((name, "") for name in ("pedido.csv", "PEDIDO - Copia.csv", "pedido (1).csv", "pedido-corrigido.csv")),
        *((name, "") for name in ("golden.csv", "pedido_parte_2.csv", "compartimento.csv", "pedido.csv.gz", "~")),
    ],
)
def test_a_partial_or_backup_file_is_known_by_its_name(name: str, expected: str) -> None:
    assert reason(name) == expected


def test_a_table_may_be_called_like_a_backup() -> None:
    old = Table("old", ORDERS.columns, ("order_id",), files="clientes_antigos")
    assert reason("clientes_antigos.csv", (old,)) == "" and reason("clientes_antigos.csv.bak", (old,)) == "backup_file"


@pytest.mark.parametrize("name", ["pedido.csv.bak", "pedido.csv.part", "pedido_old.csv"])
def test_no_pipeline_reads_one_whatever_it_holds(name: str) -> None:
    content = HEADER + b"7,1,Loja Online,2025-12-29,100.00,Rua A,0.00,Finalizado\n"
    for rows in (
        rows_of(f"s3://raw/unit_007/{name}", content),
        covid.rows_of(f"s3://raw/{name}", content),
        by_contract.rows_of(SOURCES, f"s3://raw/{name}", content),
    ):
        [row] = rows
        assert row[2] == 0 and row[4] == "quarantined" and row[5] in ("backup_file", "partial_file")
