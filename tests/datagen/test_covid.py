"""The made-up epidemic: the same for the same seed, of every kind of trouble."""

import gzip
import json
from datetime import date
from itertools import pairwise
from pathlib import Path
from statistics import mean

import pytest

from datagen import Epidemic, covid, generate_covid
from datagen.__main__ import main
from datagen.covid_places import UFS, notification


def contents(folder: Path) -> dict[str, bytes]:
    return {str(f.relative_to(folder)): f.read_bytes() for f in sorted(folder.rglob("*")) if f.is_file()}


def made(folder: Path, **wanted: int) -> dict[str, bytes]:
    generate_covid(folder / "data", folder / "truth.json", Epidemic(**wanted))
    return contents(folder / "data")


def test_the_same_seed_gives_the_same_bytes_and_another_gives_others(tmp_path: Path) -> None:
    first = made(tmp_path / "a")
    assert made(tmp_path / "b") == first
    assert made(tmp_path / "c", seed=2) != first


def test_a_day_is_the_same_whatever_days_are_made_with_it(tmp_path: Path) -> None:
    short, long = made(tmp_path / "a", days=1), made(tmp_path / "b", days=3)
    assert short == {name: content for name, content in long.items() if name.startswith("2021/03/20/")}


def test_a_snapshot_has_every_oddity_of_the_real_ones(tmp_path: Path) -> None:
    text = gzip.decompress(made(tmp_path)["2021/03/20/occupation/data_2021-03-20.csv.gz"]).decode()
    for oddity in (",pe,", ",-2.0,", ",2.5,", "2000001 ,", ",XX,", ",doze,"):
        assert oddity in text, oddity


def test_cases_come_in_waves_with_few_at_weekends_and_most_hospitals_have_free_beds() -> None:
    days = Epidemic(first_day=date(2021, 3, 1), days=100).dates()
    totals = [sum(covid._total(Epidemic(), uf, day)["cases"] for uf, *_ in UFS) for day in days]
    new = [after - before for before, after in pairwise(totals)]
    weeks = [sum(new[at : at + 7]) for at in range(0, 98, 7)]
    assert min(new) > 0 and max(weeks) > 3 * min(weeks)
    sundays = [n for n, day in zip(new, days[1:], strict=True) if day.weekday() == 6]
    assert mean(sundays) < 0.8 * mean(new)
    beds = [b for n in range(200) for b in [notification(1, n, days[0])] if None not in b.offered.values()]
    assert 0.02 < mean(sum(b.occupied.values()) > sum(b.offered.values()) for b in beds) < 0.2


def test_the_truth_may_not_lie_among_the_data(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="name another place"):
        generate_covid(tmp_path, tmp_path / "truth.json", Epidemic())


def test_the_command_writes_data_and_truth(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    truth = tmp_path / "t.json"
    main(["covid", "--out", str(tmp_path / "d"), "--truth", str(truth), "--hospitals", "3", "--days", "1", "--clean"])
    assert "days: 1, hospitals: 3" in capsys.readouterr().out
    [day] = json.loads(truth.read_text())["business_dates"].values()
    assert day["silver"]["occupancy"] == {"rows_in": 3, "accepted": 3, "quarantined": 0, "duplicates": 0, "reasons": {}}
    assert not list((tmp_path / "d").rglob("LEIA-ME.txt"))
