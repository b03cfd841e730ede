"""Whole nights by the command that users have: terraform, cluster, Spark, gold, teardown, proof; with known answers.

All of them run with --iam, under the roles that they have on AWS. Where the command line itself is not what is tested,
one process plays the nights of many commands (tests/e2e/conftest.py, tests/iam/stage.py).
"""

import json
import re
import shutil
from collections import Counter
from contextlib import contextmanager
from decimal import Decimal

import pyarrow.parquet as pq
import pytest

from embedded.cloud.environment import NAME
from tests import browser
from tests.bed_api import DAY, BedApi, serving
from tests.iam.stage import NOVEL
from tools.paths import ROOT

pytestmark = [pytest.mark.spark, pytest.mark.terraform]
PICTURES = ROOT / ".nightshift" / "pages" / "pictures"  # CI keeps them


def rows(export, table):
    return [row for file in sorted((export / table).glob("*.parquet")) for row in pq.read_table(file).to_pylist()]


def total(table, column):
    return sum(row[column] for row in table)


@pytest.fixture(scope="module")
def novel(played):
    """A night on a novel, by the date that it is given; what it said and the folder with its gold."""
    if not NOVEL.is_file():
        pytest.skip("the real input data (../shared/data) is not on this machine")
    assert played.again.status == 0, played.again.said
    return played.again, played.gold[1]


def test_wordcount_of_a_novel_leaves_its_gold_and_nothing_else(nightshift, novel):
    ended, gold = novel
    counts = rows(gold, "word_counts")
    assert (total(counts, "occurrences"), len(counts)) == (67_302, 8_842)
    assert [tuple(row.values()) for row in counts[:3]] == [("que", 2663), ("a", 2613), ("e", 2192)]
    (record,) = ended.records
    assert record["proof"]["alive"] == []
    assert record["proof"]["shared"] == (
        "The cluster and its stack were those of pack_early/000001; this run was the last to use them."
    )
    assert record["cluster"]["name"].startswith(f"{NAME} pack_early ")
    assert {task["state"] for task in record["tasks"].values()} == {"success"}
    assert [cluster["Name"] for cluster in nightshift.clusters()] == ["another team's"]
    assert "Outcome:  success" in ended.said


@contextmanager
def without(iam, policy, sid):
    """A policy that lacks one statement while the block lasts."""
    own = next(p for p in iam.list_policies(Scope="Local")["Policies"] if p["PolicyName"] == policy)
    version = {"PolicyArn": own["Arn"], "VersionId": own["DefaultVersionId"]}
    document = iam.get_policy_version(**version)["PolicyVersion"]["Document"]
    rest = [statement for statement in document["Statement"] if statement["Sid"] != sid]
    assert len(rest) == len(document["Statement"]) - 1
    less = json.dumps({**document, "Statement": rest})
    made = iam.create_policy_version(PolicyArn=own["Arn"], PolicyDocument=less, SetAsDefault=True)["PolicyVersion"]
    try:
        yield
    finally:
        iam.set_default_policy_version(**version)
        iam.delete_policy_version(PolicyArn=own["Arn"], VersionId=made["VersionId"])


@pytest.fixture(scope="module")
def forbidden(nightshift, tmp_path_factory):
    """A night whose role lacks one statement. It is after a night of the same day, which has compared the foundation:
    the difference would end this one sooner."""
    text = tmp_path_factory.mktemp("forbidden") / "text.txt"
    text.write_text("uma noite\n")
    with without(nightshift.client("iam"), f"{NAME}-airflow-night", "StartClustersOfThisName"):
        return nightshift("run", "wordcount", "--input", text, "--date", "2026-03-01")


def test_a_night_whose_role_lacks_one_statement_fails_and_says_which_right_it_lacks(forbidden):
    assert forbidden.status == 1
    (record,) = forbidden.records
    assert (record["outcome"], record["failure"]["task"]) == ("failed", "start_compute")
    assert record["failure"]["cause"] == "iam"
    who = f"User: arn:aws:sts::123456789012:assumed-role/{NAME}-airflow/"
    why = "because no identity-based policy allows the elasticmapreduce:RunJobFlow action"
    for words in (who, "is not authorized to perform: elasticmapreduce:RunJobFlow on resource: *", why):
        assert words in record["failure"]["message"]
    assert record["proof"]["alive"] == []


