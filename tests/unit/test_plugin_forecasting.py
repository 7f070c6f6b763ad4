"""The coming day: slots, workers, memory, and the herd."""

from datetime import UTC, datetime, timedelta
from typing import Any
from xml.etree import ElementTree as ET

from hypothesis import given
from hypothesis import strategies as st

from scheduledtask_operator.plugin.forecasting import forecast
from scheduledtask_operator.plugin.picture import PANELS, notes, svg_picture, text_picture

NOW = datetime(2026, 11, 23, 0, 0, tzinfo=UTC)
GIB = 1024**3


def task(name: str, schedule: str | None, *, heavy: bool = False, **spec: Any) -> dict[str, Any]:
    status: dict[str, Any] = {"class": "Heavy" if heavy else "Light"}
    if heavy:
        status["worker"] = {"pool": name, "memoryRequest": "2Gi", "runsPerPod": 1}
    metadata = {"name": name, "namespace": "team", "creationTimestamp": "2026-11-01T00:00:00Z"}
    return {"metadata": metadata, "spec": {"schedule": schedule, **spec}, "status": status}


def test_slots_fall_into_their_quarter_of_an_hour() -> None:
    day = forecast([task("a", "0 2 * * *"), task("b", "10,20 2 * * *", heavy=True)], NOW, bins=96)

    assert {each.start.hour * 60 + each.start.minute: each.light_slots for each in day.bins if each.light_slots} == {
        120: 1
    }
    assert [each.heavy_slots for each in day.bins if each.heavy_slots] == [1, 1]
    assert day.herd is None


def test_a_day_has_as_many_slots_as_it_has_and_each_interval_the_same() -> None:
    assert {each.light_slots for each in forecast([task("a", "*/5 * * * *")], NOW, bins=96).bins[1:]} == {3}


def test_workers_are_there_from_before_a_slot_until_they_were_idle_long_enough() -> None:
    heavy = task("train", "0 2 * * *", heavy=True, profile={"duration": "1h"}, worker={"idleSeconds": 600})
    day = forecast([heavy], NOW, bins=96)

    busy = [each.start.strftime("%H:%M") for each in day.bins if each.workers]
    assert (busy[0], busy[-1], len(busy)) == ("01:45", "03:00", 6)
    assert {each.memory_bytes for each in day.bins if each.workers} == {2 * GIB}


def test_no_more_workers_than_the_pool_may_have() -> None:
    shared = [task(f"t{at}", "0 2 * * *", heavy=True, worker={"pool": "all", "maxReplicas": 2}) for at in range(5)]
    for each in shared:
        each["status"]["worker"]["pool"] = "all"

    assert max(each.workers for each in forecast(shared, NOW, bins=96).bins) == 2


def test_runs_that_may_not_overlap_take_one_worker() -> None:
    often = task("often", "*/5 * * * *", heavy=True, profile={"duration": "1m"}, worker={"maxReplicas": 9})
    assert {each.workers for each in forecast([often], NOW, bins=96).bins} == {1}


def test_the_herd_is_the_second_with_the_most_slots() -> None:
    day = forecast([task(f"t{at}", "0 3 * * *") for at in range(7)] + [task("x", "0 4 * * *")], NOW, bins=96)

    assert day.herd is not None
    assert (day.herd.time, len(day.herd.tasks)) == (NOW + timedelta(hours=3), 7)
    assert any("and 2 more" in note for note in notes(day))
    assert any("jitterSeconds" in note for note in notes(day))


def test_what_has_no_slots_is_counted() -> None:
    day = forecast([task("a", None), task("b", "0 2 * * *", suspend=True)], NOW, bins=96)

    assert (day.suspended, day.unscheduled) == (1, 1)
    assert not any(each.light_slots for each in day.bins)


def test_heavy_tasks_whose_duration_nobody_knows_are_named() -> None:
    assert forecast([task("who", "0 2 * * *", heavy=True)], NOW, bins=96).undeclared == ("team/who",)


def test_a_task_of_a_slot_each_second_is_spread_and_not_listed() -> None:
    day = forecast([task("tick", "* * * * * *")], NOW, bins=96)

    assert day.spread == ("team/tick",)
    assert abs(sum(each.light_slots for each in day.bins) - 86_400) < 1_000


@given(st.lists(st.sampled_from(["0 2 * * *", "*/7 * * * *", "@every 90m", "15 9-17 * * 1-5", "nonsense"]), max_size=6))
def test_pictures_hold_any_day(schedules: list[str]) -> None:
    tasks = [task(f"t<{at}>", schedule, heavy=bool(at % 2)) for at, schedule in enumerate(schedules)]
    day = forecast(tasks, NOW, bins=48)

    picture = text_picture(day)
    assert len(picture) == len(PANELS) + 1
    assert all(len(line) >= 48 for line in picture[:-1])
    ET.fromstring(svg_picture(day))  # noqa: S314  it is our own
