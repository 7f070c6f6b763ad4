"""One candidate of an election over a Lease, without the requests: it says what to ask for, and is told the answer.

Its states: a candidate reads, and claims what is free; a leader renews; one that leaves lets its grants end first, and
then releases the Lease. Safe to be asked from several threads.
"""

import logging
import math
from dataclasses import dataclass
from datetime import datetime
from threading import Lock
from typing import Any

from scheduledtask_operator.cluster.errors import ApiError, ClusterError
from scheduledtask_operator.cluster.lease_object import Claim, Lease, claimed, new_lease, record_of, released, renewed
from scheduledtask_operator.control.ports import Standing
from scheduledtask_operator.decisions.leading import (
    Move,
    Sighting,
    Tenure,
    Terms,
    Verdict,
    judge_candidate,
    judge_leader,
    next_fence,
    see,
    valid_until,
)

CONFLICT_REST_SECONDS = 0.1  # a leader has little time, but is not to hammer where every write is refused
logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Rest:
    """Nothing to ask for so long."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Read:
    """The Lease; the answer is None where there is none."""


@dataclass(frozen=True, slots=True)
class Write:
    """This version of the Lease over the one it was read from, or anew where it never had a version. `fence` is the
    leader's number that it carries."""

    move: Move
    lease: Lease
    fence: int


@dataclass(frozen=True, slots=True)
class Left:
    """It led no more, and never will."""


Step = Rest | Read | Write | Left
Answer = Lease | None | ClusterError


