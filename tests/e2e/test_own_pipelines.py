"""Pipelines that ./nightshift new made, as whole nights under the roles that they have on AWS, on a cloud of their own:
a script with a jar of Maven's, one that takes its gold, one of files, and one of a database's table."""

import hashlib
import io
import os
import subprocess
import zipfile
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pyspark
import pytest

from embedded import cli
from embedded.airflow import database
from embedded.cloud import environment, iam_option
from embedded.runs.requests import Order
from tests.commands import Ended, Nightshift
from tests.databases import postgresql
from tests.e2e.conftest import CLOUD
from tests.e2e.test_nights import rows
from tests.fifth import forgotten
from tests.ground import REATTACH, laid, under_role
from tests.iam.stage import Stage
from tests.tools.test_maven import serving
from tools import toolchain

pytestmark = [
    pytest.mark.long,  # a foundation and thirteen nights, 25 minutes beside other work
    pytest.mark.spark,
    pytest.mark.terraform,
]

DAY = "2026-02-10"
# Another day for each target: what one published is not taken for what the next one did.
ON = {"serverless": "2026-02-11", "glue": "2026-02-12", "kubernetes": "2026-02-13", "eks": "2026-02-14"}
ORDERS = "Pedido;Loja;Valor\n1001;Centro;10,50\n1002;Norte;2,25\n1003;Centro;3,00\n"
TOTALS = [("Centro", 2, Decimal("13.50")), ("Norte", 1, Decimal("2.25"))]
BY_SCRIPT = [(shop.upper(), *more) for shop, *more in TOTALS]  # its jar writes them so
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
sold = F.sum(F.translate("Valor", ",", ".").cast("decimal(18,2)")).alias("sold")
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


@dataclass(frozen=True)
class Own:
    """The cloud and commands on it; orders: the file that the nights take; jar: the content of Maven's; first:
    the night of geo_shops, whose command laid the foundation."""

    stage: Stage
    nightshift: Nightshift
    orders: Path
    jar: bytes
    first: Ended

    def s3(self, bucket: str, key: str) -> bytes:
        """The content of the one object whose key begins so."""
        client, name = self.nightshift.client("s3"), f"{environment.NAME}-{bucket}"
        [found] = client.list_objects_v2(Bucket=name, Prefix=key)["Contents"]
        return client.get_object(Bucket=name, Key=found["Key"])["Body"].read()

    def gold(self, table: str, day: str) -> list[tuple]:
        """The rows of a published partition, in order."""
        content = self.s3("lake", f"gold/{table}/business_date={day}/")
        return sorted(tuple(row.values()) for row in pq.read_table(io.BytesIO(content)).to_pylist())


@pytest.fixture(scope="module")
def source():
    """A PostgreSQL with a table of somebody's."""
    with postgresql() as url:
        with url.connected() as connection, connection.cursor() as cursor:
            cursor.execute("CREATE TABLE vendas (id bigint PRIMARY KEY, dia date NOT NULL, valor numeric(12,2))")
            cursor.execute(
                "INSERT INTO vendas VALUES (1, '2026-02-10', 10.50), (2, '2026-02-10', -1), (3, '2026-02-11', NULL)"
            )
        yield url


def address(url):
    return f"postgresql://{url.username}@{url.host}:{url.port}/{url.dbname}"


