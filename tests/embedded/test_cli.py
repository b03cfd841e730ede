"""The command line: complete help, and requests that cannot be done refused in one sentence before anything starts."""

import json
from dataclasses import replace
from datetime import date
from functools import partial
from pathlib import Path

import boto3
import moto
import pytest

from embedded import cli, dates, pipelines
from embedded.cloud import clients, endpoint
from embedded.commands import cloud, run
from embedded.runs import session
from embedded.sources import api_url
from embedded.terminal import again
from localcloud.credentials import Access, Credentials
from nightshift.contracts.pipeline import Inputs, Step
from nightshift.failures.errors import SettingsError
from nightshift.pipelines import PIPELINES
from tools import toolchain
from tools.errors import InputRefused
from tools.toolchain import Toolchain


@pytest.fixture
def text(tmp_path):
    file = tmp_path / "text.txt"
    file.write_text("one two\n")
    return str(file)


@pytest.fixture(autouse=True)
def nothing_starts(monkeypatch):
    """A refusal comes before the tools are looked for."""

    def found_out():
        raise AssertionError("the request was taken")

    monkeypatch.setattr(session.toolchain, "find", found_out)


@pytest.fixture
def asked(monkeypatch, tmp_path):
    """Runs a command line up to where the night would start; gives what was asked of it."""

    def taken(*arguments):
        programs = []
        monkeypatch.setattr(run, "run_session", lambda program: programs.append(program) or 0)
        assert cli.main(["run", *arguments]) == 0
        return list(programs[0].nights(tmp_path / "scratch"))

    return taken


@pytest.mark.parametrize(
    "command",
    [
        [],
        ["new"],
        ["run"],
        ["night"],
        ["ui"],
        ["list"],
        ["reap"],
        ["prices"],
        ["seed-source"],
        ["diagnose"],
        ["costs"],
        ["advise"],
    ],
)
def test_every_command_explains_itself(command, capsys):
    with pytest.raises(SystemExit) as ended:
        cli.main([*command, "--help"])
    assert ended.value.code == 0 and "usage: nightshift" in capsys.readouterr().out


def test_the_help_of_run_names_every_option(capsys):
    with pytest.raises(SystemExit):
        cli.main(["run", "--help"])
    said = capsys.readouterr().out
    for option in ("--date", "--from", "--to", "--input", "--export", "--encoding", "--engine", "--keep", "--dry-run"):
        assert option in said


def test_an_engine_travels_with_the_night_and_flink_only_where_there_is_one(asked, text, monkeypatch, tmp_path, capsys):
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    monkeypatch.delenv("LOCALCLOUD_FLINK_HOME", raising=False)
    monkeypatch.setattr(run.toolchain, "flink", partial(toolchain.flink, tmp_path))
    assert asked("wordcount", "--input", text, "--engine", "spark")[0].params == {"engine": "spark"}
    assert cli.main(["run", "wordcount", "--input", text, "--engine", "flink"]) == 2
    assert "run `make flink` once" in capsys.readouterr().err
    (tmp_path / ".made").touch()
    assert asked("wordcount", "--input", text, "--engine", "flink")[0].params == {"engine": "flink"}


@pytest.mark.parametrize(
    ("pipeline", "says"), [("wordcount", "choose spark or flink"), ("mrhealth_sales", "leave --engine out")]
)
def test_an_engine_that_a_pipeline_has_not_is_refused(pipeline, says, text, capsys):
    assert cli.main(["run", pipeline, "--input", text, "--engine", "hive"]) == 2
    assert says in capsys.readouterr().err


