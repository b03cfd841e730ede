"""The list of nights: one bounded JSON object in the lake, which Airflow's pages and a night's own page read."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from datetime import datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from botocore.exceptions import BotoCoreError, ClientError

from nightshift.aws import clients
from nightshift.aws.conditional import put_if
from nightshift.config import Settings
from nightshift.pages import history

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

LOG = logging.getLogger(__name__)
KEY = "runs/index.json"  # in the lake
NIGHTS = 60  # of each DAG, the latest
MONTHS = 13
TRIES = 8  # reports of several products may end at once
DATED = "/business_date="
Index = dict[str, Any]
Record = Mapping[str, Any]


def empty(products: Mapping[str, Any] | None = None) -> Index:
    """An index without nights: {"products" (products.py), "nights": {dag: [history.summary, …]}, "money": {month:
    {dag: {"usd", "nights", "unknown"}}}, "gold": {"<product>.<table>": {"business_date", "written_at", "rows"}}}."""
    return {"products": dict(products or {}), "nights": {}, "money": {}, "gold": {}}


def updated(index: Index, record: Record, product: str, timezone: str) -> Index:
    """The index with the record of a run of a product, which replaces what an earlier record of that run added."""
    night, dag_id = history.summary(record), record["dag_id"]
    kept = index["nights"].get(dag_id, [])
    before = next((known for known in kept if known["slug"] == night["slug"]), None)
    others = [known for known in kept if known is not before]
    nights = sorted([*others, night], key=lambda each: str(each["started_at"]))[-NIGHTS:]
    # A run that was dropped from a full list is counted already.
    is_old = night not in nights
    money = index["money"] if is_old else _paid(index["money"], dag_id, before, night, timezone)
    return {
        **index,
        "nights": {**index["nights"], dag_id: nights},
        "money": dict(sorted(money.items())[-MONTHS:]),
        "gold": {**index["gold"], **_newest(index["gold"], record, product)},
    }


def read(settings: Settings) -> Index | None:
    """The index; None before the first report. One request to S3."""
    kept = _read(clients.client(settings, "s3"), settings.bucket("lake"))
    return kept[0] if kept else None


def keep(settings: Settings, record: Record, product: str, products: Mapping[str, Any]) -> bool:
    """Put the record of a run of `product` into the index, beside what all `products` are by now. False if that failed:
    the log says so, no outcome changes, and the run's next report repairs it."""
    return _replace(
        settings, lambda index: updated({**index, "products": products}, record, product, settings.timezone)
    )


def keep_drift(settings: Settings, differences: Iterable[Mapping[str, Any]], checked_at: str) -> bool:
    """Put into the index how many attributes of the stacks differ from their terraform, and since when; `differences`
    as infrastructure/drift.py keeps them. False as of `keep`."""
    dates = [str(difference["since"]) for difference in differences]
    drift = {"attributes": len(dates), "since": min(dates, default=None), "checked_at": checked_at}
    return _replace(settings, lambda index: {**index, "drift": drift})


def _replace(settings: Settings, change: Callable[[Index], Index]) -> bool:
    """Replace the index by what `change` makes of it. False if that failed; the log says so."""
    s3, bucket = clients.client(settings, "s3"), settings.bucket("lake")
    try:
        for _ in range(TRIES):
            index, condition = _read(s3, bucket) or (empty(), {"IfNoneMatch": "*"})
            changed = change(index)
            body = json.dumps(changed, separators=(",", ":"), default=str)
            if put_if(s3, bucket, KEY, body.encode(), **condition):
                return True
    except (BotoCoreError, ClientError) as refused:
        LOG.warning("The index of nights could not be written: %s", refused)
        return False
    LOG.warning("The index of nights was changed by others %d times in a row; this report is not in it.", TRIES)
    return False


def _read(s3: S3Client, bucket: str) -> tuple[Index, dict[str, str]] | None:
    """The index and the condition under which it may be replaced. One that is no JSON of ours counts as empty."""
    try:
        there = s3.get_object(Bucket=bucket, Key=KEY)
    except (s3.exceptions.NoSuchKey, s3.exceptions.NoSuchBucket):
        return None
    index: Any = None
    with suppress(ValueError):
        index = json.loads(there["Body"].read())
    if not isinstance(index, dict) or not index.keys() >= empty().keys():
        LOG.warning("s3://%s/%s is not an index of nights and is replaced.", bucket, KEY)
        index = empty()
    return index, {"IfMatch": there["ETag"]}


def _paid(money: Mapping[str, Any], dag_id: str, before: Record | None, now: Record, timezone: str) -> dict[str, Any]:
    """The months' dollars by DAG, in which `before`, an earlier report of the same run, is replaced by `now`; of the
    nights `unknown` have no known cost. Indexes of older versions did not count these."""
    month = f"{datetime.fromisoformat(now['started_at']).astimezone(ZoneInfo(timezone)):%Y-%m}"
    paid = {"usd": 0, "nights": 0, "unknown": 0, **money.get(month, {}).get(dag_id, {})}
    usd = paid["usd"] - ((before or {}).get("usd") or 0) + (now["usd"] or 0)
    unknown = paid["unknown"] - bool(before and before["usd"] is None) + (now["usd"] is None)
    spent = {"usd": round(usd, 4), "nights": paid["nights"] + (0 if before else 1), "unknown": max(0, unknown)}
    return {**money, month: {**money.get(month, {}), dag_id: spent}}


def _newest(known: Mapping[str, Any], record: Record, product: str) -> dict[str, Any]:
    """The newest partition of each table, as far as this run wrote it."""
    newest: dict[str, Any] = {}
    for gold in record["gold"]:
        table, day = f"{product}.{gold['table']}", gold["uri"].rpartition(DATED)[2].rstrip("/")
        if day >= {**known, **newest}.get(table, {"business_date": ""})["business_date"]:
            newest[table] = {"business_date": day, "written_at": record["ended_at"], "rows": gold["rows"]}
    return newest