@pytest.fixture(scope="module")
def own(source, tmp_path_factory):
    """All packages are there when the foundation is laid: it has a role for each that opens a secret."""
    home, folder = tmp_path_factory.mktemp("cloud"), tmp_path_factory.mktemp("own")
    into, orders, content = ("--into", folder / "pipelines"), folder / "orders.csv", jar(folder / "java")
    orders.write_text(ORDERS)
    (folder / "by_shop.py").write_text(SCRIPT)
    gold = {"shop": ["a", "b"], "orders": pa.array([1, 2], pa.int64()), "sold": pa.array([Decimal("1.50")] * 2)}
    pq.write_table(pa.table(gold), folder / f"{DAY}.parquet")
    with forgotten(folder), pytest.MonkeyPatch.context() as patched:
        with serving(folder / "maven", content) as (package, named):
            (package / "geo-1.2.jar.sha1").write_text(hashlib.sha1(content).hexdigest())
            for key, value in {**named, environment.SOURCE_PASSWORD: source.password}.items():
                patched.setenv(key, value)
            script = ("--script", folder / "by_shop.py", "--packages", "org.example:geo:1.2")
            new("geo_shops", *script, "--sample", orders, *into)
            new("own_orders", "--sample", orders, *into)
            new("after_geo", "--sample", folder / f"{DAY}.parquet", "--after", "geo_shops.shops", *into)
            new("own_vendas", "--source", address(source), "--table", "vendas", *into)
        settings = {
            "NIGHTSHIFT_PIPELINES": str(folder / "pipelines"),
            **iam_option.of_cloud(iam=True),
            **iam_option.of_nights(iam=True),
        }
        with laid(home, settings) as env:
            database.copied(home / "airflow", Path(os.environ["AIRFLOW_HOME"]))
            chosen = {key: env[key] for key in (*CLOUD, "NIGHTSHIFT_PIPELINES")}
            first = Nightshift(chosen)("run", "geo_shops", "--input", orders, "--date", DAY)
            with under_role(env, folder / "role.log") as role:
                nightshift = Nightshift(chosen | {REATTACH: role[REATTACH]})
                yield Own(Stage(env, role, {}, folder), nightshift, orders, content, first)


def test_a_script_has_a_jar_of_mavens_on_its_class_path(own):
    assert own.first.status == 0, own.first.said
    (record,) = own.first.records
    assert record["proof"]["alive"] == []
    assert own.gold("geo_shops/shops", DAY) == BY_SCRIPT
    key = f"jdbc/{hashlib.sha256(own.jar).hexdigest()}/geo-1.2.jar"
    assert own.s3("artifacts", key) == own.jar


def test_another_pipelines_night_takes_that_gold(own):
    ended = own.nightshift("run", "after_geo", "--date", DAY)
    assert ended.status == 0, ended.said
    (record,) = ended.records
    assert (record["proof"]["alive"], record["gold"][0]["rows"]) == ([], 1)
    orders, sold = (sum(row[n] for row in BY_SCRIPT) for n in (1, 2))
    assert own.gold("after_geo/shops_by_delivery_date", DAY) == [(date.fromisoformat(DAY), 2, orders, sold)]


def test_a_pipeline_of_files_and_one_of_a_script_make_the_same_gold_on_every_target(own):
    own.stage.lay_kubernetes()
    nights = []
    for target, day in ON.items():
        for name in ("own_orders", "geo_shops"):
            prefix = f"{name}/{day.replace('-', '/')}/"
            conf = {"business_date": day, "compute": target}
            nights.append(Order(name, conf, [(str(own.orders), f"{prefix}orders.csv")], [prefix]))
    events = []
    own.stage.play(nights, events.append, "targets")
    assert [event["state"] for event in events if event["event"] == "night"] == ["success"] * len(nights)
    assert {target: own.gold("own_orders/orders_by_loja", day) for target, day in ON.items()} == dict.fromkeys(
        ON, TOTALS
    )
    assert {target: own.gold("geo_shops/shops", day) for target, day in ON.items()} == dict.fromkeys(ON, BY_SCRIPT)


@pytest.mark.parametrize("target", ["emr", "serverless", "kubernetes"])
def test_a_night_reads_a_table_of_ones_own_by_a_role_that_opens_its_secret_alone(own, source, target, tmp_path):
    secret = {**own.nightshift.chosen, environment.SOURCE_PASSWORD: source.password}
    asked = ("run", "own_vendas", "--on", target, "--source", address(source), "--date", DAY, "--export", tmp_path)
    ended = Nightshift(secret)(*asked)
    assert ended.status == 0, ended.said
    (record,) = ended.records
    assert record["proof"]["alive"] == []
    assert [(str(r["dia"]), r["rows"], r["total_valor"]) for r in rows(tmp_path, "vendas_by_dia")] == [
        ("2026-02-10", 2, Decimal("9.50")),
        ("2026-02-11", 1, None),
    ]
    assert source.password not in ended.said + str(record)
