"""CSV as shops really send it."""

import base64

import pytest

from medallion.csv_text import Record, header_cells, records, records_of
from medallion.manifest import TableCount
from mrhealth_sales.jobs.bronze import rows_of
from mrhealth_sales.jobs.tables import COUNTRIES, ITEMS, ORDERS, table_of, unit_of
from nightshift_contract.model import plain_name
from tests.spark_jobs.rows import singly

HEADER = "Id_Pedido;Id_Item_Pedido;Id_Produto;Qtd;Vlr_Item;Observacao\n"


def read(text: str | bytes) -> list[Record]:
    content = text.encode("utf-8") if isinstance(text, str) else text
    return list(records(content, ITEMS.source_names, plain_name))


def countries(content: bytes) -> list[tuple[str, ...] | None]:
    return [record.fields for record in records(content, COUNTRIES.source_names, plain_name)]


@pytest.mark.parametrize("delimiter", [",", ";"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_every_way_of_writing_gives_the_same_rows(delimiter: str, mark: bytes, end: str) -> None:
    text = end.join(["Id_Pais,Nome_Pais", 'BR,"Bra,s;il"', "AR,Argentina", ""]).replace(",", delimiter, 1)
    text = text.replace("BR,", f"BR{delimiter}").replace("AR,", f"AR{delimiter}")
    assert countries(mark + text.encode()) == [("BR", "Bra,s;il"), ("AR", "Argentina")]


@pytest.mark.parametrize(
    "header", ["ID_PAIS,NOME_PAIS", "id pais,nome pais", " Id_País , Nome País ", '"Id_Pais","Nome_Pais"']
)
def test_header_names_are_known_in_any_spelling(header: str) -> None:
    assert countries(f"{header}\nBR,Brasil\n".encode()) == [("BR", "Brasil")]


def test_a_header_may_lack_what_is_optional_and_nothing_else() -> None:
    columns, optional = ("id_pais", "nome_pais", "sigla"), {"sigla"}
    [without] = records(b"Nome_Pais,Id_Pais\nBrasil,BR\n", columns, plain_name, optional)
    assert without.fields == ("BR", "Brasil", "")
    [whole] = records(b"Sigla,Nome_Pais,Id_Pais\nBRA,Brasil,BR\n", columns, plain_name, optional)
    assert whole.fields == ("BR", "Brasil", "BRA")
    [_, refused] = records(b"Sigla,Id_Pais\nBRA,BR\n", columns, plain_name, optional)
    assert refused.reason == "missing_column" and "nome_pais" in (refused.detail or "")


def test_a_header_repeated_within_a_file_is_known_without_its_optional_columns() -> None:
    [row, again] = records(b"Nome,Id\nBrasil,BR\nNome,Id\n", ("id", "nome", "sigla"), plain_name, {"sigla"})
    assert (row.reason, again.reason) == (None, "repeated_header")


def test_columns_are_found_by_name_wherever_they_stand() -> None:
    assert countries(b"extra,Nome_Pais,Id_Pais\n1,Chile,CL\n") == [("CL", "Chile")]


def test_a_quoted_field_may_hold_delimiters_quotes_and_line_breaks() -> None:
    [record] = read(HEADER + '1;2;3;4;5.00;"a;b ""c""\nd"\n')
    assert record.fields == ("1", "2", "3", "4", "5.00", 'a;b "c"\nd')
    assert record.line == 2


def test_lines_are_counted_as_in_an_editor() -> None:
    found = read(HEADER + '1;1;1;1;1;"a\nb"\n\n2;1;1;1;1;x\n')
    assert [record.line for record in found] == [2, 5]


def test_a_stray_quote_costs_its_own_line_only() -> None:
    found = read(HEADER + '1;1;1;1;1;"open\n2;1;1;1;1;"q;r"\n3;1;1;1;1;5" pipe\n')
    assert [record.reason for record in found] == ["unclosed_quote", None, None]
    assert found[2].fields is not None and found[2].fields[5] == '5" pipe'


def test_a_quote_that_nothing_closes_costs_its_own_line_only() -> None:
    found = read(HEADER + '1;1;1;1;1;"open\n2;1;1;1;1;x\n3;1;1;1;1;y\n')
    assert [record.reason for record in found] == ["unclosed_quote", None, None]


@pytest.mark.parametrize(("breaks", "reason"), [(63, None), (64, "unclosed_quote")])
def test_a_record_may_have_64_lines(breaks: int, reason: str | None) -> None:
    note = "\n".join("x" * (breaks + 1))
    assert read(HEADER + f'1;1;1;1;1;"{note}"\n')[0].reason == reason


def test_the_cells_of_a_header_are_told_for_each_delimiter() -> None:
    cells = header_cells(b"\xef\xbb\xbf\n \na,b;c\n1,2;3\n")
    assert (cells[","], cells[";"]) == (["a", "b;c"], ["a,b", "c"])
    assert header_cells(b"\n \n") == {}


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("1;2;3", "wrong_column_count"),
        ("1;2;3;4;5;6;7", "wrong_column_count"),
        ("1;2;3;4;5;a\0b", "nul_byte"),
        ('1;2;3;4;5;"a"b', "bad_quoting"),
        (b"1;2;3;4;5;caf\xe9", "not_utf8"),
    ],
)
def test_a_bad_line_is_kept_with_its_reason(line: str | bytes, reason: str) -> None:
    raw = line.encode() if isinstance(line, str) else line
    before, after = b"1;1;1;1;1;x\n", b"\n9;1;1;1;1;y\n"
    found = read(HEADER.encode() + before + raw + after)
    assert [record.reason for record in found] == [None, reason, None]
    kept = found[1]
    assert (base64.b64decode(kept.raw) if kept.raw_encoding == "base64" else kept.raw.encode()) == raw


