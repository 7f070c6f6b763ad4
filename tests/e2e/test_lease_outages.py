"""The Lease and the API server misbehave: stopped, slow, hung; deleted and edited by another's hand."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.cluster.api_server import LoneApi, lone_api_server
from tests.cluster.commands import wait_until
from tests.lease_rig import SHORT, START_SECONDS, TAKEOVER_SECONDS, ElectorProcess, Rig, Wire, boottime_seconds


@pytest.fixture(scope="module")
def lone() -> Iterator[LoneApi]:
    with lone_api_server() as server:
        yield server


@pytest.fixture
def rig(lone: LoneApi, tmp_path: Path) -> Iterator[Rig]:
    rig = Rig(lone.api, tmp_path, SHORT)
    rig.make_lease()
    yield rig
    rig.end()


@pytest.fixture
def wire(lone: LoneApi) -> Iterator[Wire]:
    wire = Wire(lone.port)
    yield wire
    wire.close()


def losses(elector: ElectorProcess) -> list[str]:
    return [line["message"] for line in elector.said() if line["message"].startswith("leadership lost")]


def changes(elector: ElectorProcess) -> list[bool]:
    return [line["leads"] for line in elector.lines() if "leads" in line]


@pytest.mark.long
def test_while_the_api_server_is_stopped_nobody_leads_and_afterwards_the_same_one(lone: LoneApi, rig: Rig) -> None:
    leader, standby = rig.start_two()

    lone.stop()
    wait_until("it gives up", lambda: changes(leader)[-1] is False, timeout_seconds=TAKEOVER_SECONDS)
    started_at = boottime_seconds()
    lone.start()

    rig.await_leader(leader, started_at, START_SECONDS)
    assert standby.stands() == []
    complaints = [line for line in leader.said() if line["message"].startswith("cannot renew the Lease")]
    assert complaints
    assert all(
        0 <= line["seconds_left"] <= 3.5 and "no answer from the API server" in line["message"] for line in complaints
    )
    rig.check_one_at_a_time()
    rig.check_promises()


@pytest.mark.long
def test_a_deleted_lease_is_made_anew_by_its_leader(rig: Rig) -> None:
    leader, standby = rig.start_two()
    fences = leader.fences()

    deleted_at = boottime_seconds()
    rig.api.kubectl("delete", "lease", rig.lease)

    wait_until("it is there", lambda: rig.lease in rig.api.kubectl("get", "leases"), timeout_seconds=TAKEOVER_SECONDS)
    rig.await_leader(leader, deleted_at + 2)
    assert leader.fences() == fences
    assert standby.stands() == []
    rig.check_one_at_a_time()


@pytest.mark.long
def test_a_lease_that_was_deleted_while_nobody_led_is_held_under_a_higher_number(rig: Rig) -> None:
    first = rig.start("pod-a")
    wait_until("a leader", lambda: first.stands(), timeout_seconds=START_SECONDS)
    first.end()
    rig.api.kubectl("delete", "lease", rig.lease)

    second = rig.start("pod-b")

    wait_until("a leader", lambda: second.stands(), timeout_seconds=START_SECONDS)
    rig.check_one_at_a_time()
    rig.check_promises()


@pytest.mark.long
def test_a_leader_whose_lease_another_wrote_stops_at_once(rig: Rig) -> None:
    leader, _ = rig.start_two()

    rig.patch({"spec": {"holderIdentity": "somebody"}})

    wait_until("it lost", lambda: losses(leader), timeout_seconds=TAKEOVER_SECONDS)
    assert losses(leader) == ["leadership lost: somebody holds it"]
    wait_until(
        "one of them leads again",
        lambda: sum(len(elector.fences()) for elector in rig.electors) == 2,
        timeout_seconds=START_SECONDS,
    )
    rig.check_one_at_a_time()


@pytest.mark.long
def test_a_leader_goes_on_when_another_labels_its_lease(rig: Rig) -> None:
    leader, standby = rig.start_two()

    rig.api.kubectl("label", "lease", rig.lease, "team=a")
    labelled_at = boottime_seconds()

    rig.await_leader(leader, labelled_at + 8, START_SECONDS)
    assert len(leader.fences()) == 1
    assert standby.stands() == []
    assert "team" in rig.api.kubectl("get", "lease", rig.lease, "--output=jsonpath={.metadata.labels}")


@pytest.mark.long
def test_a_slow_api_server_costs_no_leadership(rig: Rig, wire: Wire) -> None:
    leader, standby = rig.start_two(wire.kubeconfig(rig.api.kubeconfig, rig.folder))

    wire.delay_seconds = 0.2
    slow_at = boottime_seconds()

    rig.await_leader(leader, slow_at + 10, START_SECONDS)
    assert len(leader.fences()) == 1
    assert standby.stands() == []


@pytest.mark.long
def test_a_leader_whose_requests_hang_is_followed_and_their_late_arrival_changes_nothing(rig: Rig, wire: Wire) -> None:
    leader, standby = rig.start_two(wire.kubeconfig(rig.api.kubeconfig, rig.folder))
    fences = leader.fences()

    hung_at = boottime_seconds()
    wire.holds.set()
    rig.await_leader(standby, hung_at)
    wire.holds.clear()
    cleared_at = boottime_seconds()

    rig.await_leader(standby, cleared_at + 5)
    assert leader.fences() == fences
    assert losses(leader)
    rig.check_one_at_a_time()
    rig.check_promises()