def test_wordcount_on_flink_is_a_whole_night_whose_gold_is_the_generators_truth(flink_home, others):
    ended = others.ended["flink"]
    assert ended.status == 0, ended.said
    assert {row["word"]: row["occurrences"] for row in rows(others.gold["flink"], "word_counts")} == others.truth
    (record,) = ended.records
    assert [step["name"] for step in record["steps"]][-2:] == ["wordcount_count", "wordcount"]
    assert {step["state"] for step in record["steps"]} == {"COMPLETED"}
    assert record["proof"]["alive"] == []


def test_a_backfill_makes_the_days_without_gold_and_names_the_one_that_it_cannot_whose_replay_can(nightshift, others):
    shown, made = others.ended["shown"], others.ended["made"]
    assert (shown.status, shown.records) == (0, [])
    assert "2026-02-03: no gold of word_counts" in shown.said and "3 days to make" in shown.said
    (record,) = made.records
    assert (made.status, record["outcome"]) == (1, "failed")
    assert "1 of 3 days were not made: 2026-02-03: bronze.lines: 50 of 50 rows" in record["failure"]["message"]
    assert [gold["uri"][-11:-1] for gold in record["gold"]] == ["2026-02-02", "2026-02-05"]
    assert record["proof"]["alive"] == []
    assert len({step["log_uri"].split("/")[-4] for step in record["steps"]}) == 1, "all days on one cluster"
    right = nightshift("replay", "wordcount", "--date", "2026-02-03", "--encoding", "latin-1")
    assert right.status == 0, right.said
    assert [manifest["tables"][0]["accepted"] for manifest in right.records[0]["layers"]] == [50, 50, 50]
    assert "coração           50" in right.said


@pytest.fixture(scope="module")
def fifty_units(shared_data, others):
    """A night of fifty units' sales; the words that asked for it, the folder with its gold, and its page."""
    ended = others.ended["sales"]
    assert ended.status == 0, ended.said
    return others.words["sales"], others.gold["sales"], ended.pages[-1]


def by_day_of(gold):
    """What was sold each day; the years and the products say the same."""
    days, years = rows(gold, "sales_by_branch_day"), rows(gold, "sales_by_branch_year")
    products = rows(gold, "product_sales")
    assert total(years, "gross_value") == total(days, "gross_value")
    assert total(products, "gross_value") == total(days, "gross_value") - total(days, "delivery_fees")
    by_day = Counter()
    for row in days:
        by_day[str(row["order_date"])] += row["gross_value"]
    return by_day


def test_a_day_of_fifty_units_adds_up(fifty_units):
    assert by_day_of(fifty_units[1]) == {"2026-01-04": Decimal("219832.13")}


@pytest.mark.long  # two nights of one command: tests/iam plays five in one process
def test_two_days_of_fifty_units_add_up(nightshift, fifty_units, tmp_path):
    ended = nightshift(*fifty_units[0][:4], "--export", tmp_path, "--from", "2026-01-03", "--to", "2026-01-04")
    assert ended.status == 0, ended.said
    assert by_day_of(tmp_path).keys() == {"2026-01-03", "2026-01-04"}


@pytest.mark.long  # of the jobs it is shown in tests/spark_jobs, of a night in tests/iam
def test_a_day_run_again_changes_nothing(nightshift, fifty_units):
    asked, gold, _ = fifty_units
    days = rows(gold, "sales_by_branch_day")
    again = nightshift(*asked)
    assert again.status == 0, again.said
    assert rows(gold, "sales_by_branch_day") == days


