"""./nightshift new: what a sample shows becomes a contract, and the package is one that the registry accepts."""

import gzip
import json
import re
import subprocess
import sys
from dataclasses import replace
from datetime import date
from importlib import import_module
from types import SimpleNamespace

import pytest
from pyspark.errors import AnalysisException

from embedded.commands import new as command
from embedded.new import form, package, personal, sample, trial
from embedded.new.proposal import propose
from embedded.new.trial import Own, Written
from embedded.uploads import kinds
from embedded.uploads.inputs import Upload
from nightshift.contracts import contract
from nightshift.pipelines import registry
from tests.house import ROOT
from tools.errors import InputRefused

GUIDE = (ROOT / "docs/your-own-pipeline.md").read_text()
BLOCKS = re.findall(r"^```(\w*)\n(.*?)^```$", GUIDE, re.MULTILINE | re.DOTALL)
SHELL = [text for kind, text in BLOCKS if kind == "sh"]
BRAZILIAN = SHELL[0].partition("\n")[2].removesuffix("END\n")
PLAIN = """\
sale,line,sold at,price,weight,card,mobile,customer name,big
1,1,2026-01-04 10:00:00,12.50,0.12345,4111111111111111,+44 20 7946 0958,Ann,12345678901
1,2,2026-01-04 10:00:00,3.00,1.5,5500005555555559,+44 20 7946 0959,Ann,12345678902
2,1,2026-01-05 11:30:00,8.25,20.75,4012888888881881,+44 20 7946 0960,Bob,12345678903
"""


@pytest.fixture
def proposed(tmp_path):
    """Propose a contract for a text; gives the proposal."""

    def of(text, name="orders-2026-01-04.csv"):
        (tmp_path / name).write_bytes(text if isinstance(text, bytes) else text.encode())
        return propose(sample.read(tmp_path / name))

    return of


@pytest.mark.parametrize(
    ("text", "locale", "expected", "doubtful"),
    [
        # Thousands, as days and another number of the file show; a plain contract would make them 1000 times smaller.
        ("d;n\n29/12/2025;1.500\n30/12/2025;850\n", "pt-BR", {"d": "date", "n": "string"}, {"n": "1.500"}),
        ("d;n;v\n2025-12-29;12.000;7,50\n2025-12-30;850;9,00\n", "pt-BR", {"n": "decimal(18,2)"}, {}),
        # Nothing shows what they are.
        ("d;n\n2025-12-29;1.500\n2025-12-30;12.000\n", "", {"d": "date", "n": "string"}, {"n": "1.500"}),
        ("d;n\n05/02/2024;1\n06/02/2024;2\n", "", {"d": "string", "n": "int"}, {"d": "05/02/2024"}),
        # Fractions, as another column shows, or other values of the same.
        ("d,n,v\n2025-12-29,1.500,7.25\n2025-12-30,12.000,9.5\n", "", {"n": "decimal(18,2)"}, {}),
        ("d,n\n2025-12-29,1.125\n2025-12-30,0.250\n", "", {"n": "double"}, {}),
        # Both notations: the columns that have one meaning have it.
        ("n;v;w\n1.500;7,50;1.25\n2.000;9,00;3.5\n", "pt-BR", {"n": "string", "w": "decimal(18,2)"}, {"n": "1.500"}),
    ],
)
def test_a_number_that_may_be_thousands_has_a_type_only_where_the_sample_shows_which(
    proposed, text, locale, expected, doubtful
):
    made = proposed(text)
    assert (made.table.locale, made.doubtful) == (locale, doubtful)
    assert types(made).items() >= expected.items(), types(made)
    assert all(f"text: {name}, as {value} may" in package.shown([made]) for name, value in doubtful.items())


def types(proposal):
    return {column.name: column.type for column in proposal.table.columns}


