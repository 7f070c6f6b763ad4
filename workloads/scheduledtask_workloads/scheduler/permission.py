"""The grant: until when, and under which leader's number, this process may start things.

Its deadline is an instant on CLOCK_BOOTTIME, which goes on while this process is frozen or the machine sleeps, so a
process that wakes up late finds its grant lapsed.
"""

import time


def boottime_seconds() -> float:
    """The clock of grants; CLOCK_MONOTONIC where the system has no CLOCK_BOOTTIME (macOS)."""
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))


class Permission:
    """What the newest grant allows."""

    def __init__(self) -> None:
        self.fence: int | None = None
        """The leader's number that we act under; None: nobody made us its leader, or a newer leader is known."""
        self._deadline_boottime_seconds = 0.0
        self._refused_fence = -1
        self._stopped = False

    def take(self, fence: int, deadline_boottime_seconds: float) -> bool:
        """False when the ledger knows a newer leader than the one that grants."""
        if fence <= self._refused_fence:
            return False
        if self.fence is not None and fence > self.fence:
            self._stopped = False
        self.fence = fence
        self._deadline_boottime_seconds = deadline_boottime_seconds
        return True

    def begin(self) -> None:
        """A control plane has connected; it says so again if firing is to stay stopped."""
        self._stopped = False

    def stop_firing(self) -> None:
        """No new slots before a newer leader, or a new connection; what is in flight, and what is asked for, go on."""
        self._stopped = True

    def refuse(self) -> None:
        """The ledger has a newer leader: nothing starts before somebody grants under a newer number."""
        if self.fence is not None:
            self._refused_fence, self.fence = self.fence, None

    @property
    def firing(self) -> bool:
        return self.fence is not None and not self._stopped

    def granted(self, now_boottime_seconds: float) -> bool:
        """The grant is valid: enough of a witness where Redis can't be asked."""
        return self.fence is not None and now_boottime_seconds < self._deadline_boottime_seconds
