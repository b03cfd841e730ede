"""Card movements out of real databases: known answers, odd schemas, and every movement once however it comes."""

import csv
import json
import sys
from decimal import Decimal
from pathlib import Path

import boto3
import pytest
from moto import mock_aws

from card_movements.jobs.gold import guarded
from card_movements.local import card_source
from datagen.cards import CardShape, generate_cards
from medallion import tls
from medallion.contract import Column, Table
from medallion.errors import SourceError
from medallion.jdbc import Database, LocatedColumn, LocatedTable
from medallion.quality import judge
from medallion.secret import Address, _parsed, address
from medallion.typing_rules import rules_of, typed_columns
from tests import databases
from tests.spark_jobs.conftest import SECRET

PIPELINE, FLAT = "card_movements", "movimento_flat"
MEMBER = "5,Zoë,d'Ávila,41,zoe@exemplo.coop.br"
SMALL = {
    "associado": f"id,nome,sobrenome,idade,email\n{MEMBER}\n",
    "conta": "id,tipo,data_criacao,id_associado\n7,CC,2020-01-02,5\n",
    "cartao": "id,num_cartao,nom_impresso,id_conta,id_associado,data_criacao\n9,0123456789012345,ZOE D AVILA,7,5,\n",
    "movimento": "id,vlr_transacao,des_transacao,data_movimento,id_cartao\n",
}


@pytest.fixture
def mariadb(servers):
    return servers("mariadb")


@pytest.fixture(params=["postgresql", "mariadb"])
def url(request, servers):
    return servers(request.param)


class Source:
    """A database with the four tables, and what a test does to it."""

    def __init__(self, url, folder):
        self.url, self.folder = url, folder

    def fill(self, files):
        self.folder.mkdir(exist_ok=True)
        for table, text in files.items():
            (self.folder / f"{table}.csv").write_text(text, encoding="utf-8")
        self.fill_from(self.folder)

    def fill_from(self, folder):
        card_source.make(self.url, card_source.read(folder), replace=True)

    def do(self, *statements):
        with self.url.connected() as connection, connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)

    def add(self, number, day, amount="1.00", card=9):
        self.do(f"INSERT INTO movimento VALUES ({number}, {amount}, 'Padaria', '{day}', {card})")


@pytest.fixture
def source(url, tmp_path, opens):
    opens(url.secret)
    return Source(url, tmp_path / "tables")


@pytest.fixture
def mariadb_source(mariadb, tmp_path, opens):
    opens(mariadb.secret)
    return Source(mariadb, tmp_path / "tables")


@pytest.fixture
def postgres_source(postgresql, tmp_path, opens):
    opens(postgresql.secret)
    return Source(postgresql, tmp_path / "tables")


class Nights:
    """Nights of card_movements on one lake; `publish` does what the task of that name does."""

    def __init__(self, lake):
        self.lake = lake

    def __call__(self, day, publish=True, **options):
        counts = self.lake.run(PIPELINE, day, "unread", secret=SECRET, **options)
        if publish:
            self.publish(day, **options)
        return counts

    def asked(self, day):
        """What a night's bronze tells of the movements; the night goes no further."""
        return self(day, publish=False, layers="bronze")["bronze"]["movements"]

    def publish(self, day, **options):
        """What lake.run has not published: the file of a night that changes no other date."""
        target = self.lake.root / "gold" / PIPELINE / FLAT / f"business_date={day}"
        for staged in (self.lake.staging(PIPELINE, day) / "gold" / FLAT).glob("*.parquet"):
            target.mkdir(parents=True, exist_ok=True)
            (target / "part-00000.parquet").write_bytes(staged.read_bytes())

    def restated(self, day):
        """By the movements' day what was told of it: (name, before, after)."""
        told = self.lake.manifest(PIPELINE, day, "gold").get("restated", [])
        return {
            r["day"]: [(n, was, r["after"][n]) for n, was in r["before"].items() if was != r["after"][n]] for r in told
        }

    def csv(self, day):
        [file] = (self.lake.staging(PIPELINE, day) / "exports" / f"{FLAT}.csv").glob("*.csv")
        return file.read_text(encoding="utf-8")

    def published(self):
        """The movement numbers of every business date."""
        return {
            folder.name.removeprefix("business_date="): sorted(row["movement_id"] for row in self.lake._read(folder))
            for folder in sorted((self.lake.root / "gold" / PIPELINE / FLAT).iterdir())
        }


