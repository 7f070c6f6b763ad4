"""What a wake-up has to do: claims for admission, slots to skip, instants to look again. Pure: jobs and `now` in.

Jobs that share a rule mostly share the decision too, so it is made once for all that were decided up to the same slot.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from scheduledtask_workloads.contract import TaskClass, TaskKey, slot_run_id
from scheduledtask_workloads.ledger import Claim
from scheduledtask_workloads.scheduler.job_book import HeldJob, Timetable
from scheduledtask_workloads.scheduler.slot_decision import (
    NOTHING_DUE,
    SkippedSlots,
    SlotDecision,
    decide,
)

Candidate = tuple[HeldJob, Claim]
"""A claim, and the job whose slots count on from its answer."""


@dataclass(frozen=True, slots=True)
class Plan:
    """Light and heavy apart, as light is admitted first."""

    light: list[Candidate] = field(default_factory=list)
    heavy: list[Candidate] = field(default_factory=list)
    skipped: list[tuple[HeldJob, SkippedSlots]] = field(default_factory=list)
    held: list[tuple[float, TaskKey]] = field(default_factory=list)
    """Jitter: look at the job again at the Unix time."""


def plan(jobs: Iterable[HeldJob], now: datetime, requests: Iterable[Candidate] = ()) -> Plan:
    """Of jobs that may have a slot by `now`; those that have none, or are suspended, add nothing.

    `requests` are claims without a slot; they come first.
    """
    result = Plan()
    for candidate in requests:
        _candidates(result, candidate[0]).append(candidate)
    decisions: dict[tuple[Timetable, int], SlotDecision] = {}
    suffixes: dict[int, str] = {}
    for job in jobs:
        timetable = job.timetable
        if timetable is None:
            continue
        key = (timetable, job.counted_from())
        decision = decisions.get(key)
        if decision is None:
            decision = decisions[key] = decide(timetable.rule, timetable.policy, decided=key[1], now=now)
        if decision is not NOTHING_DUE:
            _add(result, job, decision, suffixes)
    return result


def _add(result: Plan, job: HeldJob, decision: SlotDecision, suffixes: dict[int, str]) -> None:
    result.skipped.extend((job, skip) for skip in decision.skipped)
    if decision.hold_until is not None:
        result.held.append((decision.hold_until, job.key))
    if decision.run_slot is not None and decision.run_due_at is not None:
        slot = decision.run_slot
        if slot not in suffixes:
            suffixes[slot] = slot_run_id("", slot)
        claim = Claim(job.job, job.key.name + suffixes[slot], slot, decision.run_due_at)
        _candidates(result, job).append((job, claim))


def _candidates(result: Plan, job: HeldJob) -> list[Candidate]:
    return result.light if job.job.task_class is TaskClass.LIGHT else result.heavy
