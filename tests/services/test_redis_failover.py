"""The master is killed under load: Sentinels promote its replica, and nothing is lost or runs twice."""

import time
from pathlib import Path

import pytest
from tests.integration.scheduler.control_plane import ControlPlane
from tests.integration.scheduler.rig import Rig, heavy_job, light_job
from tests.services.pool_workers import USER, let_in, start_worker
from tests.services.redis_nodes import MASTER, Sentinels, await_true

from scheduledtask_workloads.contract.messages import NamespaceUserRemoved, StopFiring
from scheduledtask_workloads.contract.redis_endpoint import RedisEndpoint

LIGHT = [f"pulse-{number}" for number in range(4)]
HEAVY = [f"model-{number}" for number in range(2)]
RUNS_BEFORE, RUNS_AFTER = 3, 4
FAILOVER_SECONDS = 60.0


def slots(rig: Rig, name: str) -> list[int]:
    return [event["slot"] for event in rig.bodies(name) if event["event"] == "begin"]


def missing(rig: Rig, control: ControlPlane, name: str, every_seconds: int) -> set[int]:
    """Slots between the first and the last that no body began for, but for those that are told as skipped."""
    seen = slots(rig, name)
    due = set(range(seen[0], seen[-1] + 1, every_seconds)) - set(seen)
    skipped = sum(skip.count for skip in control.skipped(name))
    return due if len(due) > skipped else set()


def fail_over(sentinels: Sentinels) -> float:
    """Kill the master; how many seconds until the other one is."""
    began = time.monotonic()
    old, new = sorted(sentinels.servers, key=lambda node: node.role() != "master")
    old.kill()
    await_true(lambda: new.role() == "master", lambda: "the replica was not promoted", FAILOVER_SECONDS)
    return time.monotonic() - began


def test_nothing_is_lost_and_nothing_runs_twice(
    sentinel_rig: Rig, sentinels: Sentinels, rig_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rig = sentinel_rig
    monkeypatch.setenv("SCHEDULEDTASK_BODY_JOURNAL", str(rig.journal))
    control = rig.start()
    heavy = [heavy_job(name, every="*/2 * * * * *") for name in HEAVY]
    control.hand_over([*(light_job(name) for name in LIGHT), *heavy], grant_seconds=300)
    let_in(control)
    workers = [
        start_worker(sentinels.endpoint, rig_folder / f"worker-{number}.log", f"pod-{number}") for number in (0, 1)
    ]
    try:
        rig.await_true(lambda: all(len(rig.completed(name)) >= RUNS_BEFORE for name in LIGHT + HEAVY), "they run", 40)

        promoted_seconds = fail_over(sentinels)
        promoted_at = time.time()
        done = {name: len(rig.completed(name)) for name in LIGHT + HEAVY}
        rig.await_true(
            lambda: all(len(rig.completed(name)) >= done[name] + RUNS_AFTER for name in LIGHT + HEAVY),
            f"they go on\n{workers[0].log[-3000:]}",
            FAILOVER_SECONDS,
        )
        resumed_seconds = min(begun_after(rig, name, promoted_at) for name in HEAVY) - promoted_at
        print(f"promoted after {promoted_seconds:.1f} s, the first heavy body {resumed_seconds:.1f} s later")
        control.say(StopFiring())
        rig.await_true(
            lambda: all(len(slots(rig, name)) == len(rig.completed(name)) for name in LIGHT + HEAVY), "all end", 30
        )
    finally:
        for worker in workers:
            worker.kill()
    for name in LIGHT + HEAVY:
        assert not rig.doubled(name), name
        assert not missing(rig, control, name, 2 if name in HEAVY else 1), name
    assert control.status().redis_problem == ""


def begun_after(rig: Rig, name: str, after: float) -> float:
    return min(event["at"] for event in rig.bodies(name) if event["event"] == "begin" and event["at"] > after)


def test_a_namespace_s_user_is_known_to_whoever_is_promoted_and_to_who_comes_back(
    sentinel_rig: Rig, sentinels: Sentinels
) -> None:
    control = sentinel_rig.start_scheduler()
    control.hand_over([])
    let_in(control)
    first, second = sentinels.servers
    await_true(lambda: USER in first.users() and USER in second.users(), lambda: "the replica does not know the user")

    fail_over(sentinels)
    assert USER in second.users()

    first.start()
    await_true(lambda: USER in first.users(), lambda: f"{sentinel_rig.log[-2000:]}")
    control.say(NamespaceUserRemoved(namespace="team", user=USER))
    await_true(
        lambda: USER not in first.users() + second.users(),
        lambda: (
            f"it stays: {first.users()} {second.users()} {first.role()} {second.role()}\n{sentinel_rig.log[-3000:]}"
        ),
    )


def test_a_master_that_the_sentinels_do_not_know_is_told(rig_folder: Path, sentinels: Sentinels, trusted: None) -> None:
    endpoint = RedisEndpoint.parse(sentinels.url.replace(f"master={MASTER}", "master=other"))
    with Rig(rig_folder, endpoint.url) as rig:
        control = rig.start_scheduler()
        control.await_true(lambda: control.status().redis_problem)

    problem = control.status().redis_problem
    assert problem == "no Sentinel knows a master named 'other', only tasks; correct ?master= in the Redis URL"


def test_a_master_that_hangs_is_left_and_what_it_says_later_counts_no_more(
    sentinel_rig: Rig, sentinels: Sentinels
) -> None:
    rig = sentinel_rig
    control = rig.start()
    control.hand_over([light_job(name) for name in LIGHT], grant_seconds=300)
    rig.await_true(lambda: all(len(rig.completed(name)) >= RUNS_BEFORE for name in LIGHT), "they run", 40)
    old, new = sentinels.servers

    old.freeze()
    try:
        await_true(lambda: new.role() == "master", lambda: "the replica was not promoted", FAILOVER_SECONDS)
        seen = len(rig.completed(LIGHT[0]))
        rig.await_true(lambda: len(rig.completed(LIGHT[0])) >= seen + RUNS_AFTER, "they go on")
        control.await_true(lambda: control.status().redis_reachable)
    finally:
        old.thaw()
    await_true(lambda: old.role() == "slave", lambda: "the old master does not follow")
    seen = len(rig.completed(LIGHT[0]))
    rig.await_true(lambda: len(rig.completed(LIGHT[0])) >= seen + RUNS_AFTER, "they go on")

    assert all(not rig.doubled(name) and not missing(rig, control, name, 1) for name in LIGHT)