@pytest.mark.parametrize(
    ("header", "reason"),
    [
        ("Id_Pais,Nome", "missing_column"),
        ("Id_Pais,Nome_Pais,id_pais", "duplicate_column"),
        ("BR,Brasil", "missing_column"),
        ('Id_Pais,"Nome_Pais', "missing_column"),
    ],
)
def test_a_refused_header_refuses_every_line_itself_included(header: str, reason: str) -> None:
    found = list(records(f"{header}\nAR,Argentina\n\nCL,Chile\n".encode(), COUNTRIES.source_names, plain_name))
    assert [(record.line, record.reason) for record in found] == [(1, reason), (2, reason), (4, reason)]


def test_a_header_that_comes_once_more_is_no_row_in_whatever_spelling() -> None:
    content = "Id_Pais,Nome_Pais\nBR,Brasil\nId_Pais,Nome_Pais\n\ufeffID PAIS,NOME_PAIS\r\nAR,Id_Pais\n".encode()
    found = list(records(content, COUNTRIES.source_names, plain_name))
    assert [record.reason for record in found] == [None, "repeated_header", "repeated_header", None]
    assert found[1].raw == "Id_Pais,Nome_Pais"


SWAPPED = (
    "Id_Unidade,Id_Pedido,Tipo_Pedido,Data_Pedido,Vlr_Pedido,Endereco_Entrega,Taxa_Entrega,Status\n"
    "1,1,Loja Online,2026-01-01,105.00,Rua A,5.00,Finalizado\n"
)


def of_orders(text: str) -> list[dict[str, str] | str | None]:
    names = ORDERS.source_names
    found = records_of(ORDERS, text.encode())
    return [r.reason if r.fields is None else dict(zip(names, r.fields, strict=True)) for r in found]


