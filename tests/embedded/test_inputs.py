"""The user's files are checked and laid out before anything starts; a refusal says what to give instead."""

import os
import re
from datetime import date, timedelta

import pytest

from covid_hospitals.local import covid_files
from embedded import dates
from embedded.uploads import inputs
from mrhealth_sales.local import mrhealth_files
from tools.errors import InputRefused

DAY = date(2025, 12, 29)
TABLES = ("produto", "unidade", "estado", "pais")


def write(path, text="x\n"):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


@pytest.fixture
def dated(tmp_path):
    for day in ("2025/12/29", "2025/12/30"):
        for name in ("pedido", "item_pedido"):
            write(tmp_path / "csv_sales" / day / "unit_001" / f"{name}.csv")
    for table in TABLES:
        write(tmp_path / "reference_data" / f"{table}.csv")
    return tmp_path


@pytest.fixture
def flat(tmp_path):
    for name in ("PEDIDO", "ITEM_PEDIDO", *(f"Tabela_{table.title()}" for table in TABLES)):
        write(tmp_path / f"{name}.csv")
    return tmp_path


def test_text_files_and_folders_get_names_that_spark_does_not_pass_over(tmp_path):
    write(tmp_path / "_notes.txt")
    write(tmp_path / "sub" / "_notes.txt")
    write(tmp_path / ".hidden")
    given = inputs.texts([tmp_path, tmp_path / "_notes.txt"], "inbox/")
    assert [u.key for u in given.uploads] == [f"inbox/0000{n}-_notes.txt" for n in range(3)]
    assert given.params == {"input_prefix": "inbox/"}


def test_a_name_of_any_kind_becomes_a_key_that_no_tool_reads_otherwise(tmp_path):
    for name in ("x" * 250, "x._COPYING_", "ação {1}*?.txt", "a\nb", "100%", os.fsdecode(b"\xff.txt")):
        write(tmp_path / name)
    keys = [upload.key for upload in inputs.texts([tmp_path], "inbox/").uploads]
    assert len(keys) == 6
    assert all(re.fullmatch(r"inbox/\d{5}-[A-Za-z0-9._-]{1,100}", k) and not k.endswith("_COPYING_") for k in keys)


@pytest.mark.parametrize("target", ["/etc/hostname", "/etc", "given/a.txt", "given/sub", "nowhere"])
def test_a_symbolic_link_in_a_folder_is_refused_by_its_name_wherever_it_leads(tmp_path, target):
    given = tmp_path / "given"
    write(given / "a.txt")
    write(given / "sub" / "b.txt")
    assert len(inputs.texts([given], "inbox/").uploads) == 2
    (given / "sub" / "link").symlink_to(target if target.startswith("/") else tmp_path / target)
    for read in (
        lambda: inputs.texts([given], "inbox/"),
        lambda: mrhealth_files.read(given),
        lambda: covid_files.read(given),
    ):
        with pytest.raises(InputRefused, match=r"sub/link is a symbolic link to .*: put a copy in its place"):
            read()


def test_a_link_that_is_named_itself_is_followed_and_a_hidden_one_is_nobodys(tmp_path):
    write(tmp_path / "book.txt")
    (tmp_path / "given").mkdir()
    (tmp_path / "given.txt").symlink_to(tmp_path / "book.txt")
    (tmp_path / "given" / ".venv").symlink_to("/")
    write(tmp_path / "given" / "a.txt")
    assert len(inputs.texts([tmp_path / "given", tmp_path / "given.txt"], "inbox/").uploads) == 2


def test_a_pipe_is_refused_and_never_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(InputRefused, match="neither a file nor a folder"):
        inputs.texts([tmp_path / "pipe"], "inbox/")


def test_a_drop_brings_its_files_in_any_case_and_strangers_too(dated):
    for name in ("unit_002/PEDIDO.CSV", "unit_002/notas é.txt", "unit_002/_x"):
        write(dated / "csv_sales/2025/12/29" / name)
    keys = {u.key.rpartition("29/")[2] for u in mrhealth_files.read(dated).delivery(DAY).uploads}
    assert keys >= {"unit_002/PEDIDO.CSV", "unit_002/notas é.txt", "unit_002/_x"}


def test_a_file_of_a_drop_whose_name_is_no_utf8_is_refused_by_its_name(dated):
    write(dated / "csv_sales/2025/12/29/unit_001" / os.fsdecode(b"\xff.csv"))
    with pytest.raises(InputRefused, match="not UTF-8: rename it"):
        mrhealth_files.read(dated)


@pytest.mark.parametrize("content", [None, ""])
def test_a_folder_without_text_is_refused(tmp_path, content):
    if content is not None:
        write(tmp_path / "empty.txt", content)
    with pytest.raises(InputRefused, match="holds no text"):
        inputs.texts([tmp_path], "inbox/")


