"""What can be wrong with a unit's drop: sound files, and mutations of them with the reasons that each may cause."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from dataclasses import dataclass

from hypothesis import strategies as st

from mrhealth_sales.jobs.tables import ITEMS, ORDERS

DAY = "2025-12-29"
STRUCTURE = frozenset(
    {"not_utf8", "nul_byte", "wrong_column_count", "unclosed_quote", "bad_quoting", "missing_column", "repeated_header"}
)
TYPES = frozenset(
    {"missing_value", "bad_number", "bad_date", "unknown_type", "unknown_status", "unit_mismatch", "superseded"}
)
ANY = STRUCTURE | TYPES | {"duplicate_column", "empty_file"}
STATUSES = ("Finalizado", "Pendente", "Cancelado")
Files = dict[str, bytes]


def line_of(cells: tuple[str, ...], delimiter: str) -> str:
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter, lineterminator="\n").writerow(cells)
    return text.getvalue()


def sound_drop(unit: int, orders: int = 4) -> Files:
    """A unit's two files as they should be: accents, quoted delimiters and quotes, two items an order."""
    delimiter = ",;"[unit % 2]
    rows, items = [line_of(ORDERS.source_names, delimiter)], [line_of(ITEMS.source_names, delimiter)]
    for n in range(1, orders + 1):
        kind, status = ("Loja Online", "Loja Física")[n % 2], STATUSES[(unit + n) % 3]
        address = f'Praça "{n}", nº {unit}; São Paulo' if n % 2 else "Rua Água"
        rows.append(line_of((f"{unit}", f"{n}", kind, DAY, f"{10 * n + unit}.50", address, "1.25", status), delimiter))
        for i in (1, 2):
            note = f"sem sal{delimiter} pão" if i == 2 else ""
            items.append(
                line_of((f"{n}", f"{i}", f"{(unit + n) % 5 + 1}", f"{i}", f"{n}.{unit % 90 + 10}", note), delimiter)
            )
    return {"pedido.csv": "".join(rows).encode(), "item_pedido.csv": "".join(items).encode()}


@dataclass(frozen=True)
class Mutation:
    """One thing that goes wrong with a drop, steered by a number; `reasons` are all that it may cause."""

    name: str
    apply: Callable[[Files, int], Files]
    reasons: frozenset[str] = frozenset()


