"""The tab of a run in Airflow's UI: its page, or what its record says. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from nightshift.compute.target import Place
from nightshift.run.links import in_airflow
from nightshift.web.markup import Markup, failure_message, joined, link, sentence, table, tag
from nightshift.web.words import Words

Record = Mapping[str, Any]
# The page is data from the lake: it gets scripts of its own, but neither Airflow's origin nor its cookie.
SANDBOX = "allow-scripts allow-downloads allow-popups"


def framed(dag_id: str, run_id: str, t: Words, theme: str) -> Markup:
    """The run's own page in a frame, in the language and colours that its reader has in Airflow."""
    source = in_airflow("page", dag_id=dag_id, run_id=run_id, lang=t.tag, **({"theme": theme} if theme else {}))
    return tag("iframe", src=source, sandbox=SANDBOX, title=run_id, class_="ns-frame")


def waiting(t: Words) -> Markup:
    """What a run without a record shows."""
    return tag("p", t("No report of this run yet: it is written when the run ends."), class_="ns-empty")


def summary(record: Record, t: Words) -> Markup:
    """A record: outcome, failure with its next action, rows by layer, gold, cost, proof."""
    return joined(
        tag("h2", f"{record['pipeline']} {t.day(record['business_date'])}: ", t(record["outcome"])),
        *_failure(record, t),
        *(tag("p", "⚠ ", *sentence(t(warning))) for warning in record["warnings"]),
        tag("h3", t("Rows by layer")),
        _layers(record, t),
        tag("h3", "Gold"),
        _gold(record, t),
        *_facts(record, t),
    )


def gold(record: Record, t: Words) -> Markup:
    """The partitions that a run published, by itself."""
    return joined(tag("h2", f"Gold: {record['pipeline']} {t.day(record['business_date'])}"), _gold(record, t))


def place(now: Place, target: str, t: Words) -> Markup:
    """A cluster or the like as it is now."""
    moments = {"Created": now.created_at, "Ready": now.ready_at, "Ended": now.ended_at}
    times = {name: f"{t.day(moment)} {moment:%H:%M:%S} UTC" for name, moment in moments.items() if moment}
    facts = {"State": t(now.words), "Reason": now.why, **times}
    rows = [[t(name), value] for name, value in facts.items() if value]
    return joined(tag("h2", f"{target}: {now.id}"), tag("p", now.name), table((), rows))


def _failure(record: Record, t: Words) -> Iterator[Markup]:
    failure = record["failure"]
    if not failure:
        return
    words = tag("p", tag("b", failure["task"]), f" ({t(failure['cause'])}): ", *failure_message(failure["message"], t))
    tail = [tag("details", tag("summary", t("Log")), tag("pre", "\n".join(failure["tail"])))] if failure["tail"] else []
    advice = tag("p", t("Next"), ": ", *sentence(t(failure["next_action"])))
    yield tag("article", words, advice, *tail, class_="ns-failure")


def _layers(record: Record, t: Words) -> Markup:
    rows = [
        [
            layer["layer"],
            tag("code", counted["table"]),
            *(t.n(counted[key], "int") for key in ("rows_in", "accepted", "quarantined", "duplicates")),
        ]
        for layer in record["layers"]
        for counted in layer["tables"]
    ]
    names = ("Layer", "Table", "In", "Accepted", "Quarantined", "Duplicates")
    return table([t(name) for name in names], rows, empty=t("Nothing yet."))


def _gold(record: Record, t: Words) -> Markup:
    rows = [[tag("code", gold["table"]), t.n(gold["rows"], "int"), tag("code", gold["uri"])] for gold in record["gold"]]
    return table([t("Table"), t("Rows"), t("Address")], rows, empty=t("Nothing yet."))


def _facts(record: Record, t: Words) -> Iterator[Markup]:
    cost, proof = record["cost"], record["proof"]
    known = {name: cost[key] for name, key in (("Measured", "measured"), ("Estimated", "estimate"))}
    figures = [f"{t(name)}: {t.n(usd, 'usd')}" for name, usd in known.items() if usd is not None]
    left = (
        t("not proven")
        if proof is None
        else "; ".join(t(str(one)) for one in proof["alive"]) or t("nothing left alive")
    )
    shared = [t(proof["shared"])] if proof and proof.get("shared") else []
    yield tag("p", " · ".join([*figures, f"{t('Proof')}: {left}", *shared]))
    yield tag("p", link(in_airflow("record", dag_id=record["dag_id"], run_id=record["run_id"]), t("Record")))
