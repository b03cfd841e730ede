"""Normalise place names (compared without accents, case, blanks and punctuation) and municipality codes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import reduce

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

# IBGE's states: code, UF, name.
STATES = (
    *((11, "RO", "Rondônia"), (12, "AC", "Acre"), (13, "AM", "Amazonas"), (14, "RR", "Roraima"), (15, "PA", "Pará")),
    *((16, "AP", "Amapá"), (17, "TO", "Tocantins"), (21, "MA", "Maranhão"), (22, "PI", "Piauí"), (23, "CE", "Ceará")),
    *((24, "RN", "Rio Grande do Norte"), (25, "PB", "Paraíba"), (26, "PE", "Pernambuco"), (27, "AL", "Alagoas")),
    *((28, "SE", "Sergipe"), (29, "BA", "Bahia"), (31, "MG", "Minas Gerais"), (32, "ES", "Espírito Santo")),
    *((33, "RJ", "Rio de Janeiro"), (35, "SP", "São Paulo"), (41, "PR", "Paraná"), (42, "SC", "Santa Catarina")),
    *((43, "RS", "Rio Grande do Sul"), (50, "MS", "Mato Grosso do Sul"), (51, "MT", "Mato Grosso")),
    *((52, "GO", "Goiás"), (53, "DF", "Distrito Federal")),
)
# IBGE's regions, by the first digit of a state's code.
REGIONS = {1: "Norte", 2: "Nordeste", 3: "Sudeste", 4: "Sul", 5: "Centro-Oeste"}
# The municipalities whose check digit breaks IBGE's rule (the complete list, by IBGE's own table).
_ODD_CHECK_DIGITS = (2201919, 2201988, 2202251, 2611533, 3117836, 3152131, 4305871, 5203939, 5203962)
_ACCENTED, _PLAIN = "áàâãäåéèêëíìîïóòôõöúùûüçñý", "aaaaaaeeeeiiiiooooouuuucny"
_UFS = "|".join(state for _, state, _ in STATES)
# The UF after a city's name. Blanks are taken whole (*+) from their first on: a long run of them is passed once.
_PLACE = rf"(?i)(?<!\s)\s*+(?:/\s*+[A-Z]{{2}}|[-\u2013]\s*+(?:{_UFS})|\(\s*+(?:{_UFS})\s*+\))\s*+$"
_UF_OF_PLACE = rf"(?i)[/(\u2013-]\s*+({_UFS})\s*+\)?\s*+$"
_CODE = r"^\s*([0-9]+)[.,]0+\s*$"  # a whole number as a spreadsheet writes it


def folded(name: Column) -> Column:
    """A name's comparison key: its letters and digits, without accents and case; the name itself where it has none."""
    bare = F.translate(F.lower(F.regexp_replace(name, r"\p{M}", "")), _ACCENTED, _PLAIN)
    letters = F.regexp_replace(bare, r"[^\p{L}\p{N}]", "")
    return F.when(letters == "", name).otherwise(letters)


def uf(column: str) -> Column:
    """The UF of a state given by UF, name (also after "Estado de") or code, or by UF and name; any other value is
    unchanged."""
    spelt = {spelling: state for code, state, name in STATES for spelling in _spellings(code, state, name)}
    return F.coalesce(_lookup(spelt)[folded(F.col(column))], F.col(column))


def _spellings(code: int, state: str, name: str) -> tuple[str, ...]:
    """What names a state, folded."""
    short, full = state.lower(), _fold(name)
    return (full, short, str(code), short + full, full + short, *(f"estado{of}{full}" for of in ("de", "do", "da")))


def is_uf(column: str) -> Column:
    """Whether a value is a state's UF."""
    return F.col(column).isin([state for _, state, _ in STATES])


def uf_of_code(code: str | Column) -> Column:
    """The UF of a state's code; null for any other."""
    text = (F.col(code) if isinstance(code, str) else code).cast("string")
    return _lookup({str(number): state for number, state, _ in STATES})[text]


