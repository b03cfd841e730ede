"""How Brazilian Excel writes: figures, dates and bytes, told by what a whole file shows."""

import pytest

from covid_hospitals.jobs.tables import CITIES, OCCUPANCY, STATE_NAMES
from medallion.arrivals import rows_in
from medallion.csv_text import Record
from medallion.notation import rewritten
from medallion.replay import Refused, csv_again
from mrhealth_sales.jobs.tables import ITEMS, ORDERS, table_of
from nightshift_contract.charset import as_utf8


def orders(*values: tuple[str, str]) -> list[Record]:
    """One record an order with that value and date, as its file's notation has it."""
    rows = [
        Record(n, ("1", str(n), "Loja Online", day, value, "", "", "Finalizado"), "")
        for n, (value, day) in enumerate(values)
    ]
    return rewritten(ORDERS, rows)[0]


def told(*values: tuple[str, str]) -> list[tuple[str, str] | str | None]:
    return [(r.fields[4], r.fields[3]) if r.fields else r.reason for r in orders(*values)]


ISO = "2025-12-29"


@pytest.mark.parametrize(
    ("written", "is_"),
    [
        ("1.234,56", "1234.56"),
        ("1000,00", "1000.00"),
        ("R$ 1.234,56", "1234.56"),
        ("R$\xa012,50", "12.50"),
        ("-R$ 5,00", "-5.00"),
        (" R$ -   ", "0"),
        (" -   ", ""),
        ("1.234.567", "1234567"),
        ("10.5", "10.5"),
        ("0.125", "0.125"),
        ("10", "10"),
        ("abc", "abc"),
        ("1,2,3", "1,2,3"),
        ("1,234.56", "1,234.56"),
        ("1E+5", "1E+5"),
    ],
)
def test_what_says_by_itself_how_it_is_written_is_read_so(written: str, is_: str) -> None:
    assert told((written, ISO)) == [(is_, ISO)]


def test_three_digits_behind_a_point_are_what_the_rest_of_the_file_says() -> None:
    assert told(("1.506", ISO), ("5,00", ISO)) == [("1506", ISO), ("5.00", ISO)]
    assert told(("1.506", ISO), ("5.25", ISO)) == [("1.506", ISO), ("5.25", ISO)]
    assert told(("1.506", ISO), ("5", ISO)) == ["ambiguous_number", ("5", ISO)]
    assert told(("1.506", ISO), ("5.25", ISO), ("6,25", ISO)) == ["ambiguous_number", ("5.25", ISO), ("6.25", ISO)]
    assert told(("1,506", ISO), ("5,00", ISO)) == [("1.506", ISO), ("5.00", ISO)]
    assert told(("1,506", ISO)) == ["ambiguous_number"]


@pytest.mark.parametrize(
    ("written", "is_"),
    [
        ("29/12/2025", ISO),
        ("29-12-2025", ISO),
        ("29.12.2025", ISO),
        ("29/12/2025 00:00:00", ISO),
        ("29/12/2025 14:30", "2025-12-29 14:30:00"),
        ("2025-12-29 00:00", ISO),
        ("5/5/2025", "2025-05-05"),
        ("12/29/2025", "12/29/2025"),
        ("29/12/25", "29/12/25"),
    ],
)
def test_a_date_that_can_be_one_day_only_is_read_so(written: str, is_: str) -> None:
    assert told(("1", written)) == [("1", is_)]


def test_a_date_of_two_small_numbers_is_what_the_rest_of_the_file_says() -> None:
    february = ("10", "2024-02-05")
    assert told(("10", "05/02/2024"), ("1", "29/12/2025")) == [february, ("1", ISO)]
    assert told(("10", "05/02/2024"), ("1,50", ISO)) == [february, ("1.50", ISO)]
    assert told(("10", "05/02/2024")) == ["ambiguous_date"]
    assert told(("10", "05/02/2024"), ("1", "12/29/2025")) == [("10", "05/02/2024"), ("1", "12/29/2025")]
    assert told(("10", "05/02/2024"), ("1", "12/29/2025"), ("1", "29/12/2025"))[0] == "ambiguous_date"


def test_a_plain_file_comes_back_as_it_is() -> None:
    rows = [Record(1, ("1", "1", "Loja Online", ISO, "10.50", "", "0.00", "Finalizado"), "")]
    assert rewritten(ORDERS, rows) == (rows, [])


def test_thousands_points_of_beds_are_doubtful_without_a_comma_anywhere() -> None:
    header = ",".join(OCCUPANCY.source_names)
    row = ",".join("1.506" if c.type == "double" else "x" for c in OCCUPANCY.columns)
    outcomes = [r[4:6] for r in rows_in(OCCUPANCY, "f", f"{header}\n{row}\n".encode())]
    assert outcomes == [("quarantined", "ambiguous_number")]


def test_a_code_that_pandas_took_for_a_fraction_is_whole() -> None:
    fields = {"ibgeid": "530010.0", "totalcases": "1.506", "deaths_per_100k_inhabitants": "10.25"}
    record = Record(1, tuple(fields.get(name, "") for name in CITIES.source_names), "")
    [row], told = rewritten(CITIES, [record])
    assert row.fields is not None and told == ["brazilian_notation"]
    assert row.fields[CITIES.source_names.index("ibgeid")] == "530010"


