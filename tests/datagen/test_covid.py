"""The made-up epidemic: the same for the same seed, of every kind of trouble."""

import gzip
import json
from pathlib import Path

import pytest

from datagen import Epidemic, generate_covid
from datagen.__main__ import main


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


def test_the_truth_may_not_lie_among_the_data(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="name another place"):
        generate_covid(tmp_path, tmp_path / "truth.json", Epidemic())


def test_the_command_writes_data_and_truth(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    truth = tmp_path / "t.json"
    main(["covid", "--out", str(tmp_path / "d"), "--truth", str(truth), "--hospitals", "3", "--days", "1", "--clean"])
    assert "1 days of 3 hospitals" in capsys.readouterr().out
    [day] = json.loads(truth.read_text())["business_dates"].values()
    assert day["silver"]["occupancy"] == {"rows_in": 3, "accepted": 3, "quarantined": 0, "duplicates": 0, "reasons": {}}
    assert not list((tmp_path / "d").rglob("LEIA-ME.txt"))
