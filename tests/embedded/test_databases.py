"""Databases that the user names: their addresses, the source made in them, the secret that opens them to a night."""

import hashlib
import json
import re
import socket
from decimal import Decimal

import boto3
import pytest
from moto import mock_aws

from card_movements.local import card_source
from datagen.cards import CardShape, generate_cards
from embedded import cli
from embedded.cloud import endpoint
from embedded.commands import replay, run
from embedded.sources import owners, secrets
from embedded.terminal import masks, record
from mrhealth_sales.local import reference_data
from tests.databases import mariadb, postgresql
from tools import databases, drivers
from tools.errors import InputRefused, ToolMissing


@pytest.fixture(scope="module")
def postgres_url():
    with postgresql() as url:
        yield url


@pytest.fixture(scope="module")
def mariadb_url():
    with mariadb() as url:
        yield url


@pytest.fixture
def tables(tmp_path):
    """A folder with the four tables, and the truth about them."""
    return tmp_path / "tables", generate_cards(tmp_path / "tables", CardShape(rows=1200))


def test_an_address_is_taken_apart_and_its_text_has_no_password():
    url = databases.parsed("postgresql://jo%40o:p%2Fw@db.example/coop")
    assert (url.engine, url.host, url.port, url.dbname) == ("postgres", "db.example", 5432, "coop")
    assert (url.username, url.password) == ("jo@o", "p/w")
    assert "p/w" not in f"{url} {url!r}"
    assert json.loads(url.secret)["password"] == "p/w"


@pytest.mark.parametrize(
    "text",
    [
        *("oracle://u:geheim@h/d", "mysql://u:geheim@h", "mysql://h/geheim", "x", "mysql://u:geheim@h:p/d"),
        "postgresql://u:geheim@127.0.0.1/d#?sslmode=verify-full",
    ],
)
def test_an_address_that_says_too_little_is_refused_without_being_repeated(text):
    with pytest.raises(InputRefused) as told:
        databases.parsed(text)
    assert "geheim" not in str(told.value)
    assert databases.SHAPE in str(told.value)


@pytest.mark.parametrize("rest", ['"Posto,2023-04-05,2\n3,1.00,TV 40",2023-04-06,2\n', '"aberta,2023-04-05,2\n'])
def test_a_quote_that_swallows_rows_of_cards_is_refused(tables, rest):
    file = tables[0] / "movimento.csv"
    file.write_text(f"id,vlr_transacao,des_transacao,data_movimento,id_cartao\n2,30.50,{rest}")
    with pytest.raises(InputRefused, match=r"movimento\.csv(: a quote that opens before line 3| is no CSV in UTF-8)"):
        card_source.read(tables[0])


@pytest.mark.parametrize("kind", ["postgres_url", "mariadb_url"])
def test_a_source_is_made_with_its_view_and_made_again_only_when_asked(kind, request, tables):
    url, (folder, truth) = request.getfixturevalue(kind), tables
    assert card_source.make(url, card_source.read(folder), replace=True)["movimento"] == truth.rows
    with url.connected() as connection, connection.cursor() as cursor:
        cursor.execute("SELECT COUNT(*), SUM(vlr_transacao_movimento) FROM movimento_flat")
        assert cursor.fetchone() == (truth.rows, truth.total)
    with pytest.raises(InputRefused, match="has movimento_flat, associado, conta, cartao, movimento already"):
        card_source.make(url, card_source.read(folder))
    assert card_source.make(url, card_source.read(folder), replace=True)["movimento"] == truth.rows


def test_the_command_makes_up_as_many_rows_as_asked(postgres_url, capsys):
    address = f"postgresql://coop:{postgres_url.password}@127.0.0.1:{postgres_url.port}/cartoes"
    assert cli.main(["seed-source", "cards", "--url", address, "--rows", "30", "--replace"]) == 0
    assert "movimento          30 rows" in capsys.readouterr().out
    with postgres_url.connected() as connection, connection.cursor() as cursor:
        cursor.execute("SELECT COUNT(*), SUM(vlr_transacao_movimento) > 0 FROM movimento_flat")
        assert cursor.fetchone() == (30, True)


@pytest.mark.parametrize(
    ("more", "told"),
    [
        (["--rows", "0"], "make up at least one"),
        (["--rows", "5", "--input", "there"], "give one of them"),
        (["--input", "nowhere"], "nowhere does not exist"),
    ],
)
def test_a_command_that_makes_no_sense_is_refused(more, told, capsys):
    assert cli.main(["seed-source", "cards", "--url", "mysql://u:p@127.0.0.1:9/d", *more]) == 2
    assert told in capsys.readouterr().err