class Election:
    """`plan` and `hear` in turn; `now` is CLOCK_BOOTTIME in seconds, `wall` the time of day for people who read."""

    def __init__(self, identity: str, terms: Terms, *, namespace: str, name: str) -> None:
        self._identity = identity
        self._terms = terms
        self._blank = new_lease(namespace, name)
        self._lock = Lock()
        self._lease: Lease | None = None
        self._sighting: Sighting | None = None
        self._is_read = False
        self._failed = ""
        self._rest_seconds = 0.0
        self._tenure: Tenure | None = None
        self._leaving: Tenure | None = None
        self._grants_ended = False
        self._is_over = False
        self._highest_fence = 0
        self._answered_at = self._not_before = self._promised_until = -math.inf
        self._told = ""

    def standing(self, now: float) -> Standing | None:
        """The leadership, where it is valid at this moment."""
        with self._lock:
            if self._tenure is None:
                return None
            until = valid_until(self._tenure, self._answered_at, self._terms)
            if now >= until:
                return None
            self._promised_until = max(self._promised_until, until)
            return Standing(self._tenure.fence, until)

    @property
    def leads(self) -> bool:
        """As of the last plan; `standing` knows better."""
        return self._tenure is not None

    def scheduler_spoke(self, now: float) -> None:
        """Any sign of life; a leader's takes no other than its acknowledgements."""
        with self._lock:
            if self._tenure is None:
                self._answered_at = now

    def grant_acknowledged(self, fence: int, now: float) -> None:
        with self._lock:
            if self._tenure is not None and self._tenure.fence == fence:
                self._answered_at = now

    def grants_ended(self, fence: int) -> None:
        """The scheduler starts nothing more under this number's grants."""
        with self._lock:
            if self._leaving is not None and self._leaving.fence == fence:
                self._grants_ended = True

    def leave(self) -> None:
        """For good: no standing from now on; the Lease is released when the last grant has ended."""
        with self._lock:
            self._is_over = True
            self._drop(release=True)

    def plan(self, now: float, wall: datetime) -> Step:
        with self._lock:
            step = self._plan_as_leader(self._tenure, now, wall) if self._tenure else None
            if step is None and self._leaving:
                step = self._plan_release(self._leaving, now, wall)
            if step is None and self._is_over:
                return Left()
            return step or self._plan_as_candidate(now, wall)

    def hear(self, step: Read | Write, sent_at: float, answer: Answer, now: float) -> None:
        """`sent_at` is from before the step was planned; an answer that is an error is none to a Write."""
        with self._lock:
            if isinstance(step, Read):
                self._hear_read(answer, now)
            elif isinstance(answer, ClusterError):
                self._hear_refusal(step, answer, now)
            else:
                self._hear_written(step, sent_at, answer)

    def _plan_as_leader(self, tenure: Tenure, now: float, wall: datetime) -> Step | None:
        if not self._is_read and now < valid_until(tenure, self._answered_at, self._terms):
            return self._rest(now) or Read()
        record = record_of(self._lease) if self._lease else None
        verdict = judge_leader(self._identity, tenure, record, self._answered_at, self._terms, now)
        match verdict.move:
            case Move.RENEW:
                return self._rest(now) or self._renewal(tenure, wall)
            case Move.HOLD:
                return Rest(max(0.0, verdict.again_at - now))
        self._end_tenure(tenure, verdict, now)
        return None

    def _renewal(self, tenure: Tenure, wall: datetime) -> Write:
        """Made anew where it was deleted, before another may take it."""
        lease = renewed(self._lease or self._blank, self._claim(tenure.fence), wall)
        return Write(Move.RENEW, lease, tenure.fence)

    def _end_tenure(self, tenure: Tenure, verdict: Verdict, now: float) -> None:
        release = verdict.move is Move.RELEASE
        if release:
            self._not_before = now + self._terms.duration_seconds
        logger.warning("leadership lost: %s", verdict.reason, extra=self._fields(tenure.fence, last_error=self._failed))
        self._drop(release=release)

    def _drop(self, *, release: bool) -> None:
        if self._tenure is not None and release:
            self._leaving, self._grants_ended = self._tenure, False
        self._is_read = self._is_read and release
        self._tenure, self._rest_seconds = None, 0.0

    def _plan_release(self, leaving: Tenure, now: float, wall: datetime) -> Step | None:
        """Not before the last grant has ended; too late once others count it as expired anyway."""
        if now >= leaving.renewed_at + self._terms.duration_seconds:
            self._leaving = None
            return None
        if now < self._promised_until and not self._grants_ended:
            return Rest(self._promised_until - now)
        if rest := self._rest(now):
            return rest
        if not self._is_read:
            return Read()
        if self._lease is None or not self._is_ours(self._lease, leaving):
            self._leaving = None
            return None
        return Write(Move.RELEASE, released(self._lease, leaving.fence, wall), leaving.fence)

    def _is_ours(self, lease: Lease, tenure: Tenure) -> bool:
        record = record_of(lease)
        return record.holder == self._identity and record.fence == tenure.fence

    def _plan_as_candidate(self, now: float, wall: datetime) -> Step:
        if not self._is_read or self._sighting is None:
            return self._rest(now) or Read()
        self._is_read = False
        verdict = judge_candidate(self._identity, self._sighting, self._answered_at, self._not_before, self._terms, now)
        self._tell_waiting(verdict)
        if verdict.move is not Move.ACQUIRE:
            return Rest(max(0.0, min(self._terms.retry_seconds, verdict.again_at - now)))
        fence = next_fence(self._highest_fence, wall.timestamp())
        return Write(Move.ACQUIRE, claimed(self._lease or self._blank, self._claim(fence), wall), fence)

    def _hear_read(self, answer: Answer, now: float) -> None:
        if isinstance(answer, ClusterError):
            self._fail("cannot read the Lease", answer, now)
            return
        record = record_of(answer) if answer else None
        self._sighting = see(self._sighting, record, now, resumed=bool(self._failed))
        self._highest_fence = max(self._highest_fence, record.fence if record else 0)
        self._lease, self._is_read = answer, True
        self._recovered()

    def _hear_refusal(self, step: Write, error: ClusterError, now: float) -> None:
        """Somebody else wrote it, or deleted it: it is read again. Else nobody knows whether it was written."""
        if isinstance(error, ApiError) and (error.is_conflict or error.is_missing):
            self._is_read = False
            self._rest_seconds = self._terms.retry_seconds if step.move is Move.ACQUIRE else CONFLICT_REST_SECONDS
            return
        self._fail(_COMPLAINTS[step.move], error, now)

    def _hear_written(self, step: Write, sent_at: float, answer: Lease | None) -> None:
        self._lease = answer
        self._highest_fence = max(self._highest_fence, step.fence)
        self._recovered()
        if step.move is Move.RELEASE:
            self._leaving, self._is_read = None, False
            logger.info("leadership released", extra=self._fields(step.fence))
        elif step.move is Move.RENEW and self._tenure is not None:
            self._tenure = self._tenure.renewed(sent_at)
        elif step.move is Move.ACQUIRE:
            self._begin_tenure(step.fence, sent_at)

    def _begin_tenure(self, fence: int, sent_at: float) -> None:
        self._tenure, self._is_read = Tenure(fence, sent_at), True
        logger.info("leadership acquired: %s", self._told, extra=self._fields(fence))
        self._told = ""
        if self._is_over:
            self._drop(release=True)

    def _fail(self, complaint: str, error: ClusterError, now: float) -> None:
        """Said each time by a leader, who has little time left; by a candidate when it is news."""
        self._rest_seconds = self._terms.retry_seconds
        news, self._failed = str(error) != self._failed, str(error)
        if self._tenure is not None:
            left = self._tenure.renewed_at + self._terms.give_up_seconds - now
            fields = self._fields(self._tenure.fence, seconds_left=round(max(0.0, left), 1))
            logger.warning("%s: %s", complaint, error, extra=fields)
        elif news:
            logger.warning("%s: %s", complaint, error, extra=self._fields())

    def _recovered(self) -> None:
        if self._failed:
            self._failed = ""
            logger.info("the Lease can be read and written again", extra=self._fields())

    def _tell_waiting(self, verdict: Verdict) -> None:
        if verdict.move is Move.WAIT and verdict.reason != self._told:
            logger.info("waiting for the leadership: %s", verdict.reason, extra=self._fields())
        self._told = verdict.reason

    def _rest(self, now: float) -> Rest | None:
        """After a failure; not past the moment at which a leader must know that it is none."""
        seconds, self._rest_seconds = self._rest_seconds, 0.0
        if self._tenure is not None:
            seconds = min(seconds, valid_until(self._tenure, self._answered_at, self._terms) - now)
        return Rest(seconds) if seconds > 0 else None

    def _claim(self, fence: int) -> Claim:
        return Claim(self._identity, fence, self._terms.duration_seconds)

    def _fields(self, fence: int | None = None, **more: Any) -> dict[str, Any]:
        metadata = self._blank["metadata"]
        known = {"fence": fence, **more}
        return {
            "lease": f"{metadata['namespace']}/{metadata['name']}",
            "identity": self._identity,
            **{name: value for name, value in known.items() if value not in (None, "")},
        }


_COMPLAINTS = {
    Move.ACQUIRE: "cannot claim the Lease",
    Move.RENEW: "cannot renew the Lease",
    Move.RELEASE: "cannot release the Lease; others take it when it has expired",
}
