"""What waits for the runners: first come first served within a namespace, turn by turn between them.

A namespace with ten thousand runs due holds up nobody else by more than one run; and as a runner's process serves one
namespace, the processes can stay with theirs.
"""

from collections import deque
from collections.abc import Callable, Iterator

from scheduledtask_workloads.scheduler.light_run import AttemptKey, LightItem, key_of


class FairQueue:
    def __init__(self) -> None:
        self._waiting: dict[str, deque[LightItem]] = {}
        self._turns: deque[str] = deque()
        self._length = 0

    def __len__(self) -> int:
        return self._length

    def __iter__(self) -> Iterator[LightItem]:
        for items in self._waiting.values():
            yield from items

    def append(self, key: AttemptKey, item: LightItem) -> None:
        """`key` is the item's own, which is at hand where this is called ten thousand times."""
        items = self._waiting.get(key.namespace)
        if items is None:
            items = self._waiting[key.namespace] = deque()
            self._turns.append(key.namespace)
        items.append(item)
        self._length += 1

    def pop(self) -> LightItem:
        """The oldest of the namespace whose turn it is. Raises IndexError when nothing waits."""
        namespace = self._turns.popleft()
        items = self._waiting[namespace]
        item = items.popleft()
        if items:
            self._turns.append(namespace)
        else:
            del self._waiting[namespace]
        self._length -= 1
        return item

    def remove(self, unwanted: Callable[[AttemptKey], bool]) -> list[AttemptKey]:
        """What was removed."""
        items = [(key_of(item), item) for item in self]
        removed = [key for key, _ in items if unwanted(key)]
        if removed:
            self._waiting, self._turns, self._length = {}, deque(), 0
            for key, item in items:
                if not unwanted(key):
                    self.append(key, item)
        return removed
