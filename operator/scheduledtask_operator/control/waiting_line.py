"""Requests that wait for a place, of each ScheduledTask in the order in which they were made."""

from bisect import bisect_left, insort
from collections.abc import Sequence
from datetime import datetime

from scheduledtask_operator.control.run_requests import RequestKey
from scheduledtask_workloads.contract import TaskKey

_Place = tuple[datetime, RequestKey]


class WaitingLine:
    """For thousands of requests of one ScheduledTask: where one stands costs a binary search."""

    def __init__(self) -> None:
        self._lines: dict[TaskKey, list[_Place]] = {}
        self._places: dict[RequestKey, tuple[TaskKey, _Place]] = {}

    def enter(self, request: RequestKey, task: TaskKey, made_at: datetime) -> None:
        """Once; of what was made at the same moment, the name decides."""
        place = (made_at, request)
        if self._places.get(request) == (task, place):
            return
        self.leave(request)
        self._places[request] = (task, place)
        insort(self._lines.setdefault(task, []), place)

    def leave(self, request: RequestKey) -> TaskKey | None:
        """The ScheduledTask that it waited for, if it did: the next in its line may have come in turn."""
        known = self._places.pop(request, None)
        if known is None:
            return None
        task, place = known
        line = self._lines[task]
        del line[bisect_left(line, place)]
        if not line:
            del self._lines[task]
        return task

    def ahead(self, request: RequestKey) -> int:
        """How many came before it; 0 of one that does not wait."""
        known = self._places.get(request)
        return 0 if known is None else bisect_left(self._lines[known[0]], known[1])

    def first(self, task: TaskKey, count: int | None) -> Sequence[RequestKey]:
        """The `count` that came first, all of them when it is None."""
        return [request for _, request in self._lines.get(task, [])[:count]]
