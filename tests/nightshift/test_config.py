"""Settings come from NIGHTSHIFT_* and say what is wrong with them."""

import asyncio
import json
import subprocess
import sys
from dataclasses import fields
from pathlib import Path
from typing import get_type_hints

import pytest

from nightshift import config
from nightshift.compute.targets import TARGETS
from nightshift.failures.errors import SettingsError
from nightshift.report import deadline
from nightshift.waits import triggers


def test_an_empty_environment_gives_sound_defaults():
    settings = config.load({})
    assert settings.release_label == "emr-7.13.0"
    assert settings.bucket("lake") == "nightshift-local-lake"
    assert settings.prices_file == config.INCLUDE / "prices.toml", "it travels with a deployment"
    assert (settings.stacks_dir / "foundation").parts[-3:] == ("terraform", "stacks", "foundation")


def test_every_kind_of_value_is_read_as_what_it_is():
    settings = config.load(
        {
            "NIGHTSHIFT_NAME": "acme-prod",
            "NIGHTSHIFT_DEFERRABLE": "false",
            "NIGHTSHIFT_POLL_SECONDS": "2.5",
            "NIGHTSHIFT_CORE_UNITS": "7",
            "NIGHTSHIFT_CORE_TYPES": "m5.xlarge, m6i.xlarge",
            "NIGHTSHIFT_INCLUDE_DIR": "/somewhere/include",
            "NIGHTSHIFT_PRICES_FILE": "/somewhere/prices.toml",
        }
    )
    assert (settings.name, settings.deferrable, settings.poll_seconds) == ("acme-prod", False, 2.5)
    assert (settings.core_units, settings.core_types) == (7, ("m5.xlarge", "m6i.xlarge"))
    assert settings.jobs_dir == Path("/somewhere/include/spark_jobs")
    assert settings.prices_file == Path("/somewhere/prices.toml")


@pytest.mark.parametrize(
    ("key", "value"),
    [("NIGHTSHIFT_CORE_UNITS", "many"), ("NIGHTSHIFT_DEFERRABLE", "maybe"), ("NIGHTSHIFT_NAME", "Acme Prod")],
)
def test_a_value_that_cannot_be_used_is_named_with_its_key(key, value):
    with pytest.raises(SettingsError, match=f"{key} is '{value}'"):
        config.load({key: value})


@pytest.mark.parametrize("value", ["nan", "inf", "-inf", "-1"])
def test_no_limit_is_switched_off_by_what_is_no_number(value):
    """Nothing is more than nan, and no sum of dollars is under -1."""
    numbers = [f.name.upper() for f in fields(config.Settings) if type(f.default) in (int, float)]
    assert "MAX_USD_PER_NIGHT" in numbers
    for name in numbers:
        with pytest.raises(SettingsError, match=f"_{name} is '{value}': expected a (whole )?number of 0 or more"):
            config.load({f"NIGHTSHIFT_{name}": value})


@pytest.mark.parametrize("name", ["MAX_QUARANTINE_SHARE", "MAX_REFUSED_SHARE", "HOLD_OVER_QUARANTINED"])
def test_a_share_given_in_percent_is_refused_since_no_table_could_lose_so_much(name):
    with pytest.raises(SettingsError, match=f"NIGHTSHIFT_{name} is 50: expected a share from 0 to 1, such as 0.05"):
        config.load({f"NIGHTSHIFT_{name}": "50"})


def test_a_misspelt_key_is_refused_rather_than_ignored():
    with pytest.raises(SettingsError, match="NIGHTSHIFT_CORE_UNIT"):
        config.load({"NIGHTSHIFT_CORE_UNIT": "3"})


def test_the_region_is_awss_own_unless_ours_is_given():
    assert config.load({"AWS_REGION": "sa-east-1"}).region == "sa-east-1"
    assert config.load({"AWS_REGION": "sa-east-1", "NIGHTSHIFT_REGION": "eu-west-1"}).region == "eu-west-1"


