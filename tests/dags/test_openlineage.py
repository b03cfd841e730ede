"""OpenLineage of a night, as Airflow's provider sends it to a receiver: job, inputs, outputs, column lineage."""

import json
import os
import shutil
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from embedded.cloud import environment
from tools import paths

PROVIDER = paths.STATE / "openlineage"
LOCK = paths.ROOT / "requirements" / "openlineage.txt"


@pytest.fixture(scope="module")
def provider():
    """The folder with the provider, which is in no environment here: every process of Airflow would load it."""
    made = PROVIDER / ".made"
    if not made.exists() or made.read_text() != LOCK.read_text():
        shutil.rmtree(PROVIDER, ignore_errors=True)
        pip = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--require-hashes", "-r", str(LOCK)]
        subprocess.run([*pip, "--target", str(PROVIDER)], check=True)
        made.write_text(LOCK.read_text())
    return PROVIDER


@pytest.fixture(scope="module")
def received():
    """A receiver of OpenLineage; gives its address and its events."""
    events = []

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self):
            events.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(201)
            self.end_headers()

        def log_message(self, *_): ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}", events
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def published(provider, received, unused_database, tmp_path_factory):
    """The event of `publish` when a night of wordcount has ended."""
    url, events = received
    home = tmp_path_factory.mktemp("airflow")
    shutil.copyfile(unused_database, home / "airflow.db")
    transport = {"type": "http", "url": url, "endpoint": "api/v1/lineage", "compression": None}
    own = {
        **environment.airflow(home),
        "AIRFLOW__OPENLINEAGE__TRANSPORT": json.dumps(transport),
        "AIRFLOW__OPENLINEAGE__NAMESPACE": "acme",
        "PYTHONPATH": os.pathsep.join([str(paths.ROOT), str(paths.PLUGINS), str(provider)]),
        "NIGHTSHIFT_NAME": "acme-night",
    }
    command = [sys.executable, "-m", "tests.dags.publishing"]
    done = subprocess.run(
        command, env={**os.environ, **own}, cwd=paths.ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-4000:]
    ended = [e for e in events if e["job"]["name"] == "wordcount.publish" and e["eventType"] == "COMPLETE"]
    assert len(ended) == 1, [(event["job"]["name"], event["eventType"]) for event in events]
    return ended[0]


def test_the_job_is_the_task_in_the_configured_namespace(published):
    assert (published["job"]["namespace"], published["job"]["name"]) == ("acme", "wordcount.publish")


def test_the_input_is_the_folder_of_the_texts_with_its_schema(published):
    [source] = published["inputs"]
    assert (source["namespace"], source["name"]) == ("s3://acme-night-raw", "wordcount/texts")
    assert [field["name"] for field in source["facets"]["schema"]["fields"]] == ["value"]


def test_the_output_is_the_gold_table_with_schema_rows_and_the_origin_of_each_column(published):
    gold = next(
        each for each in published["outputs"] if each["name"] == "gold/wordcount/word_counts" and each["facets"]
    )
    assert gold["namespace"] == "s3://acme-night-lake"
    fields = {field["name"]: field["type"] for field in gold["facets"]["schema"]["fields"]}
    assert fields == {"word": "string", "occurrences": "bigint"}
    origin = {"namespace": "s3://acme-night-raw", "name": "wordcount/texts", "field": "value"}
    lineage = gold["facets"]["columnLineage"]["fields"]
    found = {
        column: [{key: each[key] for key in origin} for each in of["inputFields"]] for column, of in lineage.items()
    }
    assert found == {"word": [origin], "occurrences": [origin]}
    assert gold["outputFacets"]["outputStatistics"]["rowCount"] == 7
