"""The scheduler's permission to start things, given again and again, each good for a short while."""

import asyncio

from scheduledtask_operator.control.ports import Clock, Leadership
from scheduledtask_operator.control.scheduler_link import SchedulerLink
from scheduledtask_workloads.contract.messages import Grant

RENEWAL_SECONDS = 2.0
DURATION_SECONDS = 10.0  # four renewals may fail before the scheduler holds still


async def keep_granting(link: SchedulerLink, leadership: Leadership, clock: Clock) -> None:
    """Until cancelled. The deadline is computed before the leader's number is asked for, so it is never too late."""
    while True:
        deadline_seconds = clock.boottime_seconds() + DURATION_SECONDS
        fence = leadership.fence()
        if fence is not None:
            link.grant(Grant(fence=fence, deadline_boottime_seconds=deadline_seconds))
        await asyncio.sleep(RENEWAL_SECONDS)
