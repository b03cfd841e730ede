"""Card movements out of real databases: known answers, odd schemas, and every movement once however it comes."""

import csv
import json
import shutil
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

import boto3
import pytest
from moto import mock_aws

from card_movements.jobs.gold import guarded, risky_cells
from card_movements.local import card_source
from datagen.cards import CardShape, generate_cards
from medallion import tls
from medallion.errors import SourceError
from medallion.jdbc import Database, LocatedColumn, LocatedTable
from medallion.quality import judge
from medallion.secret import address
from medallion.typing_rules import rules_of, typed_columns
from nightshift_contract.model import Column, Table
from nightshift_contract.secret import Address, parsed
from tests import databases
from tests.spark_jobs.conftest import SECRET

PIPELINE, FLAT = "card_movements", "movimento_flat"
MEMBER = "5,Zoë,d'Ávila,41,zoe@exemplo.coop.br"
NO_DATES = ("infinity", "0000-00-00", "1700-01-01", "2024-02-00")
SMALL = {
    "associado": f"id,nome,sobrenome,idade,email\n{MEMBER}\n",
    "conta": "id,tipo,data_criacao,id_associado\n7,CC,2020-01-02,5\n",
    "cartao": "id,num_cartao,nom_impresso,id_conta,id_associado,data_criacao\n9,0123456789012345,ZOE D AVILA,7,5,\n",
    "movimento": "id,vlr_transacao,des_transacao,data_movimento,id_cartao\n",
}


@pytest.fixture
def mariadb(servers):
    return servers("mariadb")


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


class Both:
    """The same in a database of each kind."""

    def __init__(self, servers, folder, kinds=("postgresql", "mariadb")):
        self.by_kind = {kind: Source(servers(kind), folder / kind) for kind in kinds}

    def fill(self, files):
        for source in self.by_kind.values():
            source.folder.parent.mkdir(exist_ok=True)
            source.fill(files)

    def fill_from(self, folder):
        for source in self.by_kind.values():
            source.fill_from(folder)

    def do(self, *statements):
        for source in self.by_kind.values():
            source.do(*statements)

    def add(self, *words, **more):
        for source in self.by_kind.values():
            source.add(*words, **more)


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


class NightsOfBoth(Nights):
    """Nights that read both databases: what arrives is the same, so that one alone goes on to silver and gold."""

    def __init__(self, lake, opens, both):
        super().__init__(lake)
        self.opens, (self.first, self.other) = opens, both.by_kind.values()

    def __call__(self, day, publish=True, other_layers="bronze", **options):
        self.opens(self.other.url.secret)
        theirs = self.lake.run(PIPELINE, day, "unread", secret=SECRET, **{**options, "layers": other_layers})
        arrived = self.arrived(day, theirs)
        self.opens(self.first.url.secret)
        counts = super().__call__(day, publish, **options)
        assert self.arrived(day, {layer: counts[layer] for layer in theirs}) == arrived
        return counts

    def arrived(self, day, counts):
        """A day's rows in these layers, but for where and when they were read, and their counts."""
        tables = {(layer, table) for layer in counts for table in ("movements", "cards", "accounts", "members")}
        rows = {
            (layer, table): sorted(self.content(row) for row in self.lake.rows(layer, PIPELINE, table, day))
            for layer, table in {*tables, ("bronze", "movements_aside")}
        }
        assert rows["bronze", "members"]
        return rows, counts

    def content(self, row):
        """What a row says; a date that is none each database spells in its own way."""
        kept = {name: str(value) for name, value in row.items() if name not in {"source_file", "line", "ingested_at"}}
        return sorted((name, "no date" if value in NO_DATES else value) for name, value in kept.items())


@pytest.fixture
def both(servers, tmp_path):
    return Both(servers, tmp_path / "tables")


@pytest.fixture
def night_of_both(lake, opens, both):
    return NightsOfBoth(lake, opens, both)


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
    assert [row.a for row in guarded(text, ["a"]).collect()] == [*(f"'{cell}" for cell in cells[:7]), *cells[7:]]
    assert text.agg(*risky_cells(["a", "b"])).first().asDict() == {"a": 7, "b": 0}


