"""The figures of wordcount's page: the commonest words, how long words are, and how frequency falls with rank. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from medallion.figures import cut

MOST_WORDS = 250  # enough for thirty that are no stop words
LONGEST = 25  # letters; longer words are counted with it
RANKS = tuple(sorted({round(10 ** (step / 8)) for step in range(8 * 8)}))
Row = Mapping[str, Any]


def figures(rows: Mapping[str, Sequence[Row]]) -> dict[str, Any]:
    """All figures of the page, from the ranked words and the counts by length."""
    ranked = sorted(rows["ranked"], key=lambda row: row["rank"])
    lengths = sorted(rows["lengths"], key=lambda row: row["length"])
    words, distinct = (sum(row[key] for row in lengths) for key in ("occurrences", "words"))
    letters = sum(row["letters"] for row in lengths)
    return {
        "words": words,
        "distinct": distinct,
        "once": sum(row["once"] for row in lengths),
        "mean_length": round(letters / words, 2) if words else None,
        "top": [
            [cut(row["word"]), row["occurrences"], round(row["occurrences"] / words, 5)]
            for row in ranked
            if row["rank"] <= MOST_WORDS
        ],
        "ranks": [[row["rank"], row["occurrences"]] for row in ranked if row["rank"] in RANKS],
        "lengths": [[row["length"], row["words"], row["occurrences"]] for row in lengths],
        "longest": LONGEST,
    }


def of_counts(counts: Sequence[tuple[str, int]]) -> dict[str, Any]:
    """The same from all words with their occurrences, most frequent first."""
    lengths: dict[int, dict[str, int]] = defaultdict(
        lambda: dict.fromkeys(("words", "occurrences", "once", "letters"), 0)
    )
    for word, occurrences in counts:
        own = lengths[min(LONGEST, len(word))]
        own["words"] += 1
        own["occurrences"] += occurrences
        own["once"] += occurrences == 1
        own["letters"] += len(word) * occurrences
    ranked = [{"rank": n, "word": word, "occurrences": many} for n, (word, many) in enumerate(counts, start=1)]
    return figures({"ranked": ranked, "lengths": [{"length": length, **own} for length, own in lengths.items()]})