def test_a_brazilian_sample_shows_its_types_key_locale_and_personal_columns(proposed):
    made = proposed(BRAZILIAN.encode("cp1252"))
    assert types(made) == {
        "no_pedido": "int",
        "data": "date",
        "cpf": "string",
        "e_mail": "string",
        "loja": "string",
        "valor_total": "decimal(18,2)",
    }
    assert (made.table.name, made.table.key, made.table.locale) == ("orders", ("no_pedido",), "pt-BR")
    assert made.personal == {"cpf": "CPF", "e_mail": "e-mail address"}
    assert made.sample.written == "CSV, semicolon between fields, cp1252"
    assert (made.gold, made.sums) == ("orders_by_data", ("valor_total",))
    assert [c.name for c in made.table.columns if c.signed] == ["valor_total"]


def test_a_plain_sample_shows_a_key_of_two_columns_and_other_personal_ones(proposed):
    made = proposed(PLAIN)
    assert types(made) == {
        "sale": "int",
        "line_given": "int",
        "sold_at": "timestamp",
        "price": "decimal(18,2)",
        "weight": "double",
        "card": "string",
        "mobile": "string",
        "customer_name": "string",
        "big": "bigint",
    }
    assert made.table.locale == ""
    assert made.personal == {
        "card": "card number",
        "mobile": "phone number",
        "customer_name": "person's name",
    }
    assert proposed(PLAIN.replace(",big", ",x").replace(",1234567890", ",0")).table.key == ("x",)
    assert proposed("sale,line,price\n1,1,2.50\n1,2,2.50\n2,1,3.50\n").table.key == ("sale", "line_given")


PEOPLE = "name,e-mail,total\nAnn,ann@example.com,2.50\nBob,bob@example.com,3.50\n"


def test_gold_never_groups_by_a_personal_column(new, proposed, tmp_path):
    made = proposed(PEOPLE, "people.csv")
    assert (made.table.key, set(made.personal)) == (("name",), {"name", "e_mail"})
    assert (made.group, made.gold, made.sums) == ("", "people_by_delivery_date", ("total",))
    status, said = new("people_daily", "--sample", tmp_path / "people.csv", "--yes")
    assert status == 0 and "gold: one row a night, since" in said
    assert "the key has personal data (name): no others are known" in said.replace("\n    ", " ")
    folder = tmp_path / "mine/people_daily"
    assert '.withColumn("delivery_date", F.lit(run.business_date))' in (folder / "jobs/job.py").read_text()
    assert "| `name` | string | `name` | yes | **Personal.** person's name |" in (folder / "product.md").read_text()
    [gold] = contract.read(folder / "contract.toml")[1]
    assert (gold.key, [*gold.types][:2], gold.personal) == (("delivery_date",), ["delivery_date", "rows"], ())


ORDERS = "pedido,valor,qtd,peso,grande,codigo,ano,loja\n" + "".join(
    f"{n},{n}.50,{n},0.{n}25,{n}0000000000,{n},2026,Loja {n % 2}\n" for n in range(1, 7)
)


def test_gold_is_by_a_column_whose_values_repeat_and_adds_up_every_amount(new, proposed, tmp_path):
    made = proposed(ORDERS, "orders.csv")
    assert (made.table.key, made.group) == (("pedido",), "loja")
    assert made.sums == ("valor", "qtd", "peso", "grande")
    assert new("own_orders", "--sample", tmp_path / "orders.csv", "--yes")[0] == 0
    [gold] = contract.read(tmp_path / "mine/own_orders/contract.toml")[1]
    assert gold.types == {
        "loja": "string",
        "rows": "bigint",
        "total_valor": "decimal(28,2)",
        "total_qtd": "bigint",
        "total_peso": "double",
        "total_grande": "decimal(28,0)",
    }
    job = (tmp_path / "mine/own_orders/jobs/job.py").read_text()
    assert 'F.sum(F.col("peso").cast("decimal(24,12)")).alias("total_peso")' in job


