"""What waits for the runners: first come first served within a namespace, turn by turn between them.

A namespace with ten thousand runs due holds up nobody else by more than one run; and as a runner's process serves one
namespace, the processes can stay with theirs.
"""

from collections import OrderedDict, deque
from collections.abc import Callable, Iterator

from scheduledtask_workloads.scheduler.light_run import AttemptKey, LightItem


class FairQueue:
    """Nothing here but `keys` and `remove` takes longer the more there waits."""

    def __init__(self) -> None:
        self._waiting: dict[str, OrderedDict[AttemptKey, LightItem]] = {}  # a dict is slow to give its oldest
        self._turns: deque[str] = deque()
        self._length = 0

    def __len__(self) -> int:
        return self._length

    def keys(self) -> Iterator[AttemptKey]:
        for items in self._waiting.values():
            yield from items

    def find(self, key: AttemptKey) -> LightItem | None:
        items = self._waiting.get(key.namespace)
        return None if items is None else items.get(key)

    def append(self, key: AttemptKey, item: LightItem) -> None:
        """`key` is the item's own, which is at hand where this is called ten thousand times; and new to the queue."""
        items = self._waiting.get(key.namespace)
        if items is None:
            items = self._waiting[key.namespace] = OrderedDict()
            self._turns.append(key.namespace)
        items[key] = item
        self._length += 1

    def pop(self) -> LightItem:
        """The oldest of the namespace whose turn it is. Raises IndexError when nothing waits."""
        while True:
            namespace = self._turns.popleft()
            items = self._waiting[namespace]
            if items:
                break
            del self._waiting[namespace]  # the last of it was discarded
        _, item = items.popitem(last=False)
        if items:
            self._turns.append(namespace)
        else:
            del self._waiting[namespace]
        self._length -= 1
        return item

    def discard(self, key: AttemptKey) -> bool:
        """Whether it was there."""
        items = self._waiting.get(key.namespace)
        if items is None or items.pop(key, None) is None:
            return False
        self._length -= 1
        return True

    def remove(self, unwanted: Callable[[AttemptKey], bool]) -> list[AttemptKey]:
        """What was removed."""
        removed = [key for key in self.keys() if unwanted(key)]
        for key in removed:
            self.discard(key)
        return removed
