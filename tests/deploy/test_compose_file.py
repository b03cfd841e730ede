"""docker-compose.yaml without an engine: what can be told by reading it. `make compose-test` runs it."""

import json
import re
from pathlib import Path

import pytest
import yaml

from deploy.compose import health, init, places
from localcloud import credentials
from nightshift import config

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "docker-compose.yaml").read_text()
SERVICES = yaml.safe_load(TEXT)["services"]
DEFAULT = re.compile(r"\$\{\w+:-(.*?)\}")  # ${VARIABLE:-what compose takes without it}


def test_every_port_is_of_this_machine_only():
    ports = [port for service in SERVICES.values() for port in service.get("ports", ())]
    assert ports and all(port.startswith("127.0.0.1:") for port in ports)


@pytest.mark.parametrize("service", ["scheduler", "dag-processor", "triggerer", "control", "world"])
def test_the_nights_settings_are_settings(service):
    given = {key: str(value) for key, value in SERVICES[service]["environment"].items()}
    settings = config.load({key: DEFAULT.sub(r"\1", value) for key, value in given.items()})
    assert settings.name == "nightshift-compose"
    assert settings.queue_endpoints == ("arn:aws:sqs:us-east-1:123456789012:nightshift-messages",)


def test_airflow_is_the_version_of_the_requirements():
    [version] = re.findall(r"^apache-airflow==(.+)$", (ROOT / "requirements.txt").read_text(), re.MULTILINE)
    named = re.findall(r"apache/airflow:([\d.]+)", TEXT + (ROOT / "deploy" / "docker" / "Dockerfile").read_text())
    assert named and set(named) == {version}


def test_every_secret_that_the_file_names_is_made(tmp_path, monkeypatch):
    monkeypatch.setattr(places, "SECRETS", tmp_path)
    init.main(tmp_path)
    named = set(re.findall(r"/run/nightshift/([a-z_.]+)", TEXT))
    assert named and named <= {file.name for file in tmp_path.iterdir()}
    assert not any(file.read_text() in TEXT for file in tmp_path.iterdir())


def test_a_secret_is_made_once(tmp_path, monkeypatch):
    monkeypatch.setattr(places, "SECRETS", tmp_path)
    init.main(tmp_path)
    before = {file.name: file.read_text() for file in tmp_path.iterdir()}
    init.main(tmp_path)
    assert {file.name: file.read_text() for file in tmp_path.iterdir()} == before
    assert before["airflow_password"] in before["sql_alchemy_conn"]
    assert list(json.loads(before["passwords.json"])) == ["admin"]


def test_localcloud_has_the_key_that_the_others_have_and_nobody_else(tmp_path, monkeypatch):
    monkeypatch.setattr(places, "SECRETS", tmp_path)
    init.main(tmp_path)
    file = "/run/nightshift/aws_credentials"
    assert SERVICES["localcloud"]["environment"]["LOCALCLOUD_CREDENTIALS"] == file
    askers = [name for name, told in SERVICES.items() if "AWS_ENDPOINT_URL" in (told.get("environment") or {})]
    assert {"scheduler", "triggerer", "world", "messages", "control"} <= set(askers)
    for name in (*askers, "localcloud"):
        mounted = [volume.split(":")[:2] for volume in SERVICES[name].get("volumes", ())]
        assert ["secrets", "/run/nightshift"] in mounted, name
    for name in askers:
        told = SERVICES[name]["environment"]
        assert told["AWS_SHARED_CREDENTIALS_FILE"] == file and "AWS_ACCESS_KEY_ID" not in told, name
        made = {**told, "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "aws_credentials")}
        assert credentials.access(made).credentials == credentials.read(tmp_path / "aws_credentials")


@pytest.mark.parametrize(("state", "said"), [("healthy", ""), ("unhealthy", "scheduler is unhealthy")])
def test_a_part_is_as_well_as_airflow_says(monkeypatch, state, said):
    monkeypatch.setattr(health, "_call", lambda path: {"scheduler": {"status": state}})
    assert health.main("scheduler") == said