def test_a_database_that_does_not_answer_is_one_sentence(tables):
    with pytest.raises(InputRefused, match=r"postgres://u@127\.0\.0\.1:9/d cannot be opened"):
        card_source.make(databases.parsed("postgresql://u:p@127.0.0.1:9/d"), card_source.read(tables[0]))


def test_a_folder_that_lacks_a_table_or_a_column_is_refused_by_name(tables):
    folder, _ = tables
    (folder / "conta.csv").rename(folder / "konto.csv")
    with pytest.raises(InputRefused, match=r"has no conta\.csv"):
        card_source.read(folder)
    (folder / "conta.csv").write_text("id,data_criacao\n1,2020-01-01\n")
    with pytest.raises(InputRefused, match=r"conta\.csv has no column for account_type"):
        card_source.read(folder)


def test_made_up_cards_are_the_same_for_the_same_seed_and_add_up(tmp_path):
    one, two = (generate_cards(tmp_path / name, CardShape(rows=50)) for name in ("one", "two"))
    assert one == two and one.rows == 50 and one.total > Decimal(0)
    assert sum(one.by_day.values()) == 50
    for table in card_source.TABLES:
        assert (tmp_path / "one" / f"{table}.csv").read_bytes() == (tmp_path / "two" / f"{table}.csv").read_bytes()
    with pytest.raises(ValueError, match="rows and days must be 1 or more"):
        generate_cards(tmp_path, CardShape(rows=0))


@pytest.mark.parametrize(
    ("table", "row", "told"),
    [
        ("movimento", '1,"10,50",a,2024-01-10,9', "line 2, column vlr_transacao is '10,50': expected an amount like"),
        ("movimento", "1,11.005,a,2024-01-10,9", "column vlr_transacao is '11.005'"),
        ("movimento", "1,1e3,a,2024-01-10,9", "column vlr_transacao is '1e3'"),
        ("movimento", "1,NaN,a,2024-01-10,9", "column vlr_transacao is 'NaN'"),
        ("movimento", "1,1,a,01/02/2024,9", "column data_movimento is '01/02/2024': expected a day like 2024-01-31"),
        ("movimento", "1,1,a,today,9", "column data_movimento is 'today'"),
        ("movimento", "1,1,a,infinity,9", "column data_movimento is 'infinity'"),
        ("movimento", "1,1,a,2024-02-30,9", "column data_movimento is '2024-02-30'"),
        ("movimento", "1,1,a,1024-02-20,9", "column data_movimento is '1024-02-20'"),
        ("movimento", "1,1,a,2024-02-20T10:00:00Z,9", "column data_movimento is '2024-02-20T10:00:00Z'"),
        ("movimento", "1,1,a,2024-02-20,9.0", "column id_cartao is '9.0': expected a whole number"),
        ("movimento", ",1,a,2024-02-20,9", "line 2, column id is empty"),
        ("movimento", "1,1,a,2024-02-20,9\n01,1,a,2024-02-20,9", "line 3, column id is '01', as in line 2"),
        ("movimento", "1,1,a\0,2024-02-20,9", "no CSV in UTF-8|without the character NUL"),
        ("movimento", "1,1,a,2024-02-20", "line 2 does not have the 5 columns"),
        ("associado", "5,Nara,Tavares,quarenta,", "column idade is 'quarenta'"),
        ("cartao", "9,0000111122223333,NARA T,7,5,31/12/2020", "cartao.csv, line 2, column data_criacao"),
        (
            "cartao",
            "9,4.11111E+15,NARA T,7,5,2020-12-31",
            "is not shown: expected the number itself, which a spread",
        ),
    ],
)
def test_a_cell_that_is_not_as_the_contract_says_is_one_sentence_before_anything_starts(
    table, row, told, tables, monkeypatch, capsys
):
    monkeypatch.setattr(databases, "temporary", None)
    file = tables[0] / f"{table}.csv"
    file.write_text(f"{file.read_text().splitlines()[0]}\n{row}\n")
    assert cli.main(["run", "card_movements", "--input", str(tables[0]), "--date", "2024-01-10"]) == 2
    [sentence] = capsys.readouterr().err.splitlines()
    assert re.search(told, sentence) and str(file) in sentence