@pytest.mark.parametrize(
    ("header", "row", "key", "group"),
    [
        ("id,texto", "{n},nota {n}", ("id",), ""),
        ("id,dia", "{n},2026-01-{n:02}", ("id",), "dia"),
        ("dia,cotacao", "2026-01-{n:02},{n}.25", ("dia",), ""),
        ("id,loja_id", "{n},{half}", ("id",), "loja_id"),
        ("valor,nome_loja", "{n},L{n}", ("nome_loja",), ""),
        ("valor,pagina", "{n},{n}", ("pagina",), ""),
        ("valor,cpf", "{n},1234567890{n}", ("cpf",), ""),
        ("cpf,loja,caixa", "1234567890{n},L{half},1", ("cpf",), "loja"),
        ("cpf,loja,caixa", "1234567890{n},L{half},{n}", ("caixa",), "loja"),
    ],
)
def test_neither_key_nor_group_is_an_amount_or_personal_where_another_column_can_be(proposed, header, row, key, group):
    rows = [row.format(n=n, half=n // 2) for n in range(2, 10)]
    made = proposed("\n".join([header, *rows]))
    assert (made.table.key, made.group) == (key, group)


@pytest.mark.parametrize(
    ("text", "key", "repeats"),
    [
        ("a,b\n" + "1,2\n" * 20, ("a", "b"), "19 of 20 rows repeat another one in full"),
        ("a,b\n1,2\n1,2\n2,2\n", ("a", "b"), "1 of 3 rows repeats another one in full"),
        ("id,b\n1,2\n1,2\n2,2\n", ("id",), "id, which no two different rows of the sample share"),
        ("a,b\n1,2\n2,2\n", ("a",), "a, unique in the sample"),
        ("a,b\n1,2\n1,3\n,3\n", ("a", "b"), "a, b, which are all columns"),
    ],
)
def test_a_key_is_called_unique_only_where_no_rows_repeat(new, tmp_path, text, key, repeats):
    (tmp_path / "s.csv").write_text(text)
    status, said = new("own_rows", "--sample", tmp_path / "s.csv", "--yes")
    assert status == 0 and repeats in said, said
    assert ("unique in the sample" in said) == (repeats == "a, unique in the sample")
    assert contract.read(tmp_path / "mine/own_rows/contract.toml")[0][0].key == key


NESTED = """\
{"id": 1, "loja": "a", "cust": {"name": "Ana", "cpf": "52998224725"}, "items": null, "v": 2.5}
{"id": 2, "loja": "a", "cust": {"name": "Bia", "cpf": "11144477735"}, "items": [1, 2], "v": 3.5}
"""


def test_nested_json_and_columns_without_a_name_are_left_out_with_a_word(new, tmp_path):
    (tmp_path / "s.jsonl").write_text(NESTED)
    status, said = new("own_nested", "--sample", tmp_path / "s.jsonl", "--yes")
    assert status == 0 and "left out: cust (a JSON object, which is no plain value), items (a JSON array" in said, said
    assert [c.name for c in contract.read(tmp_path / "mine/own_nested/contract.toml")[0][0].columns] == [
        "id",
        "loja",
        "v",
    ]
    (tmp_path / "s.csv").write_text("id,,v\n1,x,2.5\n2,y,3.5\n")
    status, said = new("own_nameless", "--sample", tmp_path / "s.csv", "--yes")
    assert status == 0 and "left out: column 2 (no name in the header)" in said, said


@pytest.mark.parametrize("packed", [bytes, gzip.compress], ids=["plain", "gzip"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_only_the_beginning_of_a_large_sample_is_read(tmp_path, monkeypatch, packed, encoding):
    monkeypatch.setattr(sample, "MOST_BYTES", 1001)
    text = "id,nota\n" + "".join(f"{n},não {n}\n" for n in range(1, 9000))
    (tmp_path / "s.csv").write_bytes(packed(text.encode(encoding)))
    with monkeypatch.context() as patched:
        patched.setattr("pathlib.Path.read_bytes", None)
        records = sample.read(tmp_path / "s.csv").records
    assert 30 < len(records) < 120 and all(record.fields[1] == f"não {record.fields[0]}" for record in records)


def test_json_lines_packed_give_what_the_same_csv_gives(proposed):
    header, *lines = [line.split(",") for line in PLAIN.splitlines()]
    objects = [json.dumps(dict(zip(header, line, strict=True))) for line in lines]
    made = proposed(gzip.compress("\n".join(objects).encode()), "orders.jsonl.gz")
    assert types(made) == types(proposed(PLAIN))
    assert made.sample.written == "JSON lines, utf-8"


def test_a_few_odd_values_do_not_change_a_type_and_many_do(proposed):
    rows = [f"{n},{n}.50" for n in range(1, 101)]
    assert types(proposed("\n".join(["id,v", *rows, "101,none"])))["v"] == "decimal(18,2)"
    assert types(proposed("\n".join(["id,v", *rows, *(f"{n},none" for n in range(101, 110))])))["v"] == "string"


def test_dates_that_show_no_notation_and_american_ones_stay_text(proposed):
    assert types(proposed("id,d\n1,05/02/2024\n2,06/02/2024\n"))["d"] == "string"
    assert types(proposed("id,d\n1,12/31/2025\n2,12/30/2025\n"))["d"] == "string"


@pytest.mark.parametrize(
    ("text", "is_one"),
    [("529.982.247-25", True), ("52998224725", True), ("529.982.247-26", False), ("11111111111", False)],
)
def test_a_cpf_is_known_by_its_check_digits(text, is_one):
    assert personal.is_cpf(text) is is_one


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        (["entregue", "cliente CPF 529.982.247-25 reclamou", "trocado"], "CPF"),
        (["CPF 52998224725, sem resposta"], "CPF"),
        (["mail para ana@example.com."], "e-mail address"),
        (["ligar (11) 98765-4321"], "phone number"),
        (["pago com 4111 1111 1111 1111"], "card number"),
        (["52998224725", "11222333000181"], "CPF, CNPJ"),
        (["11.222.333/0001-81"], "CNPJ"),
        (["12ABC34501DE35"], "CNPJ"),
        (['{"name": "a"}', ""], "nested JSON"),
        (["12345678901", "12345678902"], ""),
        (["2026-01-04 10:00:00", "2026-01-04T10:00:00-03:00"], ""),
        (["7891234567895", "7891000100103", "1767520800000"], ""),
        (["20260104-0001", "550e8400-e29b-41d4-a716-446655440000", "R$ 1.234.567,89"], ""),
    ],
)
def test_personal_data_is_found_within_longer_texts_and_among_other_values(values, kind):
    assert personal.kind_of("x", values) == kind


@pytest.mark.parametrize(
    ("names", "kind"),
    [
        ("nome_completo nomecompleto nome_do_vendedor customername nome_mae nome name2", "person's name"),
        ("data_nasc datanascimento dt_nascimento birth_date dob", "date of birth"),
        ("logradouro endereco_entrega shipping_address cep zip_code rua", "address"),
        ("telefone2 celular customer_phone", "phone number"),
        ("nome_produto nome_loja product_name hotel_name filename user_id discard smartphone ship nome_fantasia", ""),
    ],
)
def test_personal_data_is_known_by_the_words_of_a_columns_name(names, kind):
    assert {name: personal.kind_of(name, []) for name in names.split()} == dict.fromkeys(names.split(), kind)


def test_a_person_is_personal_where_the_values_are_names():
    assert personal.kind_of("vendedor", ["Ana", "Bia Sá"]) == "person's name"
    assert not personal.kind_of("cliente", ["17", "C18"])


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "has no header"),
        (b"a,b\n", "it has a header only"),
        (b"a,b,a\n1,2,3\n", "names a more than once"),
        ("订单,金额\n1,2\n".encode(), "a name of its own, in letters a to z and digits"),
        (b"{}\n{}\n", "has no values: the first object of JSON lines has no names"),
        (b"PAR1 and more", "a Parquet file"),
        (b'"a\nb",c\n1,2\n', "write the names of all columns in one line"),
        (
            b"1001;29/12/2025;Ana;1.234,56\n1002;29/12/2025;Bia;99,90\n",
            "3 of the 4 cells of its first line are numbers",
        ),
        (b"ana@example.com,52998224725\nbia@example.com,11144477735\n", "no header, it seems: 2 of the 2 cells"),
        (b"2024,2025\n1,2\n", "no header, it seems"),
        (b'{"a": {"b": 1}}\n', "has nested values only"),
        (b"\x1f\x8b half", "damaged gzip"),
        (gzip.compress(gzip.compress(b"a,b\n1,2\n", mtime=0), mtime=0), "gzip that contains gzip again"),
        (b"a,b\n1,2,3\n", "wrong_column_count"),
        (b'[{"a": 1}, {"a": 2}]', "s.csv is a JSON array: write one object a line"),
        (b'\xef\xbb\xbf[\n  {"a": 1}\n]\n', "is a JSON array"),
        (b'{\n  "a": 1\n}\n', "objects have several lines: write one object a line"),
    ],
)
def test_a_sample_that_shows_nothing_is_refused(tmp_path, content, why):
    (tmp_path / "s.csv").write_bytes(content)
    with pytest.raises(InputRefused, match=why):
        sample.read(tmp_path / "s.csv")


