"""How jobs, references and reports are written for the scripts, and how their answers are read."""

import json
import math
from collections.abc import Sequence
from typing import Any, NamedTuple

from scheduledtask_workloads.contract import (
    AttemptRef,
    AttemptReport,
    ConcurrencyPolicy,
    Job,
    RunOrder,
    TaskClass,
)
from scheduledtask_workloads.contract.keys import NamespaceKeys
from scheduledtask_workloads.ledger.claim import Claim
from scheduledtask_workloads.ledger.values import NextAttempt

OUTPUT_LIMIT_CHARACTERS = 4096  # of each record; a task's history keeps ten by default
MESSAGE_LIMIT_CHARACTERS = 1024

Argument = str | bytes | int | float


class EncodedJob(NamedTuple):
    """A job's part of every claim, as bytes; made once for each Job object."""

    job: Job
    prefix: bytes
    name: bytes
    limit: bytes
    deadline_seconds: float
    kind: bytes
    constants: bytes
    order: bytes


class JobEncoder:
    """Remembers the encoded form of each task's latest Job object."""

    def __init__(self) -> None:
        self._encoded: dict[tuple[str, str], EncodedJob] = {}

    def encode(self, job: Job) -> EncodedJob:
        key = (job.namespace, job.name)
        known = self._encoded.get(key)
        if known is None or known.job is not job:
            known = self._encoded[key] = _encode_job(job)
        return known

    def forget(self, namespace: str, name: str) -> None:
        self._encoded.pop((namespace, name), None)


def _encode_job(job: Job) -> EncodedJob:
    forbids = job.concurrency_policy is ConcurrencyPolicy.FORBID
    return EncodedJob(
        job=job,
        prefix=NamespaceKeys(job.namespace).prefix.encode(),
        name=job.name.encode(),
        limit=str(job.max_concurrency if forbids else 0).encode(),
        deadline_seconds=math.inf if job.starting_deadline_seconds is None else job.starting_deadline_seconds,
        kind=b"L" if job.task_class is TaskClass.LIGHT else b"H",
        constants=_members(_run_constants(job)).encode(),
        order=_dump(_order_constants(job)).encode(),
    )


def _run_constants(job: Job) -> dict[str, Any]:
    retry = job.retry
    return {
        "class": job.task_class.value,
        "pool": job.pool,
        "keep": job.history_limit,
        "retry": {
            "limit": retry.limit,
            "backoff": retry.backoff_seconds,
            "max_backoff": retry.max_backoff_seconds,
            "on_lost": retry.on_lost,
        },
    }


def _order_constants(job: Job) -> dict[str, Any]:
    return {
        "task_class": job.task_class.value,
        "task": job.task,
        "arguments": job.arguments,
        "timeout_seconds": job.timeout_seconds,
        "memory_limit_bytes": job.memory_limit_bytes,
        "artifacts_url": job.artifacts_url,
    }


def claim_lines(claim: Claim, job: EncodedJob, now: float) -> tuple[bytes, ...]:
    """Seven: name, run_id, slot, limit, kind, constants, order; none of them has a line break."""
    slot = claim.slot_epoch_seconds
    return (
        job.name,
        claim.run_id.encode(),
        b"" if slot is None else b"%d" % slot,
        b"-1" if now > claim.due_at + job.deadline_seconds else job.limit,
        job.kind,
        constants_line(claim, job),
        order_line(claim, job),
    )


def constants_line(claim: Claim, job: EncodedJob) -> bytes:
    """Of a triggered run with its depth, which its record is to tell."""
    cause = claim.triggered_by
    return job.constants if cause is None else b'"depth":%d,' % cause.depth + job.constants


def order_line(claim: Claim, job: EncodedJob) -> bytes:
    """What is stored for the next attempts. A slot that decides nothing, and a trigger, stand here alone."""
    order, told_slot, cause = job.order, claim.told_slot_epoch_seconds, claim.triggered_by
    if told_slot is not None:
        order = b'{"slot_epoch_seconds":%d,' % told_slot + order[1:]
    if cause is not None:
        order = b'{"triggered_by":%s,' % cause.model_dump_json().encode() + order[1:]
    return order


def next_attempt(fence: int, namespace: bytes, name: bytes, run_id: bytes, run: bytes, order: bytes) -> NextAttempt:
    """A later attempt, from what admission stored."""
    fields = json.loads(run)
    ref = AttemptRef(
        namespace=text(namespace), name=text(name), run_id=text(run_id), attempt=fields["attempt"], fence=fence
    )
    made = RunOrder(ref=ref, **{"slot_epoch_seconds": fields.get("slot"), **json.loads(order)})
    return NextAttempt(made, fields["pool"])


def ref_arguments(ref: AttemptRef) -> tuple[Argument, ...]:
    """Five: prefix, name, run_id, attempt, fence."""
    return (NamespaceKeys(ref.namespace).prefix, ref.name, ref.run_id, ref.attempt, ref.fence)


def report_arguments(report: AttemptReport) -> tuple[Argument, ...]:
    """Seven: state, reason, started_at, ended_at, host, peak_memory_bytes, tail."""
    return (
        report.state.value,
        report.reason.value,
        or_empty(report.started_at),
        instant(report.ended_at),
        report.host,
        "" if report.peak_memory_bytes is None else report.peak_memory_bytes,
        _report_tail(report),
    )


def instant(unix_seconds: float) -> str:
    return f"{unix_seconds:.4f}"


def or_empty(unix_seconds: float | None) -> str:
    return "" if unix_seconds is None else instant(unix_seconds)


def text(value: Any) -> str:
    """What a server answered, whether its client decodes or not."""
    return value.decode() if isinstance(value, bytes) else str(value)


def rows(values: Sequence[Any], width: int) -> list[Sequence[Any]]:
    return [values[start : start + width] for start in range(0, len(values), width)]


def _report_tail(report: AttemptReport) -> str:
    return _members(
        {
            "reason": report.reason.value,
            "message": report.message[:MESSAGE_LIMIT_CHARACTERS],
            "output": report.output[-OUTPUT_LIMIT_CHARACTERS:],
            "result": report.result,
        }
    )


def _members(values: dict[str, Any]) -> str:
    return _dump(values)[1:-1]


def _dump(values: Any) -> str:
    return json.dumps(values, separators=(",", ":"))