def test_a_cell_of_the_csv_is_no_formula_and_a_number_no_text(spark):
    cells = [
        "=1+1",
        "+55 11",
        "-R$ 5",
        "@SUM(A1)",
        "\tx",
        "\rx",
        "\uff1d1",
        "-12.50",
        "+3",
        "-1.234,50",
        "a=1",
        "",
        None,
    ]
    text = spark.createDataFrame([(cell, "plain") for cell in cells], "a string, b string")
    frame, count = guarded(text)
    assert [row.a for row in frame.collect()] == [*(f"'{cell}" for cell in cells[:7]), *cells[7:]]
    assert count == 7


@pytest.fixture
def night(lake):
    return Nights(lake)


def numbers(counts, layer="silver", table="movements"):
    told = counts[layer][table]
    return told["accepted"], told["quarantined"], told["duplicates"]


def test_the_known_movements_of_wesleyst5(source, night, shared_data, as_a_cluster):
    source.fill_from(shared_data / "cards" / "wesleyst5")
    with as_a_cluster():
        counts = night("2023-01-01")
    assert numbers(counts) == (5, 0, 0)
    rows = night.lake.gold(PIPELINE, "2023-01-01", FLAT)
    assert (len(rows), sum(row["vlr_transacao_movimento"] for row in rows)) == (5, Decimal("8123.48"))
    told = list(csv.reader(night.csv("2023-01-01").splitlines()))
    assert told[0] == list(card_columns())
    assert told[-1] == [
        *("Jose", "Santos Silva", "45", "4499.50", "PS5", "2022-03-30 05:00:00", "40778", "Jose S Silva", ""),
        *("CC", "2022-02-28 09:00:00"),
    ]
    assert "\r" not in night.csv("2023-01-01")


def card_columns():
    return (
        *("nome_associado", "sobrenome_associado", "idade_associado", "vlr_transacao_movimento"),
        *("des_transacao_movimento", "data_movimento", "numero_cartao", "nome_impresso_cartao"),
        *("data_criacao_cartao", "tipo_conta", "data_criacao_conta"),
    )


def test_the_movements_of_candidabruxel_are_those_that_somebody_else_expects(source, night, shared_data):
    folder = shared_data / "cards" / "candidabruxel"
    source.fill_from(folder)
    night("2024-01-01")
    rows = list(csv.DictReader(night.csv("2024-01-01").splitlines()))
    expected = list(csv.DictReader((folder / "expected_movimento_flat.csv").read_text().splitlines()))
    ours = [{"tipo": row["tipo_conta"], **{k: v for k, v in row.items() if k in expected[0]}} for row in rows]
    assert sorted(map(sorted_items, ours)) == sorted(map(sorted_items, expected))
    assert sum(Decimal(row["vlr_transacao_movimento"]) for row in rows) == Decimal("654.55")


def sorted_items(row):
    return sorted(row.items())


