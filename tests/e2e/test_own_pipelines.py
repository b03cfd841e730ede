"""A pipeline that ./nightshift new made of a database's table, as a whole night under the roles that it has on AWS."""

from decimal import Decimal

import pytest

from embedded import cli
from embedded.cloud import environment
from tests.commands import Nightshift
from tests.databases import postgresql
from tests.e2e.test_nights import rows
from tests.fifth import forgotten

pytestmark = [pytest.mark.long, pytest.mark.spark, pytest.mark.terraform]  # on a cloud of its own: 238 s beside others

DAY = "2026-02-10"


def new(name, *words):
    assert cli.main(["new", name, *map(str, words), "--yes"]) == 0


def test_a_night_reads_a_table_of_ones_own_by_a_role_that_opens_its_secret_alone(tmp_path, monkeypatch):
    """On a localcloud of its own: its foundation has the role because the pipeline is among those that are found."""
    with forgotten(tmp_path), postgresql() as url:
        source = f"postgresql://{url.username}@{url.host}:{url.port}/{url.dbname}"
        with url.connected() as connection, connection.cursor() as cursor:
            cursor.execute("CREATE TABLE vendas (id bigint PRIMARY KEY, dia date NOT NULL, valor numeric(12,2))")
            cursor.execute(
                "INSERT INTO vendas VALUES (1, '2026-02-10', 10.50), (2, '2026-02-10', -1), (3, '2026-02-11', NULL)"
            )
        monkeypatch.setenv(environment.SOURCE_PASSWORD, url.password)
        new("own_vendas", "--source", source, "--table", "vendas", "--into", tmp_path / "mine")
        mine = Nightshift({"NIGHTSHIFT_PIPELINES": str(tmp_path / "mine"), environment.SOURCE_PASSWORD: url.password})
        ended = mine("run", "own_vendas", "--iam", "--source", source, "--date", DAY, "--export", tmp_path / "out")
    assert ended.status == 0, ended.said
    (record,) = ended.records
    assert record["proof"]["alive"] == []
    assert [(str(r["dia"]), r["rows"], r["total_valor"]) for r in rows(tmp_path / "out", "vendas_by_dia")] == [
        ("2026-02-10", 2, Decimal("9.50")),
        ("2026-02-11", 1, None),
    ]
    assert url.password not in ended.said + str(record)
