"""Schema drift: columns that were added, dropped, renamed or retyped, told before a cluster reads them."""

import gzip
from dataclasses import replace
from functools import partial

import boto3
import pytest

from mrhealth_sales.definition import PIPELINE as MRHEALTH_SALES
from nightshift.contracts import drift
from nightshift.failures.errors import NothingToReplay, NothingUsable, SchemaDrifted
from nightshift.inputs import deliveries
from nightshift.inputs.deliveries import DeliveriesHook, source_of
from nightshift.operators.contract import CheckInputsOperator
from nightshift_contract.model import PARQUET, Column, Table

packed = partial(gzip.compress, mtime=0)  # the same bytes whenever a worker collects its tests

COLUMNS = (
    Column("sale_id", "bigint", ("id",), required=True),
    Column("amount", "decimal(18,2)", ("valor", "vlr")),
    Column("day", "date", ("data",)),
)
RULES = {"added": "ignore", "dropped": "refuse", "retyped": "quarantine"}
SALES = Table("sales", COLUMNS, ("sale_id",), files="venda*", drift=RULES, about="What was sold.")
ROWS = "1;2,50;2026-01-04\n2;3.00;2026-01-04\n3;1;2026-01-04\n"


def told(text, source=SALES):
    found = drift.sample([SALES], "a.csv", text.encode(), whole=True)
    return [(d.event, d.column, d.rule) for d in drift.drifts(source, found)]


@pytest.mark.parametrize("header", ["id;valor;data", "\ufeffID;Válor;DATA", "id;vlr;data"])
def test_a_spelling_that_the_contract_knows_is_no_drift(header):
    assert told(f"{header}\n{ROWS}") == []


def test_a_new_column_is_told_and_let_in():
    assert told("id,valor,data,loja\n1,2.50,2026-01-04,7\n") == [("added", "loja", "ignore")]


def test_a_column_that_is_gone_is_told_with_the_name_that_may_have_replaced_it():
    found = drift.sample([SALES], "a.csv", b"id,montante,data\n1,2.50,2026-01-04\n", whole=True)
    added, dropped = drift.drifts(SALES, found)
    assert (added.event, added.column) == ("added", "montante")
    assert (dropped.event, dropped.column, dropped.rule) == ("dropped", "valor", "refuse")
    assert "montante is its new name" in str(dropped)


def test_a_column_whose_every_value_is_of_another_type_has_drifted():
    rows = "1;dois;2026-01-04\n2;três;2026-01-04\n3;um;2026-01-04\n"
    assert told(f"id;valor;data\n{rows}") == [("retyped", "valor", "quarantine")]


def test_one_odd_value_is_no_drift_of_its_column():
    assert told(f"id;valor;data\nx;2;2026-01-04\n{ROWS}") == []


def test_a_column_that_a_source_may_come_without_is_not_missed_but_still_looked_at():
    source = replace(SALES, columns=(*COLUMNS, Column("discount", "double", ("desconto",), optional=True)))
    assert told(f"id;valor;data\n{ROWS}", source) == []
    rows = "".join(f"{n};1;2026-01-04;muito\n" for n in range(3))
    assert told(f"id;valor;data;desconto\n{rows}", source) == [("retyped", "desconto", "quarantine")]


def test_too_few_values_say_nothing_about_a_column():
    assert told("id;valor;data\n1;dois;2026-01-04\n2;três;2026-01-04\n") == []


def test_the_cut_last_line_of_a_beginning_is_left_out():
    assert drift.sample([SALES], "a.csv", b"id;valor\n1;2\n3;", whole=False).rows == (("1", "2"),)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16", "utf-32"])
@pytest.mark.parametrize("cut", [0, 1])
def test_a_header_is_read_in_the_encodings_that_the_jobs_read(encoding, cut):
    content = "situação;preço\n1;2\n3;ção".encode(encoding)
    found = drift.sample([SALES], "a.csv", content[: len(content) - cut], whole=False)
    assert (found.header, found.rows) == (("situação", "preço"), (("1", "2"),))


OBJECTS = '{"id": 1, "valor": 2.50}\n{"id": 2, "data": "2026-01-04", "sub": {"a": [1]}}\n[3]\n{"id"'


def test_json_lines_are_judged_by_the_keys_of_their_first_objects():
    sample = drift.sample([SALES], "a.jsonl", OBJECTS.encode("utf-8-sig"), whole=False)
    assert sample.header == ("id", "valor", "data", "sub")
    assert sample.rows == (("1", "2.50", "", ""), ("2", "", "2026-01-04", '{"a": ["1"]}'))
    assert [(d.event, d.column) for d in drift.drifts(SALES, sample)] == [("added", "sub")]
    assert drift.is_known([SALES], "a.jsonl", sample)
    assert not drift.is_known([SALES], "a.jsonl", drift.sample([SALES], "a.jsonl", b'{"x": 1}\n{"y": 2}\n', whole=True))
    assert not drift.is_known([SALES], "a.json", drift.sample([SALES], "a.json", b'{\n  "id": 1\n}\n', whole=True))