def test_the_guide_shows_what_its_own_command_proposes(new, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "orders.csv").write_text(BRAZILIAN)
    words = SHELL[1].split()
    assert words[:2] == ["./nightshift", "new"]
    assert new(*words[2:])[0] == 0
    [shown] = [text for kind, text in BLOCKS if kind == "toml"]
    assert shown in (tmp_path / "mine/shop_orders/contract.toml").read_text()


def test_the_package_is_one_that_the_registry_accepts(new, tmp_path):
    (tmp_path / "orders.csv").write_text(BRAZILIAN)
    (tmp_path / "lines.csv").write_text(PLAIN)
    status, said = new("shop_orders", "--sample", tmp_path / "orders.csv", tmp_path / "lines.csv", "--yes")
    assert status == 0, said
    assert "personal: cpf (CPF)" in said and "[sources.lines.columns]" in said
    package = registry.discover([tmp_path / "mine"]).packages["shop_orders"]
    sources, gold = contract.read(package.folder / "contract.toml")
    assert [source.name for source in sources] == ["orders", "lines"]
    assert [table.name for table in gold] == ["orders_by_data"]
    named = (package.folder / "contract.toml").read_text().partition("\n")[0].removeprefix("#:schema ")
    assert (package.folder / named).resolve() == ROOT / "docs" / "contract.schema.json"
    assert "### orders_by_data" in (package.folder / "product.md").read_text()
    text = "".join(path.read_text() for path in package.folder.rglob("*.*") if path.suffix != ".pyc")
    assert not [cell for cell in ("529.982", "ana@", "1234,56", "Centro") if cell in text]


