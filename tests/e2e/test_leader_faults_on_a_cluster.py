"""Whatever becomes of the leader, the next slots run within 15 seconds, each once.

Slots are five seconds apart. What ran is counted from the lines that bodies write themselves.
"""

import time
from collections.abc import Callable, Iterator

import pytest
from tests.cluster.cluster import Cluster
from tests.cluster.commands import wait_until
from tests.cluster.installing import Installation, await_ready
from tests.light_load import EVERY_SECONDS, LightLoad, assert_each_slot_ran_once, leader_of, light_load

TAKE_OVER_SECONDS = 15.0
FROZEN_SECONDS = 25.0  # past the Lease of 10 s and the take-over
AFTER_WAKING_SECONDS = 15.0  # three slots, for what woke up to fire them again
Fault = Callable[[str], None]


@pytest.fixture
def load(cluster: Cluster, installation: Installation, namespace: str) -> Iterator[LightLoad]:
    await_ready(cluster, installation.namespace)
    with light_load(cluster, namespace, installation.namespace) as load:
        yield load
    await_ready(cluster, installation.namespace)


@pytest.fixture
def leader(cluster: Cluster, installation: Installation, load: LightLoad) -> str:
    wait_until("a leader", lambda: bool(leader_of(cluster, installation.namespace)), timeout_seconds=60)
    return leader_of(cluster, installation.namespace)


@pytest.fixture
def signal(cluster: Cluster, installation: Installation, leader: str) -> Callable[[str, str], None]:
    def send(name: str, *containers: str) -> None:
        for container in containers:
            cluster.signal_container(installation.namespace, leader, container, name)

    return send


def assert_goes_on(load: LightLoad, fault_at: float) -> None:
    began_at = load.first_begin_after(fault_at, timeout_seconds=60)
    assert began_at - fault_at <= TAKE_OVER_SECONDS + EVERY_SECONDS, f"{began_at - fault_at:.1f} s after the fault"


def test_the_leaders_pod_is_deleted(cluster: Cluster, installation: Installation, load: LightLoad, leader: str) -> None:
    fault_at = time.time()
    cluster.kubectl("delete", "pod", leader, f"--namespace={installation.namespace}", "--wait=false")

    assert_goes_on(load, fault_at)
    assert_each_slot_ran_once(load.counts(load.settle()))


@pytest.mark.long
@pytest.mark.parametrize("container", ["operator", "scheduler", "runners"])
def test_a_container_of_the_leader_is_killed(load: LightLoad, signal: Callable[..., None], container: str) -> None:
    fault_at = time.time()
    signal("KILL", container)

    assert_goes_on(load, fault_at)
    assert_each_slot_ran_once(load.counts(load.settle()))


@pytest.mark.long
@pytest.mark.parametrize("containers", [("operator",), ("scheduler",), ("operator", "scheduler")], ids="+".join)
def test_the_leader_is_frozen_and_wakes_up(
    load: LightLoad, signal: Callable[..., None], containers: tuple[str, ...]
) -> None:
    fault_at = time.time()
    signal("STOP", *containers)
    try:
        assert_goes_on(load, fault_at)
        wait_until("the freeze", lambda: time.time() >= fault_at + FROZEN_SECONDS, timeout_seconds=FROZEN_SECONDS + 5)
    finally:
        signal("CONT", *containers)
    woken_at = time.time()

    wait_until(
        "slots after it woke up",
        lambda: time.time() >= woken_at + AFTER_WAKING_SECONDS,
        timeout_seconds=AFTER_WAKING_SECONDS + 5,
    )
    assert_each_slot_ran_once(load.counts(load.settle()))
