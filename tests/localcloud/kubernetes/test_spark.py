"""Spark on the stand-in: a SparkApplication and a spark-submit in cluster mode, with S3, as processes."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
import yaml

from localcloud.kubernetes.spark_operator.definition import SPARK_APPLICATION
from localcloud.server import LocalCloud
from localcloud.settings import Settings
from localcloud.steps.site import pyspark_dir
from tests.localcloud.helpers import PlayedSteps, client_of
from tests.localcloud.kubernetes.api import Api, Json
from tests.patience import until

pytestmark = pytest.mark.spark
README = (Path(__file__).parents[3] / "localcloud" / "README.md").read_text()
CODE, MANIFEST = (
    re.search(rf"```{kind}\n# {name}\n(.*?)```", README, re.DOTALL)[1]  # type: ignore[index]
    for kind, name in (("python", "lines.py"), ("yaml", "lines.yaml"))
)
BUCKET = "lines"


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCloud]:
    settings = Settings(home=tmp_path_factory.mktemp("cloud"), port=0, cores=1, kubernetes=True)
    with LocalCloud(settings, runner=PlayedSteps()) as running:
        s3 = client_of(running)("s3")
        s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
        s3.put_object(Bucket=BUCKET, Key="in/a.txt", Body=b"x\ny\nx\n")
        s3.put_object(Bucket=BUCKET, Key="lines.py", Body=CODE.encode())
        yield running


@pytest.fixture(scope="module")
def s3(cloud: LocalCloud) -> Any:
    return client_of(cloud)("s3")


@pytest.fixture(scope="module")
def api(cloud: LocalCloud) -> Api:
    return Api.of_kubeconfig(cloud.kubernetes().kubeconfig)


APPS = f"/apis/{SPARK_APPLICATION.api_version}/namespaces/default/sparkapplications"
PODS = "/api/v1/namespaces/default/pods"


@pytest.fixture(autouse=True)
def nothing_before(api: Api) -> None:
    """What a failed test left goes first."""
    api.delete(APPS)
    api.delete(PODS, {"gracePeriodSeconds": 0})
    until(lambda: nothing_of(api), what="nothing left")


def application(name: str, *arguments: str, main: str = f"s3://{BUCKET}/lines.py", **spec: Any) -> Json:
    sizes = {"cores": 1, "memory": "512m"}
    return {
        "metadata": {"name": name, "labels": {"run": name}},
        "spec": {
            "type": "Python",
            "mode": "cluster",
            "sparkVersion": "3.5.6",
            "image": "acme/jobs:1",
            "mainApplicationFile": main,
            "arguments": list(arguments),
            "restartPolicy": {"type": "Never"},
            "sparkConf": {"spark.sql.shuffle.partitions": "1", "spark.kubernetes.allocation.batch.delay": "100ms"},
            "driver": sizes,
            "executor": {**sizes, "instances": 1},
            **spec,
        },
    }


def state(api: Api, name: str) -> Json:
    status: Json = api.get(f"{APPS}/{name}").get("status") or {}
    return status


def ended(api: Api, name: str) -> Json:
    found: Json = until(
        lambda: state(api, name),
        lambda status: status.get("applicationState", {}).get("state") in ("COMPLETED", "FAILED"),
        what=f"the end of {name}",
    )
    return found


def test_the_readmes_application_reads_and_writes_s3_by_a_driver_and_an_executor_and_leaves_nothing(
    api: Api, s3: Any
) -> None:
    version = api.get(APPS)["metadata"]["resourceVersion"]
    api.post(APPS, yaml.safe_load(MANIFEST))
    assert api.status("POST", APPS, application("lines"))[0] == 409
    seen, executors = [], dict[str, str]()
    for _, app in api.watch(APPS, resourceVersion=version):
        status = app.get("status") or {}
        now = status.get("applicationState", {}).get("state", "NEW")
        executors |= status.get("executorState") or {}
        seen += [now] if now not in seen else []
        if now in ("COMPLETED", "FAILED"):
            break
    log = api.text(f"{PODS}/lines-driver/log")
    assert seen[-1] == "COMPLETED", log
    assert seen == ["NEW", "SUBMITTED", "RUNNING", "SUCCEEDING", "COMPLETED"]
    assert "counted 3" in log
    assert len(executors) == 1
    (key,) = [one["Key"] for one in s3.list_objects_v2(Bucket=BUCKET, Prefix="out/part")["Contents"]]
    text = s3.get_object(Bucket=BUCKET, Key=key)["Body"].read().decode()
    assert sorted(text.split()) == ['{"value":"x","count":2}', '{"value":"y","count":1}']
    driver = api.get(f"{PODS}/lines-driver")
    assert driver["metadata"]["ownerReferences"][0]["kind"] == "SparkApplication"
    assert driver["spec"]["containers"][0]["image"] == "acme/jobs:1"
    assert driver["spec"]["containers"][0]["resources"]["limits"] == {"memory": "896Mi"}
    api.delete(f"{APPS}/lines")
    until(lambda: nothing_of(api), what="nothing left")


def nothing_of(api: Api) -> bool:
    maps = [one for one in api.names("/api/v1/namespaces/default/configmaps") if one != "kube-root-ca.crt"]
    return not (api.names(PODS) or api.names("/api/v1/namespaces/default/services") or maps or api.names(APPS))


def test_a_deleted_application_is_cancelled_with_all_its_processes(api: Api, cloud: LocalCloud, tmp_path: Path) -> None:
    (tmp_path / "waits.py").write_text("import time\ntime.sleep(600)\n")
    api.post(APPS, application("cancelled", main=f"local://{tmp_path}/waits.py", deps={"files": []}))
    started = lambda: state(api, "cancelled").get("applicationState", {}).get("state") == "RUNNING"  # noqa: E731
    until(started, what="a running driver")
    driver = api.get(f"{PODS}/cancelled-driver")
    session = int(driver["status"]["containerStatuses"][0]["containerID"].rpartition("/")[2])
    api.delete(f"{APPS}/cancelled")
    until(lambda: nothing_of(api), what="nothing left")
    until(lambda: not psutil.pid_exists(session))


def test_a_failing_driver_fails_its_application_which_goes_when_its_time_is_over(api: Api) -> None:
    body = application("failing", timeToLiveSeconds=1, type="Java", mainClass="no.such.Class", main="local:///no.jar")
    api.post(APPS, body)
    error = ended(api, "failing")["applicationState"]["errorMessage"]
    assert error.startswith("driver container failed with ExitCode: ")
    until(lambda: nothing_of(api), what="the end of the time to live")


def test_a_submission_that_is_refused_fails(api: Api) -> None:
    driver = {"cores": 1, "memory": "512m", "serviceAccount": "nobody"}
    api.post(APPS, application("refused", driver=driver))
    status = ended(api, "refused")
    assert status["applicationState"]["state"] == "FAILED"
    assert 'serviceaccount "nobody" not found' in status["applicationState"]["errorMessage"]
    api.delete(f"{APPS}/refused")


@pytest.mark.long
def test_spark_submit_runs_a_driver_and_executors_in_cluster_mode(api: Api, s3: Any, tmp_path: Path) -> None:
    job, token = tmp_path / "job.py", tmp_path / "token"
    job.write_text(CODE)
    token.write_text(api.token)
    home = pyspark_dir()
    conf = {
        "spark.kubernetes.container.image": "acme/jobs:1",
        "spark.kubernetes.driver.pod.name": "submitted",
        "spark.kubernetes.authenticate.submission.caCertFile": api.ca,
        "spark.kubernetes.authenticate.submission.oauthTokenFile": token,
        "spark.kubernetes.report.interval": "500ms",
        "spark.executor.instances": 1,
        "spark.driver.memory": "512m",
        "spark.executor.memory": "512m",
        "spark.sql.shuffle.partitions": 1,
    }
    settings = [part for name, value in conf.items() for part in ("--conf", f"{name}={value}")]
    arguments = [f"local://{job}", f"s3://{BUCKET}/in", f"s3://{BUCKET}/submitted"]
    where = ["--master", f"k8s://{api.server}", "--deploy-mode", "cluster"]
    done = subprocess.run(
        [home / "bin" / "spark-submit", *where, *settings, *arguments],
        check=False,
        env={**os.environ, "SPARK_HOME": str(home), "SPARK_LOCAL_IP": "127.0.0.1"},
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert "counted 3" in api.text(f"{PODS}/submitted/log"), done.stderr[-3000:]
    assert s3.list_objects_v2(Bucket=BUCKET, Prefix="submitted/part")["KeyCount"] == 1
    api.delete(f"{PODS}/submitted")
    until(lambda: nothing_of(api), what="nothing left")
