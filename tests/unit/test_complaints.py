"""What lasts is said, and not said for ever: an outage of ten minutes made thousands of lines in each worker's log."""

import logging

import pytest

from scheduledtask_workloads.worker.complaint import REPEAT_SECONDS, Complaint


@pytest.fixture
def complaint() -> Complaint:
    return Complaint(logging.getLogger("tried"))


def test_the_same_is_said_once_and_then_now_and_again(complaint: Complaint, caplog: pytest.LogCaptureFixture) -> None:
    for tenth in range(int(REPEAT_SECONDS * 10) + 1):
        complaint.say("away", 100.0 + tenth / 10)

    assert caplog.messages == ["away", "away"]


def test_other_words_are_said_at_once(complaint: Complaint, caplog: pytest.LogCaptureFixture) -> None:
    for words in ("refused", "no such user", "no such user"):
        complaint.say(words, 100.0)

    assert caplog.messages == ["refused", "no such user"]


def test_what_comes_again_is_said_at_once(complaint: Complaint, caplog: pytest.LogCaptureFixture) -> None:
    complaint.say("away", 100.0)
    complaint.is_over()
    complaint.say("away", 101.0)

    assert caplog.messages == ["away", "away"]
