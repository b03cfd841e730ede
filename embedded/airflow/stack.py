"""Airflow with its real scheduler on this machine: PostgreSQL, api-server, scheduler, dag-processor, triggerer."""

from __future__ import annotations

import json
import secrets
import signal
import sys
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from types import TracebackType

from cryptography.fernet import Fernet

from embedded.airflow import database
from embedded.airflow.api import AirflowApi
from tools.children import Children
from tools.postgres import Postgres, free_port, wait_until

USER = "admin"
PARTS = ("api-server", "scheduler", "dag-processor", "triggerer")
HEALTH = ("metadatabase", "scheduler", "triggerer", "dag_processor")
START_SECONDS = 300


class AirflowStack(AbstractContextManager["AirflowStack"]):
    """A whole Airflow while the block lasts; `api` talks to it, `login` is (user, password).

    `env` is the environment of its tasks (embedded.cloud.environment.embedded); its DAGs folder is what is shown.
    `home` must be a directory of this stack's own; the parts' logs go to `logs`. Runs start only when triggered: the
    DAGs' schedules are switched off; `settings` (AIRFLOW__*) go over all others. Raises StackError when a part does not
    come up, ToolMissing without PostgreSQL.
    """

    def __init__(
        self,
        env: Mapping[str, str],
        home: Path,
        logs: Path,
        port: int | None = None,
        settings: Mapping[str, str] | None = None,
    ) -> None:
        self.port = port or free_port()
        self.login = (USER, secrets.token_urlsafe(12))
        self.api = AirflowApi(self.api_url, *self.login)
        self._env, self._home, self._logs = dict(env), home, logs
        self._over = dict(settings or {})
        self._open = ExitStack()
        self._children = Children({}, logs)

    @property
    def api_url(self) -> str:
        """Where the UI and the REST API are."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def pids(self) -> dict[str, int]:
        """The process id of each part of Airflow by name."""
        return self._children.pids

    def __enter__(self) -> AirflowStack:
        try:
            self._start()
        except BaseException:
            self._open.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open.close()

    def check(self) -> None:
        """Raise StackError when a part has ended."""
        self._children.check()

    def restart(self, part: str, first: signal.Signals, meanwhile: Callable[[], None] = lambda: None) -> None:
        """End one of PARTS with all that it started (the scheduler's workers and their tasks too), and start it again.

        `first` is the signal that it gets, `meanwhile` is done while it is down. Returns before the new one works.
        """
        self._children.restart(part, first, meanwhile)

    def _start(self) -> None:
        self._home.mkdir(parents=True, exist_ok=True)
        self._logs.mkdir(parents=True, exist_ok=True)
        postgres = self._open.enter_context(Postgres())
        env = {**self._env, **self._settings(postgres), **self._over}
        database.run_airflow("db", "migrate", env=env)
        self._children = self._open.enter_context(Children(env, self._logs))
        self._open.callback(self.api.close)
        for part in PARTS:
            self._children.start(part, [sys.executable, "-P", "-m", "airflow", part])
        wait_until(self._healthy, START_SECONDS, self._late)

    def _settings(self, postgres: Postgres) -> dict[str, str]:
        """What differs from Airflow's defaults: the database, addresses, keys, the login, short intervals."""
        return {
            "AIRFLOW_HOME": str(self._home),
            "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": postgres.url,
            "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN_ASYNC": postgres.async_url,
            "AIRFLOW__LOGGING__BASE_LOG_FOLDER": str(self._logs / "tasks"),
            "AIRFLOW__CORE__EXECUTOR": "LocalExecutor",
            "AIRFLOW__CORE__PARALLELISM": "4",
            "AIRFLOW__WORKERS__EXECUTION_API_TIMEOUT": "30",  # one slow answer of Airflow's own API fails no task
            "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"{self.api_url}/execution/",
            "AIRFLOW__CORE__FERNET_KEY": Fernet.generate_key().decode(),
            "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": f"{USER}:admin",
            "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(self._passwords()),
            "AIRFLOW__API__HOST": "127.0.0.1",
            "AIRFLOW__API__PORT": str(self.port),
            "AIRFLOW__API__BASE_URL": self.api_url,
            "AIRFLOW__API__WORKERS": "1",
            "AIRFLOW__API__SECRET_KEY": secrets.token_urlsafe(32),
            "AIRFLOW__API_AUTH__JWT_SECRET": secrets.token_urlsafe(64),
            "AIRFLOW__SCHEDULER__USE_JOB_SCHEDULE": "False",
            "AIRFLOW__SCHEDULER__SCHEDULER_HEARTBEAT_SEC": "1",
            "AIRFLOW__SCHEDULER__SCHEDULER_IDLE_SLEEP_TIME": "0.2",
            "AIRFLOW__DAG_PROCESSOR__REFRESH_INTERVAL": "30",
            # A changed DAG file is read at once all the same; a contract, which a DAG also reads, within this time.
            "AIRFLOW__DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": "120",
        }

    def _passwords(self) -> Path:
        file = self._home / "passwords.json"
        file.touch(mode=0o600)
        file.write_text(json.dumps({USER: self.login[1]}))
        return file

    def _healthy(self) -> bool:
        self._children.check()
        health = self.api.health()
        if any(health.get(part, {}).get("status") != "healthy" for part in HEALTH):
            return False
        return bool(self.api.dags())

    def _late(self) -> str:
        return f"Airflow was not whole after {START_SECONDS} s: {self.api.health() or 'no answer'}; see {self._logs}."
