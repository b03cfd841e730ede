"""Run records as far as the index of nights reads them."""

from datetime import UTC, date, datetime, timedelta

ZONE = "America/Sao_Paulo"


def record(number=0, dag="wordcount", **over):
    """A record of night `number`: a day later than the one before, started four hours later."""
    day = date(2026, 1, 1) + timedelta(days=number)
    started = datetime(2026, 1, 1, 6, tzinfo=UTC) + timedelta(hours=4 * number)
    plain = {
        "dag_id": dag,
        "pipeline": dag,
        "run_id": f"scheduled__{number}",
        "slug": f"scheduled__{number}",
        "business_date": str(day),
        "started_at": started.isoformat(),
        "ended_at": (started + timedelta(minutes=20)).isoformat(),
        "outcome": "success",
        "days": [],
        "tasks": {},
        "cost": {"measured": 0.5, "estimate": 0.7},
        "proof": {"alive": []},
        "failure": None,
        "warnings": [],
        "restated": [],
        "gold": [{"table": "word_counts", "uri": f"s3://l/gold/{dag}/word_counts/business_date={day}/", "rows": 9}],
    }
    return {**plain, **over}
