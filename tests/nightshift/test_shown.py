"""Text out of data shows itself and does nothing."""

import pytest

from nightshift.failures import cards, shown
from nightshift.failures.causes import Cause

EVIL = [
    ("\x1b[2J\x1b[31mred", r"\x1b[2J\x1b[31mred"),
    ("\x9b2J", r"\x9b2J"),
    ("a\rb\x08\x7f\0", r"a\rb\x08\x7f\x00"),
    ("user\u202etxt.exe", r"user\u202etxt.exe"),
    ("\u2066x\u2069\u200f", r"\u2066x\u2069\u200f"),
    ("a\u2028b\x85c", r"a\u2028b\x85c"),
    ("\udce9", r"\udce9"),
]


@pytest.mark.parametrize(("text", "seen"), EVIL)
def test_what_acts_on_a_terminal_is_seen_and_does_nothing(text, seen):
    assert shown.plain(text) == shown.line(text) == seen


@pytest.mark.parametrize("text", ["", "São Paulo", "猫と犬 🚀 👩\u200d💻", "a\u0301", "שלום עולם", "1.234,50"])
def test_what_people_write_stays(text):
    assert shown.plain(text) == shown.line(text) == text


def test_lines_of_ours_stay_and_lines_of_a_value_do_not():
    assert shown.plain("one\n\ttwo") == "one\n\ttwo"
    assert shown.line("one\nOutcome: success\t") == r"one\nOutcome: success\t"


def test_a_card_in_a_log_is_plain():
    card = cards.observed("audit", Cause.DATA, "bad \x1b[2J")
    assert "\x1b" not in cards.text(card) and r"\x1b[2J" in cards.text(card)
