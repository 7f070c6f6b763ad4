"""kopf's own lines in our log: what matters, and each once in a while."""

import logging

import pytest

from scheduledtask_operator.cluster.kopf_logs import KopfFilter


@pytest.fixture
def passes() -> KopfFilter:
    return KopfFilter()


def line(text: str, level: int = logging.ERROR, name: str = "kopf._cogs.clients.api") -> logging.LogRecord:
    return logging.LogRecord(name, level, "", 0, text, None, None)


def test_tries_of_the_same_request_are_one_line(passes: KopfFilter) -> None:
    tries = [line(f"Request attempt #{number} failed; will retry: GET /apis/x") for number in range(5)]

    assert [passes.filter(each) for each in tries] == [True, False, False, False, False]
    assert passes.filter(line("Request attempt #6 failed; will retry: GET /api/y"))


def test_what_went_well_is_not_told(passes: KopfFilter) -> None:
    assert not passes.filter(line("Handler 'pods' succeeded.", logging.INFO))


def test_lines_of_our_own_pass(passes: KopfFilter) -> None:
    assert all(passes.filter(line("again", logging.INFO, "scheduledtask_operator.cluster")) for _ in range(3))