def test_the_list_names_every_pipeline(capsys):
    assert cli.main(["list"]) == 0
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == list(pipelines.PIPELINES)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            ["wordcounts"],
            "no pipeline 'wordcounts': choose card_movements or covid_hospitals or mrhealth_sales",
        ),
        (["covid_hospital"], "Did you mean covid_hospitals?"),
        (["wordcount", "--date", "31/01/2026"], "--date is '31/01/2026': expected a date like"),
        (["wordcount", "--to", "2026-01-01"], "--to needs --from"),
        (["wordcount", "--date", "2026-01-01", "--from", "2026-01-01"], "give one of them"),
        (["wordcount", "--from", "2026-01-02", "--to", "2026-01-01"], "is after --to"),
        (["wordcount", "--input", "absent.txt"], "absent.txt does not exist"),
        (["wordcount", "--encoding", "klingon"], "'klingon' is not a text encoding"),
        (["wordcount", "--encoding", "$(reboot)"], "'$(reboot)' is not a text encoding"),
        (["wordcount", "--encoding", "undefined"], "'undefined' is not a text encoding"),
        (["wordcount", "--date", "../../2026-01-01"], "--date is '../../2026-01-01': expected a date like"),
        (["wordcount", "--date", "0001-01-01"], "--date is 0001-01-01, which is before 1900"),
        (["wordcount", "--date", "2026-1-1"], "--date is '2026-1-1': expected a date like"),
        (["mrhealth_sales", "--encoding", "utf-8"], "leave --encoding out"),
        (["mrhealth_sales", "--engine", "flink"], "leave --engine out"),
        (["wordcount", "--engine", "hive"], "choose spark or flink"),
        (["mrhealth_sales", "--input", "a", "b"], "reads one folder"),
        (["card_movements", "--source", "https://beds.example/_search"], "postgresql://user:password@host"),
        (["wordcount", "--source", "https://beds.example/_search"], "takes no --source"),
    ],
)
def test_a_request_that_cannot_be_done_is_one_sentence_and_status_2(arguments, said, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert cli.main(["run", *arguments]) == 2
    error = capsys.readouterr().err
    assert said in error and error.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["rnu", "wordcount"], "There is no command 'rnu': choose run, "),
        (["rnu", "wordcount"], "Did you mean run?"),
        (["run", "wordcount", "--encodng", "latin-1"], "takes no --encodng latin-1. Did you mean --encoding?"),
        (
            ["run", "wordcount", "--on", "glu"],
            "There is no --on 'glu': choose emr, serverless, glue, eks, kubernetes. Did you mean glue?",
        ),
        (["run", "wordcount", "--dry-run", "--encodng", "latin-1"], "Did you mean --encoding?"),
        (["run"], "the following arguments are required: PIPELINE."),
    ],
)
def test_a_typo_is_one_line_with_what_was_probably_meant(arguments, said, capsys):
    with pytest.raises(SystemExit) as ended:
        cli.main(arguments)
    error = capsys.readouterr().err
    assert ended.value.code == 2 and said in error and error.count("\n") == 1


SWITCHES = {"--" + o.name.replace("_", "-") for p in PIPELINES.values() for o in p.options if o.switch}


@pytest.mark.parametrize("switch", [*sorted(SWITCHES), "--dry-run"])
@pytest.mark.parametrize("value", ["false", "yes"])
def test_a_switch_that_gets_a_value_says_how_it_is_written(switch, value, capsys):
    off = f"--no-{switch[2:]} for off" if switch in SWITCHES else "leave it out for off"
    for words in ([switch, value], [f"{switch}={value}"], [switch, value, "--keep"]):
        with pytest.raises(SystemExit) as ended:
            cli.main(["run", "card_movements", *words])
        error = capsys.readouterr().err
        assert ended.value.code == 2 and error.count("\n") == 1
        assert f"{switch} is a switch and takes no '{value}': write {switch} for on, {off}." in error


