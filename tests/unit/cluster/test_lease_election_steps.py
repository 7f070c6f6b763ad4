"""One election, step by step: what a late answer is worth, and when a Lease may be released."""

from datetime import UTC, datetime

from scheduledtask_operator.cluster.lease_election import Election, Read, Rest, Write
from scheduledtask_operator.cluster.lease_object import Lease, new_lease, released
from scheduledtask_operator.decisions.leading import Move, Terms

WALL = datetime(2026, 11, 22, tzinfo=UTC)
FREE = released(new_lease("operators", "operator"), 41, WALL)


def stored(step: Write) -> Lease:
    return {**step.lease, "metadata": {**step.lease["metadata"], "resourceVersion": "1"}}


def leader(*, sent_at: float, heard_at: float) -> tuple[Election, int]:
    """It claimed a Lease that was free; its number."""
    election = Election("pod-a", Terms(), namespace="operators", name="operator")
    election.scheduler_spoke(sent_at)
    reading = election.plan(sent_at, WALL)
    assert isinstance(reading, Read)
    election.hear(reading, sent_at, FREE, sent_at)
    claim = election.plan(sent_at, WALL)
    assert isinstance(claim, Write)
    election.hear(claim, sent_at, stored(claim), heard_at)
    election.grant_acknowledged(claim.fence, heard_at)
    return election, claim.fence


def test_a_claim_counts_from_when_it_was_sent() -> None:
    election, fence = leader(sent_at=100.0, heard_at=101.4)

    standing = election.standing(101.4)

    assert standing is not None
    assert (standing.fence, standing.valid_until_boottime_seconds) == (fence, 107.0)


def test_a_claim_whose_answer_came_too_late_is_worth_nothing() -> None:
    election, _ = leader(sent_at=100.0, heard_at=160.0)

    assert election.standing(160.0) is None


def test_a_renewal_counts_from_when_it_was_sent() -> None:
    election, _ = leader(sent_at=100.0, heard_at=100.1)
    renewal = election.plan(102.0, WALL)
    assert isinstance(renewal, Write)
    assert renewal.move is Move.RENEW

    election.hear(renewal, 102.0, stored(renewal), 103.4)
    election.grant_acknowledged(renewal.fence, 103.4)

    standing = election.standing(103.4)
    assert standing is not None
    assert standing.valid_until_boottime_seconds == 109.0


def test_one_that_leaves_stands_no_more_and_releases_when_its_grants_have_ended() -> None:
    election, fence = leader(sent_at=100.0, heard_at=100.1)
    assert election.standing(100.2) is not None
    election.leave()

    assert election.standing(100.3) is None
    assert election.plan(100.3, WALL) == Rest(107.0 - 100.3)
    election.grants_ended(fence)
    release = election.plan(100.4, WALL)

    assert isinstance(release, Write)
    assert release.move is Move.RELEASE


def test_one_that_leaves_while_its_scheduler_is_silent_waits_for_the_last_grants_end() -> None:
    election, _ = leader(sent_at=100.0, heard_at=100.1)
    assert election.standing(100.2) is not None
    election.leave()
    election.plan(100.3, WALL)

    release = election.plan(107.0, WALL)

    assert isinstance(release, Write)
    assert release.move is Move.RELEASE
