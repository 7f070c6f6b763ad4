"""Who may lead, judged from a Lease, one's own clock and the own scheduler's signs of life.

Every instant is in seconds of this machine's CLOCK_BOOTTIME, which goes on while a process is frozen or the machine
sleeps. Another's clock is never read: its Lease has expired when it was seen unchanged for as long as it lasts.
"""

from dataclasses import dataclass, replace
from enum import StrEnum

RELEASED_DURATION_SECONDS = 1
"""What a leader writes beside the empty holder when it goes. An emptied holder alone is somebody's edit, and the one
who led may not have seen it yet."""
QUIET_SECONDS = 3.0
"""The scheduler tells its status each second: one that missed three is no reason to lead."""
HIGHEST_FENCE = 2**53 - 1  # Redis' Lua counts in doubles


class BadTermsError(ValueError):
    """Terms under which two could lead at the same time, or one not for long."""


@dataclass(frozen=True, slots=True)
class Terms:
    """How a Lease is held, in seconds."""

    duration_seconds: int = 10
    """How long others leave it alone after a renewal; whole seconds, as the API has it."""
    renew_seconds: float = 2.0
    """Between two renewals."""
    give_up_seconds: float = 7.0
    """Without a renewal; what is left of the duration is for what was started just before."""
    retry_seconds: float = 1.0
    """Between two looks at another's Lease, and after a request that failed."""
    request_timeout_seconds: float = 1.5
    """Of one request, so that more than one fits in before giving up."""
    silence_seconds: float = 7.0
    """Without an acknowledged grant; another's scheduler may do better."""

    def __post_init__(self) -> None:
        """Raises BadTermsError."""
        if min(self.renew_seconds, self.retry_seconds, self.request_timeout_seconds, self.silence_seconds) <= 0:
            raise BadTermsError("the Lease's times must all be more than 0 s")
        if self.give_up_seconds >= self.duration_seconds:
            raise BadTermsError(
                f"a Lease of {self.duration_seconds:g} s can't be given up after {self.give_up_seconds:g} s: make it"
                " less, or another leads before this one has stopped"
            )
        needed = self.renew_seconds + self.request_timeout_seconds
        if needed >= self.give_up_seconds:
            raise BadTermsError(
                f"a renewal takes up to {needed:g} s (period and timeout), but the Lease is given up after"
                f" {self.give_up_seconds:g} s: one slow request would end it"
            )


@dataclass(frozen=True, slots=True)
class LeaseRecord:
    """What counts of a Lease.

    `renewed` is the holder's clock, and only compared; `fence` is 0 where none is readable.
    """

    holder: str
    duration_seconds: int
    renewed: str
    transitions: int
    fence: int

    @property
    def is_released(self) -> bool:
        return not self.holder and self.duration_seconds == RELEASED_DURATION_SECONDS


@dataclass(frozen=True, slots=True)
class Sighting:
    """A Lease as it was read last. `record` is None where there is none.

    `since`: when it was first seen so. `resumed_at`: when it was first read again after a reading that failed.
    """

    record: LeaseRecord | None
    since: float
    resumed_at: float


@dataclass(frozen=True, slots=True)
class Tenure:
    """A leadership: its number, and when the request was sent that renewed it last."""

    fence: int
    renewed_at: float

    def renewed(self, sent_at: float) -> "Tenure":
        return replace(self, renewed_at=sent_at)


class Move(StrEnum):
    ACQUIRE = "acquire"
    WAIT = "wait"
    HOLD = "hold"
    RENEW = "renew"
    LOSE = "lose"
    RELEASE = "release"


@dataclass(frozen=True, slots=True)
class Verdict:
    """`again_at`: when it may be another, if nothing else happens."""

    move: Move
    reason: str
    again_at: float


def see(before: Sighting | None, record: LeaseRecord | None, now: float, *, resumed: bool) -> Sighting:
    """The Lease was read: `now` is after the answer, so that no renewal is taken for older than it is."""
    resumed_at = now if resumed else (before.resumed_at if before else now)
    since = before.since if before and before.record == record else now
    return Sighting(record, since, resumed_at)