def test_a_run_takes_the_sample_of_its_own_package_in_json_lines_and_no_other(new, tmp_path):
    flat, other = tmp_path / "flat.jsonl", tmp_path / "other.jsonl"
    flat.write_text('{"id": 1, "shop": "a", "total": 2.5}\n{"id": 2, "shop": "a", "total": 3.5}\n')
    other.write_text('{"x": 1}\n{"x": 2}\n')
    status, said = new("s_flat", "--sample", flat, "--yes")
    assert status == 0, said
    pipeline = registry.discover([tmp_path / "mine"]).packages["s_flat"].pipeline
    kinds.refuse_unusable(pipeline, [Upload(flat, "s_flat/2026/01/04/flat.jsonl")], "utf-8")
    with pytest.raises(InputRefused, match=r"No file has the columns of any of flat: .*other\.jsonl"):
        kinds.refuse_unusable(pipeline, [Upload(other, "s_flat/2026/01/04/other.jsonl")], "utf-8")


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("Shop", "'Shop' is no name for a pipeline"),
        ("reaper", "'reaper' is no name"),
        ("class", "'class' is no name for a pipeline: it is a word of Python"),
        ("json", "Python has a package json already"),
        ("pyspark", "Python has a package pyspark already"),
        ("wordcount", "Python has a package wordcount already"),
    ],
)
def test_a_name_that_cannot_be_a_package_is_refused_and_nothing_is_written(new, tmp_path, name, why):
    (tmp_path / "orders.csv").write_text(BRAZILIAN)
    status, said = new(name, "--sample", tmp_path / "orders.csv", "--yes")
    assert status == 2 and why in said
    assert not (tmp_path / "mine").exists()


