"""What a wake-up has to do: claims for admission, slots to skip, instants to look again. Pure: jobs and `now` in.

Jobs that share a rule mostly share the decision too, so it is made once for all that were decided up to the same slot.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from scheduledtask_workloads.contract import TaskKey, slot_run_id
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
    candidates: list[Candidate] = field(default_factory=list)
    skipped: list[tuple[HeldJob, SkippedSlots]] = field(default_factory=list)
    held: list[tuple[float, TaskKey]] = field(default_factory=list)
    """Jitter: look at the job again at the Unix time."""


class Planner:
    """One wake-up's decisions, which many jobs share."""

    def __init__(self, now: datetime) -> None:
        self._now = now
        self._decisions: dict[tuple[Timetable, int], SlotDecision] = {}
        self._suffixes: dict[int, str] = {}

    def plan(self, jobs: Iterable[HeldJob]) -> Plan:
        """Of jobs that may have a slot by now; those that have none, or are suspended, add nothing."""
        result = Plan()
        for job in jobs:
            if job.timetable is not None:
                decision = self._decide(job.timetable, job.counted_from())
                if decision is not NOTHING_DUE:
                    self._add(result, job, decision)
        return result

    def _decide(self, timetable: Timetable, decided: int) -> SlotDecision:
        decision = self._decisions.get((timetable, decided))
        if decision is None:
            decision = decide(timetable.rule, timetable.policy, decided=decided, now=self._now)
            self._decisions[timetable, decided] = decision
        return decision

    def _add(self, result: Plan, job: HeldJob, decision: SlotDecision) -> None:
        if decision.skipped:
            result.skipped.extend((job, skip) for skip in decision.skipped)
        if decision.hold_until is not None:
            result.held.append((decision.hold_until, job.key))
        slot = decision.run_slot
        if slot is not None and decision.run_due_at is not None:
            if slot not in self._suffixes:
                self._suffixes[slot] = slot_run_id("", slot)
            claim = Claim(job.job, job.key.name + self._suffixes[slot], slot, decision.run_due_at)
            result.candidates.append((job, claim))