HEADER = "Id_Unidade;Id_Pedido;Tipo_Pedido;Data_Pedido;Vlr_Pedido;Endereco_Entrega;Taxa_Entrega;Status"
ROW = "1;7;Loja Física;29/12/2025;1.234,56;Praça São João, nº 5;;Finalizado"


@pytest.mark.parametrize(
    ("encoding", "note"),
    [
        *[("utf-8", None), ("utf-8-sig", None), ("cp1252", "cp1252_file")],
        *[("cp850", "cp850_file"), ("mac_roman", "mac_roman_file")],
    ],
)
def test_a_file_is_read_in_the_encoding_that_it_is_in_and_that_is_told(encoding: str, note: str | None) -> None:
    rows = list(rows_in(ORDERS, "f", f"{HEADER}\r\n{ROW}\r\n".encode(encoding)))
    fields = ("1", "7", "Loja Física", "2025-12-29", "1234.56", "Praça São João, nº 5", "", "Finalizado")
    assert [tuple(row[8]) for row in rows if row[8]] == [fields]
    assert [row[7] for row in rows if row[7]] == [*([note] if note else []), "brazilian_notation"]


@pytest.mark.parametrize(
    ("text", "encoding", "detected"),
    [
        ("suco sólido, saúde e Sônia", "cp850", "cp850"),  # in cp1252 s¢lido, sa£de and S“nia, all of them its marks
        ("NÃO, AÇÃO, ÓLEO", "cp860", "cp860"),
        ("d\u2019ouro… 10\xa0kg de café", "cp1252", "cp1252"),
        ("Praça", "cp850", "utf-8"),  # or Praáa of a Mac
        ("fácil", "cp850", "utf-8"),  # or two words of cp1252 with a blank that does not break
    ],
)
def test_an_encoding_that_reads_any_bytes_is_told_by_the_letters_that_come_out(
    text: str, encoding: str, detected: str
) -> None:
    content = text.encode(encoding)
    assert as_utf8(content) == (content if detected == "utf-8" else text.encode(), detected)


@pytest.mark.parametrize("content", [b"caf\xc3\xa9 e p\xe3o", b"broken \xff\xfe", b"\x81\x8d", b"\xff\xfeodd"])
def test_bytes_that_show_no_encoding_stay_as_they_are(content: bytes) -> None:
    assert as_utf8(content) == (content, "utf-8")


def test_who_writes_two_places_does_not_write_three_that_end_in_nought() -> None:
    assert told(("1.500", ISO), ("2.000", ISO), ("12.50", ISO)) == [
        "ambiguous_number",
        "ambiguous_number",
        ("12.50", ISO),
    ]
    assert told(("1.500", ISO), ("0.125", ISO)) == [("1.500", ISO), ("0.125", ISO)]


def test_a_doubtful_value_beside_the_product_is_left_out_and_told() -> None:
    fields = {"codigo_uf": "35", "uf": "SP", "nome": "São Paulo", "latitude": "-23.533"}
    record = Record(1, tuple(fields.get(name, "") for name in STATE_NAMES.source_names), "")
    [row], notes = rewritten(STATE_NAMES, [record])
    assert row.fields is not None and "" in row.fields and "-23.533" not in row.fields
    assert notes == ["brazilian_notation", "ambiguous_value_left_out"]


def test_a_doubtful_row_keeps_its_header_and_is_no_less_doubtful_without_its_file() -> None:
    header, row = HEADER.encode(), b"1;7;Loja Online;2025-12-29;1.506;;;Finalizado"
    [refused] = [r for r in rows_in(ORDERS, "f", header + b"\n" + row + b"\n") if r[4] == "quarantined"]
    again = Refused(refused[2], refused[5], refused[6], refused[9], refused[10], refused[11])
    [record] = csv_again(ORDERS, [again])
    assert (record.reason, record.header) == ("ambiguous_number", HEADER)


@pytest.mark.parametrize("cell", ["R$ 5,00", "5,00\xa0", "5,00"])
def test_what_is_read_as_a_figure_is_seen_as_one_by_who_looks_for_swallowed_records(cell: str) -> None:
    rows = "".join(f"1;{n};1;1;{cell};{note}\n" for n, note in enumerate(('"aberta', "", 'fim"')))
    text = f"Id_Pedido;Id_Item_Pedido;Id_Produto;Qtd;Vlr_Item;Observacao\n{rows}"
    assert [r[5] for r in rows_in(ITEMS, "f", text.encode()) if r[2] > 1 and r[4] != "note"] == [
        "unclosed_quote",
        None,
        None,
    ]


def test_a_table_with_another_name_is_known_by_its_very_header_only() -> None:
    items = b"Id_Pedido;Id_Item_Pedido;Id_Produto;Qtd;Vlr_Item;Observacao"
    assert table_of("vendas de ontem.txt", items) is ITEMS
    assert table_of("devolucoes.csv", items + b";Motivo") is None
    assert table_of("item_pedido.csv", items + b";Canal") is ITEMS
    assert table_of("relatorio pedido.csv", "mês;total\njan;7\n".encode()) is None
    assert table_of("pedido - Cópia (2).csv", b"Id_Unidade;Id_Pedido") is ORDERS
    assert table_of("pedidos-corrigido.csv", HEADER.replace("Status", "Estado").encode()) is ORDERS
