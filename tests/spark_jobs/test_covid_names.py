"""What places are compared by, and the check digit of their codes."""

from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import functions as F

from covid_hospitals.jobs.names import folded, hospital, seven_digits, uf, uf_of_place, without_uf


def test_a_name_is_its_letters_and_digits(spark: Any) -> None:
    same = ["São Paulo", "SAO PAULO", "Sao Paulo", " sao  paulo", "Sa\u0303o-Paulo.", "S\u00c3O PAULO"]
    others = ["Sao Paulo 2", "", None, "?!", "猫 犬"]
    rows = spark.createDataFrame([(name,) for name in same + others], "name string").select(folded(F.col("name")))
    found = [row[0] for row in rows.collect()]
    assert found == ["saopaulo"] * len(same) + ["saopaulo2", "", None, "?!", "猫犬"]


def test_a_state_is_its_uf_by_whatever_it_is_named(spark: Any) -> None:
    rows = spark.createDataFrame(
        [(n,) for n in ["sp", "São Paulo", "35", "PARA", "TOTAL", "Atlantis", None]], "s string"
    )
    assert [row[0] for row in rows.select(uf("s")).collect()] == ["SP", "SP", "SP", "PA", "TOTAL", "Atlantis", None]


@pytest.mark.timeout(60)  # a moment; with the square of the blanks it is minutes
def test_a_uf_after_a_name_is_taken_off_and_long_blanks_take_time_by_their_length(spark: Any) -> None:
    blanks = " " * 200_000
    named = ["Natal/RN", "Natal - rn", "Natal ( RN ) ", "Natal  /  RN", "Natal", f"A{blanks}B", f"A/RN{blanks}B"]
    rows = spark.createDataFrame([(name,) for name in named], "city string")
    found = [(row[0], row[1]) for row in rows.select(without_uf("city"), uf_of_place("city")).collect()]
    assert found == [*[("Natal", "RN")] * 4, ("Natal", None), *[(name, None) for name in named[5:]]]


def test_every_municipality_is_found_by_its_first_six_digits(spark: Any, shared_data: Path) -> None:
    table = spark.read.csv(str(shared_data / "covid" / "ref" / "municipios.csv"), header=True)
    code = F.col("codigo_ibge").cast("int")
    wrong = table.where(seven_digits(F.floor(code / 10).cast("int")) != code)
    assert (table.count() > 5500, wrong.count()) == (True, 0)


def test_a_hospitals_code_has_seven_digits_and_what_is_none_stays(spark: Any) -> None:
    codes = ["12345", "0012345", "9", "20000012", "51.774.631/0001-80", "", None]
    rows = spark.createDataFrame([(code,) for code in codes], "code string").select(hospital(F.col("code")))
    assert [row[0] for row in rows.collect()] == ["0012345", "0012345", "0000009", *codes[3:]]