@pytest.mark.parametrize(
    "header",
    [
        "ID_UNIDADE,Id_Pedido,Tipo_Pedido,Data_Pedido,Taxa_Entrega,Endereco_Entrega,Vlr_Pedido,Status",
        "Nota,Taxa_Entrega,Id_Pedido,Tipo_Pedido,Data_Pedido,Endereco_Entrega,Vlr_Pedido,Status,Id_Unidade",
    ],
)
def test_a_file_appended_with_its_columns_in_another_order_is_read_by_its_own_header(header: str) -> None:
    [first] = of_orders(SWAPPED)
    assert isinstance(first, dict)
    cells = {**first, "id_pedido": "2", "nota": "n"}
    [_, again, second] = of_orders(f"{SWAPPED}{header}\n{','.join(cells[plain_name(c)] for c in header.split(','))}\n")
    own = {name: text for name, text in cells.items() if name in map(plain_name, header.split(","))}
    assert again == "repeated_header"
    assert second == {**dict.fromkeys(first, ""), **{n: t for n, t in own.items() if n in first}}


def test_a_file_appended_to_one_without_a_last_line_end_costs_one_row() -> None:
    found = of_orders(SWAPPED.rstrip("\n") + SWAPPED.replace(",1,Loja", ",2,Loja"))
    assert [row if isinstance(row, str) else None for row in found] == ["wrong_column_count", None]


def test_what_stands_under_a_second_header_that_lacks_a_column_is_refused() -> None:
    header = "Id_Unidade,Id_Pedido,Tipo_Pedido,Data_Pedido,Taxa_Entrega,Endereco_Entrega,Desconto,Status"
    row = "1,2,Loja Online,2026-01-01,5.00,Rua A,105.00,Finalizado"
    [first, *others] = of_orders(f"{SWAPPED}{header}\n{row}\n")
    assert isinstance(first, dict) and others == ["missing_column"] * 2


def test_utf_16_is_refused_and_never_read_as_mojibake() -> None:
    found = read((HEADER + "1;1;1;1;1;é\n").encode("utf-16"))
    assert found and all(record.fields is None for record in found)


@pytest.mark.parametrize("content", ["", "\ufeff", "\n\n", HEADER])
def test_a_file_without_rows_has_none(content: str) -> None:
    assert read(content) == []


def test_a_note_longer_than_the_csv_modules_limit_is_no_fault() -> None:
    [record] = read(HEADER + f"1;1;1;1;1;{'x' * 200_000}\n")
    assert record.reason is None


@pytest.mark.parametrize(
    ("name", "table"),
    [
        ("pedido.csv", "orders"),
        ("PEDIDO.CSV", "orders"),
        ("Item_Pedido.csv", "items"),
        ("Tabela_Unidade.csv", "units"),
        ("produto.csv", "products"),
        ("pedido.txt", "orders"),
        ("pedidos.csv", "orders"),
        ("PEDIDO (1).csv", "orders"),
        ("Cópia de item_pedido-corrigido.csv.csv", "items"),
        ("expedidos.csv", None),
        ("pedido.pdf", None),
        ("csv", None),
    ],
)
def test_a_file_is_known_by_its_name(name: str, table: str | None) -> None:
    found = table_of(name)
    assert (found.name if found else None) == table


def test_the_unit_is_the_folder_a_file_came_in() -> None:
    assert unit_of("s3://raw/mrhealth/csv_sales/2025/12/29/unit_007/pedido.csv") == 7
    assert unit_of("s3://raw/mrhealth/csv_sales/2025/12/29/Unidade 013/pedido.csv") == 13
    assert unit_of("s3://raw/mrhealth/csv_sales/2025/12/29/PEDIDO.csv") is None


def test_a_file_that_is_in_the_wrong_folder_changes_no_table() -> None:
    office = "s3://raw/mrhealth/reference_data/"
    product, order = b"Id_Produto,Nome_Produto\n1,Nada\n", b"Id_Unidade,Id_Pedido\n"
    rows = [
        *rows_of("s3://raw/drop/unit_007/Tabela_Produto.csv", product, office),
        *rows_of(f"{office}pedido.csv", order, office),
        *rows_of(f"{office}produto.csv", product, office),
        *rows_of("s3://raw/drop/PRODUTO.csv", product, office),
    ]
    misplaced = ("other_files", "quarantined", "misplaced_file")
    assert [(row[0], row[4], row[5]) for row in singly(rows)] == [misplaced] * 2 + [("products", "accepted", None)] * 2


