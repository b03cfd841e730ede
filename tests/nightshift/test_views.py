"""What Athena and QuickSight show of the products: read strictly, written out for terraform."""

import json

import pytest

from nightshift.config import INCLUDE
from nightshift.failures.errors import SettingsError
from nightshift.pipelines import PIPELINES, REGISTRY
from nightshift.report import views

CARDS = PIPELINES["card_movements"]
SOUND = """
[views.day]
about = "By day."
sql = "SELECT 1 AS n"
columns.n = { type = "int", about = "One." }

[[charts]]
title = "N"
kind = "kpi"
view = "day"
values = ["n"]
"""


def test_the_files_that_terraform_reads_are_up_to_date(tmp_path):
    views.write(tmp_path)
    written = {file.name: file.read_text(encoding="utf-8") for file in tmp_path.iterdir()}
    kept = (INCLUDE / "terraform").glob("views*.json")
    assert {file.name: file.read_text(encoding="utf-8") for file in kept} == written, "run `make docs`"
    assert written.keys() == {"views.json", "views.pt-BR.json"}


@pytest.mark.parametrize("name", PIPELINES)
def test_every_gold_table_has_a_view_of_its_newest_partition_without_what_is_personal(name):
    shown = views.product(PIPELINES[name], REGISTRY.packages[name].folder)["views"]
    for table in PIPELINES[name].gold:
        view = shown[f"{table.name}_latest"]
        columns = [column["name"] for column in view["columns"]]
        assert columns == [c for c in table.types if c not in table.personal] + ["business_date"]
        assert all(column["about"] for column in view["columns"])
    everything = json.dumps(shown)
    assert not [column for table in PIPELINES[name].gold for column in table.personal if column in everything]


@pytest.mark.parametrize("name", [n for n, p in REGISTRY.packages.items() if (p.folder / "views.toml").is_file()])
def test_every_product_with_views_has_totals_a_saved_query_and_charts(name):
    body = views.product(PIPELINES[name], REGISTRY.packages[name].folder)
    assert {chart["kind"] for chart in body["charts"]} >= {"kpi", "bar"} and body["queries"]
    assert len(body["views"]) > len(PIPELINES[name].gold)


def test_a_product_without_a_file_has_the_newest_partitions_only(tmp_path):
    body = views.product(CARDS, tmp_path)
    assert list(body["views"]) == ["movimento_flat_latest"] and body["queries"] == {} and body["charts"] == []


def test_a_sound_file_is_read(tmp_path):
    (tmp_path / "views.toml").write_text(SOUND)
    body = views.product(CARDS, tmp_path)
    assert body["views"]["day"]["columns"] == [{"name": "n", "type": "int", "about": "One."}]
    assert body["charts"] == [{"category": "", "title": "N", "kind": "kpi", "view": "day", "values": ["n"]}]


@pytest.mark.parametrize(
    ("wrong", "fault"),
    [
        (SOUND.replace("[views", "[view"), "unknown part 'view'"),
        (SOUND.replace('about = "By day."', ""), "views day lacks about"),
        (SOUND.replace("title", "titel"), "charts 1 has the unknown word 'titel'"),
        (SOUND.replace('["n"]', '["m"]'), "'N' shows m, which day does not have"),
        (SOUND.replace('"kpi"', '"pie"'), "'N' is no pie"),
        (SOUND.replace('"kpi"', '"bar"'), "'N' is no bar"),
    ],
)
def test_a_wrong_file_is_refused_by_its_fault(tmp_path, wrong, fault):
    (tmp_path / "views.toml").write_text(wrong)
    with pytest.raises(SettingsError, match=fault):
        views.product(CARDS, tmp_path)
