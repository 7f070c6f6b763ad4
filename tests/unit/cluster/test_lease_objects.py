"""The Lease as the API has it: what others wrote beside is kept, what makes no sense counts as nothing."""

from datetime import UTC, datetime

import pytest

from scheduledtask_operator.cluster.lease_object import Claim, Lease, claimed, new_lease, record_of, released, renewed

NOW = datetime(2026, 11, 22, 12, 0, 0, 123456, tzinfo=UTC)


def lease(annotations: dict[str, str] | None = None, **spec: object) -> Lease:
    return {"metadata": {"name": "operator", "annotations": annotations}, "spec": spec}


def test_a_claim_says_who_since_when_how_long_and_its_number() -> None:
    made = claimed(new_lease("operators", "operator"), Claim("pod-a", 42, 10), NOW)

    assert made["spec"] == {
        "holderIdentity": "pod-a",
        "leaseDurationSeconds": 10,
        "acquireTime": "2026-11-22T12:00:00.123456Z",
        "renewTime": "2026-11-22T12:00:00.123456Z",
        "leaseTransitions": 1,
    }
    assert record_of(made).fence == 42


def test_a_renewal_changes_nothing_but_its_time() -> None:
    made = claimed(lease({"team": "a"}, preferredHolder="x"), Claim("pod-a", 42, 10), NOW)
    later = renewed(made, Claim("pod-a", 42, 10), NOW.replace(second=2))

    assert later["spec"] == {**made["spec"], "renewTime": "2026-11-22T12:00:02.123456Z"}
    assert later["metadata"] == made["metadata"]
    assert later["metadata"]["annotations"]["team"] == "a"


def test_a_released_lease_keeps_its_number() -> None:
    record = record_of(released(claimed(lease(), Claim("pod-a", 42, 10), NOW), 42, NOW))

    assert record.is_released
    assert record.fence == 42


@pytest.mark.parametrize("text", ["", "many", "-1", "1.5", "٣", "9" * 30, str(2**53)])
def test_a_number_that_makes_no_sense_counts_as_none(text: str) -> None:
    assert record_of(lease({"scheduledtask.dev/fence": text})).fence == 0


def test_a_lease_that_somebody_made_by_hand_is_nobodys() -> None:
    record = record_of({"metadata": {}})

    assert (record.holder, record.duration_seconds, record.fence) == ("", 0, 0)
    assert not record.is_released