@pytest.mark.parametrize(
    "command",
    [
        ["run", "wordcount"],
        ["costs"],
        ["costs", "--lake"],
        ["advise", "wordcount"],
        ["prices"],
        ["ui"],
        ["contract", "export", "wordcount"],
    ],
)
@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("MONTHLY_BUDGETS", "wordcount", "NIGHTSHIFT_MONTHLY_BUDGETS has wordcount: expected items such as sales=5"),
        ("PACKS", "early", "NIGHTSHIFT_PACKS has early: expected items such as early=sales+stock"),
        (
            "COMPUTE",
            "glu",
            "NIGHTSHIFT_COMPUTE is 'glu': expected emr or serverless or glue or eks or kubernetes. Did ",
        ),
    ],
)
def test_a_wrong_setting_is_one_sentence_in_every_command(command, key, value, said, monkeypatch, capsys):
    monkeypatch.setenv(f"NIGHTSHIFT_{key}", value)
    assert cli.main(command) == 2
    error = capsys.readouterr().err
    assert said in error and error.endswith("Correct it in this shell, or unset it.\n") and error.count("\n") == 1


@pytest.mark.parametrize("command", [["run", "wordcount"], ["costs"], ["costs", "--lake"], ["advise", "wordcount"]])
def test_a_wrong_setting_of_an_airflow_variable_is_one_sentence_and_nothing_is_started(command, monkeypatch, capsys):
    monkeypatch.setenv("NIGHTSHIFT_VARIABLE", "ns")
    monkeypatch.setenv("AIRFLOW_VAR_NS", '{"monthly_budgets": "wordcount"}')
    monkeypatch.setattr(session.toolchain, "find", lambda: Toolchain(Path("/jdk"), Path("/terraform"), None))
    monkeypatch.setattr(session.database, "copied", lambda home: home)
    monkeypatch.setattr(session, "Providers", None)  # what a night starts first
    assert cli.main(command) == 2
    assert capsys.readouterr().err == (
        "nightshift: NIGHTSHIFT_MONTHLY_BUDGETS has wordcount: expected items such as sales=5 or *=20. Correct"
        " monthly_budgets in the Airflow Variable ns (UI: Admin, Variables; shell: AIRFLOW_VAR_NS).\n"
    )


def test_a_package_whose_texts_cannot_be_read_is_one_sentence(monkeypatch, capsys):
    def unread(_request):
        raise SettingsError("The texts /x/portuguese.toml cannot be read: line 1.")

    monkeypatch.setattr(run, "run_session", unread)
    assert cli.main(["run", "wordcount"]) == 2
    assert capsys.readouterr().err == "nightshift: The texts /x/portuguese.toml cannot be read: line 1.\n"


def test_a_setting_of_a_pipeline_that_is_not_here_is_a_warning_of_every_command(monkeypatch, capsys):
    monkeypatch.setenv("NIGHTSHIFT_MONTHLY_BUDGETS", "wordcont=5")
    monkeypatch.setenv("NIGHTSHIFT_SOURCE_PASSWORD", "secret")  # no setting, and none of a night's
    assert cli.main(["list"]) == 0
    assert capsys.readouterr().err == (
        "nightshift: warning: NIGHTSHIFT_MONTHLY_BUDGETS names wordcont: there is no such pipeline here."
        " Did you mean wordcount?\n"
    )


@pytest.mark.parametrize("command", [["replay", "wordcount", "--date", "2026-01-02"], ["backfill", "wordcount"]])
def test_what_continues_a_lake_is_refused_where_there_is_none(command, capsys, monkeypatch):
    monkeypatch.setattr(endpoint, "chosen", lambda: None)
    days = ["--from", "2026-01-01", "--to", "2026-01-02"] if command[0] == "backfill" else []
    assert cli.main([*command, *days]) == 2
    assert "./nightshift cloud up" in capsys.readouterr().err


def changed(monkeypatch, name, **changes):
    """A pipeline of the command line, changed."""
    own = pipelines.PIPELINES[name]
    monkeypatch.setitem(pipelines.PIPELINES, name, replace(own, definition=replace(own.definition, **changes)))


def chained(monkeypatch):
    table = pipelines.PIPELINES["mrhealth_sales"].definition.gold[0].name
    changed(monkeypatch, "wordcount", after=f"mrhealth_sales.{table}", inputs=Inputs(""))
    return table


