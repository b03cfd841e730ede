"""Pipelines that ./nightshift new made, as whole nights under the roles that nights have on AWS: a script with a jar of
Maven's, a pipeline that takes its gold, two of them on one cluster, and one that reads a database's table."""

import hashlib
import io
import subprocess
import zipfile
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pyspark
import pytest

from embedded import cli
from embedded.cloud import environment
from embedded.runs.requests import Order
from tests.commands import Nightshift
from tests.databases import postgresql
from tests.e2e.test_nights import rows
from tests.fifth import forgotten
from tests.tools.test_maven import serving
from tools import toolchain

pytestmark = [
    pytest.mark.long,  # two nights in one process, two at once, and one on a cloud of its own
    pytest.mark.spark,
    pytest.mark.terraform,
]

DAY = "2026-02-10"
PREFIX = f"geo_shops/{DAY.replace('-', '/')}/"
ORDERS = "Loja;Valor\nCentro;10.50\nNorte;2.25\nCentro;3.00\n"
JAVA = """
package org.example;

public class Geo implements org.apache.spark.sql.api.java.UDF1<String, String> {
    public String call(String shop) {
        return shop.toUpperCase();
    }
}
"""
SCRIPT = """
import sys

from pyspark.sql import SparkSession, functions as F

spark = SparkSession.builder.appName("by shop").getOrCreate()
spark.udf.registerJavaFunction("geo", "org.example.Geo", "string")
orders = spark.read.option("header", True).option("sep", ";").csv(sys.argv[1])
sold = F.sum(F.col("Valor").cast("decimal(18,2)")).alias("sold")
orders.groupBy(F.expr("geo(Loja)").alias("shop")).agg(F.count("Loja").alias("orders"), sold).write.parquet(
    sys.argv[2] + "/shops"
)
spark.stop()
"""


def jar(folder: Path) -> bytes:
    """A jar with the class, compiled against Spark's own jars."""
    javac = toolchain.java() / "bin" / "javac"
    if not javac.is_file():
        pytest.skip("this machine's Java has no compiler")
    folder.mkdir()
    (folder / "Geo.java").write_text(JAVA)
    spark = Path(pyspark.__file__).parent / "jars" / "*"
    subprocess.run([javac, "-cp", spark, "-d", folder, folder / "Geo.java"], capture_output=True, check=True)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.write(folder / "org/example/Geo.class", "org/example/Geo.class")
    return packed.getvalue()


def new(name, *words):
    assert cli.main(["new", name, *map(str, words), "--yes"]) == 0


@pytest.fixture(scope="module")
def own(played, tmp_path_factory):
    """The file of orders; the packages geo_shops and after_geo are among the cloud's pipelines."""
    folder, into = tmp_path_factory.mktemp("own"), ("--into", played.stage.scratch / "pipelines")
    content = jar(folder / "java")
    (folder / "orders.csv").write_text(ORDERS)
    (folder / "by_shop.py").write_text(SCRIPT)
    gold = {"shop": ["a", "b"], "orders": pa.array([1, 2], pa.int64()), "sold": pa.array([Decimal("1.50")] * 2)}
    pq.write_table(pa.table(gold), folder / f"{DAY}.parquet")
    with forgotten(played.stage.scratch), serving(folder / "maven", content) as (package, named):
        (package / "geo-1.2.jar.sha1").write_text(hashlib.sha1(content).hexdigest())
        with pytest.MonkeyPatch.context() as patched:
            for key, value in named.items():
                patched.setenv(key, value)
            script = ("--script", folder / "by_shop.py", "--packages", "org.example:geo:1.2")
            new("geo_shops", *script, "--sample", folder / "orders.csv", *into)
        new("after_geo", "--sample", folder / f"{DAY}.parquet", "--after", "geo_shops.shops", *into)
    return folder / "orders.csv"