@pytest.mark.long  # by the command line; tests/iam has such a night, and counts its beds
def test_a_night_fetches_its_beds_from_an_api_by_a_host_that_is_gone_before_the_cluster_comes(nightshift, tmp_path):
    with serving(BedApi()) as beds:
        beds.user, beds.failures = "reader:geheim", [503, None]
        source = beds.url.replace("//", "//reader:geheim@")
        asked = ("run", "covid_hospitals", "--date", str(DAY), "--source", source, "--export", tmp_path)
        ended = nightshift(*asked)
    assert ended.status == 0, ended.said
    (record,) = ended.records
    assert record["proof"]["alive"] == []
    assert [record["tasks"][task]["state"] for task in ("ingest", "stop_host")] == ["success", "success"]
    assert len(beds.asked) == 2
    told = sum(document["_source"]["ofertaSRAGUti"] or 0 for document in beds.documents.values())
    found = [row for row in rows(tmp_path, "bed_occupancy") if (row["bed_type"], row["pool"]) == ("icu", "covid")]
    assert told and total(found, "offered") == told
    assert "geheim" not in ended.said + json.dumps(record)


def test_an_empty_lake_of_files_is_refused_before_anything_starts(nightshift, tmp_path):
    empty = tmp_path / "nothing"
    empty.mkdir()
    ended = nightshift("run", "mrhealth_sales", "--input", empty)
    assert ended.status == 2
    assert ended.records == []
    assert len(ended.said.strip().splitlines()) == 1, ended.said


def test_card_movements_of_a_folder_become_one_file_and_leave_neither_secret_nor_number_behind(
    nightshift, shared_data, tmp_path
):
    folder = shared_data / "cards" / "wesleyst5"
    ended = nightshift("run", "card_movements", "--input", folder, "--output", tmp_path, "--export", tmp_path)
    assert ended.status == 0, ended.said
    told = (tmp_path / "movimento_flat.csv").read_text(encoding="utf-8").splitlines()
    assert len(told) == 6
    assert sum(Decimal(line.split(",")[3]) for line in told[1:]) == Decimal("8123.48")
    flat = rows(tmp_path, "movimento_flat")
    assert total(flat, "vlr_transacao_movimento") == Decimal("8123.48")
    (record,) = ended.records
    assert record["exports"] == [
        {"file": "movimento_flat.csv", "uri": "s3://nightshift-local-lake/exports/card_movements/movimento_flat.csv"}
    ]
    left = nightshift.client("secretsmanager").list_secrets()["SecretList"]
    assert [secret["Name"] for secret in left] == [f"{NAME}/sources/covid_api"]
    assert not [row["numero_cartao"] for row in flat if row["numero_cartao"] in ended.said]
    assert not [row["numero_cartao"] for row in flat if row["numero_cartao"] in str(record)]


def test_every_number_of_a_real_nights_page_is_in_its_record_page_json_or_gold(fifty_units):
    """Gold as the night published it, not as a test made it up."""
    _, gold, page = fifty_units
    record, figures = (json.loads((page.parent / name).read_text()) for name in ("record.json", "page.json"))
    published = [rows(gold, table) for table in figures["tables"]]
    published += [json.loads(before.read_text())["cost"] for before in page.parent.parent.glob("*/record.json")]
    known = {float(n) for n in re.findall(r"\d+(?:\.\d+)?", json.dumps([record, figures, published], default=str))}
    shown = re.findall(r'<data value="(-?[\d.]+)" data-kind="(brl|brl0|usd|int)"', page.read_text())
    assert len(shown) > 500
    assert [value for value, _ in shown if abs(float(value)) not in known] == []
    revenue = sum(row["revenue"] for row in rows(gold, "sales_by_branch_day"))
    assert f'<data value="{float(revenue)}" data-kind="brl"' in page.read_text()


@pytest.mark.skipif(not browser.chromium(), reason="there is no chromium")
def test_the_pages_of_a_good_a_failed_and_a_backfill_night_work_in_a_browser(novel, fifty_units, forbidden, others):
    """Languages, colours, choosers, CSV, phone, no network, and axe-core's rules (tests/pages_in_browser.py)."""
    pages = {"words": novel[0].pages[-1], "sales": fifty_units[2], "failed": forbidden.pages[-1]}
    pages["backfill"] = others.ended["made"].pages[-1]
    assert all(ended.said.rstrip().splitlines()[-1].startswith("Page:") for ended in (novel[0], forbidden))
    shutil.rmtree(PICTURES, ignore_errors=True)
    said = browser.play(ROOT / "tests" / "pages_in_browser.py", str(PICTURES), *map(str, pages.values()))
    assert dict(zip(pages, map(json.loads, said.splitlines()), strict=True)) == {name: [] for name in pages}
