"""The real Airflow against a localcloud, shared by this folder."""

import pytest

from tests.rig import opened


@pytest.fixture(scope="module")  # an idle Airflow is a fifth of a core
def rig(tmp_path_factory):
    settings = {"NIGHTSHIFT_RETRIES": "0", "NIGHTSHIFT_API_TRIES": "2"}
    with opened(tmp_path_factory.mktemp("scheduler"), settings) as rig:
        yield rig