def test_a_night_has_a_jar_of_mavens_on_its_class_path_and_another_night_takes_its_gold(played, own):
    events = []
    first = Order("geo_shops", {"business_date": DAY}, [(str(own), f"{PREFIX}orders.csv")], [PREFIX])
    played.stage.play([first, Order("after_geo", {"business_date": DAY}, [], [])], events.append, "own")
    assert [event["state"] for event in events if event["event"] == "night"] == ["success", "success"]
    assert gold(played, "geo_shops/shops") == [("CENTRO", 2, Decimal("13.50")), ("NORTE", 1, Decimal("2.25"))]
    taken = gold(played, "after_geo/shops_by_shop")
    assert taken == [("CENTRO", 1, Decimal("13.50")), ("NORTE", 1, Decimal("2.25"))]


def gold(played, table):
    key = f"gold/{table}/business_date={DAY}/part-00000.parquet"
    body = played.client("s3").get_object(Bucket="nightshift-local-lake", Key=key)["Body"].read()
    return [tuple(row.values()) for row in pq.read_table(io.BytesIO(body)).to_pylist()]


def test_two_runs_of_a_pack_that_begin_together_share_a_cluster_which_the_last_one_ends(played, own, nightshift):
    more = {
        "NIGHTSHIFT_PACKS": "pair=geo_shops+wordcount",
        "NIGHTSHIFT_PIPELINES": str(played.stage.scratch / "pipelines"),
    }
    pair = Nightshift({**nightshift.chosen, **more})
    with ThreadPoolExecutor(2) as pool:
        asked = [("run", name, "--input", own, "--date", "2026-02-11") for name in ("geo_shops", "wordcount")]
        ended = list(pool.map(lambda words: pair(*words), asked))
    assert [one.status for one in ended] == [0, 0], "\n".join(one.said for one in ended)
    records = [record for one in ended for record in one.records]
    assert len({record["cluster"]["id"] for record in records}) == 1
    assert all(record["cluster"]["name"].startswith(f"{environment.NAME} pack_pair ") for record in records)
    assert [record["proof"]["alive"] for record in records] == [[], []]
    said = sorted(record["proof"]["shared"].partition("; ")[2] or "another uses it" for record in records)
    assert said == ["another uses it", "this run was the last to use them."]
    assert [cluster["Name"] for cluster in pair.clusters()] == ["another team's"]


def test_a_night_reads_a_table_of_ones_own_by_a_role_that_opens_its_secret_alone(tmp_path, monkeypatch):
    """On a localcloud of its own: its foundation has the role because the pipeline is among those that are found."""
    with forgotten(tmp_path), postgresql() as url:
        source = f"postgresql://{url.username}@{url.host}:{url.port}/{url.dbname}"
        with url.connected() as connection, connection.cursor() as cursor:
            cursor.execute("CREATE TABLE vendas (id bigint PRIMARY KEY, dia date NOT NULL, valor numeric(12,2))")
            cursor.execute(
                "INSERT INTO vendas VALUES (1, '2026-02-10', 10.50), (2, '2026-02-10', -1), (3, '2026-02-11', NULL)"
            )
        monkeypatch.setenv(environment.SOURCE_PASSWORD, url.password)
        new("own_vendas", "--source", source, "--table", "vendas", "--into", tmp_path / "mine")
        mine = Nightshift({"NIGHTSHIFT_PIPELINES": str(tmp_path / "mine"), environment.SOURCE_PASSWORD: url.password})
        ended = mine("run", "own_vendas", "--iam", "--source", source, "--date", DAY, "--export", tmp_path / "out")
    assert ended.status == 0, ended.said
    (record,) = ended.records
    assert record["proof"]["alive"] == []
    assert [(str(r["dia"]), r["rows"], r["total_valor"]) for r in rows(tmp_path / "out", "vendas_by_dia")] == [
        ("2026-02-10", 2, Decimal("9.50")),
        ("2026-02-11", 1, None),
    ]
    assert url.password not in ended.said + str(record)
