"""What places are compared by, and the check digit of their codes."""

from pathlib import Path
from typing import Any

from pyspark.sql import functions as F

from covid_hospitals.jobs.names import folded, hospital, seven_digits, uf


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


def test_every_municipality_is_found_by_its_first_six_digits(spark: Any, shared_data: Path) -> None:
    table = spark.read.csv(str(shared_data / "covid" / "ref" / "municipios.csv"), header=True)
    code = F.col("codigo_ibge").cast("int")
    wrong = table.where(seven_digits(F.floor(code / 10).cast("int")) != code)
    assert (table.count() > 5500, wrong.count()) == (True, 0)


def test_a_hospitals_code_has_seven_digits_and_what_is_none_stays(spark: Any) -> None:
    codes = ["12345", "0012345", "9", "20000012", "51.774.631/0001-80", "", None]
    rows = spark.createDataFrame([(code,) for code in codes], "code string").select(hospital(F.col("code")))
    assert [row[0] for row in rows.collect()] == ["0012345", "0012345", "0000009", *codes[3:]]
