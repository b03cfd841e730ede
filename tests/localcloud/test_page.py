"""A web page in the user's browser, played by Debian's chromium, gets nothing done on the user's localcloud."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import threading
from collections.abc import Iterator
from html import unescape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from localcloud.client import Client
from localcloud.server import LocalCloud
from localcloud.settings import Settings
from tests.localcloud.helpers import client_of, cluster_request, step

CHROMIUM = shutil.which("chromium")
ELSEWHERE = "evil.example"  # whose DNS points to this machine
SECRET = "of the user alone"
PAGE = """
<!doctype html><pre id=told></pre><iframe name=frame></iframe>
<form id=form method=post enctype=text/plain target=frame action="ENDPOINT/_localcloud/faults">
<input name='{"kind": "step-failure", "times": null, "message": "' value='"}'></form>
<img src="ENDPOINT/?Action=CreateVpc&CidrBlock=10.0.0.0/16"><script src="ENDPOINT/_localcloud/calls"></script>
<script>
const json = {"Content-Type": "application/x-amz-json-1.1"}, file = new FormData();
file.append("key", "evil"); file.append("file", "evil");
const tries = {
  ping: ["/ping", {}],
  health: ["ENDPOINT/_localcloud/health", {}],
  calls: ["ENDPOINT/_localcloud/calls", {}],
  run: ["ENDPOINT/", {method: "POST", headers: {...json, "X-Amz-Target": "ElasticMapReduce.RunJobFlow"}, body: 'RUN'}],
  read: ["ENDPOINT/", {method: "POST", headers: {...json, "X-Amz-Target": "secretsmanager.GetSecretValue"},
    body: '{"SecretId": "s"}'}],
  blind: ["ENDPOINT/", {method: "POST", mode: "no-cors", body: "Action=CreateVpc&CidrBlock=10.0.0.0/16"}],
  fault: ["ENDPOINT/_localcloud/faults", {method: "POST", mode: "no-cors", body: '{"kind": "sns-down"}'}],
  upload: ["ENDPOINT/bucket", {method: "POST", mode: "no-cors", body: file}],
  bucket: ["ENDPOINT/evil", {method: "PUT"}],
};
document.getElementById("form").submit();
const told = {}, show = () => { document.getElementById("told").textContent = JSON.stringify(told); };
Object.entries(tries).forEach(async ([name, [url, options]]) => {
  try {
    const answer = await fetch(url, options);
    told[name] = answer.type === "opaque" ? "unread" : `${answer.status} ${await answer.text()}`;
  } catch (refused) { told[name] = "closed"; }
  show();
});
</script>
"""


class _Site(BaseHTTPRequestHandler):
    """Somebody's web site: the page, and what it may read."""

    page = ""

    def do_GET(self) -> None:
        body = (b"pong" if self.path == "/ping" else self.page.encode()) if self.path in ("/", "/ping") else b""
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Nothing: pytest's output is not its log."""


@pytest.fixture
def cloud(tmp_path: Path) -> Iterator[LocalCloud]:
    """A server that runs steps for real, with a bucket and a secret of the user's in it."""
    with LocalCloud(Settings(home=tmp_path / "home", port=0)) as running:
        aws = client_of(running)
        aws("s3", region="us-east-1").create_bucket(Bucket="bucket")
        aws("secretsmanager").create_secret(Name="s", SecretString=SECRET)
        yield running
        aws("secretsmanager").delete_secret(SecretId="s", ForceDeleteWithoutRecovery=True)
        aws("s3").delete_bucket(Bucket="bucket")


def site(page: str) -> ThreadingHTTPServer:
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Site", (_Site,), {"page": page}))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


def browse(url: str, profile: Path) -> str:
    """The page as it stands when its requests have been answered."""
    if CHROMIUM is None:
        pytest.skip("chromium is not on this machine: apt install chromium")
    sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []  # it has none for root
    quiet = ["--headless", "--disable-gpu", "--no-first-run", "--no-proxy-server", f"--user-data-dir={profile}"]
    resolves = f"--host-resolver-rules=MAP {ELSEWHERE} 127.0.0.1"
    command = [CHROMIUM, *sandbox, *quiet, resolves, "--virtual-time-budget=10000", "--dump-dom", url]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=True)
    return done.stdout


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", ELSEWHERE])
def test_a_page_of_any_origin_reads_nothing_and_runs_nothing(
    cloud: LocalCloud, tmp_path: Path, host: str, caplog: pytest.LogCaptureFixture
) -> None:
    client, marker = Client(cloud.access), tmp_path / "pwned"
    client.forget_calls()
    run = json.dumps(cluster_request(keep=False, Steps=[step("bash", "-c", f"id > {marker}")]))
    server = site(PAGE.replace("ENDPOINT", cloud.endpoint).replace("RUN'", f"{run}'"))
    try:
        shown = browse(f"http://{host}:{server.server_address[1]}/", tmp_path / "profile")
    finally:
        server.shutdown()
        server.server_close()
    found = re.search(r'<pre id="told">(.*?)</pre>', shown, re.DOTALL)
    assert found, shown
    told = json.loads(unescape(found[1]))
    blind = dict.fromkeys(("blind", "fault", "upload"), "unread")
    closed = dict.fromkeys(("health", "calls", "run", "read", "bucket"), "closed")
    assert told == {"ping": "200 pong", **blind, **closed}
    # They did arrive: an image, a script and a form as well.
    refused = [record.getMessage() for record in caplog.records if "Web pages have no access" in record.getMessage()]
    assert len(refused) >= len(blind) + len(closed) + 3, refused
    assert (client.calls(), client.clusters(), client.faults(), marker.exists()) == ([], [], [], False)
    assert "Contents" not in client_of(cloud)("s3").list_objects_v2(Bucket="bucket")


def test_a_name_that_an_attacker_points_here_shows_nothing(cloud: LocalCloud, tmp_path: Path) -> None:
    """DNS rebinding: to the browser it is the attacker's own site, whose answers its page may read."""
    port = cloud.endpoint.rpartition(":")[2]
    for path in ("/_localcloud/health", "/_localcloud/calls", "/bucket"):
        shown = browse(f"http://{ELSEWHERE}:{port}{path}", tmp_path / "profile")
        assert "AccessDenied" in shown, shown
        assert str(tmp_path) not in shown, "nor does it say where the key is"
