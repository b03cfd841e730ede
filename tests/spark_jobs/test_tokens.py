"""What counts as a word."""

import sys
import unicodedata

import pytest

from wordcount.jobs.tokens import words


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Olá, mundo!", ["olá", "mundo"]),
        ("d'água guarda-chuva", ["d", "água", "guarda", "chuva"]),
        ("b2b 42 x_y", ["b", "b", "x", "y"]),
        ("m² Ⅷ ½ a①b", ["m", "a", "b"]),
        ("cafe\u0301", ["café"]),
        ("x\u0301y", ["x", "y"]),
        ("ΣΑΣ", ["σας"]),
        ("1ª 2º", ["ª", "º"]),
        ("漢字 かな", ["漢字", "かな"]),
        ("STRASSE straße", ["strasse", "straße"]),
        ("", []),
        (" \t\ufeff ", []),
    ],
)
def test_a_word_is_a_run_of_letters_after_nfc_and_lower_case(text: str, expected: list[str]) -> None:
    assert words(text) == expected


def test_every_character_of_category_l_is_a_word_and_no_other_is() -> None:
    for code in range(sys.maxunicode + 1):
        char = chr(code)
        plain = unicodedata.normalize("NFC", char).lower()
        expected = "".join(c if unicodedata.category(c)[0] == "L" else " " for c in plain).split()
        assert words(char) == expected, hex(code)


def test_ascii_and_other_text_are_split_by_the_same_rule() -> None:
    assert words("It's 3 o'clock_") == words("It's 3 o'clock_ é")[:-1] == ["it", "s", "o", "clock"]
