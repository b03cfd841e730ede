"""Every task x what befalls it: nothing is left, what is told is true, gold is whole, the same date runs again."""

import pytest

pytestmark = [pytest.mark.scheduler, pytest.mark.spark, pytest.mark.terraform, pytest.mark.timeout(1500)]


def test_a_task_that_is_struck_leaves_nothing_and_the_truth_is_told(ground, struck):
    ground.play(struck)
