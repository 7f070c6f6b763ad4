"""This machine's clocks."""

import time
from datetime import UTC, datetime

_BOOTTIME = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)  # macOS has no CLOCK_BOOTTIME


class MachineClock:
    def now(self) -> datetime:
        return datetime.now(UTC)

    def boottime_seconds(self) -> float:
        return time.clock_gettime(_BOOTTIME)