@pytest.fixture
def night(lake):
    return Nights(lake)


def numbers(counts, layer="silver", table="movements"):
    told = counts[layer][table]
    return told["accepted"], told["quarantined"], told["duplicates"]


def test_the_known_movements_of_wesleyst5(both, night_of_both, shared_data, as_a_cluster):
    both.fill_from(shared_data / "cards" / "wesleyst5")
    with as_a_cluster():
        counts = night_of_both("2023-01-01")
    assert numbers(counts) == (5, 0, 0)
    rows = night_of_both.lake.gold(PIPELINE, "2023-01-01", FLAT)
    assert (len(rows), sum(row["vlr_transacao_movimento"] for row in rows)) == (5, Decimal("8123.48"))
    told = list(csv.reader(night_of_both.csv("2023-01-01").splitlines()))
    assert told[0] == list(card_columns())
    assert told[-1] == [
        *("Jose", "Santos Silva", "45", "4499.50", "PS5", "2022-03-30 05:00:00", "40778", "Jose S Silva", ""),
        *("CC", "2022-02-28 09:00:00"),
    ]
    assert "\r" not in night_of_both.csv("2023-01-01")


def card_columns():
    return (
        *("nome_associado", "sobrenome_associado", "idade_associado", "vlr_transacao_movimento"),
        *("des_transacao_movimento", "data_movimento", "numero_cartao", "nome_impresso_cartao"),
        *("data_criacao_cartao", "tipo_conta", "data_criacao_conta"),
    )


def test_the_movements_of_candidabruxel_are_those_that_somebody_else_expects(both, night_of_both, shared_data):
    folder = shared_data / "cards" / "candidabruxel"
    both.fill_from(folder)
    night_of_both("2024-01-01")
    rows = list(csv.DictReader(night_of_both.csv("2024-01-01").splitlines()))
    expected = list(csv.DictReader((folder / "expected_movimento_flat.csv").read_text().splitlines()))
    ours = [{"tipo": row["tipo_conta"], **{k: v for k, v in row.items() if k in expected[0]}} for row in rows]
    assert sorted(map(sorted_items, ours)) == sorted(map(sorted_items, expected))
    assert sum(Decimal(row["vlr_transacao_movimento"]) for row in rows) == Decimal("654.55")


def sorted_items(row):
    return sorted(row.items())


def test_generated_movements_add_up_to_their_truth_read_in_parts_or_whole(both, night_of_both, tmp_path, monkeypatch):
    truth = generate_cards(tmp_path / "made", CardShape(rows=400))
    both.fill_from(tmp_path / "made")
    monkeypatch.setattr("medallion.jdbc.ROWS_A_PART", 60)
    night_of_both("2026-01-04", page=True)
    rows = night_of_both.lake.gold(PIPELINE, "2026-01-04", FLAT)
    assert (len(rows), sum(r["vlr_transacao_movimento"] for r in rows)) == (truth.rows, truth.total)
    assert len({row["movement_id"] for row in rows}) == truth.rows
    assert {len(row["numero_cartao"]) for row in rows} == {16}
    back = list(csv.DictReader(night_of_both.csv("2026-01-04").splitlines()))
    assert sum(Decimal(row["vlr_transacao_movimento"]) for row in back) == truth.total
    assert {'Livraria "O Ponto"', "Posto, loja 2"} <= {row["des_transacao_movimento"] for row in back}
    page = night_of_both.lake.page(PIPELINE, "2026-01-04")
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


class Observed(NamedTuple):
    """What a night showed when it was over."""

    counts: Any
    restated: Any
    csv: str
    published: Any


