"""The scheduler's permission to start things, given again and again, each good for a short while."""

import asyncio

from scheduledtask_operator.control.ports import Clock, Leadership, Standing
from scheduledtask_operator.control.scheduler_link import SchedulerLink
from scheduledtask_workloads.contract.messages import Grant, GrantAcknowledged

RENEWAL_SECONDS = 1.0
DURATION_SECONDS = 10.0  # nine renewals may fail before the scheduler holds still, if the leadership lasts as long
LOOK_SECONDS = 0.2  # for a leadership that began or ended: part of how late the next slot fires after one was lost
REVOKED_BOOTTIME_SECONDS = 0.0


async def keep_granting(link: SchedulerLink, leadership: Leadership, clock: Clock) -> None:
    """Until cancelled."""
    last: Grant | None = None
    granted_at = 0.0
    while True:
        now = clock.boottime_seconds()
        grant = next_grant(leadership.standing(), last, now - granted_at, now)
        if grant is not None:
            link.grant(grant)
            last, granted_at = grant, now
        await asyncio.sleep(LOOK_SECONDS)


def next_grant(standing: Standing | None, last: Grant | None, age_seconds: float, now: float) -> Grant | None:
    """What to say now, `age_seconds` after the last; None: nothing.

    `now` is from before the leadership was asked for, and the grant never lasts longer than that, so its deadline is
    never too late. A leadership that ended is taken back at once: another's may begin sooner than the grant would end.
    """
    if standing is None:
        return _revocation(last)
    if last is not None and last.fence == standing.fence and age_seconds < RENEWAL_SECONDS and not is_revoked(last):
        return None
    deadline = min(now + DURATION_SECONDS, standing.valid_until_boottime_seconds)
    return Grant(fence=standing.fence, deadline_boottime_seconds=deadline)


def is_revoked(grant: Grant | GrantAcknowledged) -> bool:
    return grant.deadline_boottime_seconds == REVOKED_BOOTTIME_SECONDS


def _revocation(last: Grant | None) -> Grant | None:
    if last is None or is_revoked(last):
        return None
    return Grant(fence=last.fence, deadline_boottime_seconds=REVOKED_BOOTTIME_SECONDS)