def judge_candidate(
    identity: str, sighting: Sighting, answered_at: float, not_before: float, terms: Terms, now: float
) -> Verdict:
    """Acquire or wait.

    A candidate's own scheduler must speak: a leader can do nothing but grant, and whoever can't would only keep the
    Lease from one who can. Where no scheduler speaks at all nobody leads, and the first that does makes its operator
    the leader, so this can't lock up.
    """
    if now > answered_at + QUIET_SECONDS:
        return Verdict(Move.WAIT, _silence(identity, sighting, terms, now), now + terms.retry_seconds)
    if now < not_before:
        return Verdict(Move.WAIT, "the own scheduler acknowledged no grant lately; another's may", not_before)
    if sighting.record is not None and (reason := _free(identity, sighting.record)):
        return Verdict(Move.ACQUIRE, reason, now)
    return _judge_expiry(sighting, terms, now)


def _free(identity: str, record: LeaseRecord) -> str:
    if record.is_released:
        return "it was released"
    return "it is still ours" if record.holder == identity else ""


def _silence(identity: str, sighting: Sighting, terms: Terms, now: float) -> str:
    """Told apart for who reads the log: either another leads, or nothing is started at all and no status says so."""
    record = sighting.record
    is_free = record is not None and bool(_free(identity, record))
    if is_free or _judge_expiry(sighting, terms, now).move is Move.ACQUIRE:
        return "the own scheduler is silent and nobody else leads: nothing starts, and no status is written"
    return "the own scheduler is silent"


def _judge_expiry(sighting: Sighting, terms: Terms, now: float) -> Verdict:
    """A Lease that is gone counts like one: whoever led may not know yet that it was deleted, and makes it anew.

    After an outage of the API server everything has expired; whoever led gets it back if it still can, so there is time
    for it to notice: a request that must time out first, a pause, and its own claim.
    """
    record = sighting.record
    lasts_seconds = max(record.duration_seconds, terms.duration_seconds) if record else terms.duration_seconds
    patience_seconds = terms.request_timeout_seconds + 2 * terms.retry_seconds
    expires_at = max(sighting.since + lasts_seconds, sighting.resumed_at + patience_seconds)
    claim = f"{record.holder or 'nobody'} holds it" if record else "there is none"
    if now < expires_at:
        return Verdict(Move.WAIT, claim, expires_at)
    return Verdict(Move.ACQUIRE, f"{claim}, unchanged for {now - sighting.since:.1f} s", now)


def judge_leader(
    identity: str, tenure: Tenure, record: LeaseRecord | None, answered_at: float, terms: Terms, now: float
) -> Verdict:
    """Hold, renew, lose or release. `record` is as last read or written, None where it was deleted."""
    lost = _lost(identity, tenure, record, terms, now)
    if lost:
        return Verdict(Move.LOSE, lost, now)
    if now >= answered_at + terms.silence_seconds:
        reason = f"the own scheduler acknowledged no grant for {terms.silence_seconds:g} s"
        return Verdict(Move.RELEASE, reason, now)
    due_at = tenure.renewed_at + terms.renew_seconds
    if now >= due_at or record is None:
        return Verdict(Move.RENEW, "renewal is due", now)
    return Verdict(Move.HOLD, "renewed", min(due_at, valid_until(tenure, answered_at, terms)))


def _lost(identity: str, tenure: Tenure, record: LeaseRecord | None, terms: Terms, now: float) -> str:
    if record is not None and record.holder != identity:
        return f"{record.holder or 'nobody'} holds it"
    if record is not None and record.fence != tenure.fence:
        return f"its number was changed from {tenure.fence} to {record.fence}"
    if now >= tenure.renewed_at + terms.give_up_seconds:
        return f"not renewed for {now - tenure.renewed_at:.1f} s"
    return ""


def valid_until(tenure: Tenure, answered_at: float, terms: Terms) -> float:
    """Until when a leader may act, and grant. It stands on two legs: its Lease, and a scheduler that answers."""
    return min(tenure.renewed_at + terms.give_up_seconds, answered_at + terms.silence_seconds)


def next_fence(highest_seen: int, epoch_seconds: float) -> int:
    """A leader's number: more than any before, also where the Lease that held the last one was deleted."""
    return max(highest_seen + 1, int(epoch_seconds))
