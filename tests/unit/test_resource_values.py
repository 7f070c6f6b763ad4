"""What a manifest leaves out has its default, and what it says is offered in units."""

import pytest
from pydantic import ValidationError

from scheduledtask_operator.api import ClassChoice, ConcurrencyChoice, Requirement, ScheduledTask, TaskClass


def scheduled_task(spec: dict[str, object], **metadata: object) -> ScheduledTask:
    return ScheduledTask.model_validate(
        {
            "apiVersion": "scheduledtask.dev/v1alpha1",
            "kind": "ScheduledTask",
            "metadata": {"name": "report", **metadata},
            "spec": {"task": "report", **spec},
        }
    )


def test_the_defaults_are_those_of_the_reference() -> None:
    task = scheduled_task({})

    assert (task.metadata.namespace, task.spec.time_zone, task.spec.schedule) == ("default", "UTC", None)
    assert task.spec.class_ is ClassChoice.AUTO
    assert task.spec.concurrency_policy is ConcurrencyChoice.FORBID
    assert (task.spec.retry.limit, task.spec.retry.backoff_seconds, task.spec.retry.max_backoff_seconds) == (0, 30, 600)
    assert (task.spec.worker.min_replicas, task.spec.worker.max_replicas, task.spec.worker.idle_seconds) == (0, 1, 120)
    assert task.spec.profile.duration_seconds is None


def test_durations_and_memory_are_offered_in_seconds_and_bytes() -> None:
    profile = scheduled_task(
        {"profile": {"duration": "1h30m", "memory": "8Gi", "requires": ["CriticalTiming"]}}
    ).spec.profile

    assert (profile.duration_seconds, profile.memory_bytes) == (5400, 8 * 1024**3)
    assert profile.requires == (Requirement.CRITICAL_TIMING,)


def test_a_null_is_as_good_as_an_absent_field() -> None:
    assert (
        scheduled_task({"timeoutSeconds": None, "retry": None, "jitterSeconds": None}).spec == scheduled_task({}).spec
    )


def test_what_kubernetes_adds_to_metadata_is_ignored() -> None:
    task = scheduled_task({}, uid="u", managedFields=[{}], creationTimestamp="2026-11-22T10:00:00Z")

    assert task.metadata.uid == "u"
    assert task.metadata.creation_timestamp is not None


def test_a_status_of_another_version_is_read_loosely() -> None:
    manifest = scheduled_task({}).model_dump(mode="json", exclude_none=True)

    task = ScheduledTask.model_validate({**manifest, "status": {"class": "Heavy", "somethingNew": 1}})

    assert task.status is not None
    assert task.status.class_ is TaskClass.HEAVY


def test_an_interval_needs_no_creation_time_to_be_valid() -> None:
    assert scheduled_task({"schedule": "@every 5m"}).spec.schedule == "@every 5m"


def test_a_resource_cannot_be_changed() -> None:
    with pytest.raises(ValidationError):
        scheduled_task({}).spec.suspend = True  # type: ignore[misc]


def test_equal_resources_stay_equal_after_their_values_were_read() -> None:
    read, unread = scheduled_task({"profile": {"duration": "2h"}}), scheduled_task({"profile": {"duration": "2h"}})
    assert read.spec.profile.duration_seconds == 7200

    assert read == unread
