"""Airflow's REST API as its client uses it, played by a server of a few lines; tests/chaos has the real one."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from embedded.airflow import api
from embedded.airflow.api import AirflowApi
from tools.errors import StackError

READ_AFTER = 3  # looks, until the dag-processor has come to the file of `late`


class Airflow(BaseHTTPRequestHandler):
    """Knows the DAG `toy`, and `late` after some looks; each run that is triggered has succeeded."""

    looks, refuses = 0, False

    def do_GET(self):
        self._answer(*self._found())

    def do_POST(self):
        self._answer(*self._done(json.loads(self.rfile.read(int(self.headers["Content-Length"])))))

    def do_PATCH(self):
        self.do_POST()

    def log_message(self, *_):
        pass

    def _found(self):
        if self.path == "/api/v2/importErrors":
            return 200, {"import_errors": [{"filename": "broken.py"}]}
        if self.path.startswith("/api/v2/dags?"):
            Airflow.looks += 1
            return 200, {"dags": [{"dag_id": "toy"}, *([{"dag_id": "late"}] if self.looks >= READ_AFTER else [])]}
        return 200, {"state": "success"}

    def _done(self, body):
        if self.path == "/auth/token":
            return (401, {"detail": "no"}) if self.refuses else (201, {"access_token": body["password"]})
        assert self.headers["Authorization"] == "Bearer secret"
        return 200, {"dag_run_id": f"manual__{body.get('conf')}"}

    def _answer(self, status, body):
        text = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)


@pytest.fixture
def airflow(monkeypatch):
    monkeypatch.setattr(api, "POLL_SECONDS", 0.01)
    monkeypatch.setattr(Airflow, "looks", 0)
    with ThreadingHTTPServer(("127.0.0.1", 0), Airflow) as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        client = AirflowApi(f"http://127.0.0.1:{server.server_port}", "admin", "secret")
        yield client
        client.close()
        server.shutdown()


def test_a_dag_that_is_not_read_yet_is_waited_for(airflow):
    assert "late" not in airflow.dags()
    run_id = airflow.trigger("late", {"seconds": 0})
    assert run_id == "manual__{'seconds': 0}"
    assert airflow.wait("late", run_id, seconds=60) == "success"


def test_a_dag_that_is_nowhere_is_named_beside_those_that_are_there(airflow, monkeypatch):
    monkeypatch.setattr(api, "READ_SECONDS", 0.1)
    monkeypatch.setattr(Airflow, "looks", READ_AFTER)
    with pytest.raises(StackError, match=r"no DAG nobody in 0\.1 s: there are late, toy; import errors: broken\.py"):
        airflow.trigger("nobody")


def test_a_login_that_is_refused_is_told(airflow, monkeypatch):
    monkeypatch.setattr(Airflow, "refuses", True)
    with pytest.raises(StackError, match="login of admin was refused: 401"):
        airflow.dags()
