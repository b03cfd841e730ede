"""How encodings are named, and how whole files are split into lines."""

import gzip
from functools import partial

import pytest

from medallion.errors import UnknownEncodingError
from medallion.packing import BOUNDS, Bounds
from medallion.storage import FileInfo
from wordcount.jobs.lines import Block, judged_file, lines_before, refused_files
from wordcount.jobs.text_encoding import byte_order, encoding_named, lies_open, lines_in, split_lines

packed = partial(gzip.compress, mtime=0)  # the same bytes whenever a worker collects its tests
SMALL = Bounds(longest_line=12)


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
    lines = list(judged_file("f", content, encoding_named("utf-16-le")))
    assert [(line[1], line[3], line[5]) for line in lines] == [(1, "a", None), (2, None, "undecodable"), (3, "b", None)]


def test_a_codec_that_calls_a_broken_line_by_another_name_loses_no_line() -> None:
    assert [line[5] for line in judged_file("f", b"xn--a-\nb\n", encoding_named("idna"))] == ["undecodable", None]


@pytest.mark.parametrize(
    ("length", "lines", "size", "refused"),
    [
        (30, 10, 20, False),  # ten ends of one byte
        (40, 10, 20, False),  # of two
        (39, 10, 20, False),  # the last without
        (33, 10, 20, False),  # and a mark before them
        (60, 10, 20, True),  # twenty bytes and more of a line that was skipped
        (80_000, 20_000, 40_000, False),  # more ends than the longest line has bytes
        (13, 0, 0, True),
        (12, 0, 0, False),
    ],
)
def test_a_line_that_was_skipped_for_its_length_is_missed(length: int, lines: int, size: int, refused: bool) -> None:
    blocks = [Block("file:///a", 0, lines, 0, 0, size=size)] if lines else []
    found = refused_files([FileInfo("file:/a", length)], blocks, SMALL)
    assert [why.reason for why in found.values()] == ["long_line"] * refused
    assert not lines or list(found) in ([], ["file:///a"])


def test_blocks_know_how_many_lines_their_file_holds_before_them() -> None:
    blocks = [Block("a", 0, 10, 0, 0), Block("a", 128, 5, 0, 100), Block("b", 0, 3, 0, 105), Block("a", 256, 1, 0, 200)]
    assert [before for _, before in lines_before(blocks)] == [0, 10, 0, 15]


UTF16 = "olá\r\nmundo\n".encode("utf-16")


@pytest.mark.parametrize(
    ("content", "encoding", "lines", "found"),
    [
        (b"a\r\n\rb", "utf-8", [b"a", b"", b"b"], "utf-8"),
        (UTF16, "utf-8", ["olá".encode("utf-16-le"), "mundo".encode("utf-16-le")], "utf-16-le"),
        (UTF16, "latin-1", ["olá".encode("utf-16-le"), "mundo".encode("utf-16-le")], "utf-16-le"),
        ("\ufeffé".encode("utf-16-be"), "utf-16-le", ["é".encode("utf-16-be")], "utf-16-be"),
        ("é\n".encode("utf-32"), "utf-8", ["é".encode("utf-32-le")], "utf-32-le"),
        ("\ufeffé".encode(), "latin-1", ["é".encode()], "utf-8"),
        ("é\né\n".encode(), "utf-16", ["é".encode()] * 2, "utf-8"),
        ("é\n".encode("utf-16-le"), "utf-16", ["é".encode("utf-16-le")], "utf-16-le"),
        ("é\n".encode("utf-16-be"), "utf-16", ["é".encode("utf-16-be")], "utf-16-be"),  # no mark says so
        ("é o\n".encode("utf-16-le"), "utf-16-be", ["é o".encode("utf-16-le")], "utf-16-le"),
        ("一一\n".encode("utf-16-le"), "utf-16", ["一一".encode("utf-16-le")], "utf-16-le"),
        (packed(UTF16), "utf-8", ["olá".encode("utf-16-le"), "mundo".encode("utf-16-le")], "utf-16-le"),
        (b"\x1b[31mred\x1b[0m\x1a", "utf-8", [b"\x1b[31mred\x1b[0m\x1a"], "utf-8"),
        ("日本\n".encode("iso2022_jp"), "iso2022_jp", ["日本".encode("iso2022_jp")], "iso2022_jp"),
        (b"x" * 12, "utf-8", [b"x" * 12], "utf-8"),
        (b"", "utf-8", [], "utf-8"),
    ],
)
def test_a_files_own_mark_tells_its_encoding(content: bytes, encoding: str, lines: list[bytes], found: str) -> None:
    bounds = SMALL if len(content) < 13 else BOUNDS
    assert lines_in(content, encoding_named(encoding), bounds) == (lines, found)


@pytest.mark.parametrize(
    ("content", "encoding", "reason"),
    [
        ("olá\nmundo\n".encode("utf-16-le"), "utf-8", "not_text"),  # without its mark
        ("olá\nmundo\n".encode("utf-16-be"), "latin-1", "not_text"),
        ("olá\nmundo\n".encode("cp1252"), "utf-16", "not_text"),
        (b"a\nb\x01c\n", "utf-8", "not_text"),
        ("a\n\0b".encode("utf-16"), "utf-8", "not_text"),
        (b"%PDF-1.4\nendobj\n", "utf-8", "not_text"),
        (b"x" * 13, "utf-8", "long_line"),
        (packed(b"a\n")[:-2], "utf-16", "bad_gzip"),
        (b"PK\x03\x04", "utf-16", "zip_file"),
    ],
)
def test_a_file_that_is_no_text_is_refused_whole(content: bytes, encoding: str, reason: str) -> None:
    [row] = judged_file("f", content, encoding_named(encoding), SMALL if reason == "long_line" else BOUNDS)
    assert (row[1], row[4], row[5]) == (0, "quarantined", reason)


@pytest.mark.parametrize(
    ("name", "beginning", "encoding", "is_open"),
    [
        ("a.txt", b"a", "utf-8", True),
        ("a", b"\xef\xbb\xbfa", "utf-8", True),
        ("a", b"\xef\xbb\xbfa", "latin-1", False),
        ("a", b"\xff\xfea\0", "utf-8", False),
        ("a", b"a", "utf-16", False),
        ("a", b"\x1f\x8b\x08", "utf-8", False),
        ("a.txt.GZ", b"a", "utf-8", False),
        ("a.bz2", b"a", "utf-8", False),
        ("a", b"PK\x03\x04", "utf-8", False),
        ("a", b"", "utf-8", True),
    ],
)
def test_a_reader_gets_what_lies_open_and_what_its_name_does_not_belie(
    name: str, beginning: bytes, encoding: str, is_open: bool
) -> None:
    assert lies_open(name, beginning, encoding_named(encoding)) is is_open