def test_generated_movements_add_up_to_their_truth_read_in_parts_or_whole(source, night, tmp_path, monkeypatch):
    truth = generate_cards(tmp_path / "made", CardShape(rows=400))
    source.fill_from(tmp_path / "made")
    monkeypatch.setattr("medallion.jdbc.ROWS_A_PART", 60)
    night("2026-01-04")
    rows = night.lake.gold(PIPELINE, "2026-01-04", FLAT)
    assert (len(rows), sum(r["vlr_transacao_movimento"] for r in rows)) == (truth.rows, truth.total)
    assert len({row["movement_id"] for row in rows}) == truth.rows
    assert {len(row["numero_cartao"]) for row in rows} == {16}
    back = list(csv.DictReader(night.csv("2026-01-04").splitlines()))
    assert sum(Decimal(row["vlr_transacao_movimento"]) for row in back) == truth.total
    assert {'Livraria "O Ponto"', "Posto, loja 2"} <= {row["des_transacao_movimento"] for row in back}
    page = night.lake.page(PIPELINE, "2026-01-04")
    figures, first = page["figures"], page["tables"][FLAT]
    bought = [r["vlr_transacao_movimento"] for r in rows if r["vlr_transacao_movimento"] >= 0]
    assert figures["amount"] - figures["refunds"]["amount"] == pytest.approx(float(truth.total))
    assert (figures["count"], figures["amount"]) == (len(bought), pytest.approx(float(sum(bought))))
    for kind in ("days", "ages", "accounts", "texts", "histogram"):
        assert sum(row[1] for row in figures[kind]) == len(bought), kind
    shown = [row[first["columns"].index("numero_cartao")] for row in first["rows"]]
    assert len(shown) == 20 and all(number == f"****{number[-4:]}" for number in shown)
    names = [first["columns"].index(f"{name}_associado") for name in ("nome", "sobrenome")]
    assert {row[at] for row in first["rows"] for at in names} == {"****"}


def test_each_night_takes_what_is_new_however_late_it_was_entered_and_the_file_holds_all(source, night):
    source.fill(SMALL)
    source.add(10, "2025-06-01")
    source.add(20, "2026-01-02 23:59:59")
    assert numbers(night("2026-01-02")) == (2, 0, 0)
    source.add(22, "2026-01-02 23:59:59")  # of the same moment as the watermark: neither skipped nor doubled
    source.add(21, "2024-02-29")  # an old date under a new number
    source.add(23, "2026-01-03 10:00:00", amount="-0.50")
    counts = night("2026-01-03")
    assert numbers(counts) == (3, 0, 1)
    assert counts["bronze"]["movements"]["warnings"] == {}
    amounts = [row["vlr_transacao_movimento"] for row in csv.DictReader(night.csv("2026-01-03").splitlines())]
    assert amounts == ["1.00", "1.00", "1.00", "1.00", "-0.50"]
    source.add(5, "2024-03-01")  # an old date under an old number
    assert night("2026-01-04")["bronze"]["movements"]["warnings"] == {"whole_table_compared": 1}
    assert night.asked("2026-01-05")["warnings"] == {}
    assert night.published() == {
        "2026-01-02": [10, 20],
        "2026-01-03": [21, 22, 23],
        "2026-01-04": [5],
    }


