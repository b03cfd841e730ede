"""TLS to a database: what a URL says of it, against real servers, by each of those who open one."""

import argparse
import io
import json

import pytest

from card_movements.definition import PIPELINE as CARD_MOVEMENTS
from embedded import cli
from embedded.cloud import environment
from embedded.commands import run
from embedded.sources import source_url
from ingest.api import Patience
from ingest.errors import Unavailable
from ingest.relation import Relation
from nightshift.failures.errors import SourceUnseen
from nightshift.inputs.database_schema import DatabaseSchemaHook
from nightshift_contract import secret
from tests.databases import authority, mariadb_with_tls, postgresql, postgresql_with_tls
from tools import databases
from tools.errors import InputRefused

ONCE = Patience(tries=1)


@pytest.fixture(scope="module")
def by(tmp_path_factory):
    return authority(tmp_path_factory.mktemp("tls") / "one")


@pytest.fixture(scope="module")
def other(tmp_path_factory):
    return authority(tmp_path_factory.mktemp("tls") / "other")


@pytest.fixture(scope="module")
def postgres_server(by):
    with postgresql_with_tls(by) as url:
        yield url


@pytest.fixture(scope="module")
def mariadb_server(by):
    with mariadb_with_tls(by) as url:
        yield url


@pytest.fixture(params=["postgres_server", "mariadb_server"])
def server(request):
    return request.getfixturevalue(request.param)


def is_encrypted(url):
    asked = {"postgres": "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()"}
    with url.connected() as connection, connection.cursor() as cursor:
        cursor.execute(asked.get(url.engine, "SHOW STATUS LIKE 'Ssl_cipher'"))
        return bool(cursor.fetchone()[-1])


def test_the_command_connects_as_the_address_says_and_not_otherwise(server, by, other):
    assert is_encrypted(by.opened(server)) and is_encrypted(by.opened(server, "require"))
    assert is_encrypted(by.opened(server, "verify-ca", host="127.0.0.1"))
    assert not is_encrypted(by.opened(server, "disable"))
    for wrong in (by.opened(server, ca=other.ca), by.opened(server, host="127.0.0.1")):
        with pytest.raises(InputRefused, match="cannot be opened"):
            is_encrypted(wrong)


def test_airflows_look_into_the_database_does_as_the_secret_says(server, by, other, monkeypatch):
    """With the right certificates it sees that no table is there; with others it sees nothing."""
    hook = DatabaseSchemaHook(None, argparse.Namespace(pipeline=CARD_MOVEMENTS))
    monkeypatch.setattr(hook, "_address", lambda: secret.parsed(by.opened(server).secret))
    assert len(hook.drifts()) == 4
    for wrong in (by.opened(server, ca=other.ca), by.opened(server, host="127.0.0.1")):
        monkeypatch.setattr(hook, "_address", lambda wrong=wrong: secret.parsed(wrong.secret))
        with pytest.raises(SourceUnseen, match=r"could not be read: .*(certificate|SSL)"):
            hook.drifts()


def test_the_ingestion_host_does_as_the_secret_says(postgres_server, by, other):
    with postgres_server.connected() as connection, connection.cursor() as cursor:
        cursor.execute("CREATE TABLE IF NOT EXISTS pair (a int)")
    assert Relation(secret.parsed(by.opened(postgres_server).secret), "pair", ONCE).write(io.BytesIO()) == 0
    wrong = secret.parsed(by.opened(postgres_server, ca=other.ca).secret)
    with pytest.raises(Unavailable, match="certificate verify failed"):
        Relation(wrong, "pair", ONCE).write(io.BytesIO())


def test_a_server_without_tls_is_not_read_in_the_clear(by):
    with postgresql() as url, pytest.raises(InputRefused, match="cannot be opened"):
        is_encrypted(by.opened(url))


@pytest.mark.parametrize(
    ("text", "properties"),
    [
        ("postgresql://u:p@127.0.0.1/d", None),
        ("mysql://u:p@localhost/d", None),
        ("postgresql://u:p@db.example/d", {"sslmode": "verify-full"}),
        ("mysql://u:p@10.0.0.7/d", {"sslMode": "verify-full"}),
        ("mysql://u:p@db.example/d?sslMode=VERIFY_IDENTITY", {"sslMode": "verify-full"}),
        ("mariadb://u:p@db.example/d?ssl-mode=REQUIRED", {"sslMode": "require"}),
        ("postgresql://u:p@127.0.0.1/d?sslmode=require", {"sslmode": "require"}),
        ("postgresql://u:p@db.example/d?sslmode=disable", {"sslmode": "disable"}),
    ],
)
def test_the_secret_says_what_the_address_says_and_verified_tls_where_it_says_nothing(text, properties):
    assert json.loads(databases.parsed(text).secret).get("properties") == properties