def described(rows: DataFrame) -> DataFrame:
    """Rows of states with `state_name`, `region` and `state_code` (IBGE's) of their `state`."""
    words = {state: f"{name}|{REGIONS[code // 10]}|{code}" for code, state, name in STATES}
    rows = rows.withColumn("_words", F.split(_lookup(words)[F.col("state")], r"\|"))
    names = {name: F.col("_words")[n] for n, name in enumerate(("state_name", "region"))}
    return rows.withColumns({**names, "state_code": F.col("_words")[2].cast("int")}).drop("_words")


def _lookup(pairs: Mapping[str, str]) -> Column:
    """A map of words without punctuation, built from one text: Spark visits each cell of a map literal at each step."""
    return F.str_to_map(F.lit(",".join(f"{key}:{value}" for key, value in pairs.items())), F.lit(","), F.lit(":"))


def _fold(name: str) -> str:
    return "".join(c for c in name.lower().translate(str.maketrans(_ACCENTED, _PLAIN)) if c.isalnum())


def tidy(bronze: DataFrame, codes: Sequence[str] = (), states: Sequence[str] = ()) -> DataFrame:
    """Codes as whole numbers, even if a spreadsheet wrote decimals; states by their UF."""
    whole = {column: F.regexp_replace(column, _CODE, "$1") for column in codes}
    return bronze.withColumns({**whole, **{column: uf(column) for column in states}}) if whole or states else bronze


def official(municipalities: DataFrame, population: DataFrame) -> DataFrame:
    """The places in the reference tables: `city_code` of seven digits, `state`, `city`; IBGE's table of municipalities
    takes precedence over that of their population."""
    named = municipalities.select("city_code", uf_of_code("state_code").alias("state"), "city", F.lit(0).alias("_rank"))
    counted = population.where(F.col("city").isNotNull()).select("city_code", "state", "city", F.lit(1).alias("_rank"))
    known = F.min(F.struct("_rank", "state", "city")).alias("_known")
    return named.unionByName(counted).groupBy("city_code").agg(known).select("city_code", "_known.state", "_known.city")


