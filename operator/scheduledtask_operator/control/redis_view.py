"""What is said of Redis on every task: what a person must mend about it, and that it is away once that lasts.

Each change of it is a change of every status. So neither a restart of Redis nor one that comes and goes is told at
once: `is_down` changes when the scheduler has said the same for `SETTLE_SECONDS`, and no oftener than that.
"""

from scheduledtask_workloads.contract.messages import SchedulerStatus

SETTLE_SECONDS = 15.0  # a restart takes a few; what is away for longer is what heavy tasks visibly wait for


class RedisView:
    """`problem` is what a person must mend, if anything. `is_down` is None until the scheduler has said enough."""

    def __init__(self) -> None:
        self.problem = ""
        self.is_down: bool | None = None
        self._otherwise_since: float | None = None

    def hear(self, status: SchedulerStatus, now: float) -> bool:
        """Whether something else is to be said now. `now`: seconds on a clock that does not go back."""
        before = (self.problem, self.is_down)
        self.problem = status.redis_problem
        self._settle(status.redis_reachable, now)
        return (self.problem, self.is_down) != before

    def scheduler_gone(self) -> None:
        """What was said stands; what was about to be begins anew, as the next scheduler's first word is of its own."""
        self._otherwise_since = None

    def _settle(self, reachable: bool, now: float) -> None:
        if reachable is not bool(self.is_down):
            self.is_down, self._otherwise_since = bool(self.is_down), None
            return
        if self._otherwise_since is None:
            self._otherwise_since = now
        if now - self._otherwise_since >= SETTLE_SECONDS:
            self.is_down, self._otherwise_since = not reachable, None
