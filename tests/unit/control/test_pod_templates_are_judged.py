"""A pod template that takes away what is the operator's own is told before anything is made of it."""

import asyncio

from scheduledtask_operator.api import ScheduledTask
from scheduledtask_operator.api.conditions import ConditionReason
from scheduledtask_operator.control.acceptance import Pending, Refused, judge
from scheduledtask_operator.control.ports import Catalog, CatalogPending


class Unread:
    """No catalog is there yet."""

    def of(self, task: ScheduledTask) -> Catalog | CatalogPending:
        return CatalogPending(f"the catalog of {task.spec.worker.image} is being read")


def task(restart_policy: str) -> ScheduledTask:
    template = {"spec": {"restartPolicy": restart_policy}}
    head = {"apiVersion": "scheduledtask.dev/v1alpha1", "kind": "ScheduledTask", "metadata": {"name": "a"}}
    return ScheduledTask.model_validate({**head, "spec": {"task": "t", "worker": {"podTemplate": template}}})


def test_it_is_refused_with_field_and_fix() -> None:
    verdict = asyncio.run(judge(task("Never"), Unread()))
    assert verdict == Refused(
        ConditionReason.BAD_MANIFEST,
        ("spec.worker.podTemplate.spec.restartPolicy: 'Never': workers need Always; leave it out",),
    )


def test_another_goes_on_to_its_catalog() -> None:
    assert isinstance(asyncio.run(judge(task("Always"), Unread())), Pending)