def test_what_changed_or_went_after_it_was_published_is_restated_where_it_lies_and_told(postgres_source, night):
    source = postgres_source
    source.fill(SMALL)
    for number, day in ((1, "2026-01-03"), (2, "2026-01-02"), (4, "2026-01-02"), (9, "2025-12-01")):
        source.add(number, day)
    counts = night("2026-01-02")
    assert (numbers(counts), counts["bronze"]["movements"]["waiting"]) == ((3, 0, 0), 1)
    source.add(3, "2026-01-03")
    counts = night("2026-01-03")
    assert (numbers(counts), "waiting" in counts["bronze"]["movements"]) == ((2, 0, 2), False)
    source.do("UPDATE movimento SET vlr_transacao = 7.00, data_movimento = '2026-01-02' WHERE id = 1")
    source.do("UPDATE movimento SET data_movimento = '2026-02-01' WHERE id = 4", "DELETE FROM movimento WHERE id = 2")
    source.do("INSERT INTO cartao VALUES (8, '4000123412341234', 'Z D AVILA', 7, 5, NULL)")
    source.do("UPDATE movimento SET id_cartao = 8 WHERE id = 3")
    source.add(5, "2026-01-04")
    counts = night("2026-01-04")
    assert (numbers(counts), counts["bronze"]["movements"]["waiting"]) == ((3, 0, 0), 1)
    assert counts["silver"]["movements"]["warnings"] == {"changed_after_load": 2}
    assert night.published() == {"2026-01-02": [9], "2026-01-03": [1, 3], "2026-01-04": [5]}
    amount, moved = "vlr_transacao_movimento", "data_movimento"
    assert night.restated("2026-01-04") == {
        "2026-01-02": [
            *(("movements", "2", "1"), ("amount", "2.00", "7.00")),
            ("movement 2", "1.00 of 2026-01-02 00:00:00", "deleted"),
            ("movement 4", "1.00 of 2026-01-02 00:00:00", "dated after the business date"),
        ],
        "2026-01-03": [
            *(("movements", "2", "1"), ("amount", "2.00", "1.00")),
            (
                "movement 1",
                f"{amount} 1.00, {moved} 2026-01-03 00:00:00",
                f"{amount} 7.00, {moved} 2026-01-02 00:00:00",
            ),
            (
                "movement 3",
                "numero_cartao, nome_impresso_cartao",
                "another numero_cartao, another nome_impresso_cartao",
            ),
        ],
    }
    rows = [(line.split(",")[3], line.split(",")[6]) for line in night.csv("2026-01-04").splitlines()[1:]]
    old = "0123456789012345"
    assert rows == [("1.00", old), ("7.00", old), ("1.00", "4000123412341234"), ("1.00", old)]


def test_a_movement_that_went_long_after_is_found_once_and_a_full_reload_restates_the_rest(mariadb_source, night):
    source = mariadb_source
    source.fill(SMALL)
    for number, day in ((1, "2026-01-01"), (2, "2026-01-02"), (3, "2026-01-10")):
        source.add(number, day)
    night("2026-01-10")
    source.do("DELETE FROM movimento WHERE id = 1", "UPDATE movimento SET des_transacao = 'Feira' WHERE id = 2")
    source.add(4, "2026-01-20")
    source.do("UPDATE movimento SET des_transacao = 'Padaria' WHERE id = 2")
    counts = night("2026-01-20")
    assert counts["bronze"]["movements"]["warnings"] == {"whole_table_compared": 1}
    assert night.restated("2026-01-20")["2026-01-01"][-1] == ("movement 1", "1.00 of 2026-01-01 00:00:00", "deleted")
    source.do("UPDATE associado SET nome = 'Zoé'", "UPDATE movimento SET des_transacao = 'Feira' WHERE id = 2")
    counts = night("2026-01-21")
    assert (counts["bronze"]["movements"]["warnings"], night.restated("2026-01-21")) == ({}, {})
    assert numbers(night("2026-01-21", full_reload="true")) == (3, 0, 0)
    assert night.published() == {"2026-01-10": [2, 3], "2026-01-20": [4], "2026-01-21": []}
    told = night.restated("2026-01-21")
    assert told["2026-01-02"] == [
        (
            "movement 2",
            "des_transacao_movimento Padaria, nome_associado",
            "des_transacao_movimento Feira, another nome_associado",
        )
    ]
    assert list(told) == ["2026-01-02", "2026-01-10", "2026-01-20"] and "Zoé" not in str(told)
    assert night.csv("2026-01-21").count("Zoé,d'Ávila") == 3


def test_a_night_killed_before_it_published_moves_no_watermark_and_a_date_run_again_loses_nothing(
    postgres_source, night
):
    postgres_source.fill(SMALL)
    postgres_source.add(1, "2026-01-02")
    night("2026-01-02", publish=False)
    postgres_source.add(2, "2026-01-09")
    assert numbers(night("2026-01-09")) == (2, 0, 0)
    postgres_source.add(3, "2026-01-20")
    night("2026-01-20")
    before = night.published()
    assert numbers(night("2026-01-02")) == (0, 0, 1)
    for day in before:
        night(day)
    assert before == {"2026-01-09": [1, 2], "2026-01-20": [3]}
    assert night.published() == {"2026-01-02": [], **before}


