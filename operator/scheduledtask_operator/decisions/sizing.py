"""How large a pool's workers are, how many runs each takes, and why.

Every run of a pool may meet every other in one worker, so a pod is sized for its largest run as many times over as it
takes runs at once. What is declared as a range is written by its upper end: `profile.memory` is a run's peak.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from scheduledtask_operator.api import ScheduledTask
from scheduledtask_workloads.contract import ConcurrencyPolicy, Job, Requirement, TaskProfile
from scheduledtask_workloads.contract.quantity import format_memory
from scheduledtask_workloads.contract.secrets import SecretReference, references_in

MIB = 1024**2
WORKER_BASE_BYTES = 96 * MIB  # an idle worker's pod took 57 MiB, the process that waits for the next body among them
WORKER_BASE_LIMIT_BYTES = 192 * MIB  # a body's process that ends and the one that follows it overlap
RUN_LIMIT_MARGIN = 1.1  # the guard, which looks now and then, should end a run before the kernel ends the whole pod
UNDECLARED_MEMORY_BYTES = 512 * MIB
UNDECLARED_MEMORY_LIMIT_BYTES = 2048 * MIB  # a pod without a limit could take its node along
SHARED_POD_BYTES = 2048 * MIB  # runs share a pod while their limits together stay below; larger pods are hard to place
MAX_RUNS_PER_POD = 8  # all of them stay as long as the longest, and are lost together
BASE_CPU_MILLICORES = 50
RUN_CPU_MILLICORES = 250
WAITING_RUN_CPU_MILLICORES = 100  # of a run that waits for others' services more than it computes
LARGE_RUN_CPU_MILLICORES = 500  # for what works on gigabytes; more would not fit beside others on a node of two cores
LARGE_RUN_MEMORY_BYTES = 2 * 1000**3  # the inventory's trainings begin here
GRACE_MARGIN_SECONDS = 60.0  # after the longest run: to record its outcome


@dataclass(frozen=True, slots=True)
class WorkerSize:
    """What one pod asks for. No CPU limit: a run that may use an idle core ends sooner, and nobody is hurt."""

    memory_request_bytes: int
    memory_limit_bytes: int
    cpu_request_millicores: int
    runs_per_pod: int
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RunNeed:
    """What one run takes. `memory_bytes` and `memory_limit_bytes` are None when nothing is declared."""

    memory_bytes: int | None
    memory_limit_bytes: int | None
    cpu_millicores: int
    at_once: int  # how many of its runs are usual at the same time


@dataclass(frozen=True, slots=True)
class Owner:
    """A ScheduledTask that uses a pool; `uid` is empty where there is no API server."""

    name: str
    uid: str


@dataclass(frozen=True, slots=True)
class PoolMember:
    """A heavy task as its pool's workers see it."""

    owner: Owner
    image: str
    pod_template: Mapping[str, Any] | None
    need: RunNeed
    timeout_seconds: float
    secrets: tuple[SecretReference, ...] = ()


@dataclass(frozen=True, slots=True)
class PoolShape:
    """What a pool's workers are like. `grace_seconds`: how long one that is told to go may take to end its runs."""

    image: str
    pod_template: Mapping[str, Any] | None
    size: WorkerSize
    grace_seconds: float
    owners: tuple[Owner, ...] = field(default=())
    secrets: tuple[SecretReference, ...] = ()  # of all its tasks: each worker has all of them


def pool_member(task: ScheduledTask, profile: TaskProfile, job: Job, default_image: str) -> PoolMember:
    """`profile` is the task's own with the resource's laid over it, `job` what was resolved from both."""
    worker = task.spec.worker
    return PoolMember(
        owner=Owner(task.metadata.name, task.metadata.uid or ""),
        image=worker.image or default_image,
        pod_template=worker.pod_template,
        need=run_need(profile, job),
        timeout_seconds=job.timeout_seconds,
        secrets=references_in(job.arguments),
    )


def run_need(profile: TaskProfile, job: Job) -> RunNeed:
    return RunNeed(profile.memory_bytes, job.memory_limit_bytes, _cpu_millicores(profile), _at_once(profile, job))


def shape_pool(members: Sequence[PoolMember]) -> tuple[PoolShape, dict[str, str]]:
    """What the tasks of a pool, at least one, get together; and for each that asks for something else, what it misses.

    A pool has one image and one pod template: those of the first task by name. Its size fits the runs of all.
    """
    by_name = sorted(members, key=lambda member: member.owner.name)
    first = by_name[0]
    shape = PoolShape(
        image=first.image,
        pod_template=first.pod_template,
        size=size_worker([member.need for member in by_name]),
        grace_seconds=max(member.timeout_seconds for member in by_name) + GRACE_MARGIN_SECONDS,
        owners=tuple(member.owner for member in by_name),
        secrets=tuple(sorted({reference for member in by_name for reference in member.secrets})),
    )
    conflicts = {member.owner.name: _conflict(first, member) for member in by_name[1:]}
    return shape, {name: conflict for name, conflict in conflicts.items() if conflict}


