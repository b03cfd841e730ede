"""How encodings are named, and how whole files are split into lines."""

import pytest

from medallion.errors import UnknownEncodingError
from wordcount.lines import Block, judged_file, lines_before
from wordcount.text_encoding import byte_order, encoding_named, split_lines


@pytest.mark.parametrize("name", ["utf-8", "UTF8", "utf-8-sig", "latin-1", "cp1252", "ascii", "shift_jis", "koi8-r"])
def test_lines_of_these_encodings_can_be_told_by_bytes(name: str) -> None:
    assert encoding_named(name).line_bytes


@pytest.mark.parametrize("name", ["utf-16", "utf-16-be", "utf-32", "cp037"])
def test_lines_of_these_encodings_cannot(name: str) -> None:
    assert not encoding_named(name).line_bytes


@pytest.mark.parametrize("name", ["utf-88", "rot13", "base64", "", "no such"])
def test_an_encoding_that_is_none_is_refused_by_its_name(name: str) -> None:
    with pytest.raises(UnknownEncodingError, match="reading text as"):
        encoding_named(name)


@pytest.mark.parametrize("name", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp037"])
def test_a_whole_file_splits_into_the_lines_it_was_made_of(name: str) -> None:
    lines = ["olá" if name != "cp037" else "ola", "", "fim"]
    content = "\r\n".join(lines).encode(name)
    ordered = byte_order(content, name)
    assert [raw.decode(ordered) for raw in split_lines(content, name)] == lines


def test_a_character_that_holds_the_byte_of_a_line_feed_breaks_no_line() -> None:
    content = "\u0a0a\u0a00x\n\u000a\u0a41".encode("utf-16-le")
    assert [raw.decode("utf-16-le") for raw in split_lines(content, "utf-16-le")] == ["\u0a0a\u0a00x", "", "\u0a41"]


def test_a_broken_line_of_a_whole_file_leaves_the_others_alone() -> None:
    content = "a\n".encode("utf-16-le") + b"\x00\xd8\n\x00" + "b".encode("utf-16-le")
    lines = list(judged_file("f", content, "utf-16-le"))
    assert [(line[1], line[3], line[5]) for line in lines] == [(1, "a", None), (2, None, "undecodable"), (3, "b", None)]


def test_a_codec_that_calls_a_broken_line_by_another_name_loses_no_line() -> None:
    assert [line[5] for line in judged_file("f", b"xn--a-\nb\n", "idna")] == ["undecodable", None]


def test_blocks_know_how_many_lines_their_file_holds_before_them() -> None:
    blocks = [Block("a", 0, 10, 0, 0), Block("a", 128, 5, 0, 100), Block("b", 0, 3, 0, 105), Block("a", 256, 1, 0, 200)]
    assert [before for _, before in lines_before(blocks)] == [0, 10, 0, 15]