@pytest.mark.parametrize("engine", ["postgresql", "mysql"])
def test_certificates_travel_in_the_secret(engine, by):
    url = databases.parsed(f"{engine}://u:p@127.0.0.1/d?sslrootcert={by.ca}")
    [mode, ca] = json.loads(url.secret)["properties"].values()
    assert (mode, ca) == ("verify-full", by.ca.read_text())


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ("sslmode=prefer", "says sslmode=prefer: expected sslmode=disable, require"),
        ("sslmode=verify-full&sslrootcert=/x.pem", "'/x.pem' cannot be read"),
        ("sslrootcert=/etc/hostname", "holds no certificate"),
        ("sslcert=/x.pem", "has the option 'sslcert'"),
        ("connect_timeout=3", "has the option 'connecttimeout'"),
        ("sslmode", "are not NAME=VALUE"),
        ("sslmode=", "says sslmode=: expected sslmode=disable, require"),
        ("sslmode=verify-full&SSL-Mode=disable", "has an option twice"),
    ],
)
def test_an_option_that_nobody_would_honour_is_refused_by_name(query, told, capsys):
    assert cli.main(["run", "card_movements", "--source", f"postgresql://u:geheim@db.example/d?{query}"]) == 2
    [*_, sentence] = capsys.readouterr().err.splitlines()
    assert told in sentence and "geheim" not in sentence


def test_certificates_that_a_mode_would_not_read_are_refused(by):
    with pytest.raises(InputRefused, match="says sslmode=require, which reads none"):
        databases.parsed(f"postgresql://u:p@h/d?sslmode=require&sslrootcert={by.ca}")


@pytest.fixture
def asked(monkeypatch, tmp_path):
    """What the night of a --source would be opened with."""
    programs = []
    monkeypatch.setattr(run, "run_session", lambda program: programs.append(program) or 0)
    monkeypatch.setattr("sys.stdin.isatty", lambda: False, raising=False)

    def ask(address, *more):
        code = cli.main(["run", "card_movements", "--source", address, "--output", str(tmp_path), *more])
        return programs.pop().source.keywords["url"] if code == 0 else code

    return ask


def test_a_password_comes_from_a_file_the_environment_or_the_keyboard(asked, tmp_path, monkeypatch, capsys):
    kept = tmp_path / "password"
    kept.write_text("p w/1\n")
    assert asked("mysql://u@127.0.0.1/d", "--password-file", str(kept)).password == "p w/1"
    monkeypatch.setenv(environment.SOURCE_PASSWORD, "of the environment")
    assert asked("mysql://u@127.0.0.1/d").password == "of the environment"
    assert environment.SOURCE_PASSWORD not in environment.without_password()
    monkeypatch.delenv(environment.SOURCE_PASSWORD)
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr(source_url.getpass, "getpass", lambda prompt: f"typed at: {prompt}")
    assert asked("mysql://u@127.0.0.1/d").password == "typed at: Password of mysql://u@127.0.0.1:3306/d: "
    assert capsys.readouterr().err == ""


def test_a_password_in_the_address_and_a_connection_in_the_clear_are_warned_of(asked, capsys):
    assert asked("mysql://u:geheim@db.example/d?sslmode=disable").password == "geheim"
    password, clear = capsys.readouterr().err.splitlines()
    assert "is visible in the list of processes" in password and "unencrypted" in clear
    assert "geheim" not in password + clear


@pytest.mark.parametrize(
    ("address", "is_told"),
    [
        ("http://u@api.example/x/_search", True),
        ("https://u@api.example/x", False),
        ("http://u@127.0.0.1:9200/x", False),
    ],
)
def test_an_api_that_is_read_in_the_clear_is_warned_of(address, is_told, tmp_path, capsys):
    kept = tmp_path / "password"
    kept.write_text("geheim")
    assert source_url.api(address, argparse.Namespace(password_file=kept)).password == "geheim"
    warned = capsys.readouterr().err
    assert ("is read unencrypted" in warned) == is_told and "geheim" not in warned


@pytest.mark.parametrize(
    ("address", "more", "told"),
    [
        ("mysql://u@127.0.0.1/d", [], "has no password: give --password-file or NIGHTSHIFT_SOURCE_PASSWORD"),
        ("mysql://u@127.0.0.1/d", ["--password-file", "nowhere"], "--password-file nowhere cannot be read"),
        ("mysql://u:p@127.0.0.1/d", ["--password-file", "nowhere"], "give one of them"),
    ],
)
def test_a_password_that_is_not_to_be_had_is_one_sentence(asked, address, more, told, capsys):
    assert asked(address, *more) == 2
    assert told in capsys.readouterr().err
