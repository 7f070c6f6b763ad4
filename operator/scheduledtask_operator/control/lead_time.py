"""How long it takes from asking for a worker until it takes messages, learned from each time it happened."""

from collections import deque
from datetime import datetime

UNKNOWN_LEAD_TIME_SECONDS = 5.0  # until a start was seen; a local worker takes 2 to 4 s, a node's image longer
REMEMBERED_STARTS = 3  # the slowest of the last ones counts


class LeadTime:
    def __init__(self) -> None:
        self._starts: deque[float] = deque(maxlen=REMEMBERED_STARTS)
        self._asked: tuple[int, datetime] | None = None

    @property
    def seconds(self) -> float:
        return UNKNOWN_LEAD_TIME_SECONDS if self.observed_seconds is None else self.observed_seconds

    @property
    def observed_seconds(self) -> float | None:
        """None until a start was seen."""
        return max(self._starts, default=None)

    def asked(self, replicas: int, now: datetime) -> None:
        """The count goes up to `replicas`; while a start is under way its clock runs on."""
        self._asked = (replicas, self._asked[1] if self._asked else now)

    def observe(self, replicas: int, ready: int, now: datetime) -> None:
        """`ready` of `replicas` workers take messages. Asked for and taken back again is no start."""
        if self._asked is None:
            return
        wanted, since = self._asked
        if replicas < wanted:
            self._asked = None
        elif ready >= wanted:
            self._starts.append((now - since).total_seconds())
            self._asked = None
