"""A user's folder of covid files: which day it tells of, what goes where, and what is refused."""

import gzip
from datetime import date

import pytest

from covid_hospitals.local import covid_files
from tools.errors import InputRefused

DAY = date(2021, 3, 23)
SERIES = b"date,state\n2021-03-20,SP\n2021-03-24,SP\n"


def write(path, content=b"x\n"):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


@pytest.fixture
def folder(tmp_path):
    write(tmp_path / "occupation" / "data_2021-03-22.csv.gz", gzip.compress(b"a,b\n"))
    write(tmp_path / "occupation" / "data_2021-03-23.csv")
    write(tmp_path / "states" / "cases-brazil-states.csv.gz", gzip.compress(SERIES))
    write(tmp_path / "ref" / "populacao-por-municipio-2020.csv")
    return tmp_path


def keys(delivery):
    return sorted(upload.key for upload in delivery.uploads)


def test_the_newest_day_is_looked_for_in_names_and_in_packed_content(folder):
    assert covid_files.read(folder).newest() == date(2021, 3, 24)


def test_days_to_come_and_days_of_no_calendar_are_no_newest_day(tmp_path):
    write(tmp_path / "data_2999-01-01.csv", b"2021-02-31 2021-02-01")
    assert covid_files.read(tmp_path).newest() == date(2021, 2, 1)


def test_a_torn_packed_file_goes_along_for_the_night_to_tell(tmp_path):
    write(tmp_path / "states.csv.gz", gzip.compress(SERIES)[:-9])
    read = covid_files.read(tmp_path)
    assert read.newest() is None
    assert keys(read.whole(DAY)) == ["covid/2021/03/23/ref/states.csv.gz"]


def test_one_date_takes_everything_in_the_folders_it_came_in(folder):
    given = covid_files.read(folder).whole(DAY)
    assert keys(given) == [
        "covid/2021/03/23/occupation/data_2021-03-22.csv.gz",
        "covid/2021/03/23/occupation/data_2021-03-23.csv",
        "covid/2021/03/23/ref/populacao-por-municipio-2020.csv",
        "covid/2021/03/23/states/cases-brazil-states.csv.gz",
    ]
    assert given.prefixes == ("covid/2021/03/23/",)


def test_of_several_dates_each_gets_its_own_files_and_those_of_no_date(folder):
    given = covid_files.read(folder).delivery(DAY)
    assert not any("data_2021-03-22" in key for key in keys(given))
    assert len(given.uploads) == 3


def test_flat_files_get_a_folder_by_their_kind(tmp_path):
    names = ("data_2021-03-23.csv", "cases-brazil-cities_2020-07-13.csv.gz", "Cases-Brazil-states.csv", "estados.csv")
    for name in names:
        write(tmp_path / name)
    folders = {key.split("/")[-1]: key.split("/")[-2] for key in keys(covid_files.read(tmp_path).whole(DAY))}
    assert folders == dict(zip(names, ("occupation", "cities", "states", "ref"), strict=True))


def test_a_date_that_no_file_names_is_refused_with_those_that_are_named(tmp_path):
    write(tmp_path / "data_2021-03-22.csv")
    with pytest.raises(InputRefused, match="has no file for 2021-03-23; its files name 2021-03-22"):
        covid_files.read(tmp_path).delivery(DAY)


def test_names_that_would_become_one_key_are_refused(tmp_path):
    for name in ("a b.csv", "a-b.csv"):
        write(tmp_path / name)
    with pytest.raises(InputRefused, match="rename one"):
        covid_files.read(tmp_path).whole(DAY)


@pytest.mark.parametrize("content", [{}, {"a.csv": b""}])
def test_a_folder_without_content_is_refused(tmp_path, content):
    for name, text in content.items():
        write(tmp_path / name, text)
    with pytest.raises(InputRefused, match="holds no file"):
        covid_files.read(tmp_path)


def test_a_file_in_place_of_a_folder_is_refused(tmp_path):
    write(tmp_path / "x.csv")
    with pytest.raises(InputRefused, match="reads a folder"):
        covid_files.read(tmp_path / "x.csv")