def test_nothing_is_written_over_or_without_confirmation(new, tmp_path, monkeypatch):
    (tmp_path / "orders.csv").write_text(BRAZILIAN)
    words = ("shop_orders", "--sample", tmp_path / "orders.csv")
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("builtins.input", lambda _: "n")
    assert new(*words)[0] == 1
    assert not (tmp_path / "mine").exists()
    (tmp_path / "mine/shop_orders").mkdir(parents=True)
    status, said = new(*words, "--yes")
    assert status == 2 and "exists: choose another name" in said


def test_it_reads_samples_on_a_bare_python():
    command = [
        sys.executable,
        "-I",
        "-S",
        "-c",
        "import sys; sys.path[:0] = sys.argv[1:2]; import embedded.new.package",
    ]
    subprocess.run([*command, str(ROOT)], check=True)


def test_a_script_without_a_place_to_write_to_is_refused_before_it_runs(new, tmp_path):
    (tmp_path / "orders.csv").write_text(BRAZILIAN)
    (tmp_path / "job.py").write_text("raise SystemExit(3)\n")
    words = ("--script", tmp_path / "job.py", "--sample", tmp_path / "orders.csv", "--yes")
    status, said = new("totals", *words, "--args", "{input}")
    assert status == 2 and "--args has no {output}" in said


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("--args", "{output}", "--args", "{output}"), "--args was given 2 times for 1 script"),
        (("--py-files", "{folder}/other/job.py"), "Two files are called job.py"),
        (("--jars", "{folder}/absent.jar"), "absent.jar does not exist"),
        (("--jars", "{folder}/orders.csv"), "--jars takes .jar, and "),
        (("--jars", "{folder}/half.jar"), "half.jar (--jars) is damaged or no archive"),
        (("--py-files", "{folder}/orders.csv"), "--py-files takes .py or .zip or .egg, and "),
        (("--py-files", "{folder}/half.zip"), "half.zip (--py-files) is damaged or no archive"),
        (("--script", "{folder}/orders.csv"), "--script takes .py or .sql, and "),
        (
            ("--args", "{input} {output} 'open"),
            '--args "{input} {output} \'open" cannot be divided into words (No closing',
        ),
    ],
)
def test_files_and_arguments_that_do_not_fit_are_refused_before_anything_runs(new, tmp_path, words, why):
    (tmp_path / "other").mkdir()
    for name in ("orders.csv", "job.py", "other/job.py", "half.jar", "half.zip"):
        (tmp_path / name).write_text(BRAZILIAN)
    given = [word.replace("{folder}", str(tmp_path)) for word in words]
    status, said = new("totals", "--script", tmp_path / "job.py", "--sample", tmp_path / "orders.csv", *given)
    assert status == 2 and why in said


TOTALS = Written("totals", {"shop": "string", "orders": "bigint"}, ("shop",), {})


@pytest.fixture
def scripted(new, tmp_path, monkeypatch):
    """Make a package of a script that wrote these tables; gives the status and all that it printed."""

    def made(*tables, file="orders.csv", content=BRAZILIAN, name="totals"):
        (tmp_path / file).write_bytes(content if isinstance(content, bytes) else content.encode())
        (tmp_path / "job.py").write_text("")
        monkeypatch.setattr(trial, "play", lambda *_: [*tables])
        monkeypatch.setattr(trial, "unlike", lambda *_: "")
        return new(name, "--script", tmp_path / "job.py", "--sample", tmp_path / file, "--yes")

    return made


