"""What a file is by its bytes: packed, bounded, or no text at all."""

import bz2
import gzip
import io
import lzma
import time
import zipfile
import zlib
from functools import partial

import pytest

from medallion import packing
from medallion.packing import Bounds, FileRefused, unpacked

packed = partial(gzip.compress, mtime=0)  # the same bytes whenever a worker collects its tests

SMALL = Bounds(most_bytes=40 * packing.MIB, most_ratio=100, longest_line=1000)


def refused(content: bytes, bounds: Bounds = packing.BOUNDS) -> tuple[str, str]:
    with pytest.raises(FileRefused) as raised:
        unpacked(content, bounds)
    return raised.value.reason, raised.value.detail


def zipped(name: str) -> bytes:
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(zipfile.ZipInfo(name), "a,b\n" * 99, zipfile.ZIP_DEFLATED)
    return sink.getvalue()


def bomb(mib: int) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    return b"".join(packer.compress(b"\n" * packing.MIB) for _ in range(mib)) + packer.flush()


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (b"", b""),
        (b"a,b\n", b"a,b\n"),
        (packed(b"a,b\n"), b"a,b\n"),
        (packed(b"a,b\n") + packed(b"1,2\n"), b"a,b\n1,2\n"),
        (packed(b"a,b\n") + b"\0" * 512, b"a,b\n"),  # as a tape pads it
        (packed(b""), b""),
        ("\ufeffsão\n".encode("utf-16-le"), "são\n".encode()),
        ("\ufeffsão\n".encode("utf-16-be"), "são\n".encode()),
        (packed("são\n".encode("utf-32")), "são\n".encode()),
        ("\ufeffsão\n".encode(), "\ufeffsão\n".encode()),  # the mark of UTF-8 is whoever reads lines to take off
        (b"BZhonra\n", b"BZhonra\n"),
        (b"PKW is German\n", b"PKW is German\n"),
    ],
)
def test_the_text_of_a_file_is_found_in_its_bytes(content: bytes, text: bytes) -> None:
    assert unpacked(content) == text


@pytest.mark.parametrize(
    "content",
    [
        packed(b"a,b\n" * 999)[:-9],
        packed(b"a,b\n" * 999)[:-4] + b"long",
        b"\x1f\x8b\x08\x00 cut off transfer",
        b"\x1f\x8b",
        packed(b"a,b\n") + b"and then text",
        packed(b"a,b\n") + packed(b"1,2\n")[:9],
    ],
)
def test_a_broken_gzip_is_refused_whole(content: bytes) -> None:
    reason, detail = refused(content)
    assert reason == "bad_gzip"
    assert detail.startswith(f"{len(content)} bytes of gzip: ")


@pytest.mark.parametrize(
    ("content", "reason", "what"),
    [
        (zipped("pedido.csv"), "zip_file", "a ZIP archive"),
        (zipped("[Content_Types].xml"), "office_file", "xlsx"),
        (packed(zipped("pedido.csv")), "zip_file", "a ZIP archive"),
        (bz2.compress(b"a,b\n"), "bzip2_file", "bzip2"),
        (bz2.compress(b""), "bzip2_file", "bzip2"),
        (lzma.compress(b"a,b\n"), "xz_file", "xz"),
        (b"\x28\xb5\x2f\xfd rest", "zstd_file", "Zstandard"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 rest", "office_file", "before 2007"),
        (b"%PDF-1.7\n1 0 obj\nendobj\n", "not_text", "a PDF document"),
        (b"{\\rtf1\\ansi Dom Casmurro\\par}", "not_text", "a rich text document"),
        (b"%!PS-Adobe-3.0\n", "not_text", "a PostScript document"),
        (b"PAR1 rest", "not_text", "a Parquet file"),
        (packed(packed(b"a,b\n")), "packed_twice", "gzip again"),
        (b"\xff\xfea\x00\x00\xd8b\x00", "not_text", "utf-16-le"),
    ],
)
def test_what_is_no_text_is_called_by_what_it_is(content: bytes, reason: str, what: str) -> None:
    found, detail = refused(content)
    assert (found, what in detail) == (reason, True), detail


def test_a_file_may_unpack_to_so_much_and_no_more() -> None:
    assert len(unpacked(bomb(16), SMALL)) == 16 * packing.MIB  # a thousandfold, but little
    assert refused(bomb(17), SMALL)[0] == "too_large"  # 17 KiB
    with pytest.raises(FileRefused, match="more than the 3 that a file may have"):
        unpacked(b"four", Bounds(most_bytes=3))


def test_many_empty_members_take_time_by_their_number_not_its_square() -> None:
    empty = packed(b"")
    started = time.process_time()
    assert unpacked(packed(b"a\n") + empty * (2 * packing.MIB // len(empty))) == b"a\n"
    assert time.process_time() - started < 10  # by the square it was 25 seconds and more


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
def test_a_line_may_be_so_long_and_no_longer(end: bytes) -> None:
    line = b"x" * SMALL.longest_line
    assert unpacked(end.join([line, line, b"x", line]), SMALL)
    reason, detail = refused(b"\n".join([b"x", line, line + b"x", b"x"]), SMALL)
    assert (reason, detail.split(" is ")[0]) == ("long_line", "line 3")


def test_words_for_a_kind_are_told_of_its_beginning_alone() -> None:
    packing.refuse_other_kinds(b"")
    packing.refuse_other_kinds("aço".encode())
    with pytest.raises(FileRefused, match="bzip2"):
        packing.refuse_other_kinds(bz2.compress(b"a,b\n")[: packing.LOOK])