def test_the_environment_wins_over_the_airflow_variable(monkeypatch):
    monkeypatch.setattr("airflow.sdk.Variable.get", lambda _name: '{"name": "from-variable", "core_units": 9}')
    settings = config.load({"NIGHTSHIFT_VARIABLE": "nightshift", "NIGHTSHIFT_NAME": "from-env"})
    assert (settings.name, settings.core_units) == ("from-env", 9)


FIELDS = {f.name: f for f in fields(config.Settings)}
TYPES = get_type_hints(config.Settings)
OF_THE_ENVIRONMENT = {"pipelines", "one_job"}  # which an Airflow Variable cannot have
WRONG = {  # of each kind of setting, what cannot be one
    int: ["many", 1.5, -1, [1, 2]],
    float: ["much", "nan", -0.5, [1, 2]],
    bool: ["maybe", 2, ["yes", "no"]],
    str: [{"a": 1}, [["a"]]],
    tuple[str, ...]: [{"a": 1}, [["m5.xlarge"]]],
    Path: [{"a": 1}, [["a"]]],
}
WRONG_TEXTS = {  # of a text with rules of its own, the same
    "name": "Acme Prod",
    "environment": "staging",
    "foundation": "destroy",
    "language": "fr",
    "compute": "emrr",
    "timezone": "Mars/Phobos",
    "schedule": "every day",
    "reap_schedule": "99 99 * * *",
    "gold_by": "6 am",
    "owner_link": "the data team",
    "packs": ["early=sales"],
    "monthly_budgets": ["sales"],
    "core_types": ["m7g.xlarge"],
    "max_quarantine_share": 50,
    "cluster_limit_minutes": 1,
}


def of_variable(monkeypatch, value, **environ):
    """The settings of an Airflow Variable `ns` with this text, or this value as JSON."""
    monkeypatch.setenv("AIRFLOW_VAR_NS", value if isinstance(value, str) else json.dumps(value))
    return config.load({"NIGHTSHIFT_VARIABLE": "ns", **environ})


@pytest.mark.parametrize("name", sorted(FIELDS.keys() - OF_THE_ENVIRONMENT))
def test_a_wrong_value_of_an_airflow_variable_is_named_with_the_variable(name, monkeypatch):
    own = [WRONG_TEXTS[name]] if name in WRONG_TEXTS else []
    for value in [*WRONG[TYPES[name]], *own]:
        with pytest.raises(SettingsError, match="NIGHTSHIFT_") as wrong:
            of_variable(monkeypatch, {name: value})
        assert f"Correct {name} in the Airflow Variable ns (UI: Admin, Variables" in wrong.value.next_action, value


@pytest.mark.parametrize("name", sorted(WRONG_TEXTS))
def test_the_same_value_in_the_environment_is_the_environments_to_correct(name, monkeypatch):
    value = WRONG_TEXTS[name]
    text = ",".join(value) if isinstance(value, list) else str(value)
    with pytest.raises(SettingsError) as wrong:
        of_variable(monkeypatch, {"owner": "us"}, **{f"NIGHTSHIFT_{name.upper()}": text})
    assert wrong.value.next_action == SettingsError.next_action
    own = of_variable(monkeypatch, {name: value}, **{f"NIGHTSHIFT_{name.upper()}": ""})
    assert getattr(own, name) == FIELDS[name].default, "the environment wins, as before"


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("{core_units: 4}", "The Airflow Variable ns is not JSON: "),
        ('["core_units"]', "The Airflow Variable ns is not a JSON object"),
        ("4", "The Airflow Variable ns is not a JSON object"),
        ({"core_unit": 4}, r"Unknown settings NIGHTSHIFT_CORE_UNIT\. Did you mean core_units\?"),
        ({"variable": "other"}, "The Airflow Variable ns sets variable, too late"),
        ({"pipelines": "/own"}, "The Airflow Variable ns sets pipelines, too late"),
    ],
)
def test_an_airflow_variable_that_holds_no_settings_is_one_sentence(value, words, monkeypatch):
    with pytest.raises(SettingsError, match=words) as wrong:
        of_variable(monkeypatch, value)
    assert wrong.value.next_action != SettingsError.next_action


