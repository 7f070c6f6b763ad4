"""A light attempt on its way through the scheduler's memory."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from scheduledtask_workloads.contract import AttemptRef, Job, RunOrder, TaskKey


class AttemptKey(NamedTuple):
    """What tells attempts apart; cheaper to hash than AttemptRef."""

    namespace: str
    name: str
    run_id: str
    attempt: int

    @property
    def task(self) -> TaskKey:
        return TaskKey(self.namespace, self.name)


def attempt_key(ref: AttemptRef) -> AttemptKey:
    return AttemptKey(ref.namespace, ref.name, ref.run_id, ref.attempt)


@dataclass(frozen=True, slots=True)
class LightRun:
    """What is to be handed over. The order is made then, not at the slot, where ten thousand of them would be late."""

    key: AttemptKey
    fence: int
    slot: int | None
    job: Job

    @property
    def ref(self) -> AttemptRef:
        return AttemptRef(
            namespace=self.key.namespace,
            name=self.key.name,
            run_id=self.key.run_id,
            attempt=self.key.attempt,
            fence=self.fence,
        )

    def order(self) -> RunOrder:
        return order_of(self.job, self.ref, self.slot)


def order_of(job: Job, ref: AttemptRef, slot: int | None) -> RunOrder:
    return RunOrder(
        ref=ref,
        task_class=job.task_class,
        task=job.task,
        arguments=job.arguments,
        slot_epoch_seconds=slot,
        timeout_seconds=job.timeout_seconds,
        memory_limit_bytes=job.memory_limit_bytes,
        artifacts_url=job.artifacts_url,
    )


def key_of(item: LightRun | RunOrder) -> AttemptKey:
    return item.key if isinstance(item, LightRun) else attempt_key(item.ref)


def made(items: Iterable[LightRun | RunOrder]) -> list[RunOrder]:
    return [item.order() if isinstance(item, LightRun) else item for item in items]
