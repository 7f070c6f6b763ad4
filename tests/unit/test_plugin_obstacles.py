"""Why a task does not run, in words: each cause by itself."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from scheduledtask_operator.api.conditions import REASON_NOTES, ConditionReason, ConditionStatus, ConditionType
from scheduledtask_operator.plugin.facts import Facts
from scheduledtask_operator.plugin.obstacles import Obstacle, obstacles

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


def at(seconds: float) -> str:
    return (NOW + timedelta(seconds=seconds)).isoformat().replace("+00:00", "Z")


def lease(age_seconds: float = 1, holder: str = "pod-0") -> dict[str, Any]:
    spec = {"holderIdentity": holder, "leaseDurationSeconds": 10, "renewTime": at(-age_seconds)}
    return {"metadata": {"name": "operator", "namespace": "system"}, "spec": spec}


def task(
    reason: str = "Scheduled", message: str = "", *, spec: dict[str, Any] | None = None, **status: Any
) -> dict[str, Any]:
    known = {note.status for name, note in REASON_NOTES.items() if name == reason}
    ready = {"type": "Ready", "status": str(next(iter(known))), "reason": reason, "message": message}
    base = {"conditions": [ready], "nextRunTime": at(600), "observedGeneration": 1, "class": "Light"}
    metadata = {"name": "report", "namespace": "team", "generation": 1, "creationTimestamp": at(-3600)}
    return {
        "metadata": metadata,
        "spec": {"schedule": "0 * * * *", "task": "report", **(spec or {})},
        "status": {**base, **status},
    }


def found(facts: Facts) -> list[Obstacle]:
    return obstacles(facts, NOW)


def only(given: dict[str, Any], **facts: Any) -> Obstacle:
    [obstacle] = found(Facts(given, **{"lease": lease(), **facts}))
    return obstacle


def test_suspended() -> None:
    obstacle = only(task("Suspended", spec={"suspend": True}))

    assert (obstacle.reason, obstacle.fix) == ("Suspended", "kubectl scheduledtask resume report")
    assert "it is suspended" in obstacle.text


def test_namespace_paused() -> None:
    namespace = {"metadata": {"annotations": {"scheduledtask.dev/paused": "true"}}}
    assert only(task("NamespacePaused"), namespace=namespace).reason == "NamespacePaused"
    assert only(task("NamespacePaused")).reason == "NamespacePaused"


@pytest.mark.parametrize(
    ("reason", "message"),
    [
        ("BadManifest", "spec.schedule: 'x' has 1 field, write five"),
        ("CatalogPending", "the catalog pod of me/worker runs"),
        ("LightNotAllowed", "team/report is not listed"),
        ("UnknownTask", "reprot; did you mean report?"),
    ],
)
def test_not_ready_in_the_words_of_the_condition(reason: str, message: str) -> None:
    obstacle = only(task(reason, message))

    note = REASON_NOTES[ConditionReason(reason)]
    assert (obstacle.reason, obstacle.fix) == (reason, note.remedy)
    assert note.meaning in obstacle.text
    assert message in obstacle.text


def test_every_reason_that_is_not_ready_blocks() -> None:
    for reason, note in REASON_NOTES.items():
        if note.type is ConditionType.READY and note.status is not ConditionStatus.TRUE:
            assert only(task(reason)).blocks


def test_a_field_that_is_not_supported_yet() -> None:
    obstacle = only(task("BadManifest", "spec.exclude is not supported yet; remove it"))

    assert obstacle.reason == "NotSupported"
    assert "spec.exclude is not supported yet" in obstacle.text


@pytest.mark.parametrize("cause", ["StartingDeadlineExceeded", "Overlap", "NotCaughtUp"])
def test_slots_that_were_skipped_are_told_with_their_cause_and_do_not_block(cause: str) -> None:
    note = f"1 slot of 2026-11-23T11:00:00Z skipped: {cause}"
    event = {"reason": "SlotsSkipped", "message": note, "eventTime": at(-60)}

    skipped, waiting = found(Facts(task(), lease=lease(), events=(event,)))

    assert (skipped.reason, skipped.blocks, waiting.reason) == (cause, False, "Waiting")
    assert note in skipped.text
    assert "1m ago" in skipped.text


def test_slots_skipped_long_ago_are_not_told() -> None:
    event = {"reason": "SlotsSkipped", "message": "skipped: Overlap", "eventTime": at(-7200)}
    assert only(task(), events=(event,)).reason == "Waiting"


@pytest.mark.parametrize(
    ("policy", "words", "blocks"),
    [("Forbid", "are skipped", True), ("Queue", "wait for its end", True), ("Replace", "ends it", False)],
)
def test_blocked_by_overlap(policy: str, words: str, blocks: bool) -> None:
    active = [{"run": "report-1", "state": "Started", "startTime": at(-90)}]

    obstacle = found(Facts(task(spec={"concurrencyPolicy": policy}, active=active), lease=lease()))[0]

    assert (obstacle.reason, obstacle.blocks) == ("Overlap", blocks)
    assert "run report-1 (Started, started 1m30s ago)" in obstacle.text
    assert words in obstacle.text


def test_runs_below_the_limit_do_not_block() -> None:
    active = [{"run": "report-1", "state": "Started", "startTime": at(-90), "host": "pod-7"}]
    assert only(task(spec={"maxConcurrency": 2}, active=active)).text == "it runs: report-1, since 1m30s ago on pod-7"


def heavy(**worker: Any) -> dict[str, Any]:
    return task(**{"class": "Heavy", "worker": {"pool": "report", "desired": 1, "ready": 0, **worker}})


def test_no_worker_and_why_its_pod_is_pending() -> None:
    condition = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "no memory left"}
    pod = {"metadata": {"name": "stask-report-x"}, "status": {"phase": "Pending", "conditions": [condition]}}

    obstacle = only(heavy(), pods=(pod,))

    assert obstacle.reason == "NoWorker"
    assert obstacle.text == "no worker of pool report is up: Unschedulable: no memory left"


def test_no_worker_as_the_status_tells_it_to_one_who_may_not_see_pods() -> None:
    assert "ErrImagePull" in only(heavy(problem="ErrImagePull: no such image")).text


def test_workers_that_are_not_even_made() -> None:
    refused = {"type": "ReplicaFailure", "status": "True", "reason": "FailedCreate", "message": "exceeded quota"}
    assert "exceeded quota" in only(heavy(), deployment={"status": {"conditions": [refused]}}, pods=()).text


def test_workers_at_zero_are_no_obstacle_while_nothing_is_due() -> None:
    assert only(heavy(desired=0)).reason == "Waiting"


def test_redis_that_is_unfit() -> None:
    ready = task()["status"]["conditions"][0]
    degraded = {"type": "Degraded", "status": "True", "reason": "RedisUnfit", "message": "WRONGPASS"}
    light_task, heavy_task = (task(**{"conditions": [ready, degraded], "class": each}) for each in ("Light", "Heavy"))

    told = found(Facts(light_task, lease=lease()))
    assert [(each.reason, each.blocks) for each in told] == [("RedisDown", False), ("Waiting", False)]
    assert only(heavy_task).blocks
    assert "WRONGPASS" in only(heavy_task).text


def test_redis_that_is_down_as_the_status_tells_it_to_one_who_may_not_see_it() -> None:
    ready = task()["status"]["conditions"][0]
    degraded = {"type": "Degraded", "status": "True", "reason": "RedisDown", "message": "Redis does not answer"}
    light_task, heavy_task = (task(**{"conditions": [ready, degraded], "class": each}) for each in ("Light", "Heavy"))

    told = found(Facts(light_task, lease=lease()))
    obstacle = only(heavy_task)

    assert [(each.reason, each.blocks) for each in told] == [("RedisDown", False), ("Waiting", False)]
    assert "light slots go on without it" in told[0].text
    assert (obstacle.reason, obstacle.blocks) == ("RedisDown", True)
    assert "heavy runs do not start without it): Redis does not answer" in obstacle.text
    assert "redis-unreachable.md" in obstacle.fix


def test_redis_pods_that_are_not_ready() -> None:
    pod = {"metadata": {"name": "redis-0", "namespace": "system"}, "status": {"phase": "Running", "conditions": []}}
    obstacle = only(task(**{"class": "Heavy"}), redis_pods=(pod,))

    assert obstacle.reason == "RedisDown"
    assert obstacle.fix.startswith("kubectl describe pods -n system")


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        ({"lease": lease(60)}, "was last renewed 1m ago, by pod-0"),
        ({"lease": lease(holder="")}, "is held by nobody"),
        ({"lease": None, "lease_is_missing": True}, "there is no Lease"),
    ],
)
def test_no_leader(facts: dict[str, Any], words: str) -> None:
    obstacle = only(task(), **facts)

    assert obstacle.reason == "NoLeader"
    assert words in obstacle.text


def test_who_may_not_see_the_lease_learns_of_a_missing_leader_by_a_slot_that_passed() -> None:
    assert only(task(nextRunTime=at(-600)), lease=None).reason == "NoLeader"
    assert only(task(nextRunTime=at(-20)), lease=None).reason == "Waiting"
    assert only(task(nextRunTime=at(-600)), lease=lease()).reason == "Waiting"


def test_one_that_no_operator_has_seen() -> None:
    unseen = {**task(), "status": {}}
    assert only(unseen).reason == "Unseen"
    assert "1h ago" in only(unseen).text


def test_a_change_that_was_not_looked_at_yet() -> None:
    changed = task()
    changed["metadata"]["generation"] = 2
    assert "its last change" in only(changed).text


def test_several_obstacles_are_all_told_the_weightiest_first() -> None:
    told = found(Facts(task("BadManifest", "bad", spec={"suspend": True}), lease=lease(60)))
    assert [each.reason for each in told] == ["NoLeader", "BadManifest", "Suspended"]


def test_what_nothing_is_in_the_way_of_says_what_it_waits_for() -> None:
    assert only(task()).text == "nothing is in its way; it waits for its slot in 10m"
    assert "waits to be asked" in only(task("OnDemand", nextRunTime=None, spec={"schedule": None})).text
    assert only(task("NoMoreSlots", nextRunTime=None)).reason == "NoMoreSlots"


def test_a_run_between_two_attempts() -> None:
    active = [{"run": "report-1", "state": "Waiting", "retryTime": at(30)}]
    told = only(task(spec={"concurrencyPolicy": "Allow"}, active=active))
    assert told.text == "run report-1 waits for its next attempt, in 30s"