@pytest.mark.parametrize("kind", ["postgres_url", "mariadb_url"])
def test_a_file_is_loaded_as_it_says_whatever_the_servers_settings(kind, request, tables):
    url, folder = request.getfixturevalue(kind), tables[0]
    rows = "1,10.5000,a,2024-02-01  22:30,1\n2,-3.25,b,2024-02-02,1\n3,1,c" + 300 * "x" + ",,1\n"
    (folder / "movimento.csv").write_text("id,vlr_transacao,des_transacao,data_movimento,id_cartao\n" + rows)
    with url.connected() as connection, connection.cursor() as cursor:
        if kind == "postgres_url":
            cursor.execute(f"ALTER DATABASE {url.dbname} SET DateStyle = 'ISO, MDY'")
    card_source.make(url, card_source.read(folder), replace=True)
    with url.connected() as connection, connection.cursor() as cursor:
        cursor.execute("SELECT vlr_transacao, data_movimento FROM movimento ORDER BY id")
        assert [(str(amount), str(moment)) for amount, moment in cursor.fetchall()] == [
            *(("10.50", "2024-02-01 22:30:00"), ("-3.25", "2024-02-02 00:00:00"), ("1.00", "None")),
        ]


def test_what_a_database_refuses_is_one_sentence_without_a_password(postgres_url):
    refused = pytest.raises(InputRefused, match=r"refused a statement .*nowhere")
    with refused as told, postgres_url.connected() as connection, connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM nowhere")
    assert postgres_url.password not in str(told.value)


@pytest.fixture
def vault(monkeypatch):
    """Secrets Manager, and the environment of a night that finds it."""
    with mock_aws():
        keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test", "region_name": "us-east-1"}
        client = boto3.client("secretsmanager", **keys)
        monkeypatch.setattr(secrets.clients, "secrets", lambda env: client)
        yield client


NIGHT = {"NIGHTSHIFT_NAME": "acme"}
URL = databases.parsed("mysql://u:p@h/d")


def test_a_secret_is_there_for_the_night_and_gone_afterwards(vault):
    with pytest.raises(KeyboardInterrupt), secrets.opened(NIGHT, "cards", URL):
        assert json.loads(vault.get_secret_value(SecretId="acme/sources/cards")["SecretString"])["host"] == "h"
        raise KeyboardInterrupt
    assert vault.list_secrets()["SecretList"] == []


def test_a_secret_that_was_there_before_comes_back(vault):
    vault.create_secret(Name="acme/sources/cards", SecretString="theirs")
    with secrets.opened(NIGHT, "cards", URL):
        assert vault.get_secret_value(SecretId="acme/sources/cards")["SecretString"] == URL.secret
    assert vault.get_secret_value(SecretId="acme/sources/cards")["SecretString"] == "theirs"


def test_a_secret_that_a_killed_command_left_is_not_taken_for_the_users(vault):
    gone = owners.this().rpartition(" ")[0] + " 1"  # its pid is another process by now
    vault.create_secret(Name="acme/sources/cards", SecretString="left", Tags=[{"Key": owners.TAG, "Value": gone}])
    with secrets.opened(NIGHT, "cards", URL):
        assert list(owners.left(vault, "acme")) == []
    assert vault.list_secrets()["SecretList"] == []


@pytest.mark.parametrize(
    ("owner", "dead"),
    [("elsewhere 1 1", False), (f"{socket.gethostname()} 99999999 1", True), (f"{socket.gethostname()} x", False)],
)
def test_only_a_process_of_this_machine_is_known_to_be_gone(owner, dead):
    assert owners.is_dead(owner) is dead and not owners.is_dead(owners.this())


def test_drivers_are_written_down_with_their_sums_and_taken_once(tmp_path):
    java = tmp_path / "java"
    java.mkdir()
    for name in drivers.JARS:
        (java / name).write_bytes(name.encode())
    folder = drivers.bring(tmp_path / "jdbc", java)
    sums = dict(reversed(line.split()) for line in (folder / "SHA256SUMS").read_text().splitlines())
    assert sums == {name: hashlib.sha256(name.encode()).hexdigest() for name in drivers.JARS}
    (java / "postgresql.jar").write_bytes(b"newer")
    drivers.bring(folder, java)
    assert (folder / "postgresql.jar").read_bytes() == b"postgresql.jar"


def test_a_driver_that_can_be_had_nowhere_is_one_sentence_and_leaves_no_half(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ToolMissing, match=r"postgresql\.jar is neither in .* nor can apt bring libpostgresql-jdbc"):
        drivers.bring(tmp_path / "jdbc", tmp_path)
    assert list((tmp_path / "jdbc").iterdir()) == []


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["wordcount", "--delimiter", ";"], "wordcount takes no --delimiter"),
        (["wordcount", "--source", "mysql://u:p@h/d"], "wordcount takes no --source"),
        (["card_movements", "--source", "mysql://u:p@h/d", "--input", "x"], "give one of them"),
        (["card_movements", "--input", "x", "y"], "card_movements reads one folder, 2 were named"),
        (["card_movements", "--input", "nowhere"], "nowhere does not exist"),
    ],
)
def test_a_night_that_makes_no_sense_is_refused_before_it_starts(words, told, capsys):
    assert cli.main(["run", *words]) == 2
    assert told in capsys.readouterr().err