def test_what_is_refused_shows_the_last_four_digits_of_a_card_and_nobodys_address(postgres_source, night, lake):
    refused = "8,0123456789012345,ZOE,99,5,\n7,5432109876543210,ZOE,,5,\n"  # of no account, and of none named
    postgres_source.fill({**SMALL, "cartao": SMALL["cartao"].replace("9,0123456789012345,", "9,9999,") + refused})
    for number, card in ((1, 8), (2, 99), (3, 7)):
        postgres_source.add(number, "2026-01-02", card=card)
    assert night("2026-01-02")["silver"]["movements"]["reasons"] == {"unknown_account": 1, "unknown_card": 2}
    one, two, _ = sorted(row["raw"] for row in lake.quarantine("silver", PIPELINE, "movements", "2026-01-02"))
    assert '"id":"1"' in one and '"id_cartao":"99"' in two
    assert night.csv("2026-01-02").splitlines()[1:] == []
    [row] = lake.quarantine("silver", PIPELINE, "cards", "2026-01-02")
    assert '"num_cartao":"****3210"' in row["raw"] and '"nom_impresso":"****"' in row["raw"]
    everything = b"".join(f.read_bytes() for f in lake.root.rglob("*") if f.is_file() and "cards" not in str(f))
    assert b"0123456789012345" not in everything and b"5432109876543210" not in everything
    assert not [f for f in lake.root.rglob("*") if f.is_file() and b"zoe@exemplo" in f.read_bytes()]


def test_dates_and_amounts_that_are_none_are_quarantined_and_not_raised(postgres_source, night):
    postgres_source.fill(SMALL)
    postgres_source.do(
        "DROP VIEW movimento_flat",
        "ALTER TABLE movimento ALTER COLUMN data_movimento TYPE varchar(40)",
        "ALTER TABLE movimento ALTER COLUMN vlr_transacao TYPE double precision",
        "INSERT INTO movimento VALUES (1, 10.5, 'x', '2026-01-02  05:00:00', 9), (2, 0.005, 'x', '2026-01-02', 9),"
        " (3, 1, 'x', '31/12/2025', 9), (4, 1, 'x', NULL, 9),"
        " (5, 1, 'x', '2026-01-02T23:30:00Z', 9), (6, 1, 'x', '2026-01-02 23:30:00-05', 9)",
    )
    counts = night("2026-01-02")
    reasons = counts["silver"]["movements"]["reasons"]
    assert reasons == {"bad_date": 1, "bad_number": 1, "missing_value": 1}
    assert "2026-01-02 20:30:00" in night.csv("2026-01-02") and counts["bronze"]["movements"]["waiting"] == 1
    assert "10.50" in night.csv("2026-01-02")
    assert "2026-01-02 05:00:00" in night.csv("2026-01-02")


ODD_DATES = {"postgresql": ("'infinity'", "'1700-01-01'"), "mariadb": ("'0000-00-00'", "'1700-01-01'")}