def test_both_spellings_of_the_address_are_one_column() -> None:
    assert plain_name("Endereco Entrega") == plain_name("ENDEREÇO_ENTREGA") == ORDERS.source_names[5]


def test_a_quoted_field_does_not_swallow_lines_that_are_records() -> None:
    notes = ['"sem cebola', "", "", 'na travessa de 12"', "x"]
    found = list(
        records_of(ITEMS, (HEADER + "".join(f"1;{n};101;2;5.00;{note}\n" for n, note in enumerate(notes))).encode())
    )
    assert [record.reason for record in found] == ["unclosed_quote", None, None, None, None]
    assert found[3].fields is not None and found[3].fields[5] == 'na travessa de 12"'


def test_the_last_of_two_lines_is_seen_as_well_and_a_note_with_many_marks_is_one() -> None:
    swallowed = '1;1;101;2;5.00;"sem\n1;2;101;2;5.00;de 12"\n'
    assert [record.reason for record in records_of(ITEMS, (HEADER + swallowed).encode())] == ["unclosed_quote", None]
    note = '1;1;101;2;5.00;"sem\ncebola; alho; sal; sem pimenta; tomate; nada"\n'
    [record] = records_of(ITEMS, (HEADER + note).encode())
    assert record.fields is not None


@pytest.mark.parametrize("hint", ["sep=;", '"sep=;"', "SEP=;"])
def test_excels_own_hint_above_the_header_is_no_header(hint: str) -> None:
    assert countries(f"{hint}\r\nId_Pais;Nome_Pais\r\nBR;Brasil\r\n".encode()) == [("BR", "Brasil")]


def test_tabs_part_the_fields_of_excels_unicode_text() -> None:
    assert countries(b"Id_Pais\tNome_Pais\nBR\tBrasil\n") == [("BR", "Brasil")]


@pytest.mark.parametrize("blank", [";;;;;", " ; ;;;;", '"";"";"";"";"";""', ";;"])
def test_a_row_of_empty_cells_is_a_blank_line(blank: str) -> None:
    content = f"{blank}\n{HEADER}{blank}\n1;1;101;2;5.00;x\n{blank}\n{blank}\n"
    rows = singly(rows_of("s3://raw/unit_007/item_pedido.csv", content.encode()))
    assert [(row[2], row[4], row[5]) for row in rows] == [(4, "accepted", None)]


def test_an_open_quote_in_an_otherwise_empty_row_is_no_blank_line() -> None:
    [record] = read(HEADER + '"\n7;8";1;101;2;5.00;x\n')
    assert record.fields is not None and record.fields[0] == "\n7;8"


@pytest.mark.parametrize(
    "total", ["Total;;;15;114,00;", ";TOTAL GERAL:;;15;;", "subtotal;15;114.00", '"Total";;;15;9.00;']
)
def test_a_row_of_totals_is_no_row_and_no_loss(total: str) -> None:
    rows = singly(rows_of("s3://raw/unit_007/item_pedido.csv", f"{HEADER}1;1;101;2;5.00;x\n{total}\n".encode()))
    assert {row[2]: row[5] for row in rows} == {2: None, 3: "total_row"}
    assert TableCount("items", 2, 1, 1, 0, {"total_row": 1}).lost == 0


def test_a_row_that_can_be_a_record_is_one_whatever_it_is_called() -> None:
    rows = singly(
        rows_of("s3://raw/unit_007/item_pedido.csv", f"{HEADER}Total;1;101;2;5.00;x\n1;1;101;2;5.00;Total\n".encode())
    )
    assert [row[5] for row in rows] == [None, None]