def test_a_path_that_does_not_exist_is_named(tmp_path):
    with pytest.raises(InputRefused, match=r"absent\.txt does not exist"):
        inputs.texts([tmp_path / "absent.txt"], "inbox/")


@pytest.mark.parametrize("name", ["klingon", "base64", "rot13"])
def test_what_is_no_text_encoding_is_refused(name):
    with pytest.raises(InputRefused, match=f"'{name}' is not a text encoding"):
        inputs.encoding(name)


def test_an_encoding_is_called_by_pythons_name():
    assert inputs.encoding("LATIN-1") == "iso8859-1"


def test_dated_drops_keep_their_units_and_bring_the_tables(dated):
    given = mrhealth_files.read(dated).delivery(DAY)
    assert sorted(u.key for u in given.uploads) == [
        "mrhealth/csv_sales/2025/12/29/unit_001/item_pedido.csv",
        "mrhealth/csv_sales/2025/12/29/unit_001/pedido.csv",
        *(f"mrhealth/reference_data/{table}.csv" for table in sorted(TABLES)),
    ]
    assert given.prefixes == ("mrhealth/csv_sales/2025/12/29/", "mrhealth/reference_data/")


def test_a_date_without_a_drop_is_refused_with_the_dates_that_are_there(dated):
    with pytest.raises(InputRefused, match="no delivery for 2026-01-05; it has 2025-12-29, 2025-12-30"):
        mrhealth_files.read(dated).delivery(date(2026, 1, 5))


def test_many_dates_are_told_by_the_first_ones_and_the_last(dated):
    for n in range(20):
        write(dated / f"csv_sales/{date(2026, 1, 1) + timedelta(n):%Y/%m/%d}/unit_001/pedido.csv")
    with pytest.raises(InputRefused, match="and 12 more, up to 2026-01-20"):
        mrhealth_files.read(dated).delivery(date(2020, 1, 1))


def test_flat_files_are_delivered_as_one_drop_that_names_no_unit(flat):
    folder = mrhealth_files.read(flat)
    keys = [u.key for u in folder.delivery(DAY).uploads]
    assert folder.flat and keys[:2] == [
        f"mrhealth/csv_sales/2025/12/29/{name}.csv" for name in ("ITEM_PEDIDO", "PEDIDO")
    ]
    assert "mrhealth/reference_data/Tabela_Pais.csv" in keys


def test_missing_head_office_tables_are_named(flat):
    (flat / "Tabela_Pais.csv").unlink()
    (flat / "Tabela_Estado.csv").unlink()
    with pytest.raises(InputRefused, match="lacks the head-office tables estado, pais"):
        mrhealth_files.read(flat)


def test_a_folder_in_neither_layout_is_told_both(tmp_path):
    with pytest.raises(
        InputRefused, match=r"no pedido.csv and no item_pedido.csv: expected either csv_sales/.* or PEDIDO"
    ):
        mrhealth_files.read(tmp_path)


def test_empty_dated_folders_hold_no_drop(dated):
    for file in dated.glob("csv_sales/**/*.csv"):
        file.unlink()
    with pytest.raises(InputRefused, match="has no delivery"):
        mrhealth_files.read(dated)


def test_a_folder_that_is_no_calendar_date_is_not_a_drop(dated):
    write(dated / "csv_sales/2025/13/41/unit_001/pedido.csv")
    assert mrhealth_files.read(dated).dates == [DAY, DAY + timedelta(1)]


@pytest.mark.parametrize("text", ["29/12/2025", "2025-02-30", "yesterday", ""])
def test_what_is_no_date_is_refused_with_an_example(text):
    with pytest.raises(InputRefused, match=r"--date is .*: expected a date like 2026-01-31"):
        dates.parsed(text, "--date")


def test_tomorrow_has_no_data_yet(monkeypatch):
    monkeypatch.setattr(dates, "today", lambda: DAY)
    assert dates.parsed(str(DAY), "--to") == DAY
    with pytest.raises(InputRefused, match="after today"):
        dates.parsed(str(DAY + timedelta(1)), "--to")


def test_a_range_holds_both_its_ends_in_order():
    assert dates.between(DAY, DAY + timedelta(2)) == [DAY, DAY + timedelta(1), DAY + timedelta(2)]


@pytest.mark.parametrize(
    ("last", "said"), [(DAY - timedelta(1), "is after --to"), (DAY + timedelta(400), "at most 366")]
)
def test_a_range_backwards_or_without_end_is_refused(last, said):
    with pytest.raises(InputRefused, match=said):
        dates.between(DAY, last)
