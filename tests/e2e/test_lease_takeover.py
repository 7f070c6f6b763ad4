"""The leader's process is killed, frozen, stopped, or loses its scheduler: another leads soon, and never both."""

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.cluster.cluster import Api
from tests.cluster.commands import wait_until
from tests.lease_rig import SHORT, START_SECONDS, TAKEOVER_SECONDS, Rig, boottime_seconds


@pytest.fixture
def rig(api: Api, tmp_path: Path) -> Iterator[Rig]:
    """Under the terms that ship."""
    rig = Rig(api, tmp_path)
    rig.make_lease()
    yield rig
    rig.end()


@pytest.fixture
def short(api: Api, tmp_path: Path) -> Iterator[Rig]:
    """Under terms for which nobody has to wait long."""
    rig = Rig(api, tmp_path, SHORT)
    rig.make_lease()
    yield rig
    rig.end()


def test_a_killed_leader_is_followed(rig: Rig) -> None:
    leader, standby = rig.start_two()

    killed_at = boottime_seconds()
    leader.signal(signal.SIGKILL)

    rig.await_leader(standby, killed_at)
    rig.check_one_at_a_time()
    rig.check_promises()


@pytest.mark.long
def test_one_that_restarts_under_the_same_name_leads_under_a_higher_number(short: Rig) -> None:
    leader = short.start("pod-a")
    wait_until("a leader", lambda: leader.stands(), timeout_seconds=START_SECONDS)
    leader.end()

    again = short.start("pod-a")

    wait_until("a leader again", lambda: again.stands(), timeout_seconds=START_SECONDS)
    short.check_one_at_a_time()
    short.check_promises()


@pytest.mark.long
def test_a_frozen_leader_is_followed_and_knows_it_when_it_wakes_up(rig: Rig) -> None:
    leader, standby = rig.start_two()
    (fence,) = leader.fences()

    frozen_at = boottime_seconds()
    leader.signal(signal.SIGSTOP)
    rig.await_leader(standby, frozen_at)
    leader.signal(signal.SIGCONT)

    wait_until(
        "the old leader knows", lambda: leader.lines()[-1].get("leads") is False, timeout_seconds=TAKEOVER_SECONDS
    )
    assert leader.fences() == [fence]
    assert any("leadership lost" in line["message"] for line in leader.said())
    rig.check_one_at_a_time()
    rig.check_promises()


@pytest.mark.long
def test_a_leader_whose_scheduler_is_silent_makes_room(rig: Rig) -> None:
    leader, standby = rig.start_two()

    silent_at = boottime_seconds()
    leader.signal(signal.SIGUSR1)

    rig.await_leader(standby, silent_at)
    lost = [line["message"] for line in leader.said() if line["message"].startswith("leadership lost")]
    assert lost == ["leadership lost: the own scheduler acknowledged no grant for 7 s"]
    assert any(line["message"] == "leadership released" for line in leader.said())
    rig.check_one_at_a_time()
    rig.check_promises()


@pytest.mark.long
def test_where_no_scheduler_speaks_nobody_leads_until_one_does(short: Rig) -> None:
    leader, standby = short.start_two()

    for elector in (leader, standby):
        elector.signal(signal.SIGUSR1)
    wait_until("nobody leads", lambda: short.holder() == "", timeout_seconds=TAKEOVER_SECONDS)
    spoke_at = boottime_seconds()
    standby.signal(signal.SIGUSR1)

    short.await_leader(standby, spoke_at)
    short.check_one_at_a_time()


def test_one_that_stops_takes_its_grant_back_and_releases(short: Rig) -> None:
    leader, standby = short.start_two()

    stopped_at = boottime_seconds()
    leader.signal(signal.SIGTERM)

    short.await_leader(standby, stopped_at)
    assert leader.process.wait(TAKEOVER_SECONDS) == 0
    grants = [line["deadline"] for line in leader.lines() if "granted" in line]
    assert grants[-1] == 0.0
    assert "released" in str(standby.said()[-1]["message"])
    short.check_one_at_a_time()
