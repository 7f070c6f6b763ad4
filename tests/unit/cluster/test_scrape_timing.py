"""A scrape lets a burst of tasks go first, and never waits long."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.status_values import NOW, light

from scheduledtask_operator.cluster.metrics import Figures, Metrics
from scheduledtask_operator.cluster.scrape_timing import BURST_SECONDS, BURST_TASKS, wait_seconds
from scheduledtask_operator.control.keyed_queue import KeyedQueue
from scheduledtask_workloads.contract import TaskKey

MOMENT = NOW.timestamp()
TASKS = 10_000


def test_a_burst_that_comes_while_the_scrape_were_made_goes_first() -> None:
    assert wait_seconds([MOMENT + 0.5] * BURST_TASKS, TASKS, MOMENT) == pytest.approx(0.5 + BURST_SECONDS, abs=1e-5)


def test_a_burst_that_has_begun_goes_on_first() -> None:
    assert wait_seconds([MOMENT - 0.1] * BURST_TASKS, TASKS, MOMENT) == pytest.approx(BURST_SECONDS - 0.1, abs=1e-5)


def test_some_tasks_are_no_burst() -> None:
    assert wait_seconds([MOMENT] * (BURST_TASKS - 1), TASKS, MOMENT) == 0


def test_a_burst_later_than_the_scrape_lasts_is_not_waited_for() -> None:
    assert wait_seconds([MOMENT + 0.7] * TASKS, TASKS, MOMENT) == 0


@given(st.lists(st.floats(-5, 5), max_size=30), st.integers(0, 10**6))
def test_it_waits_a_second_at_most(offsets: list[float], tasks: int) -> None:
    due = [MOMENT + offset for offset in offsets for _ in range(100)]

    assert 0 <= wait_seconds(due, tasks, MOMENT) <= 1


def test_the_leaders_scrape_waits_for_the_tasks_that_it_knows_and_a_standbys_does_not() -> None:
    leads = True
    metrics = Metrics(lambda: NOW, lambda key: None, "1.2.3")
    metrics.show(Figures(KeyedQueue(), lambda: leads, "the-lease"))
    for number in range(BURST_TASKS):
        key = TaskKey("team", f"check-{number}")
        metrics.write(key, light(key=key, next_due=NOW + timedelta(milliseconds=10)))
    assert metrics.wait_seconds() == pytest.approx(BURST_SECONDS + 0.01, abs=1e-5)

    leads = False

    assert metrics.wait_seconds() == 0
