"""Redis goes away under load, for a moment or for minutes: scheduler and workers come back by themselves, and no run is
lost or doubled.

The servers have no ACL file, so each start forgets the workers' users, and the scheduler makes them anew.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.integration.scheduler.control_plane import ControlPlane
from tests.integration.scheduler.rig import Rig, heavy_job, light_job
from tests.integration.worker.heavy_engine import Worker
from tests.services.pool_workers import NAMESPACE, USER, let_in, start_worker
from tests.services.redis_nodes import Node, Sentinels, await_true

from scheduledtask_workloads.contract import Job
from scheduledtask_workloads.contract.messages import RequestRun, StopFiring
from scheduledtask_workloads.contract.redis_endpoint import RedisEndpoint

LIGHT = [f"pulse-{number}" for number in range(4)]  # each second
HEAVY = [f"model-{number}" for number in range(2)]  # each other second
UNDER_WAY = ["ends-meanwhile", "outlasts-it"]  # heavy bodies that have begun when Redis goes
RUNS = 3  # of each task, before and after
WORKER_LEASE_SECONDS = 3
AWAY_SECONDS = {"a restart": 0.0, "longer than a lease": 5.0 * WORKER_LEASE_SECONDS}
TEN_MINUTES_SECONDS = 600.0
BACK_SECONDS = 90.0


@dataclass(frozen=True)
class Place:
    """A Redis that can be taken away. `nodes` are those that know users."""

    rig: Rig
    endpoint: RedisEndpoint
    nodes: list[Node]
    stop: Callable[[], None]
    start: Callable[[], None]


@pytest.fixture(params=["one server", "Sentinels"])
def place(request: pytest.FixtureRequest, rig_folder: Path, trusted: None) -> Iterator[Place]:
    if request.param == "one server":
        server: Node = request.getfixturevalue("tls_server")
        with Rig(rig_folder, server.url) as rig:
            yield Place(rig, server.endpoint, [server], server.kill, server.start)
    else:
        group: Sentinels = request.getfixturevalue("sentinels")
        with Rig(rig_folder, group.url) as rig:
            yield Place(rig, group.endpoint, group.servers, group.stop, group.start)


@dataclass(frozen=True)
class Load:
    """Light and heavy runs under way; everything that is asserted is read from what bodies wrote."""

    place: Place
    control: ControlPlane
    workers: list[Worker]

    @property
    def rig(self) -> Rig:
        return self.place.rig

    def await_runs(self, names: list[str], what: str) -> None:
        """Each of `names` completes RUNS more."""
        done = {name: len(self.rig.completed(name)) for name in names}
        self.rig.await_true(
            lambda: all(len(self.rig.completed(name)) >= done[name] + RUNS for name in names),
            f"{what}\n{self.workers[0].log[-3000:]}",
            BACK_SECONDS,
        )

    def begun_after(self, names: list[str], instant: float) -> float:
        """Seconds from then to the first body."""
        begun = [event["at"] for name in names for event in self.rig.bodies(name) if event["event"] == "begin"]
        return min(at for at in begun if at > instant) - instant

    def worst_delay_seconds(self, names: list[str], since: float, until: float) -> float:
        """From slot to first line."""
        begun = [event for name in names for event in self.rig.bodies(name) if event["event"] == "begin"]
        return max(event["at"] - event["slot"] for event in begun if since < event["at"] < until)

    def unaccounted(self, name: str, every_seconds: int) -> int:
        """Slots between the first and the last for which neither a body began nor a skip was told."""
        seen = {event["slot"] for event in self.rig.bodies(name) if event["event"] == "begin"}
        due = set(range(min(seen), max(seen) + 1, every_seconds))
        return max(0, len(due - seen) - self.skipped(name))

    def skipped(self, name: str) -> int:
        return sum(skip.count for skip in self.control.skipped(name))

    def skipped_why(self, names: list[str]) -> dict[str, int]:
        """How many slots of all of these, by the reason that was told."""
        why: Counter[str] = Counter()
        for skip in (skip for name in names for skip in self.control.skipped(name)):
            why[skip.reason.value] += skip.count
        return dict(why)

    def all_ended(self) -> bool:
        names = [*LIGHT, *HEAVY, *UNDER_WAY]
        return all(len(self.rig.begun(name)) == len(self.rig.completed(name)) for name in names)


def sleeper(name: str, seconds: float) -> Job:
    return heavy_job(name, "sleeps", every=None, arguments={"seconds": seconds}, timeout_seconds=3 * seconds + 60)


@contextmanager
def load_on(place: Place, folder: Path, away_seconds: float) -> Iterator[Load]:
    """Everything runs, also the bodies that Redis will leave. The workers are killed in the end."""
    control = place.rig.start()
    under_way = [sleeper(UNDER_WAY[0], max(3.0, away_seconds / 2)), sleeper(UNDER_WAY[1], away_seconds + 15)]
    heavy = [heavy_job(name, every="*/2 * * * * *") for name in HEAVY]
    control.hand_over([*map(light_job, LIGHT), *heavy, *under_way], grant_seconds=away_seconds + 600)
    let_in(control)
    workers = [start_worker(place.endpoint, folder / f"worker-{number}.log", f"pod-{number}") for number in (0, 1)]
    load = Load(place, control, workers)
    try:
        load.await_runs(LIGHT + HEAVY, "they run")
        control.say(*(RequestRun(namespace=NAMESPACE, name=name, run_id=f"{name}-run") for name in UNDER_WAY))
        place.rig.await_true(lambda: all(place.rig.begun(name) for name in UNDER_WAY), "the bodies that are left", 30)
        yield load
    finally:
        for worker in workers:
            worker.kill()


def take_away(load: Load, away_seconds: float) -> float:
    """For so long; the instant at which it answers again."""
    load.place.stop()
    back_at = time.monotonic() + away_seconds
    await_true(lambda: time.monotonic() >= back_at, lambda: "the outage", away_seconds + 60)
    load.place.start()
    return time.time()


def survive(place: Place, folder: Path, away_seconds: float) -> Load:
    """The whole of it; returns when nothing runs any more."""
    with load_on(place, folder, away_seconds) as load:
        gone_at = time.time()
        back_at = take_away(load, away_seconds)
        load.await_runs(LIGHT + HEAVY, "they go on")
        load.control.say(StopFiring())
        place.rig.await_true(load.all_ended, f"all end\n{load.workers[0].log[-3000:]}", BACK_SECONDS)
        assert [worker.process.poll() for worker in load.workers] == [None, None]
        assert all(USER in node.users() for node in place.nodes)
        control = load.control
        control.await_true(lambda: control.status().redis_reachable and not control.status().redis_problem)
    tell(load, gone_at, back_at)
    return load


def tell(load: Load, gone_at: float, back_at: float) -> None:
    """The figures of docs/redis.md."""
    doubled = [run for name in [*LIGHT, *HEAVY, *UNDER_WAY] for run in load.rig.doubled(name)]
    heavy_seconds, light_seconds = (
        load.begun_after(HEAVY, back_at),
        load.worst_delay_seconds(LIGHT, gone_at, back_at + 5),
    )
    print(
        f"\naway {back_at - gone_at:.1f} s: the first heavy body {heavy_seconds:.1f} s after it was back,"
        f" heavy slots told as skipped {load.skipped_why(HEAVY)};"
        f" light bodies at most {light_seconds:.2f} s late, skipped {load.skipped_why(LIGHT)}; doubled {doubled}"
    )


def assert_once(load: Load) -> None:
    for name, every_seconds in [*((name, 1) for name in LIGHT), *((name, 2) for name in HEAVY)]:
        assert not load.rig.doubled(name), name
        assert not load.unaccounted(name, every_seconds), name
    assert [load.rig.begun(name) for name in UNDER_WAY] == [[f"{name}-run"] for name in UNDER_WAY]


@pytest.mark.parametrize(
    ("place", "length"),
    [
        ("one server", "a restart"),
        ("one server", "longer than a lease"),
        ("Sentinels", "a restart"),
        pytest.param("Sentinels", "longer than a lease", marks=pytest.mark.long),
    ],
    indirect=["place"],
)
def test_nothing_is_lost_and_nothing_runs_twice(
    place: Place, rig_folder: Path, monkeypatch: pytest.MonkeyPatch, length: str
) -> None:
    monkeypatch.setenv("SCHEDULEDTASK_BODY_JOURNAL", str(place.rig.journal))

    assert_once(survive(place, rig_folder, AWAY_SECONDS[length]))


@pytest.mark.long
def test_nor_when_it_is_away_for_ten_minutes(place: Place, rig_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SCHEDULEDTASK_BODY_JOURNAL", str(place.rig.journal))

    assert_once(survive(place, rig_folder, TEN_MINUTES_SECONDS))