def test_an_airflow_variable_that_is_not_there_is_refused_rather_than_passed_over(monkeypatch):
    monkeypatch.delenv("AIRFLOW_VAR_NS", raising=False)
    with pytest.raises(
        SettingsError, match="NIGHTSHIFT_VARIABLE is 'ns': no such Airflow Variable can be read"
    ) as wrong:
        config.load({"NIGHTSHIFT_VARIABLE": "ns"})
    assert wrong.value.next_action.endswith("or unset NIGHTSHIFT_VARIABLE.")


def test_an_airflow_variable_holds_what_json_has(monkeypatch):
    given = {"core_units": 7, "deferrable": False, "core_types": ["m5.xlarge", "m6i.xlarge"], "language": None}
    settings = of_variable(monkeypatch, {**given, "Poll_Seconds": "2.5"})
    assert (settings.core_units, settings.deferrable, settings.poll_seconds) == (7, False, 2.5)
    assert (settings.core_types, settings.language) == (("m5.xlarge", "m6i.xlarge"), "en")


def test_the_triggerers_loop_does_not_wait_for_an_airflow_variable(monkeypatch):
    """Its read may take seconds, in which no other wait of that triggerer would go on."""

    settings = config.load({})

    def blocking():
        with pytest.raises(RuntimeError):
            asyncio.get_running_loop()
        return settings

    monkeypatch.setattr(config, "load", blocking)
    monkeypatch.setattr(triggers, "PROBES", {"there": lambda _settings: {"ready": True}})
    monkeypatch.setattr(deadline.topic, "publish", lambda *_: None)
    trigger = triggers.ProbeTrigger("there", {}, poll_seconds=0, deadline=0)

    async def fired():
        await deadline.late("06:00", "acme")
        return [event.payload async for event in trigger.run()]

    assert asyncio.run(fired()) == [{"ready": True}]


def test_the_names_of_compute_targets_are_those_of_the_registry():
    assert set(config.COMPUTE) == set(TARGETS)


@pytest.mark.parametrize("minutes", ["179", "1441"])
def test_a_time_limit_that_cuts_a_step_off_or_outlives_the_runs_lease_is_refused(minutes):
    with pytest.raises(SettingsError, match=r"between NIGHTSHIFT_STEP_TIMEOUT_MINUTES, 180, and .*_HOURS, 1440"):
        config.load({"NIGHTSHIFT_CLUSTER_LIMIT_MINUTES": minutes})


def test_a_cluster_of_two_architectures_is_refused_because_emr_builds_it_from_one_image():
    with pytest.raises(SettingsError, match="mix arm64 and x86_64"):
        config.load({"NIGHTSHIFT_TASK_TYPES": "m7g.xlarge"})
    with pytest.raises(SettingsError, match="mix arm64 and x86_64"):
        config.load({"NIGHTSHIFT_SPARE_TYPES": "r7g.xlarge"})
    graviton = {f"NIGHTSHIFT_{role}_TYPES": "m6g.xlarge,m7g.xlarge,c7gn.xlarge" for role in ("PRIMARY", "CORE", "TASK")}
    assert config.load(graviton).types == ("m6g.xlarge", "m7g.xlarge", "c7gn.xlarge")


def test_the_pipelines_lie_beside_the_folder_that_the_environment_names():
    """They are read when the library is imported, so an environment of its own tells it."""
    code = "from nightshift import config as c; print(*c.PIPELINE_FOLDERS, c.load({}).jobs_dir, c.load({}).jdbc_dir)"
    library = str(Path(config.__file__).parents[1])
    env = {"PYTHONPATH": library, "NIGHTSHIFT_INCLUDE_DIR": "/dags/include"}
    told = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True).stdout
    assert told.split() == ["/dags/pipelines", "/dags/include/spark_jobs", "/dags/include/jdbc"]
