"""A code has one spelling, however a spreadsheet or an export wrote it; what is another code stays another."""

import pytest

from medallion.codes import one_spelling

UUID = "b729fe35-3a14-4e3f-a4df-d90d56788f83"
SPELLINGS = {
    "17": ["17", "00017", "17.0", "17,00", '="0017"', "'17", "'0017"],
    "0": ["0", "000", "0.0"],
    "1001": ["1001", "1.001", "1,001", "001001", "1.001,00", "1,001.0", '="1001"'],
    "1234567": ["1.234.567", "1,234,567"],
    UUID: [UUID, UUID.upper(), f"{{{UUID}}}", f"{{{UUID.upper()}}}"],
    "AB 17": ["AB 17", "AB\xa017", "AB  17"],
}
OTHERS = ["17.5", "1.01", "1.0001", "1.001.01", "01.001", "A17", "a17", "AB17", "17/2025", "'", '=""', f"{UUID}0"]


@pytest.mark.parametrize("code", SPELLINGS)
def test_spellings_of_a_code_are_that_code(code: str) -> None:
    assert {one_spelling(text) for text in SPELLINGS[code]} == {code}


def test_other_codes_stay_apart() -> None:
    assert len({one_spelling(text) for text in [*SPELLINGS, *OTHERS]}) == len(SPELLINGS) + len(OTHERS)
    assert [one_spelling(text) for text in OTHERS if text != '=""'] == [text for text in OTHERS if text != '=""']