def test_a_date_that_is_none_is_refused_once_and_empty_where_it_is_optional(source, night):
    """Later nights ask for what is new: what stands refused is accounted for, until it is mended or gone."""
    kind = "postgresql" if source.url.engine == "postgres" else "mariadb"
    mode = ["SET sql_mode = ''"] if kind == "mariadb" else []
    one, other = ODD_DATES[kind]
    source.fill({**SMALL, "associado": SMALL["associado"].replace(",41,", ",,")})
    source.do(*mode, f"UPDATE cartao SET data_criacao = {one}", "INSERT INTO cartao VALUES (8, NULL, 'Z', 7, 5, NULL)")
    for number, day in ((1, "2026-01-01"), (4, "2026-01-10"), (5, "2026-01-10"), (6, "2026-01-20")):
        source.add(number, day, card=8 if number == 5 else 9)
    source.do(*mode, f"INSERT INTO movimento VALUES (2, 1, 'x', {one}, 9), (3, 1, 'x', {other}, 9)")
    counts = night("2026-01-10")
    assert counts["silver"]["movements"]["reasons"] == {"bad_date": 2, "unknown_card": 1}
    assert counts["silver"]["cards"]["warnings"] == {"bad_date": 1}
    details = {r["reason"]: r["detail"] for r in night.lake.quarantine("silver", PIPELINE, "movements", "2026-01-10")}
    assert details["unknown_card"] == "cartao 8 was quarantined itself, as missing_value"
    assert night.csv("2026-01-10").splitlines()[1].endswith(",0123456789012345,ZOE D AVILA,,CC,2020-01-02")
    counts = night("2026-01-20")
    assert (counts["bronze"]["movements"]["warnings"], numbers(counts)) == ({}, (1, 1, 1))
    source.do("DELETE FROM movimento WHERE id = 2")
    assert night("2026-01-21")["bronze"]["movements"]["warnings"] == {"whole_table_compared": 1}
    assert night.asked("2026-01-22")["warnings"] == {}
    assert night.published() == {"2026-01-10": [1, 4], "2026-01-20": [6], "2026-01-21": []}


def test_a_lake_that_holds_anothers_movements_is_refused_before_any_is_read(postgres_source, night, opens):
    """Whose it is `publish` writes down, in the words of bronze's manifest."""
    postgres_source.fill(SMALL)
    lake, secret = night.lake, json.loads(postgres_source.url.secret)
    owner = lake.root / "silver" / PIPELINE / "_source.json"
    owner.parent.mkdir(parents=True)
    owner.write_text('{"identity": "mysql://elsewhere:3306/coop"}')
    bronze = {"secret": SECRET, "layers": "bronze"}
    with pytest.raises(
        SourceError, match=r"another database, mysql://elsewhere.* this is postgres://127.*source_moved"
    ):
        lake.run(PIPELINE, "2026-01-02", "unread", **bronze)
    lake.run(PIPELINE, "2026-01-02", "unread", **bronze, source_moved="true")
    told = lake.manifest(PIPELINE, "2026-01-02", "bronze")["source"]
    assert told == f"postgres://127.0.0.1:{secret['port']}/{secret['dbname']}"
    opens(
        json.dumps({**secret, "host": "LOCALHOST", "engine": "postgresql", "identity": "mysql://elsewhere:3306/coop"})
    )
    lake.run(PIPELINE, "2026-01-02", "unread", **bronze)


def test_a_column_that_is_gone_stops_the_job_and_names_itself(postgres_source, night):
    postgres_source.fill(SMALL)
    postgres_source.do("ALTER TABLE movimento RENAME COLUMN vlr_transacao TO preco")
    with pytest.raises(SourceError, match=r"its columns .*preco.* lack amount \(known as vlr_transacao, valor_transac"):
        night("2026-01-02")


def test_a_table_that_is_gone_stops_the_job_and_names_itself(postgres_source, night):
    postgres_source.fill(SMALL)
    postgres_source.do("DROP VIEW movimento_flat", "DROP TABLE conta")
    with pytest.raises(SourceError, match=r"looking for conta in postgres://127\.0\.0\.1"):
        night("2026-01-02")
    postgres_source.fill(SMALL)


def test_a_wrong_password_is_told_without_it(mariadb, opens, night):
    opens(mariadb.secret.replace("s3gredo", "falso"))
    with pytest.raises(SourceError, match="Access denied for user 'coop'") as told:
        night("2026-01-02")
    assert "falso" not in str(told.value)


@pytest.mark.parametrize(
    ("text", "told"),
    [("no json: hunter2", "it lacks engine, host"), ('{"engine": "postgres"}', "it lacks host, dbname")],
)
def test_a_secret_that_says_too_little_is_told_without_its_words(opens, night, text, told):
    opens(text)
    with pytest.raises(SourceError, match=told) as error:
        night("2026-01-02")
    assert "hunter2" not in str(error.value)


