"""Keys that nobody would choose, through real spark-submits: each is read, quarantined or warned of, none escapes."""

from __future__ import annotations

import io
import json

import pyarrow.parquet as pq
import pytest
from moto.s3.models import s3_backends

from nightshift.config import Settings
from nightshift.lake.packaging import package
from nightshift.pipelines import FOLDERS
from tests.localcloud.steps.conftest import ACCOUNT

pytestmark = pytest.mark.spark

SETTINGS = Settings()
DAY = "2025-12-29"
READABLE = [
    *("com espaço/a b .txt", "é.txt", "e\u0301.txt", 'it\'s "quoted".txt', "100%.txt", "%2e%2e%2f.txt", "a+b.txt"),
    *("#1.txt", "{a,b}.txt", "*.txt", "?.txt", "[a-z].txt", "🚀.txt", "a\\b.txt", "2025-12-29T03:00:00.txt", "day=1/x"),
    *("$(reboot).txt", "`id`;&|.txt", "linha\nnova.txt", "\u202etxt.exe", "~", "-rf", "_x=1.txt", "a@b,c.txt", "null"),
    *(f"{'p' * 200}/{'n' * 250}", "/".join(["d" * 90] * 9), "x_$folder$"),
]
HIDDEN = ["_x.txt", ".x.txt", "_metadata.txt", "_pasta/x.txt", "a/.git/x", "..a/a...txt"]
NO_FILES = [
    "../fora.txt",
    "a/../../../fora.txt",
    "a/./b",
    "b//c",
    "pasta/",
    "m" * 256,
    "x._COPYING_",
    ".x.crc",
    "_temporary/x",
]
ORDERS = "Id_Unidade,Id_Pedido,Tipo_Pedido,Data_Pedido,Vlr_Pedido,Endereco_Entrega,Taxa_Entrega,Status\n"


@pytest.fixture
def jobs(s3):
    """The package of the jobs where a night publishes it."""
    packed = package(SETTINGS.jobs_dir, SETTINGS.time_limit_script, pipelines=FOLDERS)
    for name in ("spark_jobs.zip", "main.py"):
        s3.put_object(Bucket="lake", Key=f"jobs/{name}", Body=packed.files[name])


@pytest.fixture
def layers(run, log, jobs, s3):
    """Run some layers over s3://lake/<prefix>; the step's controller log, after it succeeded."""

    def run_layers(pipeline, names, prefix):
        outcome, request = run(
            *("spark-submit", "--py-files", "s3://lake/jobs/spark_jobs.zip", "s3://lake/jobs/main.py"),
            *("--pipeline", pipeline, "--layers", names, "--business-date", DAY, "--input", f"s3://lake/{prefix}"),
            *("--lake", "s3://lake", "--staging", "s3://lake/staging", "--manifests", "s3://lake/manifests"),
        )
        assert outcome.exit_code == 0, log(request, "stderr")
        return log(request, "controller")

    return run_layers


def put(key, body):
    s3_backends[ACCOUNT]["aws"].put_object("lake", key, body.encode())


def rows(s3, prefix):
    keys = [o["Key"] for o in s3.list_objects_v2(Bucket="lake", Prefix=prefix).get("Contents", [])]
    files = [io.BytesIO(s3.get_object(Bucket="lake", Key=k)["Body"].read()) for k in keys if k.endswith(".parquet")]
    return [row for file in files for row in pq.read_table(file).to_pylist()]


def word(number):
    return "palavra" + "".join(chr(ord("a") + int(digit)) for digit in str(number))


def test_a_night_of_words_over_odd_keys_reads_or_tells_each(s3, layers, tmp_path):
    prefix = "entrada é/dia=1 + @/"
    every = [*READABLE, *HIDDEN, *NO_FILES]
    for number, key in enumerate(every):
        put(prefix + key, word(number))
    put("fora.txt", "fora")
    before = {path.name for path in tmp_path.parent.iterdir()}
    controller = layers("wordcount", "bronze,silver,gold", prefix)
    counted = {row["word"] for row in rows(s3, "staging/gold/word_counts/")}
    assert counted == {word(n) for n, key in enumerate(every) if key in READABLE}
    refused = {row["source_file"]: row["reason"] for row in rows(s3, "quarantine/wordcount/bronze/")}
    assert refused == {f"s3://lake/{prefix}{key}": "hidden_file" for key in HIDDEN}
    sources = {row["source_file"] for row in rows(s3, "bronze/wordcount/")}
    assert sources == {f"s3://lake/{prefix}{key}" for key in READABLE}
    for key in NO_FILES:
        assert f"s3://lake/{prefix}{key} is not mirrored" in controller
    assert {path.name for path in tmp_path.parent.iterdir()} == before
    assert not list(tmp_path.rglob("fora.txt"))[1:]  # the bucket's own, at its own place
    assert all(s3_backends[ACCOUNT]["aws"].get_object("lake", prefix + key) for key in every)


def test_a_drop_with_odd_keys_keeps_every_unit(s3, layers):
    order = f"7,1,Loja Online,{DAY},10.00,Rua A,0.00,Finalizado\n"
    put("drop/unit_007/pedido.csv", ORDERS + order)
    put("drop/unit_007/cópia {1} *?/pedido.csv", ORDERS + order)
    put("drop/unit_007/../unit_008/pedido.csv", ORDERS + order)
    for number, key in enumerate([k for k in READABLE if not k.endswith("$folder$")]):
        put(f"drop/unit_007/x{number}/{key}", "x")
    layers("mrhealth_sales", "bronze", "drop/")
    manifest = json.loads(s3.get_object(Bucket="lake", Key="manifests/bronze.json")["Body"].read())
    counts = {table["table"]: table for table in manifest["tables"]}
    assert (counts["orders"]["rows_in"], counts["orders"]["accepted"]) == (2, 2)
    assert counts["other_files"]["reasons"] == {"unknown_file": len(READABLE) - 1}
