"""Which slot of a job is due, and what becomes of those before it: pure, from the newest decided slot and `now`.

What is due is a level, not an event: it is computed from what was decided last, so that being away for a second, a
day or a year, a clock step and a restart are all one case, and cost the same.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache

from scheduledtask_workloads.contract import CatchUp, Reason
from scheduledtask_workloads.schedule import Rule, count_slots, due_time, latest_slot

COUNT_LIMIT = 1_000
"""Skipped slots are counted up to here: counting walks over them, and the figure is for a person to read."""

PROMPT_SECONDS = 10.0
"""A slot that is decided later than this after it was due was missed: we were away. A busy second is not away: the
bound for 50,000 tasks due at once is 1.5 s."""


@dataclass(frozen=True, slots=True)
class SkippedSlots:
    """`count` slots that get no run, the last of them `last_slot` in Unix seconds."""

    reason: Reason
    count: int
    last_slot: int


@dataclass(frozen=True, slots=True)
class SlotDecision:
    run_slot: int | None = None
    """To be admitted now, Unix seconds."""
    run_due_at: float | None = None
    """That slot with its jitter."""
    skipped: tuple[SkippedSlots, ...] = ()
    hold_until: float | None = None
    """Jitter holds a slot back: decide again at this Unix time."""


@dataclass(frozen=True, slots=True)
class SlotPolicy:
    """What of a job decides about its slots."""

    catch_up: CatchUp
    starting_deadline_seconds: int | None = None
    jitter_seconds: int = 0
    identity: str = ""
    """`namespace/name` where it matters (jitter), else empty, so that jobs alike are decided once for all."""


NOTHING_DUE = SlotDecision()


def decide(rule: Rule, policy: SlotPolicy, *, decided: int, now: datetime) -> SlotDecision:
    """`decided` is the newest decided slot, or the instant that the job's slots count from, in Unix seconds."""
    now_seconds = now.timestamp()
    slot = _latest(rule, decided, int(now_seconds))
    if slot is None:
        return NOTHING_DUE
    hold_until = None
    due = _due(rule, policy, slot)
    if due > now_seconds:
        hold_until, slot = due, _latest(rule, decided, slot - 1)
        if slot is None:
            return SlotDecision(hold_until=hold_until)
        due = _due(rule, policy, slot)
    reason = skip_reason(policy, now_seconds - due)
    if reason is not None:
        return SlotDecision(skipped=_skipped(rule, reason, decided, slot), hold_until=hold_until)
    return SlotDecision(slot, due, _older(rule, policy, decided, slot), hold_until)


def skip_reason(policy: SlotPolicy, late_seconds: float) -> Reason | None:
    """Of a slot that would be admitted `late_seconds` after it was due; None: it runs."""
    deadline_seconds = policy.starting_deadline_seconds
    if deadline_seconds is not None and late_seconds > deadline_seconds:
        return Reason.DEADLINE
    if policy.catch_up is CatchUp.SKIP and late_seconds > max(PROMPT_SECONDS, deadline_seconds or 0):
        return Reason.NOT_CAUGHT_UP
    return None


def _older(rule: Rule, policy: SlotPolicy, decided: int, slot: int) -> tuple[SkippedSlots, ...]:
    """The open slots before the one that runs."""
    before = _latest(rule, decided, slot - 1)
    reason = Reason.COALESCED if policy.catch_up is CatchUp.LATEST else Reason.NOT_CAUGHT_UP
    return () if before is None else _skipped(rule, reason, decided, before)


def _skipped(rule: Rule, reason: Reason, decided: int, last_slot: int) -> tuple[SkippedSlots]:
    count = count_slots(rule, _instant(decided), _instant(last_slot), COUNT_LIMIT)
    return (SkippedSlots(reason, count, last_slot),)


@lru_cache(maxsize=4096)  # jittered tasks of one rule are decided one by one, all from the same two instants
def _latest(rule: Rule, after: int, until: int) -> int | None:
    found = latest_slot(rule, _instant(after), _instant(until)) if after < until else None
    return None if found is None else int(found.timestamp())


def _due(rule: Rule, policy: SlotPolicy, slot: int) -> float:
    if not policy.jitter_seconds:
        return slot
    return due_time(rule, _instant(slot), jitter_seconds=policy.jitter_seconds, identity=policy.identity).timestamp()


def _instant(unix_seconds: int) -> datetime:
    return datetime.fromtimestamp(unix_seconds, UTC)
