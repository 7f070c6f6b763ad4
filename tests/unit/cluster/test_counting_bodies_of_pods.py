"""What the tests on a cluster count: due, ran, lost and doubled, from the lines that bodies wrote."""

import json
from datetime import UTC, datetime
from typing import Any

from tests.cluster.body_journal import count, due, parse_bodies


def line(event: str, at: float, *, slot: int = 60, attempt: int = 1, pid: int = 7, state: str = "Started") -> str:
    fields: dict[str, Any] = {"event": event, "namespace": "team", "name": "report", "run_id": f"s{slot}"}
    return json.dumps({**fields, "attempt": attempt, "slot": slot, "pid": pid, "at": at, "state": state})


def ended(at: float, **fields: Any) -> str:
    return line("end", at, state="Succeeded", **fields)


def test_a_slot_that_a_body_completed_has_run() -> None:
    found = count(parse_bodies([line("begin", 60.1), ended(61)]), {60})

    assert (found.ran, found.lost, found.doubled) == ({60}, set(), set())


def test_a_slot_without_a_completed_body_is_lost() -> None:
    lines = [line("begin", 60.1), line("begin", 120.1, slot=120), line("end", 121, slot=120, state="Failed")]

    found = count(parse_bodies(lines), {60, 120, 180})

    assert found.lost == {60, 120, 180}


def test_a_killed_body_and_its_second_attempt_are_one_run() -> None:
    lines = [line("begin", 60.1), line("begin", 75, attempt=2, pid=9), ended(76, attempt=2, pid=9)]

    found = count(parse_bodies(lines), {60})

    assert (found.ran, found.doubled) == ({60}, set())


def test_bodies_that_overlapped_are_doubled_even_if_one_failed() -> None:
    lines = [line("begin", 60.1), line("begin", 62, attempt=2, pid=9), ended(63), line("end", 64, attempt=2, pid=9)]

    assert count(parse_bodies(lines), {60}).doubled == {60}


def test_two_that_completed_one_after_the_other_are_doubled() -> None:
    lines = [line("begin", 60.1), ended(61), line("begin", 62, attempt=2, pid=9), ended(63, attempt=2, pid=9)]

    assert count(parse_bodies(lines), {60}).doubled == {60}


def test_the_same_attempt_in_two_pods_is_doubled_though_their_process_ids_are_equal() -> None:
    lines = [line("begin", 60.1), line("begin", 60.2), ended(61), ended(61.5)]

    assert count(parse_bodies(lines), {60}).doubled == {60}


def test_a_slot_that_was_not_due_does_not_count() -> None:
    found = count(parse_bodies([line("begin", 60.1), ended(61)]), set())

    assert (found.ran, found.lost, found.doubled) == (set(), set(), set())


def test_the_slots_that_are_due_come_from_the_schedule() -> None:
    after, until = datetime(2026, 3, 1, 12, 0, tzinfo=UTC), datetime(2026, 3, 1, 12, 0, 30, tzinfo=UTC)

    slots = due("team", "report", "*/10 * * * * *", after, until)

    assert slots == {int(after.timestamp()) + seconds for seconds in (10, 20, 30)}