def test_a_chained_pipeline_whose_input_is_not_there_is_refused_before_it_waits(monkeypatch, capsys):
    table = chained(monkeypatch)
    monkeypatch.setattr(endpoint, "chosen", lambda: None)
    assert cli.main(["run", "wordcount", "--date", "2026-01-02"]) == 2
    assert capsys.readouterr().err == (
        f"nightshift: There is no gold mrhealth_sales.{table} of 2026-01-02 in any cloud here: start one that stays"
        " with ./nightshift cloud up, run mrhealth_sales for that date on it (./nightshift run mrhealth_sales --date"
        " 2026-01-02), then this.\n"
    )


def test_a_chained_pipeline_looks_for_each_days_partition_in_the_cloud_that_is_there(monkeypatch, capsys):
    table = chained(monkeypatch)
    monkeypatch.setattr(endpoint, "chosen", lambda: Access("http://localhost:1", Credentials("key", "secret")))
    with moto.mock_aws():
        monkeypatch.setattr(clients, "s3", lambda _env: boto3.client("s3", region_name="us-east-1"))
        s3 = boto3.client("s3", region_name="us-east-1")
        days = ["run", "wordcount", "--from", "2026-01-01", "--to", "2026-01-02"]
        assert cli.main(days) == 2, "no lake yet"
        s3.create_bucket(Bucket="nightshift-local-lake")
        s3.put_object(
            Bucket="nightshift-local-lake", Key=f"gold/mrhealth_sales/{table}/business_date=2026-01-01/a.parquet"
        )
        assert cli.main(days) == 2
        lake, one = capsys.readouterr().err.splitlines()
        assert "of 2026-01-01 in this cloud here: run mrhealth_sales" in lake and "of 2026-01-02 in this" in one
        monkeypatch.setattr(run, "run_session", lambda _request: 0)
        assert cli.main(["run", "wordcount", "--date", "2026-01-01"]) == 0
        assert cli.main(["run", "wordcount", "--date", "2026-01-02", "--dry-run"]) == 0, "it waits for nothing"


def test_a_backfill_of_a_pipeline_that_has_none_is_refused_with_the_reason(monkeypatch, capsys):
    table = chained(monkeypatch)
    monkeypatch.delitem(pipelines.BACKFILLS, "backfill_wordcount")
    for name, why in (("wordcount", f"it takes mrhealth_sales.{table}"), ("card_movements", "its days depend on each")):
        assert cli.main(["backfill", name, "--from", "2026-01-01", "--to", "2026-01-02"]) == 2
        error = capsys.readouterr().err
        assert f"{name} has no backfill, since {why}" in error and f"./nightshift run {name} --from DAY" in error


def test_a_replay_of_a_script_is_refused_since_it_keeps_no_bronze(monkeypatch, capsys):
    changed(monkeypatch, "wordcount", steps=(Step("script", ("gold",)),))
    assert cli.main(["replay", "wordcount", "--date", "2026-01-02"]) == 2
    assert "wordcount keeps no bronze" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("after", "said"),
    [
        ("wordcont.word_counts", "There is no pipeline 'wordcont'"),
        ("wordcount.word_count", "wordcount has no gold table 'word_count': choose word_counts. Did you mean word_cou"),
    ],
)
def test_a_new_pipeline_after_a_table_that_does_not_exist_is_refused(after, said, text, tmp_path, capsys):
    assert cli.main(["new", "later", "--sample", text, "--after", after, "--into", str(tmp_path)]) == 2
    assert said in capsys.readouterr().err


def test_the_command_to_run_again_is_what_was_typed_without_a_password():
    words = again.settings(["run", "card_movements", "--source", "mysql://u:secret@h/db", "--output", "a b"])
    assert words["NIGHTSHIFT_AGAIN"] == (
        "run `./nightshift run card_movements --source mysql://u@h/db --output 'a b'` again"
    )


JUNK = {"a.txt": b"hello\n", "b.csv": b"colour,size\nred,1\n", "c.csv.gz": b"\x1f\x8b broken", "d.pdf": b"%PDF-1.4\0"}


