"""Settings come from NIGHTSHIFT_* and say what is wrong with them."""

import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import pytest

from nightshift import config
from nightshift.failures.errors import SettingsError


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
    monkeypatch.setattr("airflow.sdk.Variable.get", lambda name, **_: {"name": "from-variable", "core_units": 9})
    settings = config.load({"NIGHTSHIFT_VARIABLE": "nightshift", "NIGHTSHIFT_NAME": "from-env"})
    assert (settings.name, settings.core_units) == ("from-env", 9)


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