def test_a_secret_that_is_not_there_is_told_in_awss_words(opens, lake):
    opens("{}")
    with pytest.raises(SourceError, match=r"reading the secret acme/none: An error occurred .ResourceNotFound"):
        lake.run(PIPELINE, "2026-01-02", "unread", secret="acme/none")


def test_a_replay_judges_what_had_arrived_asks_the_database_nothing_and_writes_the_csv_as_asked_for(
    postgres_source, night, monkeypatch
):
    postgres_source.fill(SMALL)
    postgres_source.add(1, "2026-01-02")
    night("2026-01-02")
    monkeypatch.setattr("medallion.jdbc.Database.ask", None)
    assert numbers(night("2026-01-02", replay=True, delimiter=";", header="false")) == (1, 0, 0)
    assert night.csv("2026-01-02") == (
        "Zoë;d'Ávila;41;1.00;Padaria;2026-01-02;0123456789012345;ZOE D AVILA;;CC;2020-01-02\n"
    )


ODD_TYPES = {
    "postgresql": {
        "numeric(19,4)": (("10.5", "10.50"), ("-3.25", "-3.25"), ("7.1234", None)),
        "money": (("1234.56", "1234.56"), ("-10", "-10.00")),
        "real": (("12345.67", "12345.67"), ("1234567", "1234567.00"), ("'NaN'", None)),
        "double precision": (("987654321.12", "987654321.12"), ("1e15", None)),
    },
    "mariadb": {
        "decimal(19,4)": (("10.5", "10.50"), ("-3.25", "-3.25"), ("7.1234", None)),
        "float": (("12345.67", "12345.67"), ("123456.7", "123456.70"), ("0.1", "0.10")),
        "double": (("987654321.12", "987654321.12"), ("0.1", "0.10")),
        "decimal(19,4) zerofill": (("7", "7.00"), ("0.5", "0.50"), ("0", "0.00")),
    },
}


@pytest.mark.parametrize("kind", ODD_TYPES)
def test_an_amount_is_the_one_that_the_database_holds_whatever_its_type(kind, servers, tmp_path, spark):
    """One table with a column a type, read as a night reads it; a server of another place does not change its words."""

    url, table = servers(kind), Table("t", (Column("v", "decimal(18,2)", ("v",), signed=True),), ("v",), "v")
    database, source = Database(spark, _parsed("-", url.secret), "America/Sao_Paulo"), Source(url, tmp_path)
    if kind == "postgresql":
        source.do(f"ALTER DATABASE {url.dbname} SET DateStyle = 'German'", "SET extra_float_digits = 0")
    found = {}
    for number, (declared, values) in enumerate(ODD_TYPES[kind].items()):
        rows = ", ".join(f"({value})" for value, _ in values)
        source.do(f"DROP TABLE IF EXISTS t{number}", f"CREATE TABLE t{number} (v {declared})")
        source.do(f"INSERT INTO t{number} VALUES {rows}")
        column = LocatedColumn("v", declared.partition("(")[0])
        read = database.read(LocatedTable(table, f"t{number}", {"v": column}))
        kept = judge(read, rules_of(table)).where("outcome = 'accepted'").select(typed_columns(table)["v"])
        found[declared] = sorted(str(row["v"]) for row in kept.collect())
    expected = {d: sorted(right for _, right in values if right) for d, values in ODD_TYPES[kind].items()}
    assert found == expected


STATUS = "information_schema.session_status"
CIPHERS = {
    "postgresql": ("ssl AS secured", "pg_stat_ssl WHERE pid = pg_backend_pid()"),
    "mariadb": ("variable_value <> '' AS secured", f"{STATUS} WHERE variable_name = 'ssl_cipher'"),
}
REFUSED = r"querying \w+://.*([Cc]ertificate|CertPath|certification path|[Hh]ostname)"


