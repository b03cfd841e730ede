"""What a night does to the buckets."""

from hashlib import sha256

import pytest

from nightshift.compute import jobs
from nightshift.failures.errors import AuditFailed
from nightshift.lake.packaging import Package
from nightshift.lake.storage import LakeHook
from nightshift.operators.compute import PublishJobsOperator
from nightshift.pipelines import REGISTRY, registry

GOLD = "gold/mrhealth_sales/product_sales/business_date=2026-01-04/"


@pytest.fixture
def s3(aws):
    return aws("s3")


@pytest.fixture
def lake(s3, night):
    return LakeHook(s3, night)


def put(s3, key, body=b"x"):
    s3.put_object(Bucket="acme-night-lake", Key=key, Body=body)


def keys(s3, bucket="acme-night-lake", prefix=""):
    return [o["Key"] for o in s3.list_objects_v2(Bucket=bucket, Prefix=prefix).get("Contents", [])]


def stage(s3, night, name, body):
    put(s3, f"{night.staging_prefix}gold/product_sales/{name}", body)


def test_a_publish_replaces_its_own_date_and_nothing_else(s3, lake, night):
    put(s3, f"{GOLD}part-00000.parquet", b"old")
    put(s3, f"{GOLD}part-from-another-layout.parquet", b"older")
    put(s3, GOLD.replace("01-04", "01-03") + "part-00000.parquet", b"yesterday")
    stage(s3, night, "part-00000-abc.snappy.parquet", b"new")
    assert lake.swap_gold("product_sales") == [night.business_date]
    assert keys(s3, prefix="gold/") == [
        GOLD.replace("01-04", "01-03") + "part-00000.parquet",
        f"{GOLD}part-00000.parquet",
    ]
    body = s3.get_object(Bucket="acme-night-lake", Key=f"{GOLD}part-00000.parquet")["Body"].read()
    assert body == b"new"


@pytest.mark.parametrize("staged", [[], ["a.parquet", "b.parquet"]])
def test_anything_but_one_staged_file_leaves_the_old_gold(s3, lake, night, staged):
    put(s3, f"{GOLD}part-00000.parquet", b"old")
    for name in staged:
        stage(s3, night, name, b"new")
    with pytest.raises(AuditFailed, match=f"holds {len(staged)} Parquet files"):
        lake.swap_gold("product_sales")
    body = s3.get_object(Bucket="acme-night-lake", Key=f"{GOLD}part-00000.parquet")["Body"].read()
    assert body == b"old"


def test_jobs_travel_once_under_their_hash(s3, lake):
    package = Package(b"main", b"zip", b"limit")
    first = lake.publish_jobs(package)
    written = s3.head_object(Bucket="acme-night-artifacts", Key=f"jobs/{package.sha256}/main.py")["LastModified"]
    assert lake.publish_jobs(package) == first == f"s3://acme-night-artifacts/jobs/{package.sha256}/"
    again = s3.head_object(Bucket="acme-night-artifacts", Key=f"jobs/{package.sha256}/main.py")["LastModified"]
    assert written == again
    names = [key.rpartition("/")[2] for key in keys(s3, "acme-night-artifacts")]
    assert names == ["main.py", "spark_jobs.zip", "time_limit.sh"]


def test_the_jars_of_a_pipelines_package_travel_under_their_hash_and_are_named_to_its_jobs(
    s3, settings, night, tmp_path, monkeypatch
):
    (tmp_path / "jars").mkdir()
    (tmp_path / "jars" / "geo.jar").write_bytes(b"jar")
    digest = sha256(b"jar").hexdigest()
    (tmp_path / "jars" / "SHA256SUMS").write_text(f"{digest}  geo.jar\n")
    own = registry.Package(night.pipeline, tmp_path)
    monkeypatch.setitem(REGISTRY.packages, night.pipeline.product, own)
    task = PublishJobsOperator(task_id="publish_jobs", pipeline=night.pipeline, settings=settings)
    published = task.work(night, {})
    assert published["jars"] == [f"s3://acme-night-artifacts/jdbc/{digest}/geo.jar"]
    assert s3.get_object(Bucket="acme-night-artifacts", Key=f"jdbc/{digest}/geo.jar")["Body"].read() == b"jar"
    [job, *_] = jobs.of_run(night, published["jobs_uri"], published["jars"])
    assert job.jars == (published["jars"][0],)


def test_manifests_come_in_the_order_of_the_layers_and_only_those_that_are_there(s3, lake, night):
    for layer in ("silver", "bronze"):
        put(s3, f"{night.record_prefix}manifests/{layer}.json", f'{{"layer": "{layer}"}}'.encode())
    assert [m["layer"] for m in lake.manifests()] == ["bronze", "silver"]


def test_sweeping_takes_this_runs_staging_and_leaves_anothers(s3, lake, night):
    stage(s3, night, "a.parquet", b"x")
    put(s3, "staging/mrhealth_sales/another-run/gold/t/a.parquet")
    assert lake.sweep_staging() == 1
    assert keys(s3, prefix="staging/") == ["staging/mrhealth_sales/another-run/gold/t/a.parquet"]


def test_a_runs_certificate_is_made_once_so_that_late_nodes_trust_the_first(s3, lake, night):
    lake.publish_certificates(lambda: b"first")
    lake.publish_certificates(lambda: b"second")
    assert s3.get_object(Bucket="acme-night-lake", Key=night.certificates_key)["Body"].read() == b"first"