@pytest.fixture(scope="module")
def story(new_lake, servers, opens_for_all, tmp_path_factory):
    """Five dates, the first of which dies before it publishes, and then three of them again: by name what each night
    showed, and bronze of a date after them."""
    both, told = Both(servers, tmp_path_factory.mktemp("story") / "tables"), {}
    night = NightsOfBoth(new_lake(), opens_for_all, both)
    alone = Nights(night.lake)  # the first database's, which the secret opens after each night of both

    def observe(name, play, day, **options):
        counts = play(day, **options)
        told[name] = Observed(counts, night.restated(day), night.csv(day), night.published())

    both.fill(SMALL)
    for number, day in ((9, "2025-12-01"), (10, "2025-06-01"), (2, "2026-01-02"), (4, "2026-01-02")):
        both.add(number, day)
    both.add(20, "2026-01-02 23:59:59")
    both.add(1, "2026-01-03")
    night("2026-01-01", publish=False)
    observe("first", night, "2026-01-02")
    both.add(3, "2026-01-03")
    both.add(22, "2026-01-02 23:59:59")  # of the same moment as the watermark: neither skipped nor doubled
    both.add(21, "2024-02-29")  # an old date under a new number
    both.add(23, "2026-01-03 10:00:00", amount="-0.50")
    observe("second", night, "2026-01-03")
    both.do("UPDATE movimento SET vlr_transacao = 7.00, data_movimento = '2026-01-02' WHERE id = 1")
    both.do("UPDATE movimento SET data_movimento = '2026-02-01' WHERE id = 4", "DELETE FROM movimento WHERE id = 2")
    both.do("INSERT INTO cartao VALUES (8, '4000123412341234', 'Z D AVILA', 7, 5, NULL)")
    both.do("UPDATE movimento SET id_cartao = 8 WHERE id = 3")
    both.add(5, "2026-01-04")
    observe("third", night, "2026-01-04")
    both.add(6, "2024-03-01")  # an old date under an old number
    observe("fourth", night, "2026-01-05")
    told["after it"] = night.asked("2026-01-06")
    observe("killed, again", alone, "2026-01-01")
    alone("2026-01-02")
    observe("all again", alone, "2026-01-05")
    return told


def test_each_night_takes_what_is_new_however_late_it_was_entered_and_the_file_holds_all(story):
    assert numbers(story["second"].counts) == (5, 0, 3)
    assert story["second"].counts["bronze"]["movements"]["warnings"] == {}
    amounts = [row["vlr_transacao_movimento"] for row in csv.DictReader(story["second"].csv.splitlines())]
    assert amounts == [*["1.00"] * 9, "-0.50"]
    assert story["fourth"].counts["bronze"]["movements"]["warnings"] == {"whole_table_compared": 1}
    assert story["after it"]["warnings"] == {}
    assert story["fourth"].published == {
        "2026-01-02": [9, 10, 20],
        "2026-01-03": [1, 3, 21, 22, 23],
        "2026-01-04": [5],
        "2026-01-05": [6],
    }