@pytest.mark.parametrize("content", [b"", b"\n\n", b"\x81\x8d\x00id"])
def test_what_has_no_header_is_left_to_bronze(content):
    assert drift.sample([SALES], "a.csv", content, whole=True) is None


def test_the_same_drift_of_many_files_is_told_once():
    found = drift.sample([SALES], "x", b"id,valor,data,loja\n", whole=True)
    drifted = list(drift.drifts(SALES, found))
    (line,) = drift.report({"s3://raw/1.csv": drifted, "s3://raw/2.csv": drifted})
    assert line == "sales: loja is new (ignore), in 2 deliveries, the first s3://raw/1.csv"


def test_the_columns_that_a_torn_header_lacks_are_one_sentence_and_none_is_called_renamed():
    found = drift.sample([SALES], "x", b"torn\n", whole=True)
    drifted = list(drift.drifts(SALES, found))
    assert drift.report({"s3://raw/1.csv": drifted}) == [
        "sales: torn is new (ignore), in s3://raw/1.csv",
        "sales: id, valor, data are missing (refuse), in s3://raw/1.csv",
    ]
    wide = replace(SALES, columns=tuple(replace(SALES.columns[0], name=f"c{n}", names=(f"c{n}",)) for n in range(23)))
    [_, line] = drift.report({"s3://raw/1.csv": drift.drifts(wide, found)})
    assert line == "sales: c0, c1, c2, c3, c4, 23 in all are missing (refuse), in s3://raw/1.csv"


SHOP = replace(MRHEALTH_SALES, sources=(SALES,))


@pytest.mark.parametrize("name", ["venda.csv", "Tabela_VENDA.CSV", "vendas_2026-01-04.csv.gz"])
def test_a_file_is_told_by_its_name(name):
    assert source_of(SHOP, f"a/b/{name}") is SALES


@pytest.mark.parametrize("name", ["venda.txt", "outra.csv", "venda"])
def test_any_other_file_is_no_table(name):
    assert source_of(SHOP, name) is None


@pytest.fixture
def put(aws, settings):
    def write(key, body):
        boto3.client("s3", region_name="us-east-1").put_object(Bucket=settings.bucket("raw"), Key=key, Body=body)

    return write


ORDERS = "Id_Unidade;Id_Pedido;Tipo_Pedido;Data_Pedido;Vlr_Pedido;Endereco Entrega;Taxa_Entrega;Status"


def test_deliveries_are_read_from_their_beginning_packed_or_not(put, night, aws):
    drop = night.input_prefix
    put(f"{drop}unit_001/pedido.csv", f"{ORDERS}\n1;2;Loja Online;2026-01-04;3.00;;;Finalizado\n".encode())
    put(f"{drop}unit_002/pedido.csv.gz", packed(f"{ORDERS};Canal\n".encode()))
    put("mrhealth/reference_data/Tabela_Pais.csv", b"Id_Pais;Nome\nBR;Brasil\n")
    found = DeliveriesHook(boto3.client("s3", region_name="us-east-1"), night).drifts()
    assert sorted((key.rsplit("/", 1)[-1], d.event, d.column) for key, ds in found.items() for d in ds) == [
        ("Tabela_Pais.csv", "added", "Nome"),
        ("Tabela_Pais.csv", "dropped", "nome_pais"),
        ("pedido.csv.gz", "added", "Canal"),
    ]


@pytest.mark.parametrize(
    "content",
    [
        b"\x1f\x8b\x08\x00 cut off transfer",
        packed(b"a;b\n" * 999)[:40],
        packed(b"\0" * 10_000_000),
        b"PK\x03\x04",
        b"%PDF-1.4",
        b'"' * 200_000,
        "a;b\n".encode("utf-16"),
    ],
)
def test_whatever_a_unit_sends_the_look_at_the_others_goes_on(put, night, content):
    put(f"{night.input_prefix}unit_001/pedido.csv", content)
    put(f"{night.input_prefix}unit_002/pedido.csv.gz", packed(f"{ORDERS};Canal\n".encode()))
    found = DeliveriesHook(boto3.client("s3", region_name="us-east-1"), night).drifts()
    assert [(d.event, d.column) for key, ds in found.items() if "unit_002" in key for d in ds] == [("added", "Canal")]


