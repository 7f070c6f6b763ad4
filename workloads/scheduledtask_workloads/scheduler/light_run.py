"""A light attempt on its way through the scheduler's memory."""

from typing import NamedTuple

from scheduledtask_workloads.contract import AttemptRef, RunOrder, TaskKey
from scheduledtask_workloads.ledger import Claim


class AttemptKey(NamedTuple):
    """What tells attempts apart; cheaper to hash than AttemptRef."""

    namespace: str
    name: str
    run_id: str
    attempt: int

    @property
    def task(self) -> TaskKey:
        return TaskKey(self.namespace, self.name)


class LightRun(NamedTuple):
    """To be handed over. The order is made then, not at the slot, where ten thousand of them would be late."""

    claim: Claim
    fence: int

    @property
    def key(self) -> AttemptKey:
        job = self.claim.job
        return AttemptKey(job.namespace, job.name, self.claim.run_id, 1)

    @property
    def ref(self) -> AttemptRef:
        namespace, name, run_id, attempt = self.key
        return AttemptRef(namespace=namespace, name=name, run_id=run_id, attempt=attempt, fence=self.fence)


LightItem = LightRun | RunOrder
"""A first attempt, and a later one, which the ledger makes."""


def attempt_key(ref: AttemptRef) -> AttemptKey:
    return AttemptKey(ref.namespace, ref.name, ref.run_id, ref.attempt)


def key_of(item: LightItem) -> AttemptKey:
    return item.key if isinstance(item, LightRun) else attempt_key(item.ref)


def order_of(item: LightItem) -> RunOrder:
    return item.claim.order(item.fence) if isinstance(item, LightRun) else item
