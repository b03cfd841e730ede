"""A pipeline outside of the tree whose script stops at one row: the night that fails, for ./nightshift repro."""

from pathlib import Path

from embedded.commands.new import _write
from embedded.new import script_package
from embedded.new.trial import Own, Written
from embedded.runs.requests import Order

NAME, STEP, ROWS, BAD_ROW = "shop_totals", "script", 300, 217
PLACE, ERROR = "scripts/by_shop.py line 9, in amount_of", "ValueError: invalid literal for int() with base 10: 'doze'"
SCRIPT = '''"""Totals by shop, as somebody wrote it."""
import sys
from pyspark.sql import SparkSession

spark = SparkSession.builder.appName("by shop").getOrCreate()


def amount_of(row):
    return int(row["amount"])


totals = {}
for row in spark.read.option("header", "true").csv(sys.argv[1]).collect():
    totals[row["shop"]] = totals.get(row["shop"], 0) + amount_of(row)
spark.createDataFrame([*totals.items()], "shop string, total bigint").write.parquet(sys.argv[2])
spark.stop()
'''


def package(folder: Path) -> Path:
    """The package, in a folder of pipelines."""
    script = folder / "by_shop.py"
    script.write_text(SCRIPT)
    pipelines = folder / "pipelines"
    gold = [Written("totals", {"shop": "string", "total": "bigint"}, ("shop",), {})]
    texts = script_package.files(NAME, Own([(script, ["{input}", "{output}"])]), [], gold)
    _write(pipelines / NAME, texts)
    return pipelines


def order(folder: Path, day: str) -> Order:
    """The night of a file of shops with an amount in words."""
    amounts = ["doze" if n == BAD_ROW else str(n) for n in range(1, ROWS + 1)]
    file = folder / "rows.csv"
    file.write_text("shop,customer,amount\n" + "".join(f"s{n % 7},c{n:04},{a}\n" for n, a in enumerate(amounts, 1)))
    prefix = f"{NAME}/{day.replace('-', '/')}/"
    return Order(NAME, {"business_date": day}, [(str(file), f"{prefix}rows.csv")], [prefix])
