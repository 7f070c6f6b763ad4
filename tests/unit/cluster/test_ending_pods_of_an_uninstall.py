"""Which pods are told to go when the operator has been removed, and how long they get."""

from typing import Any

import pytest

from scheduledtask_operator.cluster.removal import pods_to_end

GRACE_SECONDS = 30
Json = dict[str, Any]


def pod(name: str = "stask-train-1", *, own_seconds: int = 7200, leaving_seconds: int | None = None) -> Json:
    metadata: Json = {"name": name, "namespace": "team"}
    if leaving_seconds is not None:
        metadata |= {"deletionTimestamp": "2026-11-23T05:00:00Z", "deletionGracePeriodSeconds": leaving_seconds}
    return {"metadata": metadata, "spec": {"terminationGracePeriodSeconds": own_seconds}}


def given_seconds(item: Json) -> int | None:
    """None: it is let be."""
    found = pods_to_end([item], GRACE_SECONDS)
    return next((seconds for _, seconds in found.values()), None)


def test_a_worker_gets_less_time_than_its_run_may_take() -> None:
    assert pods_to_end([pod()], GRACE_SECONDS) == {"/api/v1/namespaces/team/pods/stask-train-1": (pod(), GRACE_SECONDS)}


def test_no_pod_gets_longer_than_it_asks_for() -> None:
    assert given_seconds(pod(own_seconds=0)) == 0
    assert given_seconds(pod(own_seconds=10)) == 10


def test_one_that_was_told_to_go_in_hours_is_told_again() -> None:
    """Its Deployment's end, or its namespace's, gave it as long as its run may take."""
    assert given_seconds(pod(leaving_seconds=7200)) == GRACE_SECONDS


@pytest.mark.parametrize("leaving_seconds", [0, 10, GRACE_SECONDS])
def test_one_that_goes_in_time_is_let_be(leaving_seconds: int) -> None:
    assert given_seconds(pod(leaving_seconds=leaving_seconds)) is None