@pytest.mark.parametrize("pipeline", ["covid_hospitals", "wordcount", "mrhealth_sales"])
def test_a_folder_of_which_a_pipeline_can_read_nothing_is_refused_before_anything_starts(pipeline, tmp_path, capsys):
    folder = tmp_path / "csv_sales/2026/01/02/unit_001" if pipeline == "mrhealth_sales" else tmp_path
    folder.mkdir(parents=True, exist_ok=True)
    files = {"x.bin": b"PK\x03\x04\0\0", "d.pdf": JUNK["d.pdf"]} if pipeline == "wordcount" else JUNK
    for name, content in files.items():
        (folder / name).write_bytes(content)
    (tmp_path / "reference_data").mkdir()
    for table in ("produto", "unidade", "estado", "pais") if pipeline == "mrhealth_sales" else ():
        (tmp_path / "reference_data" / f"{table}.csv").write_text("id;nome\n")
    assert cli.main(["run", pipeline, "--input", str(tmp_path), "--date", "2026-01-02"]) == 2
    error = capsys.readouterr().err
    assert "No file " in error and "d.pdf" in error


def test_one_text_on_several_days_is_refused(text, capsys):
    assert cli.main(["run", "wordcount", "--input", text, "--from", "2026-01-01", "--to", "2026-01-02"]) == 2
    assert "files are one day's" in capsys.readouterr().err


def test_flat_sales_files_on_several_days_are_refused_with_the_reason(tmp_path, capsys):
    for name in ("PEDIDO", "ITEM_PEDIDO", "Tabela_Produto", "Tabela_Unidade", "Tabela_Estado", "Tabela_Pais"):
        (tmp_path / f"{name}.csv").write_text("x\n")
    request = ["run", "mrhealth_sales", "--input", str(tmp_path), "--from", "2026-01-01", "--to", "2026-01-02"]
    assert cli.main(request) == 2
    assert "the same orders would count on each of the 2 days" in capsys.readouterr().err


def test_an_export_directory_that_cannot_be_made_is_told_before_the_night(text, capsys):
    assert cli.main(["run", "wordcount", "--input", text, "--export", f"{text}/out"]) == 2
    assert "--export" in capsys.readouterr().err


def test_a_format_without_an_export_is_refused(text, capsys):
    assert cli.main(["run", "wordcount", "--input", text, "--format", "xlsx"]) == 2
    assert "--format is that of the files of --export" in capsys.readouterr().err


def test_the_format_of_an_export_is_passed_on_and_parquet_by_default(monkeypatch, text, tmp_path):
    requests = []
    monkeypatch.setattr(run, "run_session", lambda request: requests.append(request) or 0)
    for words in ([], ["--format", "csv"]):
        assert cli.main(["run", "wordcount", "--input", text, "--export", str(tmp_path / "out"), *words]) == 0
    assert [request.export_format for request in requests] == ["parquet", "csv"]


def one_sentence(capsys):
    said = capsys.readouterr().err
    assert said.startswith("nightshift: ") and said.count("\n") == 1
    return said


def test_a_tree_that_cannot_be_written_is_one_sentence(text, monkeypatch, capsys):
    monkeypatch.setattr(session.paths, "LOGS", Path("/sys/nightshift/logs"))  # where no user may make anything
    assert cli.main(["run", "wordcount", "--input", text]) == 1
    assert "A run keeps its log and its record in /sys/nightshift, which cannot be written" in one_sentence(capsys)


def test_a_disk_that_is_full_is_one_sentence(text, monkeypatch, capsys):
    monkeypatch.setattr(run, "run_session", lambda _: Path("/dev/full").write_text("x"))
    assert cli.main(["run", "wordcount", "--input", text]) == 1
    assert "No space left on device" in (said := one_sentence(capsys)) and "free disk space" in said


def test_another_error_of_the_system_is_not_taken_for_a_full_disk(text, monkeypatch):
    monkeypatch.setattr(run, "run_session", lambda _: Path("/dev/null/x").write_text("x"))
    with pytest.raises(NotADirectoryError):
        cli.main(["run", "wordcount", "--input", text])