@pytest.fixture(scope="session")
def no_files_left(spark):
    """A driver keeps certificates in its folder, here the tree; Spark looks there again for each task."""
    yield
    for kept in Path.cwd().glob("nightshift-ca-*.pem"):
        kept.unlink()


@pytest.mark.parametrize("kind", CIPHERS)
def test_the_jobs_connect_by_the_certificates_in_the_secret_and_by_no_others(kind, spark, tmp_path, no_files_left):
    one, other = (databases.authority(tmp_path / name) for name in ("one", "other"))
    with getattr(databases, f"{kind}_with_tls")(one) as url:

        def answer(opened):
            return Database(spark, _parsed("-", opened.secret)).ask(*CIPHERS[kind])[0]["secured"]

        assert answer(one.opened(url)) and answer(one.opened(url, "verify-ca", host="127.0.0.1"))
        assert answer(one.opened(url, "require", host="127.0.0.1")) and not answer(one.opened(url, "disable"))
        for wrong in (one.opened(url, ca=other.ca), one.opened(url, host="127.0.0.1")):
            with pytest.raises(SourceError, match=REFUSED):
                answer(wrong)


@pytest.mark.parametrize(
    ("engine", "expected"),
    [
        ("postgres", {"sslmode": "verify-full", "sslfactory": "org.postgresql.ssl.DefaultJavaSSLFactory"}),
        ("mysql", {"sslMode": "verify-full", "useSsl": "true"}),
    ],
)
def test_a_secret_that_says_nothing_of_tls_is_verified_to_any_other_machine(engine, expected):
    assert tls.properties(None, Address(engine, "db.example", None, "d", "u", "p")) == expected
    assert tls.properties(None, Address(engine, "127.0.0.1", None, "d", "u", "p")) == {}
    with pytest.raises(SourceError, match="is 'prefer', expected disable"):
        word = next(iter(expected))
        tls.properties(None, Address(engine, "db.example", None, "d", "u", "p", {word: "prefer"}))


INSTANTS = {"postgresql": "timestamptz", "mariadb": "timestamp"}


@pytest.mark.parametrize("kind", INSTANTS)
def test_a_day_ends_at_the_businesss_midnight_where_the_database_keeps_instants(kind, servers, tmp_path, opens, night):
    source = Source(servers(kind), tmp_path / "tables")
    opens(source.url.secret)
    source.fill(SMALL)
    zone = "SET TIME ZONE 'UTC'" if kind == "postgresql" else "SET time_zone = '+00:00'"
    retype = "ALTER COLUMN data_movimento TYPE" if kind == "postgresql" else "MODIFY data_movimento"
    source.do(zone, "DROP VIEW movimento_flat", f"ALTER TABLE movimento {retype} {INSTANTS[kind]}")
    instants = ("2024-01-11 01:30:00", "2024-01-10 13:00:00", "2024-01-11 03:00:00")  # 22:30, 10:00, and midnight
    rows = ", ".join(f"({number}, 1, 'x', '{moment}', 9)" for number, moment in enumerate(instants, 1))
    source.do(zone, f"INSERT INTO movimento VALUES {rows}")
    night("2024-01-10")
    told = [row["data_movimento"] for row in csv.DictReader(night.csv("2024-01-10").splitlines())]
    assert told == ["2024-01-10 10:00:00", "2024-01-10 22:30:00"]


def test_where_the_aws_cli_is_missing_a_secret_is_read_by_boto3(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    told = {"engine": "mysql", "host": "db.example", "dbname": "coop", "username": "reader", "password": "s3gredo"}
    with mock_aws():
        boto3.client("secretsmanager").create_secret(Name="acme/sources/cards", SecretString=json.dumps(told))
        assert address("acme/sources/cards").host == "db.example"
        with pytest.raises(SourceError, match=r"reading the secret acme/none: .*ResourceNotFound"):
            address("acme/none")
    monkeypatch.setitem(sys.modules, "boto3", None)
    with pytest.raises(SourceError, match="neither the AWS CLI nor boto3"):
        address("acme/sources/cards")
