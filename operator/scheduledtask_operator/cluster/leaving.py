"""Who goes when a pool has too many workers: those that never came up, then idle ones that have said that they drain.

What protects a run is the worker's own warm shutdown within its grace; this only chooses whom to ask.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from scheduledtask_operator.cluster.pool_objects import WorkerPod
from scheduledtask_workloads.contract.messages import WorkerSeen


@dataclass(frozen=True, slots=True)
class Leaving:
    """One step. `drain`: who is to take no new runs, said again in each step. `mark`: whose deletion is to cost least;
    `unmark`: who stays after all. `replicas`: what the count may be lowered to now.
    """

    drain: tuple[str, ...]
    mark: tuple[str, ...]
    unmark: tuple[str, ...]
    replicas: int


def choose_leavers(
    pods: Iterable[WorkerPod], workers: Sequence[WorkerSeen] | None, replicas: int, wanted: int
) -> Leaving:
    """`workers` None: it is not known who is busy, and only pods that never ran may go.

    A pod that never ran, or runs no worker, needs no asking: the ReplicaSet takes those that are not ready first, so
    marks only decide between workers that are.
    """
    staying = [pod for pod in pods if not pod.terminating]
    present = [pod for pod in staying if not _is_absent(pod, workers)]
    # While a new shape comes there are more pods than replicas: those that go by themselves make no room.
    free = replicas - len(present)
    chosen = _idle(present, workers)[: max(0, len(present) - wanted)]
    confirmed = [pod for pod, worker in chosen if worker.draining]
    everyone = free + len(confirmed) >= replicas
    marked = confirmed if everyone else [pod for pod in confirmed if pod.marked]
    names = [pod.name for pod, _ in chosen]
    return Leaving(
        drain=tuple(names),
        mark=tuple(pod.name for pod in confirmed if pod not in marked),
        unmark=tuple(pod.name for pod in staying if pod.marked and pod.name not in names),
        replicas=min(replicas, max(wanted, replicas - free - len(marked))),
    )


def _is_absent(pod: WorkerPod, workers: Sequence[WorkerSeen] | None) -> bool:
    if not pod.ran:
        return True
    return not pod.ready and workers is not None and all(worker.host != pod.name for worker in workers)


def _idle(pods: Sequence[WorkerPod], workers: Sequence[WorkerSeen] | None) -> list[tuple[WorkerPod, WorkerSeen]]:
    """Those that drain already first, and of these the marked ones: else each step would begin with others."""
    by_host = {worker.host: worker for worker in workers or ()}
    idle = [(pod, by_host[pod.name]) for pod in pods if pod.name in by_host and not by_host[pod.name].runs]
    return sorted(idle, key=lambda each: (not each[0].marked, not each[1].draining, each[0].name))