def test_without_a_date_the_night_is_yesterdays(asked, text, monkeypatch):
    monkeypatch.setattr(dates, "today", lambda: date(2026, 1, 1))
    (night,) = asked("wordcount", "--input", text, "--encoding", "latin-1")
    assert night.day == date(2025, 12, 31)
    assert night.order.conf["encoding"] == "iso8859-1" and night.order.conf["business_date"] == str(night.day)
    assert night.order.conf["input_prefix"] == night.order.prefixes[0]


def test_without_a_date_sales_are_those_of_the_newest_drop(asked, tmp_path):
    for path in ("csv_sales/2025/12/29/unit_001", "csv_sales/2025/12/30/unit_001", "reference_data"):
        (tmp_path / path).mkdir(parents=True)
    for file in ("csv_sales/2025/12/29/unit_001/pedido", "csv_sales/2025/12/30/unit_001/pedido"):
        (tmp_path / f"{file}.csv").write_text("Id_Unidade;Id_Pedido\n")
    for table in ("produto", "unidade", "estado", "pais"):
        (tmp_path / "reference_data" / f"{table}.csv").write_text("x\n")
    assert [night.day for night in asked("mrhealth_sales", "--input", str(tmp_path))] == [date(2025, 12, 30)]


@pytest.mark.parametrize("pipeline", [p.name for p in pipelines.PIPELINES.values() if not p.from_database])
def test_without_input_each_day_asked_for_gets_made_up_files(asked, pipeline):
    nights = asked(pipeline, "--from", "2026-01-02", "--to", "2026-01-03", "--dry-run")
    assert [night.day.day for night in nights] == [2, 3]
    for night in nights:
        assert night.delivery.uploads and all(upload.source.stat().st_size >= 0 for upload in night.delivery.uploads)
        assert night.delivery.prefixes[0].endswith(f"{night.day:%Y/%m/%d}/") and night.params == {"dry_run": True}


def test_cloud_hands_its_words_to_localcloud(capfd, tmp_path, monkeypatch):
    monkeypatch.setenv("LOCALCLOUD_HOME", str(tmp_path))
    assert cloud.run(["status"]) == 1
    assert "localcloud is down" in capfd.readouterr().out


def test_a_source_of_hospital_beds_is_fetched_by_the_nights_own_host_and_nothing_is_made_up(asked):
    [night] = asked("covid_hospitals", "--date", "2021-03-23", "--source", "https://u:geheim@beds.example/_search")
    assert (night.params["ingest"], night.delivery.uploads) == ("api", ())
    assert "geheim" not in str(night.order)


def test_a_source_of_population_is_fetched_beside_the_files(asked):
    [night] = asked("covid_hospitals", "--date", "2021-03-23", "--source", "postgresql://u:p@db.example/ibge")
    assert night.params["ingest"] == "population" and night.delivery.uploads


@pytest.mark.parametrize(
    ("text", "url", "user"),
    [
        ("https://jo%40o:p%2Fw@beds.example:9200/i/_search?x=1", "https://beds.example:9200/i/_search?x=1", "jo@o"),
        ("http://127.0.0.1:8/_search", "http://127.0.0.1:8/_search", ""),
        ("https://[::1]:9200/_search", "https://[::1]:9200/_search", ""),
    ],
)
def test_the_address_of_an_api_is_taken_apart(text, url, user):
    told = api_url.parsed(text)
    assert (told.url, told.username) == (url, user)
    assert json.loads(told.secret) == ({"url": url, "username": "jo@o", "password": "p/w"} if user else {"url": url})
    assert "p/w" not in f"{told} {told!r}"


@pytest.mark.parametrize("text", ["https://", "https://u:geheim@/x", "https://u:geheim@h:port/x"])
def test_an_address_of_no_host_is_refused_without_being_repeated(text):
    with pytest.raises(InputRefused) as told:
        api_url.parsed(text)
    assert "geheim" not in str(told.value)