def with_check_digit(six: Column) -> Column:
    """DATASUS's six-digit municipality code with IBGE's seventh digit added."""
    digits = [F.floor(six / 10**place) % 10 for place in range(5, -1, -1)]
    doubled = [F.when(digit > 4, digit * 2 - 9).otherwise(digit * 2) for digit in digits[1::2]]
    total = reduce(Column.__add__, [*digits[0::2], *doubled])
    odd = F.create_map(*[F.lit(cell) for code in _ODD_CHECK_DIGITS for cell in (code // 10, code)])
    return F.coalesce(odd[six.cast("int")], six * 10 + (F.lit(10) - total % 10) % 10).cast("int")


def seven_digits(code: Column, state_code: Column | None = None) -> Column:
    """A municipality's code with its check digit, and, where IBGE's estimates have them apart, with its state's code
    before it; any other code unchanged."""
    six = F.when(code.between(100_000, 999_999), with_check_digit(code))
    apart = [] if state_code is None else [F.when(code.between(1, 99_999), state_code * 100_000 + code)]
    return F.coalesce(six, *apart, code)


def with_known_codes(rows: DataFrame, places: DataFrame) -> DataFrame:
    """Set `city_code` to the reference's code, matched by six digits where the check digit is missing; `_odd_code`:
    whether it is no municipality's, no state's, and not 0, the code of totals; `_elsewhere`: whether it is a
    municipality's of another state than the row's; and `_official`: the reference's name of the city with that code in
    the row's `state`."""
    code, six = F.col("city_code"), F.floor(F.col("city_code") / 10).cast("int")
    by_six = places.select(six.alias("_six"), code.alias("_seven")).groupBy("_six").agg(F.min("_seven").alias("_seven"))
    known = places.select(code.alias("_known"), F.col("state").alias("_in"), F.col("city").alias("_called"))
    any_known = places.agg(F.count(F.lit(1)).alias("_places"))
    matched = (
        rows.join(F.broadcast(by_six), on=code == F.col("_six"), how="left")
        .withColumn("city_code", F.coalesce(F.col("_seven"), seven_digits(code)))
        .join(F.broadcast(known), on=code == F.col("_known"), how="left")
        .crossJoin(F.broadcast(any_known))
    )
    by_rule = code.between(1_000_000, 9_999_999) & (code == with_check_digit(six))
    real = F.when(F.col("_places") > 0, F.col("_known").isNotNull()).otherwise(by_rule)
    odd = ~code.isin([0, *(state for state, _, _ in STATES)]) & ~real
    official = F.when(F.col("_in") == F.col("state"), F.col("_called"))
    its_state = uf_of_code(F.floor(F.when(code >= 1_000_000, code) / 100_000))
    elsewhere = F.coalesce(its_state != F.col("state"), F.lit(False))
    marked = matched.withColumns({"_odd_code": odd, "_elsewhere": elsewhere, "_official": official})
    return marked.drop("_six", "_seven", "_known", "_in", "_called", "_places")


def one_name(rows: DataFrame, seen: DataFrame, places: DataFrame, state: str) -> DataFrame:
    """`city` in one spelling for each state and name: the reference's, else the most frequent in `seen` (columns
    `state` and `city`, as they came); of several, the first by code point. `_is_place`: whether it is the
    reference's."""
    by = [F.coalesce("state", F.lit("")).alias("_state"), folded(F.col("city")).alias("_fold")]
    counted = seen.select(*by, "city", F.lit(1).alias("_times"))
    weight = 2**31  # more than any spelling's count
    named = places.select(*by, "city", F.lit(weight).alias("_times"))
    anywhere = named.withColumn("_state", F.lit("")).distinct()
    every = counted.unionByName(named).unionByName(anywhere).groupBy("_state", "_fold", "city")
    times = every.agg((-F.sum("_times")).alias("_rank"))
    best = F.min(F.struct("_rank", "city"))
    names = times.groupBy("_state", "_fold").agg(best["city"].alias("_name"), (best["_rank"] <= -weight).alias("_is"))
    keyed = rows.withColumns({"_state": F.coalesce(state, F.lit("")), "_fold": folded(F.col("city"))})
    joined = keyed.join(F.broadcast(names), on=["_state", "_fold"], how="left")
    named = {"city": F.coalesce("_name", "city"), "_is_place": F.coalesce("_is", F.lit(False))}
    return joined.withColumns(named).drop("_state", "_fold", "_name", "_is")


def by_code(rows: DataFrame) -> DataFrame:
    """`city` by the name that the reference has for its code, where the name it came under is no place's of the state:
    a former one, such as Embu of Embu das Artes; and `_other_city`: whether the code is another place's. Rows of
    `with_known_codes` and `one_name`."""
    coded, is_place = F.col("_official").isNotNull(), F.col("_is_place")
    city = F.when(coded & ~is_place, F.col("_official")).otherwise(F.col("city"))
    other = coded & is_place & (folded(F.col("city")) != folded(F.col("_official"))) | F.col("_elsewhere")
    return rows.withColumns({"city": city, "_other_city": other}).drop("_official", "_elsewhere", "_is_place")


def hospital(code: Column) -> Column:
    """CNES's code with its seven digits, of which a spreadsheet drops the leading zeros; any other code unchanged."""
    return F.when(code.rlike("^[0-9]{1,7}$"), F.lpad(code, 7, "0")).otherwise(code)


def without_uf(city: str) -> Column:
    """A city's name without a UF after it: Natal/RN, Natal - RN, Natal (RN)."""
    return F.regexp_replace(F.trim(F.col(city)), _PLACE, "")


def uf_of_place(city: str) -> Column:
    """The UF after a city's name; null if there is none."""
    return F.upper(F.nullif(F.regexp_extract(F.col(city), _UF_OF_PLACE, 1), F.lit("")))
