"""Jobs whose slot is held back by jitter, by when they have to be looked at again."""

import heapq

from scheduledtask_workloads.contract import TaskKey


class Holds:
    """A restart loses nothing here: what is held is computed again from what was decided."""

    def __init__(self) -> None:
        self._until: dict[TaskKey, float] = {}
        self._heap: list[tuple[float, TaskKey]] = []

    def add(self, until: float, key: TaskKey) -> None:
        """`until` is Unix time; a later call for the same job counts instead."""
        if self._until.get(key) != until:
            self._until[key] = until
            heapq.heappush(self._heap, (until, key))

    def take_due(self, now: float) -> list[TaskKey]:
        due = []
        while self._heap and self._heap[0][0] <= now:
            until, key = heapq.heappop(self._heap)
            if self._until.get(key) == until:
                del self._until[key]
                due.append(key)
        return due

    def next(self) -> float | None:
        """Unix time of the next one."""
        return self._heap[0][0] if self._heap else None
