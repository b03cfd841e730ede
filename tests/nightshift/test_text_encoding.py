"""Text that the run's encoding cannot read is found before a cluster is paid for, with the cure."""

from types import SimpleNamespace

import pytest
from airflow.sdk.exceptions import AirflowFailException

from nightshift.inputs.text_encoding import looked_at
from nightshift.operators.contract import CheckInputsOperator
from tests.nightshift.conftest import ASKED_AT, RUN_ID
from wordcount.definition import PIPELINE as WORDCOUNT

OLA = "olá são joão\n".encode("cp1252")


@pytest.fixture
def check(aws, settings):
    def run(files, encoding="utf-8"):
        for name, body in files.items():
            aws("s3").put_object(Bucket=settings.bucket("raw"), Key=f"wordcount/2026/01/04/{name}", Body=body)
        task = CheckInputsOperator(task_id="check_inputs", pipeline=WORDCOUNT, settings=settings)
        dag_run = SimpleNamespace(run_id=RUN_ID, run_after=ASKED_AT, start_date=ASKED_AT)
        params = {"business_date": "2026-01-04", "encoding": encoding}
        return task.execute({"params": params, "dag_run": dag_run, "ti": SimpleNamespace(try_number=1)})

    return run


def test_a_text_in_another_encoding_is_refused_with_file_line_and_cure(check):
    with pytest.raises(AirflowFailException) as refused:
        check({"a.txt": OLA * 3})
    said = str(refused.value)
    assert "a.txt: 3 of 3 lines, the first 'olá são joão', as in cp1252" in said
    assert "--encoding cp1252" in said


def test_the_encoding_that_the_refusal_names_is_accepted(check):
    assert check({"a.txt": OLA}, encoding="cp1252") == {"drifted": 0}


PRACA = "água fácil, coração são\nJosé e Sônia não vão\n"


@pytest.mark.parametrize("encoding", ["cp1252", "cp850", "cp860", "mac_roman"])
def test_the_cure_is_the_encoding_in_which_the_letters_are_portuguese(encoding):
    """Any of these but cp1252 reads all bytes, and cp1252 nearly all."""
    seen = looked_at("x", PRACA.encode(encoding), "utf-8", whole=True)
    assert (seen.fits, seen.example, seen.doubtful) == (encoding, "água fácil, coração são", False)


@pytest.mark.parametrize(("named", "written"), [("cp1252", "cp850"), ("latin-1", "mac_roman"), ("cp850", "cp1252")])
def test_a_text_that_the_named_encoding_reads_into_other_words_is_a_warning(check, named, written):
    warning = check({"a.txt": PRACA.encode(written)}, encoding=named)["warning"]
    assert f"a.txt: 2 of 2 lines, the first 'água fácil, coração são', read like {written}" in warning
    assert f"with encoding {written}" in warning


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("ação\nnão\n", "cp1252"),
        ("größer, schöner, Mädchen für alle, Straße\n", "cp1252"),
        ("rødgrød på æble\n", "cp1252"),
        ("“d\u2019água” \u2014 5\xa0€…\n", "cp1252"),
        ("pão\n", "cp850"),
    ],
)
def test_a_text_whose_letters_are_of_the_named_encoding_is_not_doubted(text, encoding):
    assert looked_at("x", text.encode(encoding), encoding, whole=True) is None
    assert looked_at("x", text.encode(encoding), "utf-8", whole=True).fits == encoding


def test_a_few_lines_in_another_encoding_are_a_warning(check):
    assert "a.txt: 1 of 10 lines" in check({"a.txt": b"plain\n" * 9 + OLA})["warning"]


def test_a_file_beyond_its_beginning_is_not_judged_by_it(check):
    assert "warning" in check({"a.txt": OLA * 10_000})


@pytest.mark.parametrize(
    "beginning", ["olá\n".encode("utf-16"), b"\xef\xbb\xbfol\xc3\xa1\n", "olá\n".encode(), b"PK\x03\x04\0\xe9\n"]
)
def test_a_file_that_names_its_encoding_is_in_it_or_is_no_text_is_not_misread(beginning):
    assert looked_at("x", beginning, "utf-8", whole=True) is None


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-32"])
def test_wide_text_is_not_divided_at_the_bytes_of_line_ends(check, encoding):
    """The jobs tell such files by their bytes, UTF-8 among them."""
    texts = {"a.txt": "olá\nmundo\n".encode(encoding)[4 * (encoding != "utf-16-le") :], "b.txt": "olá\n".encode()}
    assert check(texts, encoding=encoding) == {"drifted": 0}


def test_files_that_are_no_text_are_refused_before_a_cluster(check):
    with pytest.raises(
        AirflowFailException, match=r"2 files came for 2026-01-04, and none is text: s3://.*a\.zip, s3://"
    ):
        check({"a.zip": b"PK\x03\x04\0\0", "b.pdf": b"%PDF-1.4"})


def test_a_text_beside_other_files_is_enough(check):
    assert check({"a.zip": b"PK\x03\x04\0\0", "b.txt": b"um dois\n"}) == {"drifted": 0}


def test_a_character_that_the_sample_cuts_is_no_fault():
    assert looked_at("x", "um\nolá".encode()[:-1], "utf-8", whole=False) is None
