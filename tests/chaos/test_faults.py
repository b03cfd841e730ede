"""Every fault of localcloud, and a dead Airflow: the night gets over it or says what happened, and nothing is left."""

import pytest

pytestmark = [pytest.mark.scheduler, pytest.mark.spark, pytest.mark.terraform, pytest.mark.timeout(1500)]


def test_what_a_dead_airflow_leaves_a_shell_reaps(ground, reaped):
    ground.play(reaped)


def test_a_fault_of_aws_is_got_over_or_told_and_nothing_is_left(ground, faulty):
    ground.play(faulty)
