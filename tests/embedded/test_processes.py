"""PostgreSQL, localcloud and other children come up on 127.0.0.1 and are gone afterwards."""

import json
import os
import signal
import subprocess
import sys

import psutil
import psycopg2
import pytest

from embedded.cloud import bootstrap, endpoint, environment
from embedded.errors import CloudError
from embedded.terminal.logs import new_log
from tests.patience import until
from tools import paths, postgres
from tools.children import Children
from tools.errors import StackError, ToolMissing

SPAWNER = """
import subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], start_new_session=True)
print(child.pid, flush=True)
time.sleep(600)
"""


def test_postgresql_answers_on_127_0_0_1_and_leaves_neither_process_nor_file():
    with postgres.Postgres() as server:
        connection = psycopg2.connect(server.url.replace("+psycopg2", ""))
        with connection.cursor() as cursor:
            cursor.execute("show listen_addresses")
            assert cursor.fetchone() == ("127.0.0.1",)
        connection.close()
        pid, home = server.pid, server._home
    assert not psutil.pid_exists(pid) and not home.exists()


def test_who_does_not_know_its_password_is_refused_by_address_and_by_socket(monkeypatch):
    monkeypatch.setenv("PGPASSFILE", "/nonexistent")
    with postgres.Postgres() as server, postgres.Postgres() as another:
        assert server.password != another.password
        who = {"port": server.port, "user": server.user, "dbname": server.database}
        for host in ("127.0.0.1", str(server._home)):
            for guess in ({}, {"password": server.user}, {"password": another.password}):
                with pytest.raises(psycopg2.OperationalError, match="password"):
                    psycopg2.connect(**who, **guess, host=host)
            psycopg2.connect(**who, password=server.password, host=host).close()
        assert server._home.stat().st_mode & 0o777 == 0o700
        assert server.password not in " ".join(psutil.Process(server.pid).cmdline())
        left = [file for file in server._home.rglob("*") if file.is_file()]
        assert not [file for file in left if server.password.encode() in file.read_bytes()]


def test_a_postgresql_that_cannot_start_is_told_in_its_own_words(monkeypatch):
    with postgres.Postgres() as first:
        monkeypatch.setattr(postgres, "free_port", lambda: first.port)
        with pytest.raises(StackError, match=f"PostgreSQL on port {first.port} did not start"):
            postgres.Postgres().__enter__()


def test_a_machine_without_postgresql_is_told_what_to_install(monkeypatch):
    monkeypatch.setattr(postgres, "_folders", list)
    with pytest.raises(ToolMissing, match="No PostgreSQL server is installed"):
        postgres.binaries()


def test_a_child_and_what_it_started_in_a_session_of_its_own_are_gone_after_the_block(tmp_path):
    with Children(os.environ, tmp_path) as children:
        children.start("spawner", [sys.executable, "-c", SPAWNER])
        grandchild = int(until(lambda: children.tail("spawner")))
        child = children.pids["spawner"]
    assert not psutil.pid_exists(child) and not psutil.pid_exists(grandchild)


@pytest.mark.parametrize("first", [signal.SIGTERM, signal.SIGKILL])
def test_a_child_that_is_restarted_loses_what_it_started_and_its_log_goes_on(tmp_path, first):
    with Children(os.environ, tmp_path) as children:
        children.start("spawner", [sys.executable, "-c", SPAWNER])
        grandchild = int(until(lambda: children.tail("spawner")))
        child = children.pids["spawner"]
        alive = []
        children.restart("spawner", first, lambda: alive.extend(filter(psutil.pid_exists, (child, grandchild))))
        assert alive == []
        told = until(lambda: "|" in children.tail("spawner") and children.tail("spawner").split(" | "))
        assert int(told[0]) == grandchild and psutil.pid_exists(int(told[1]))


def test_a_child_that_ended_is_told_with_its_status_and_last_lines(tmp_path):
    with Children(os.environ, tmp_path) as children:
        children.start("short", [sys.executable, "-c", "print('no luck'); raise SystemExit(3)"])
        until(lambda: children._running["short"].poll() is not None)
        with pytest.raises(StackError, match=r"short ended with 3: no luck Its log is .*short\.log"):
            children.check()


def test_a_localcloud_started_for_a_run_answers_and_is_gone_after_it(tmp_path):
    env = {key: value for key, value in os.environ.items() if key != endpoint.ENDPOINT_KEY}
    with endpoint.access(env, home=tmp_path / "absent") as access:
        assert endpoint.chosen(tmp_path, access.environment("us-east-1")) == access
    with pytest.raises(CloudError, match=f"Nothing answers at {access.endpoint}"):
        endpoint.chosen(tmp_path, {endpoint.ENDPOINT_KEY: access.endpoint})


def test_a_running_localcloud_is_used_and_left_running(tmp_path):
    env = {key: value for key, value in os.environ.items() if key != endpoint.ENDPOINT_KEY}
    started = endpoint.start(tmp_path, env)
    try:
        with endpoint.access(env, home=tmp_path) as access:
            assert access == started
        assert endpoint.running(tmp_path) == started
    finally:
        endpoint.stop(tmp_path, env)
    assert endpoint.running(tmp_path) is None


def test_the_key_of_a_localcloud_that_the_user_names_is_found_or_asked_for(tmp_path):
    started, absent = endpoint.start(tmp_path, os.environ), tmp_path / "absent"
    try:
        named = {endpoint.ENDPOINT_KEY: started.endpoint}
        others = {**named, "AWS_ACCESS_KEY_ID": "of AWS", "AWS_SECRET_ACCESS_KEY": "of AWS"}
        assert endpoint.chosen(tmp_path, named) == endpoint.chosen(tmp_path, others) == started
        filed = {**named, "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "credentials")}
        assert endpoint.chosen(absent, filed) == started
        with pytest.raises(CloudError, match=r"needs a key .* AWS_SHARED_CREDENTIALS_FILE to the file `credentials`"):
            endpoint.chosen(absent, named)
        night = {**environment.waits(), **environment.aws(endpoint.chosen(absent, others))}
        with pytest.raises(CloudError, match=f"Its key is in {tmp_path}/credentials: set AWS_SHARED_CREDENTIALS_FILE"):
            bootstrap.ensure(night, tmp_path / "log")
    finally:
        endpoint.stop(tmp_path, os.environ)


def test_the_folder_of_logs_and_results_is_closed_to_other_users_even_an_old_one(tmp_path, monkeypatch):
    state = tmp_path / ".nightshift"
    state.mkdir(mode=0o755)
    monkeypatch.setattr(paths, "STATE", state)
    monkeypatch.setattr(paths, "LOGS", state / "logs")
    assert new_log("night").parent == state / "logs"
    assert state.stat().st_mode & 0o777 == 0o700


def test_a_state_file_of_a_dead_localcloud_counts_for_nothing(tmp_path):
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    state = {"pid": dead.pid, "endpoint": "http://127.0.0.1:9", "started_at": ""}
    (tmp_path / "server.json").write_text(json.dumps(state))
    assert endpoint.running(tmp_path) is None


def test_a_localcloud_that_cannot_start_is_told_in_its_own_words(tmp_path):
    env = {**os.environ, "LOCALCLOUD_ACCOUNT": "not an account"}
    with pytest.raises(CloudError, match=r"localcloud did not start: .*account"):
        endpoint.start(tmp_path, env)