@pytest.mark.parametrize(
    ("table", "why"),
    [
        ({"columns": {"shop": "string", "count(1)": "bigint"}}, "column count(1) of totals: call it count_1"),
        ({"columns": {"shop": "string", "Total Geral": "int"}}, "column Total Geral of totals: call it total_geral"),
        ({"columns": {"shop": "string", "preço": "int"}}, "column preço of totals: call it preco"),
        ({"columns": {"shop": "string", "2026": "int"}}, "column 2026 of totals: call it column_2026"),
        ({"name": "my table"}, "table my table: call it my_table"),
        ({"name": "Totals"}, "table Totals: call it totals"),
        ({"columns": {"shop": "string", "business_date": "date"}}, "column business_date of totals: call it"),
    ],
)
def test_a_name_that_the_catalogue_cannot_have_is_refused_and_nothing_is_written(scripted, tmp_path, table, why):
    status, said = scripted(replace(TOTALS, **table))
    assert status == 2 and why in said and "alias" in said, said
    assert not (tmp_path / "mine").exists()
    assert scripted(replace(TOTALS, columns={"shop": "string", "_n2": "int", "Sold": "int"}))[0] == 0


HEADER, *ROWS_OF_PLAIN = [line.split(",") for line in PLAIN.splitlines()]
AS_JSON = "\n".join(
    json.dumps({**dict(zip(HEADER, row, strict=True)), "sale": int(row[0]), "price": float(row[3])})
    for row in ROWS_OF_PLAIN
)


FORMS = {
    "comma": ("orders.csv", PLAIN),
    "semicolon": ("orders 2026.txt", PLAIN.replace(",", ";")),
    "tab": ("orders.tsv", PLAIN.replace(",", "\t")),
    "packed": ("orders.csv.gz", gzip.compress(PLAIN.replace(",", "|").encode())),
    "json": ("orders.jsonl", AS_JSON),
    "packed_json": ("orders.json.gz", gzip.compress(AS_JSON.encode())),
    "cp1252": ("orders.csv", BRAZILIAN.encode("cp1252")),
    "utf16": ("orders.csv", BRAZILIAN.encode("utf-16")),
    "marked": ("orders.csv", f"\ufeff{BRAZILIAN}"),
}


@pytest.mark.parametrize("name", FORMS)
def test_the_generator_of_a_scripts_package_writes_in_the_form_of_the_sample(scripted, tmp_path, name):
    file, content = FORMS[name]
    status, said = scripted(TOTALS, file=file, content=content, name=f"in_{name}")
    assert status == 0, said
    day = date(2026, 1, 4)
    [upload] = import_module(f"in_{name}.local").LOCAL.make(tmp_path / "made", [day])[day].uploads
    assert form.of(upload.source) == form.of(tmp_path / file)
    given, made = (sample.read(path) for path in (tmp_path / file, upload.source))
    assert [c.names for c in made.table.columns] == [c.names for c in given.table.columns]
    if "data" in types(propose(given)):
        dates = {record.fields[1] for record in made.records}
        assert dates <= {"04/01/2026", "03/01/2026", "02/01/2026"}, "in the one notation that a script reads"


def test_whatever_fails_while_a_package_is_written_leaves_nothing(new, tmp_path, monkeypatch):
    (tmp_path / "orders.csv").write_text(BRAZILIAN)
    words = ("--sample", tmp_path / "orders.csv", "--yes")
    with monkeypatch.context() as broken:
        broken.setattr(package, "contract", lambda *_: "[gold.a b]")
        status, said = new("of_wrong_names", *words)
        assert status == 2 and "contract.toml cannot be read" in said, said
        assert not (tmp_path / "mine").exists()
    (tmp_path / "mine/kept").mkdir(parents=True)
    with monkeypatch.context() as broken:
        broken.setattr(command.product_page, "whole", full_disk)
        status, said = new("of_a_full_disk", *words)
    assert status == 2 and "Nothing was written" in said and "No space left on device" in said, said
    assert [path.name for path in (tmp_path / "mine").iterdir()] == ["kept"]


def full_disk(*_):
    raise OSError(28, "No space left on device")


