"""Publishing: only who holds the date, every table whole, and the ledger says which were swapped."""

import json
import re
from datetime import date, timedelta
from threading import Barrier
from types import SimpleNamespace

import pytest
from airflow.sdk.exceptions import AirflowFailException

from mrhealth_sales.definition import PIPELINE as MRHEALTH_SALES
from nightshift.lake.catalog import CatalogHook
from nightshift.lake.storage import LakeHook
from nightshift.operators.gold import PublishOperator
from nightshift.state.ledger import Ledger
from nightshift.state.partition_locks import Claim

LAKE = "acme-night-lake"
TABLES = len(MRHEALTH_SALES.gold)


@pytest.fixture
def s3(aws, night):
    """A lake where every table is staged, and yesterday's try of the same date published."""
    s3 = aws("s3")
    for table in MRHEALTH_SALES.gold:
        s3.put_object(Bucket=LAKE, Key=f"{night.staging_prefix}gold/{table.name}/p.parquet", Body=b"new")
        s3.put_object(Bucket=LAKE, Key=f"{night.gold_prefix(table.name)}part-00000.parquet", Body=b"old")
    aws("glue").create_database(DatabaseInput={"Name": night.settings.database("gold")})
    return s3


@pytest.fixture
def publish(settings, night):
    def run():
        dag_run = SimpleNamespace(run_id=night.run_id, run_after=night.requested_at, start_date=None)
        task = PublishOperator(task_id="publish", pipeline=MRHEALTH_SALES, settings=settings)
        return task.execute({"ti": SimpleNamespace(try_number=1), "dag_run": dag_run, "params": {}})

    return run


def gold(s3, night):
    objects = [f"{night.gold_prefix(table.name)}part-00000.parquet" for table in MRHEALTH_SALES.gold]
    return [s3.get_object(Bucket=LAKE, Key=key)["Body"].read() for key in objects]


def swaps(s3, night):
    return [entry for entry in Ledger(s3, night).entries() if entry.get("act") == "swapped"]


def swapped(s3, night):
    return [entry["uri"].split("/")[5] for entry in swaps(s3, night)]


def test_a_publish_killed_between_two_tables_leaves_each_whole_and_its_retry_finishes(s3, night, publish, monkeypatch):
    Claim(s3, night).take()
    swap = LakeHook.swap_gold

    def die_at_the_second(self, table, made_by):
        if table == MRHEALTH_SALES.gold[1].name:
            raise SystemExit("killed")
        return swap(self, table, made_by)

    monkeypatch.setattr(LakeHook, "swap_gold", die_at_the_second)
    with pytest.raises(SystemExit):
        publish()
    assert gold(s3, night) == [b"new", *[b"old"] * (TABLES - 1)]
    assert swapped(s3, night) == [MRHEALTH_SALES.gold[0].name]

    monkeypatch.setattr(LakeHook, "swap_gold", swap)
    publish()
    assert gold(s3, night) == [b"new"] * TABLES


def test_every_day_that_was_staged_is_swapped_registered_and_no_longer_marked(s3, aws, night, publish):
    Claim(s3, night).take()
    sales, mark = MRHEALTH_SALES.gold[0].name, "silver/mrhealth_sales/_unpublished/business_date="
    s3.delete_object(Bucket=LAKE, Key=f"{night.staging_prefix}gold/{sales}/p.parquet")
    for day in ("2026-01-01", "2026-01-04"):
        key = f"{night.staging_prefix}gold/{sales}/business_date={day}/p.parquet"
        s3.put_object(Bucket=LAKE, Key=key, Body=day.encode())
    for day in ("2026-01-01", "2026-01-03", "2026-01-04"):
        s3.put_object(Bucket=LAKE, Key=f"{mark}{day}", Body=b"")
    told = {"table": sales, "day": "2026-01-01", "since": "2026-01-02T03:20:00Z", "before": {}, "after": {}, "rows": 1}
    body = json.dumps({"layer": "gold", "restated": [told], "contract": "c0ffee"})
    s3.put_object(Bucket=LAKE, Key=f"{night.manifests_prefix}gold.json", Body=body.encode())
    publish()
    assert [note.get("restated") for note in swaps(s3, night)] == [[told], *[None] * (TABLES - 1)]
    home = f"gold/mrhealth_sales/{sales}/business_date="
    for day in ("2026-01-01", "2026-01-04"):
        there = s3.get_object(Bucket=LAKE, Key=f"{home}{day}/part-00000.parquet")
        assert (there["Body"].read(), there["Metadata"]) == (day.encode(), {"contract": "c0ffee"})
    found = aws("glue").get_partitions(
        DatabaseName=night.settings.database("gold"), TableName=f"mrhealth_sales_{sales}"
    )
    assert sorted(p["Values"] for p in found["Partitions"]) == [["2026-01-01"], ["2026-01-04"]]
    left = s3.list_objects_v2(Bucket=LAKE, Prefix=mark)["Contents"]
    assert [item["Key"] for item in left] == [f"{mark}2026-01-03"]


def test_the_days_of_years_are_published_several_at_once_and_the_nights_own_last(s3, aws, night, publish, monkeypatch):
    """A folder of years stages a thousand days a table; one after another they take longer than a task may."""
    Claim(s3, night).take()
    sales = MRHEALTH_SALES.gold[0].name
    days = [str(date(2025, 1, 1) + timedelta(days=n)) for n in range(12)]
    s3.delete_object(Bucket=LAKE, Key=f"{night.staging_prefix}gold/{sales}/p.parquet")
    for day in (str(night.business_date), *days):
        key = f"{night.staging_prefix}gold/{sales}/business_date={day}/p.parquet"
        s3.put_object(Bucket=LAKE, Key=key, Body=day.encode())
    together, ended, swap, upsert = Barrier(4), [], LakeHook._swap, CatalogHook._upsert_partition

    def swapped_together(self, *where):
        day = re.search(r"business_date=([0-9-]+)/|$", str(where))[1]
        if day in days:
            together.wait(timeout=300)
        swap(self, *where)
        ended.append(day or str(night.business_date))

    def registered_together(self, name, table, day):
        if str(day) in days:
            together.wait(timeout=300)
        upsert(self, name, table, day)

    monkeypatch.setattr(LakeHook, "_swap", swapped_together)
    monkeypatch.setattr(CatalogHook, "_upsert_partition", registered_together)
    publish()
    assert sorted(ended[:12]) == days and ended[12] == str(night.business_date)


def test_a_run_that_lost_its_date_publishes_nothing(s3, night, publish):
    s3.put_object(Bucket=LAKE, Key=night.claim_key, Body=b'{"run": "mrhealth_sales/rival"}')
    with pytest.raises(AirflowFailException, match=r"no longer holds 2026-01-04: mrhealth_sales/rival does"):
        publish()
    assert gold(s3, night) == [b"old"] * TABLES


def test_what_an_earlier_try_published_is_adopted_though_its_run_was_reaped_meanwhile(s3, night, publish):
    claim = Claim(s3, night)
    claim.take()
    first = publish()
    LakeHook(s3, night).sweep_staging()
    claim.release()
    assert publish() == first
    assert gold(s3, night) == [b"new"] * TABLES
    assert len(swapped(s3, night)) == TABLES


def test_work_that_began_again_since_is_published_anew(s3, night, publish):
    claim = Claim(s3, night)
    claim.take()
    publish()
    with Ledger(s3, night).act("job_gold", 2):
        pass
    publish()
    assert len(swapped(s3, night)) == 2 * TABLES