def _file(name: str, change: Callable[[bytes, int], bytes], *reasons: str) -> Mutation:
    """A mutation of one of the files, which one the number says."""

    def apply(files: Files, number: int) -> Files:
        chosen = sorted(files)[number % len(files)]
        return {**files, chosen: change(files[chosen], number // len(files))}

    return Mutation(name, apply, frozenset(reasons))


def _flip(content: bytes, n: int) -> bytes:
    at = n % max(1, len(content))
    return content[:at] + bytes(b ^ (n // 7 % 255 + 1) for b in content[at : at + 1]) + content[at + 1 :]


def _inserted(what: bytes) -> Callable[[bytes, int], bytes]:
    def insert(content: bytes, n: int) -> bytes:
        at = n % (len(content) + 1)
        return content[:at] + what + content[at:]

    return insert


def _lines(change: Callable[[list[bytes], int], list[bytes]]) -> Callable[[bytes, int], bytes]:
    def apply(content: bytes, n: int) -> bytes:
        lines = content.splitlines(keepends=True)
        return b"".join(change(lines, n)) if lines else content

    return apply


def _one(change: Callable[[bytes], bytes]) -> Callable[[bytes, int], bytes]:
    """Change one line, not the header if there is another."""

    def apply(lines: list[bytes], n: int) -> list[bytes]:
        at = 1 + n % (len(lines) - 1) if len(lines) > 1 else 0
        return [*lines[:at], change(lines[at]), *lines[at + 1 :]]

    return _lines(apply)


def _line_inserted(what: Callable[[list[bytes]], bytes]) -> Callable[[bytes, int], bytes]:
    def apply(lines: list[bytes], n: int) -> list[bytes]:
        at = 1 + n % len(lines)
        head = lines[:at] if lines[at - 1].endswith(b"\n") else [*lines[: at - 1], lines[at - 1] + b"\n"]
        return [*head, what(lines), *lines[at:]]

    return _lines(apply)


def _latin(content: bytes) -> bytes:
    return content.decode("utf-8", "replace").encode("latin-1", "replace")


def _second_copy(files: Files, number: int) -> Files:
    name = sorted(files)[number % len(files)]
    base = name.rpartition("/")[2]
    return {**files, f"copia/{base}": files[name]}


def _of_unit(other: int) -> Callable[[Files, int], Files]:
    def apply(files: Files, _number: int) -> Files:
        return {**files, "pedido.csv": sound_drop(other)["pedido.csv"]}

    return apply


def _swapped(files: Files, _number: int) -> Files:
    return {**files, "pedido.csv": files["item_pedido.csv"], "item_pedido.csv": files["pedido.csv"]}


MUTATIONS = (
    _file("a byte flipped", _flip, *ANY),
    _file("truncated", lambda c, n: c[: n % (len(c) + 1)], *ANY),
    _file("head cut off", lambda c, n: c[n % (len(c) + 1) :], *ANY),
    _file(
        "delimiter of one line",
        _one(lambda c: c.replace(b",", b"|").replace(b";", b"|")),
        "wrong_column_count",
        "bad_quoting",
        "unclosed_quote",
    ),
    _file("delimiter of the file", lambda c, n: c.replace(b",", b"\t").replace(b";", b"\t"), "missing_column"),
    _file("one line in latin-1", _one(_latin), "not_utf8"),
    _file("the file in latin-1", lambda c, n: _latin(c), "not_utf8"),
    _file("the file in utf-16", lambda c, n: c.decode("utf-8", "replace").encode("utf-16"), "not_utf8"),
    _file("a NUL", _inserted(b"\0"), *STRUCTURE),
    _file("a huge field", _inserted(b"x" * 200_000), *ANY),
    _file("a stray quote", _inserted(b'"'), *STRUCTURE, *TYPES),
    _file("a lone carriage return", _inserted(b"\r"), *STRUCTURE, *TYPES),
    _file("a byte order mark anywhere", _inserted(b"\xef\xbb\xbf"), *ANY),
    _file(
        "a column twice",
        _lines(
            lambda ls, n: [
                ln.rstrip(b"\n")
                + b",;"[b";" in ls[0] : 1 + (b";" in ls[0])]
                + (ls[0].replace(b";", b",").split(b",")[0].strip() if not i else b"1")
                + b"\n"
                for i, ln in enumerate(ls)
            ]
        ),
        "duplicate_column",
        "wrong_column_count",
        "missing_column",
        "bad_quoting",
        "unclosed_quote",
        "not_utf8",
        "nul_byte",
    ),
    _file(
        "the header once more",
        _line_inserted(lambda ls: ls[0].rstrip(b"\n") + b"\n"),
        "repeated_header",
        *STRUCTURE,
        *TYPES,
    ),
    _file("a title before the header", lambda c, n: b"Movimento de ontem\n" + c, "missing_column"),
    _file("dates of another locale", lambda c, n: c.replace(b"2025-12-29", b"29/12/2025"), "bad_date"),
    _file(
        "decimals of another locale",
        lambda c, n: c.replace(b".50", b",50").replace(b".25", b",25"),
        "bad_number",
        "wrong_column_count",
        "bad_quoting",
        "unclosed_quote",
    ),
    _file("an empty file", lambda c, n: b"", "empty_file"),
    _file("blank lines", _line_inserted(lambda ls: b"\n \n\r\n")),
    _file("other line ends", lambda c, n: c.replace(b"\n", b"\r\n")),
    _file("a line twice", _lines(lambda ls, n: [*ls, *ls[-1:]] if ls[-1].endswith(b"\n") else ls)),
    _file(
        "lines in another order",
        _lines(lambda ls, n: [ls[0], *ls[:0:-1]] if all(x.endswith(b"\n") for x in ls) else ls),
    ),
    _file("bytes of nothing", lambda c, n: bytes((n * k) % 256 for k in range(n % 500)), *ANY),
    Mutation("the same file twice", _second_copy),
    Mutation(
        "another day's file",
        lambda files, n: {f: c.replace(b"2025-12-29", b"2025-12-2%d" % (n % 9)) for f, c in files.items()},
    ),
    Mutation("another unit's orders", _of_unit(999), frozenset({"unit_mismatch"})),
    Mutation("the two files swapped", _swapped, frozenset({"missing_column"})),
    Mutation("a stranger", lambda files, n: {**files, "leia-me.txt": b"ola"}, frozenset({"unknown_file"})),
    Mutation(
        "a hidden file", lambda files, n: {**files, "_pedido.csv": b"x"}, frozenset({"hidden_file", "missing_column"})
    ),
    Mutation(
        "head office's table",
        lambda files, n: {**files, "produto.csv": b"Id_Produto,Nome_Produto\n1,Nada\n"},
        frozenset({"misplaced_file"}),
    ),
)
FILE_MUTATIONS = st.lists(st.tuples(st.sampled_from(MUTATIONS), st.integers(0, 2**31)), max_size=3)


def mutated(unit: int, mutations: list[tuple[Mutation, int]]) -> tuple[Files, frozenset[str]]:
    """A unit's drop after some mutations, one on top of the other, and every reason that they may cause."""
    files, reasons = sound_drop(unit), frozenset[str]()
    for mutation, number in mutations:
        files = mutation.apply(files, number)
        reasons |= mutation.reasons
    # What two of them do together: a line broken once more than either says, two versions of a row.
    return files, reasons | (STRUCTURE | TYPES if len(mutations) > 1 else frozenset())