def spec_of(folder, arguments):
    return {"scripts": [(str(folder / "by_shop.py"), arguments)], "modules": [], "values": {"output": ""}}


OF_JAVA = """An error occurred while calling o1.parquet.
: org.apache.spark.SparkException: Job aborted.
	at org.apache.spark.X.x(X.scala:1)
Caused by: org.apache.spark.SparkException: [TASK_WRITE_FAILED] Task failed while writing rows to file:/x.
Caused by: org.apache.spark.api.python.PythonException: Traceback (most recent call last):
  File "/tmp/spark-1/userFiles-2/mod.py", line 2, in num
    return float(x)
ValueError: could not convert 'doze'

	... 17 more
"""
NAMED = """\
import argparse
parser = argparse.ArgumentParser()
parser.add_argument("--in", required=True)
parser.add_argument("--out", required=True)
parser.parse_args()
"""


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (NAMED, ["usage: by_shop.py", "required: --in, --out"]),
        (
            "def total(rows):\n    return rows['x']\ntotal({})\n",
            ["by_shop.py, line 3: total({})", "line 2: return rows['x']", "KeyError: 'x'"],
        ),
        ("raise SystemExit('no such shop')\n", ["no such shop"]),
        ("x = (\n", ["SyntaxError"]),
        ("import nowhere_to_be_imported\n", ["ModuleNotFoundError: No module named 'nowhere_to_be_imported'"]),
    ],
)
def test_a_script_that_fails_says_so_in_its_own_lines(tmp_path, capsys, text, why):
    (tmp_path / "by_shop.py").write_text(text)
    assert not trial.played(None, spec_of(tmp_path, ["in", "out"]))
    logged = "26/01/04 10:00:00 WARN NativeCodeLoader: Unable\n"
    said = trial.failure(Own([(tmp_path / "by_shop.py", ("{input}", "{output}"))]), logged + capsys.readouterr().err)
    assert "with the arguments {input} {output}" in said
    assert all(part in said for part in why), said
    assert ('--args "--in {input} --out {output}' in said) == ("SyntaxError" not in said and "NotFound" not in said)
    assert not [part for part in ("WARN", "runpy", "medallion", "trial.py", "Exception: ") if part in said], said


def test_what_a_worker_of_spark_raised_is_shown_though_it_stands_behind_many_lines(tmp_path, capsys):
    (tmp_path / "by_shop.py").write_text(f"raise RuntimeError({OF_JAVA!r})\n")
    assert not trial.played(None, spec_of(tmp_path, []))
    assert capsys.readouterr().err.splitlines()[-1] == "ValueError: could not convert 'doze'"


@pytest.mark.parametrize("kind", [AnalysisException, RuntimeError], ids=["refused", "failed while it ran"])
def test_sql_that_fails_says_which_statement_it_was_and_what_sql_may_use(tmp_path, capsys, kind):
    def refuse(statement):
        if statement.startswith("SELECT"):
            raise kind("no such shop")
        return SimpleNamespace(columns=[])

    (tmp_path / "bad.sql").write_text("SET x = 1;\nSELECT shop\nFROM shops; SET y = 2")
    spec = {"scripts": [(str(tmp_path / "bad.sql"), [])], "modules": [], "values": {"output": ""}}
    assert not trial.played(SimpleNamespace(sql=refuse), spec)
    said = trial.failure(Own([(tmp_path / "bad.sql", ())]), capsys.readouterr().err)
    assert said.startswith(
        "Ran bad.sql on the sample, and it failed:\n  running bad.sql, statement 2 (SELECT shop FROM"
    )
    assert "no such shop" in said and "USING csv OPTIONS (path '{input}'" in said and "{output}/bad" in said
    assert "--args" not in said and "arguments" not in said


def test_a_script_that_ends_well_is_played(tmp_path):
    (tmp_path / "by_shop.py").write_text(f"open({str(tmp_path / 'written')!r}, 'w').close()\n")
    assert trial.played(None, spec_of(tmp_path, [])) and (tmp_path / "written").exists()