def test_what_changed_or_went_after_it_was_published_is_restated_where_it_lies_and_told(story):
    waiting = [story[night].counts["bronze"]["movements"].get("waiting") for night in ("first", "second", "third")]
    assert waiting == [1, None, 1]
    assert story["first"].published == {"2026-01-02": [2, 4, 9, 10, 20]}
    night = story["third"]
    assert (numbers(night.counts), night.counts["bronze"]["movements"]["warnings"]) == ((3, 0, 3), {})
    assert night.counts["silver"]["movements"]["warnings"] == {"changed_after_load": 2}
    assert night.published == {"2026-01-02": [9, 10, 20], "2026-01-03": [1, 3, 21, 22, 23], "2026-01-04": [5]}
    amount, moved = "vlr_transacao_movimento", "data_movimento"
    assert night.restated == {
        "2026-01-02": [
            *(("movements", "4", "3"), ("amount", "4.00", "9.00")),
            ("movement 2", "1.00 of 2026-01-02 00:00:00", "deleted"),
            ("movement 4", "1.00 of 2026-01-02 00:00:00", "dated after the business date"),
        ],
        "2026-01-03": [
            *(("movements", "3", "2"), ("amount", "1.50", "0.50")),
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
    rows = [(line.split(",")[3], line.split(",")[6]) for line in night.csv.splitlines()[1:]]
    old, new = "0123456789012345", "4000123412341234"
    of_the_second = [("7.00", old), ("1.00", old), ("1.00", old)]
    assert rows == [*[("1.00", old)] * 3, *of_the_second, ("1.00", new), ("-0.50", old), ("1.00", old)]


def test_a_night_killed_before_it_published_moves_no_watermark_and_a_date_run_again_loses_nothing(story):
    assert numbers(story["first"].counts) == (5, 0, 0), "9 and 10 among them, which the killed night had read"
    before = story["fourth"].published
    assert numbers(story["killed, again"].counts) == (0, 0, 4)
    assert story["all again"].published == {"2026-01-01": [], **before}


ODD_DATES = {"postgresql": ("'infinity'", "'1700-01-01'"), "mariadb": ("'0000-00-00'", "'2024-02-00'")}


@pytest.fixture(scope="module")
def long_story(new_lake, servers, opens_for_all, tmp_path_factory):
    """Five dates with movements whose date is none, and others that change or go long after they were published."""
    both = Both(servers, tmp_path_factory.mktemp("long") / "tables", ("mariadb", "postgresql"))
    night, told = NightsOfBoth(new_lake(), opens_for_all, both), {}

    def observe(day, **options):
        counts = night(day, **options)
        told[day] = Observed(counts, night.restated(day), night.csv(day), night.published())

    both.fill({**SMALL, "associado": SMALL["associado"].replace(",41,", ",,")})
    both.do("INSERT INTO cartao VALUES (8, NULL, 'Z', 7, 5, NULL)")
    for number, day in ((1, "2026-01-01"), (4, "2026-01-10"), (5, "2026-01-10"), (6, "2026-01-20")):
        both.add(number, day, card=8 if number == 5 else 9)
    for number, day in ((11, "2026-01-01"), (12, "2026-01-02"), (13, "2026-01-10")):
        both.add(number, day)
    for kind, (one, other) in ODD_DATES.items():
        mode = ["SET sql_mode = ''"] if kind == "mariadb" else []
        odd = f"INSERT INTO movimento VALUES (2, 1, 'x', {one}, 9), (3, 1, 'x', {other}, 9)"
        both.by_kind[kind].do(*mode, f"UPDATE cartao SET data_criacao = {one} WHERE id = 9", odd)
    observe("2026-01-10", other_layers="bronze,silver")
    details = night.lake.quarantine("silver", PIPELINE, "movements", "2026-01-10")
    told["details"] = {row["reason"]: row["detail"] for row in details}
    both.do("UPDATE associado SET nome = 'Zoé'", "UPDATE movimento SET des_transacao = 'Feira' WHERE id = 12")
    observe("2026-01-20")
    both.do("UPDATE movimento SET des_transacao = 'Padaria' WHERE id = 12", "DELETE FROM movimento WHERE id = 2")
    observe("2026-01-21")
    told["after it"] = night.asked("2026-01-22")
    both.do("UPDATE movimento SET data_movimento = '2026-01-03' WHERE id = 3")
    told["mended"] = night.asked("2026-01-22")
    both.do("DELETE FROM movimento WHERE id = 11", "UPDATE movimento SET data_movimento = NULL WHERE id = 13")
    both.add(14, "2026-01-22")
    observe("2026-01-22")
    told["after a date was lost"] = night.asked("2026-01-23")
    both.do("UPDATE movimento SET des_transacao = 'Feira' WHERE id = 12")
    observe("2026-01-23", full_reload="true")
    return told


def test_a_date_that_is_none_is_refused_once_and_empty_where_it_is_optional(long_story):
    """Later nights ask for what is new: what stands refused is accounted for, until it is mended or gone."""
    night = long_story["2026-01-10"]
    assert night.counts["silver"]["movements"]["reasons"] == {"bad_date": 2, "unknown_card": 1}
    assert night.counts["silver"]["cards"]["warnings"] == {"bad_date": 1}
    assert long_story["details"]["unknown_card"] == "cartao 8 was quarantined itself, as missing_value"
    assert night.csv.splitlines()[1].endswith(",0123456789012345,ZOE D AVILA,,CC,2020-01-02")
    night = long_story["2026-01-20"]
    assert (night.counts["bronze"]["movements"]["warnings"], numbers(night.counts)) == ({}, (1, 1, 2))
    night = long_story["2026-01-21"]
    assert night.counts["bronze"]["movements"]["warnings"] == {"whole_table_compared": 1}
    assert long_story["after it"]["warnings"] == {}
    assert long_story["mended"]["warnings"] == {"whole_table_compared": 1}
    assert night.published == {"2026-01-10": [1, 4, 11, 12, 13], "2026-01-20": [6], "2026-01-21": []}


def test_a_movement_that_went_long_after_is_found_once_and_a_full_reload_restates_the_rest(long_story):
    night = long_story["2026-01-20"]
    assert (night.counts["bronze"]["movements"]["warnings"], night.restated) == ({}, {})
    night = long_story["2026-01-22"]
    assert night.counts["bronze"]["movements"]["warnings"] == {"whole_table_compared": 1}
    assert night.restated["2026-01-01"][-1] == ("movement 11", "1.00 of 2026-01-01 00:00:00", "deleted")
    assert night.counts["silver"]["movements"]["reasons"] == {"missing_value": 1, "unknown_card": 1}
    assert long_story["after a date was lost"]["warnings"] == {}
    night = long_story["2026-01-23"]
    assert numbers(night.counts) == (6, 2, 0)
    assert night.published == {
        "2026-01-10": [1, 4, 12, 13],
        "2026-01-20": [6],
        "2026-01-21": [],
        "2026-01-22": [3, 14],
        "2026-01-23": [],
    }
    assert night.restated["2026-01-02"] == [
        (
            "movement 12",
            "des_transacao_movimento Padaria, nome_associado",
            "des_transacao_movimento Feira, another nome_associado",
        )
    ]
    # Those published since have the new name already.
    assert list(night.restated) == ["2026-01-01", "2026-01-02", "2026-01-10"] and "Zoé" not in str(night.restated)
    assert night.csv.count("Zoé,d'Ávila") == 6


@pytest.fixture(scope="module")
def odd(new_lake, servers, opens_for_all, tmp_path_factory):
    """A night whose dates are text and whose amounts are floats, some of them none, with cards of nobody's account, and
    two movements of one number."""
    source = Source(servers("postgresql"), tmp_path_factory.mktemp("odd"))
    opens_for_all(source.url.secret)
    refused = "8,0123456789012345,ZOE,99,5,\n7,5432109876543210,ZOE,,5,\n"  # of no account, and of none named
    source.fill({**SMALL, "cartao": SMALL["cartao"].replace("9,0123456789012345,", "9,9999,") + refused})
    source.do("INSERT INTO cartao VALUES (6, '4,11111E+15', 'ZOE', 7, 5, NULL)")
    for number, card in ((11, 8), (12, 99), (13, 7), (14, 6)):
        source.add(number, "2026-01-02", card=card)
    source.do(
        "DROP VIEW movimento_flat",
        "ALTER TABLE movimento ALTER COLUMN data_movimento TYPE varchar(40)",
        "ALTER TABLE movimento ALTER COLUMN vlr_transacao TYPE double precision",
        "ALTER TABLE movimento DROP CONSTRAINT movimento_pkey",
        "INSERT INTO movimento VALUES (1, 99, 'x', '2026-01-02', 9)",
        "INSERT INTO movimento VALUES (1, 10.5, 'x', '2026-01-02  05:00:00', 9), (2, 0.005, 'x', '2026-01-02', 9),"
        " (3, 1, 'x', '31/12/2025', 9), (4, 1, 'x', NULL, 9),"
        " (5, 1, 'x', '2026-01-02T23:30:00Z', 9), (6, 1, 'x', '2026-01-02 23:30:00-05', 9),"
        " (7, 1, 'x', '10:00:00', 9), (8, 1, 'x', '10:00:00+00', 9)",  # Spark's casts take these for today's
    )
    night = Nights(new_lake())
    return night, night("2026-01-02", page=True)


REFUSED_CARDS = {"unknown_account": 1, "unknown_card": 3}


def test_what_is_refused_shows_the_last_four_digits_of_a_card_and_nobodys_address(odd):
    night, counts = odd
    assert REFUSED_CARDS.items() <= counts["silver"]["movements"]["reasons"].items()
    refused = night.lake.quarantine("silver", PIPELINE, "movements", "2026-01-02")
    one, two, *_ = sorted(row["raw"] for row in refused if row["reason"] in REFUSED_CARDS)
    assert '"id":"11"' in one and '"id_cartao":"99"' in two
    assert [line.split(",")[6] for line in night.csv("2026-01-02").splitlines()[1:]] == ["9999", "9999"]
    row, other = night.lake.quarantine("silver", PIPELINE, "cards", "2026-01-02")
    assert {row["reason"], other["reason"]} == {"missing_value", "rewritten_code"}
    row = row if row["reason"] == "missing_value" else other
    assert '"num_cartao":"****3210"' in row["raw"] and '"nom_impresso":"****"' in row["raw"]
    files = [file for file in night.lake.root.rglob("*") if file.is_file()]
    assert "page.json" in {file.name for file in files}
    everything = b"".join(f.read_bytes() for f in files if "cards" not in str(f))
    assert b"9999" in everything
    assert b"0123456789012345" not in everything and b"5432109876543210" not in everything
    assert not [file for file in files if b"zoe@exemplo" in file.read_bytes()]


def test_dates_and_amounts_that_are_none_are_quarantined_and_not_raised(odd):
    night, counts = odd
    reasons = counts["silver"]["movements"]["reasons"]
    assert reasons == {"bad_date": 3, "bad_number": 1, "clashing_key": 1, "missing_value": 1, **REFUSED_CARDS}
    assert counts["silver"]["movements"]["lost"] == 10
    assert "2026-01-02 20:30:00" in night.csv("2026-01-02") and counts["bronze"]["movements"]["waiting"] == 1
    assert "10.50" in night.csv("2026-01-02")
    assert "2026-01-02 05:00:00" in night.csv("2026-01-02")


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
    database, source = Database(spark, parsed(url.secret), "America/Sao_Paulo"), Source(url, tmp_path)
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
            return Database(spark, parsed(opened.secret)).ask(*CIPHERS[kind])[0]["secured"]

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


INSTANTS = {
    "postgresql": ("SET TIME ZONE 'UTC'", "ALTER COLUMN data_movimento TYPE timestamptz"),
    "mariadb": ("SET time_zone = '+00:00'", "MODIFY data_movimento timestamp"),
}


@pytest.fixture(scope="module")
def instants(new_lake, servers, opens_for_all, tmp_path_factory):
    """A night of databases that keep instants."""
    both = Both(servers, tmp_path_factory.mktemp("instants") / "tables")
    both.fill(SMALL)
    moments = ("2024-01-11 01:30:00", "2024-01-10 13:00:00", "2024-01-11 03:00:00")  # 22:30, 10:00, and midnight
    rows = ", ".join(f"({number}, 1, 'x', '{moment}', 9)" for number, moment in enumerate(moments, 1))
    for kind, (zone, retype) in INSTANTS.items():
        both.by_kind[kind].do("DROP VIEW movimento_flat", f"ALTER TABLE movimento {retype}")
        both.by_kind[kind].do(zone, f"INSERT INTO movimento VALUES {rows}")
    night = NightsOfBoth(new_lake(), opens_for_all, both)
    night("2024-01-10")
    return night


def test_a_day_ends_at_the_businesss_midnight_where_the_database_keeps_instants(instants):
    told = [row["data_movimento"] for row in csv.DictReader(instants.csv("2024-01-10").splitlines())]
    assert told == ["2024-01-10 10:00:00", "2024-01-10 22:30:00"]


def test_a_replay_judges_what_had_arrived_asks_the_database_nothing_and_writes_the_csv_as_asked_for(
    instants, lake, monkeypatch
):
    shutil.copytree(instants.lake.root, lake.root)
    monkeypatch.setattr("medallion.jdbc.Database.ask", None)
    night = Nights(lake)
    assert numbers(night("2024-01-10", replay=True, delimiter=";", header="false")) == (2, 0, 0)
    assert night.csv("2024-01-10") == "".join(
        f"Zoë;d'Ávila;41;1.00;x;2024-01-10 {time};0123456789012345;ZOE D AVILA;;CC;2020-01-02\n"
        for time in ("10:00:00", "22:30:00")
    )


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