@pytest.mark.parametrize(("written", "unusable"), [("", 1), (PARQUET, 0)])
def test_parquet_is_usable_where_a_source_is_delivered_so(put, night, aws, written, unusable):
    shop = replace(SHOP, sources=(replace(SALES, format=written),))
    own = replace(night, pipeline=shop)
    put(f"{own.input_prefix}venda.parquet", b"PAR1\x15\x04\x15\nPAR1")
    hook = DeliveriesHook(boto3.client("s3", region_name="us-east-1"), own)
    assert (len(hook.unusable()), hook.drifts()) == (unusable, {})


def test_the_look_at_a_packed_file_unpacks_no_more_than_a_beginning():
    assert len(deliveries._unpacked(packed(b"\n" * 10_000_000))) == deliveries.BEGINNING


@pytest.mark.parametrize("cut", [0, 20])
def test_the_look_at_a_packed_file_reads_all_of_its_members(cut):
    first, second = f"{ORDERS}\n".encode(), b"1,1,Loja Online\n" * 99
    members = packed(b"") + packed(first) + packed(b"") + packed(second)
    text = deliveries._unpacked(members[: len(members) - cut])
    assert text.startswith(first) and (cut or text == first + second)


@pytest.fixture
def check(aws, settings):
    return lambda pipeline: CheckInputsOperator(task_id="check_inputs", pipeline=pipeline, settings=settings)


def test_drift_that_the_contract_lets_pass_is_a_warning_of_the_night(put, night, check):
    put(f"{night.input_prefix}unit_002/pedido.csv", f"{ORDERS};Canal\n".encode())
    answer = check(MRHEALTH_SALES).work(night, {})
    assert answer["drifted"] == 1 and "Canal is new" in answer["warning"]


def test_files_of_which_none_is_the_products_are_refused_before_a_cluster(put, night, check):
    for name, body in {"a.csv": b"colour;size\nred;1\n", "pedido.csv": b"hello\n", "x.csv.gz": b"\x1f\x8b cut"}.items():
        put(f"{night.input_prefix}unit_001/{name}", body)
    put("mrhealth/reference_data/Tabela_Pais.csv", b"Id_Pais;Nome_Pais\nBR;Brasil\n")
    with pytest.raises(
        NothingUsable, match=r"3 files came for 2026-01-04, and none has the columns of any of orders, "
    ):
        check(MRHEALTH_SALES).work(night, {})
    put(f"{night.input_prefix}unit_002/pedido.csv", f"{ORDERS}\n".encode())
    assert check(MRHEALTH_SALES).work(night, {})["drifted"]


@pytest.mark.parametrize("column", ["Status", "Id_Pedido"])
def test_a_delivery_of_which_every_file_lacks_a_column_costs_no_cluster(put, night, check, column):
    lacking = ORDERS.replace(column, "Outra")
    put(f"{night.input_prefix}unit_001/pedido.csv", f"{lacking}\n1;2;x;2026-01-04;3.00;;;x\n".encode())
    with pytest.raises(NothingUsable, match=rf"1 file came .*pedido\.csv is like orders, but lacks {column.lower()}\."):
        check(MRHEALTH_SALES).work(night, {})
    put(f"{night.input_prefix}unit_002/pedido.csv", f"{ORDERS}\n".encode())
    assert "is missing" in check(MRHEALTH_SALES).work(night, {})["warning"]


def test_a_replay_of_a_day_that_bronze_never_read_is_refused_before_a_cluster(aws, settings, night, check):
    replayed = replace(night, replay=True)
    with pytest.raises(NothingToReplay, match="no row of 2026-01-04"):
        check(MRHEALTH_SALES).work(replayed, {})
    key = "quarantine/mrhealth_sales/bronze/orders/business_date=2026-01-04/part-0.parquet"
    aws("s3").put_object(Bucket=settings.bucket("lake"), Key=key, Body=b"x")
    assert check(MRHEALTH_SALES).work(replayed, {}) == {"drifted": 0}


def test_input_as_the_contract_has_it_is_not_worth_a_word(put, night, check):
    put(f"{night.input_prefix}unit_002/pedido.csv", f"{ORDERS}\n".encode())
    assert check(MRHEALTH_SALES).work(night, {}) == {"drifted": 0}


def test_drift_that_the_contract_refuses_ends_the_night_before_its_cluster(put, night, check):
    put(f"{night.input_prefix}unit_002/pedido.csv", b"Id_Unidade;Id_Pedido\n")
    strict = tuple(replace(source, drift={**source.drift, "dropped": "refuse"}) for source in MRHEALTH_SALES.sources)
    pipeline = replace(MRHEALTH_SALES, sources=strict)
    with pytest.raises(SchemaDrifted, match=r"tipo_pedido, .*are missing.*pipelines/mrhealth_sales/contract\.toml"):
        check(pipeline).work(replace(night, pipeline=pipeline), {})