def test_a_night_on_the_users_database_asks_what_the_options_say(monkeypatch, tmp_path):
    programs = []
    monkeypatch.setattr(run, "run_session", lambda program: programs.append(program) or 0)
    address = "mariadb://u:p@h/d"
    words = ["card_movements", "--source", address, "--output", str(tmp_path / "out"), "--delimiter", ";"]
    assert cli.main(["run", *words, "--full-reload", "--date", "2026-01-02"]) == 0
    [program] = programs
    [asked] = program.nights(tmp_path)
    assert asked.order.conf == {"business_date": "2026-01-02", "delimiter": ";", "full_reload": True}
    assert (program.output, program.source.keywords["url"]) == (tmp_path / "out", databases.parsed(address))
    assert (tmp_path / "out").is_dir()


def test_a_folder_in_s3_is_the_nights_own_to_write(monkeypatch, tmp_path):
    programs = []
    monkeypatch.setattr(run, "run_session", lambda program: programs.append(program) or 0)
    assert cli.main(["run", "card_movements", "--source", "mysql://u:p@h/d", "--output", "s3://acme-out/cards"]) == 0
    [program] = programs
    [asked] = program.nights(tmp_path)
    assert (asked.params, program.output) == ({"output": "s3://acme-out/cards"}, None)


def test_a_terminal_shows_the_end_of_a_card_number_only():
    assert masks.personal("card_movements", "movimento_flat") == {
        *("numero_cartao", "nome_associado", "sobrenome_associado", "nome_impresso_cartao")
    }
    values = ("0123456789012345", "1234", "Zoé Ávila", None)
    assert [masks.masked(value) for value in values] == ["****2345", "****", "****", ""]


def test_a_night_without_a_record_delivers_nothing(tmp_path):
    assert record.deliver({}, record.Kept(None, tmp_path), tmp_path) == []


def test_a_replay_of_a_pipeline_out_of_a_database_finds_the_drivers(monkeypatch, tmp_path):
    programs = []
    monkeypatch.setattr(drivers, "bring", lambda: tmp_path)
    monkeypatch.setattr(replay, "run_session", lambda program: programs.append(program) or 0)
    monkeypatch.setattr(endpoint, "chosen", lambda: "a cloud that is there")
    assert cli.main(["replay", "card_movements", "--date", "2026-01-02"]) == 0
    assert programs[0].settings == {"NIGHTSHIFT_JDBC_DIR": str(tmp_path)}


@pytest.mark.parametrize(
    ("asked", "reads"),
    [
        (("card_movements",), True),
        (("mrhealth_sales", "--reference", "database"), True),
        (("mrhealth_sales",), False),
        (("wordcount",), False),
    ],
)
def test_a_night_that_reads_a_database_brings_its_drivers_and_another_does_not(monkeypatch, tmp_path, asked, reads):
    programs = []
    monkeypatch.setattr(drivers, "bring", lambda: tmp_path)
    monkeypatch.setattr(run, "run_session", lambda program: programs.append(program) or 0)
    assert cli.main(["run", *asked, "--dry-run"]) == 0
    assert programs[0].settings == ({"NIGHTSHIFT_JDBC_DIR": str(tmp_path)} if reads else {})


def test_head_office_is_made_out_of_its_files_and_a_crooked_one_is_refused(postgres_url, tmp_path):
    (tmp_path / "Tabela_Pais.csv").write_text("\ufeffId_Pais,Nome_Pais\nBR,Brasil\nCL,\n", encoding="utf-8")
    assert reference_data.make(postgres_url, [tmp_path / "Tabela_Pais.csv"]) == {"pais": 2}
    with postgres_url.connected() as connection, connection.cursor() as cursor:
        cursor.execute("SELECT * FROM pais")
        assert cursor.fetchall() == [("BR", "Brasil"), ("CL", None)]
    (tmp_path / "estado.csv").write_text("Id_Estado;Nome\nSP\n")
    with pytest.raises(InputRefused, match="line 2 does not have the 2 columns"):
        reference_data.make(postgres_url, [tmp_path / "estado.csv"])