def size_worker(needs: Sequence[RunNeed]) -> WorkerSize:
    """For runs of each of these, at least one, in any mixture."""
    request_bytes = max(_or_default(need.memory_bytes, UNDECLARED_MEMORY_BYTES) for need in needs)
    limit_bytes = max(_or_default(need.memory_limit_bytes, UNDECLARED_MEMORY_LIMIT_BYTES) for need in needs)
    cpu_millicores = max(need.cpu_millicores for need in needs)
    declared = all(need.memory_bytes is not None for need in needs)
    runs, runs_reason = _runs_per_pod(sum(need.at_once for need in needs), limit_bytes, declared)
    return WorkerSize(
        memory_request_bytes=WORKER_BASE_BYTES + runs * request_bytes,
        memory_limit_bytes=WORKER_BASE_LIMIT_BYTES + runs * int(limit_bytes * RUN_LIMIT_MARGIN),
        cpu_request_millicores=BASE_CPU_MILLICORES + runs * cpu_millicores,
        runs_per_pod=runs,
        reasons=(
            *_memory_reasons(needs, runs, request_bytes, limit_bytes),
            f"CPU request {BASE_CPU_MILLICORES}m for the worker and {runs} x {cpu_millicores}m; no limit",
            runs_reason,
        ),
    )


def _or_default(declared: int | None, default: int) -> int:
    return default if declared is None else declared


def _runs_per_pod(at_once: int, limit_bytes: int, declared: bool) -> tuple[int, str]:
    if at_once == 1:
        return 1, "1 run per pod: no more are usual at once"
    if not declared:
        return 1, "1 run per pod: profile.memory is not declared, so it is not known how many fit"
    fitting = SHARED_POD_BYTES // limit_bytes
    if fitting <= 1:
        return 1, f"1 run per pod: runs share one while {format_memory(SHARED_POD_BYTES)} hold their limits"
    runs = min(at_once, fitting, MAX_RUNS_PER_POD)
    if runs == at_once:
        return runs, f"{runs} runs per pod: so many are usual at once"
    why = f"{format_memory(SHARED_POD_BYTES)} hold" if runs == fitting else "a pod takes at most"
    return runs, f"{runs} runs per pod of {at_once} at once: {why} so many"


def _memory_reasons(needs: Sequence[RunNeed], runs: int, request_bytes: int, limit_bytes: int) -> tuple[str, str]:
    declared = [need.memory_bytes for need in needs if need.memory_bytes is not None]
    of_run = "profile.memory" if request_bytes in declared else "the default, as profile.memory is not declared"
    of_limit = "a run's limit" if limit_bytes in [need.memory_limit_bytes for need in needs] else "the default limit"
    return (
        f"memory request {format_memory(WORKER_BASE_BYTES)} for the worker and "
        f"{runs} x {format_memory(request_bytes)} ({of_run})",
        f"memory limit {format_memory(WORKER_BASE_LIMIT_BYTES)} for the worker and "
        f"{runs} x {format_memory(limit_bytes)} ({of_limit}) and {RUN_LIMIT_MARGIN - 1:.0%} over it",
    )


def _cpu_millicores(profile: TaskProfile) -> int:
    if profile.memory_bytes is not None and profile.memory_bytes >= LARGE_RUN_MEMORY_BYTES:
        return LARGE_RUN_CPU_MILLICORES
    if Requirement.EXTERNAL_SERVICE in profile.requires:
        return WAITING_RUN_CPU_MILLICORES
    return RUN_CPU_MILLICORES


def _at_once(profile: TaskProfile, job: Job) -> int:
    """Under Allow maxConcurrency bounds nothing; else no more than that are ever active."""
    usual = profile.concurrency or job.max_concurrency
    return usual if job.concurrency_policy is ConcurrencyPolicy.ALLOW else min(usual, job.max_concurrency)


def _conflict(first: PoolMember, member: PoolMember) -> str:
    fields = []
    if member.image != first.image:
        fields.append(f"spec.worker.image: {member.image!r} is not used, as the pool's workers are {first.image!r}")
    if member.pod_template != first.pod_template:
        fields.append("spec.worker.podTemplate: another than the pool's")
    if not fields:
        return ""
    return (
        f"{'; '.join(fields)}: ScheduledTask {first.owner.name} names the same spec.worker.pool and comes first by "
        "name; give both the same, or this one a pool of its own"
    )
