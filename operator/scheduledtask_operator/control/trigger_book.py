"""Who triggers whom, as the resources say at this moment."""

from collections.abc import Iterable

from scheduledtask_operator.api import Trigger
from scheduledtask_operator.control.ports import Memory, Resources
from scheduledtask_operator.decisions.triggers import Follower, ring_through
from scheduledtask_workloads.contract import TaskKey


class TriggerBook:
    """Call `changed` with every resource that may be another one."""

    def __init__(self, resources: Resources, memory: Memory) -> None:
        self._resources = resources
        self._memory = memory
        self._parents: dict[TaskKey, frozenset[TaskKey]] = {}
        self._children: dict[TaskKey, set[TaskKey]] = {}

    def changed(self, keys: Iterable[TaskKey]) -> set[TaskKey]:
        """These, and those that are to be judged anew with them: their chains may be rings, or none any more."""
        found: set[TaskKey] = set()
        for key in keys:
            found |= {key, *self._note(key)}
            self._add_below(key, found)
        return found

    def is_followed(self, key: TaskKey) -> bool:
        return bool(self._children.get(key))

    def missing(self, key: TaskKey) -> list[TaskKey]:
        """Tasks that it names, and that do not exist."""
        return sorted(parent for parent in self._parents.get(key, ()) if self._resources.get(parent) is None)

    def ring(self, key: TaskKey) -> tuple[TaskKey, ...]:
        """Empty when its triggers lead to no ring."""
        if not self._parents.get(key):
            return ()
        return ring_through(key, lambda task: self._parents.get(task, ()))

    def followers(self, key: TaskKey) -> list[Follower]:
        """Of what ends."""
        return [self._follower(child) for child in self._children.get(key, ())]

    def _follower(self, key: TaskKey) -> Follower:
        resource, seen = self._resources.get(key), self._memory.first_seen(key)
        idle = resource is None or resource.task is None or resource.task.spec.suspend or bool(self.ring(key))
        return Follower(key, self._triggers(key), None if idle or seen is None else seen.effective_from)

    def _note(self, key: TaskKey) -> frozenset[TaskKey]:
        """The tasks that it names, or did."""
        before = self._parents.pop(key, frozenset())
        after = frozenset(TaskKey(key.namespace, trigger.scheduled_task) for trigger in self._triggers(key))
        for parent in before - after:
            self._children[parent].discard(key)
            if not self._children[parent]:
                del self._children[parent]
        for parent in after:
            self._children.setdefault(parent, set()).add(key)
        if after:
            self._parents[key] = after
        return before | after

    def _add_below(self, key: TaskKey, found: set[TaskKey]) -> None:
        waiting = [key]
        seen = {key}
        while waiting:
            for child in self._children.get(waiting.pop(), ()):
                if child not in seen:
                    seen.add(child)
                    waiting.append(child)
        found |= seen

    def _triggers(self, key: TaskKey) -> tuple[Trigger, ...]:
        resource = self._resources.get(key)
        return resource.task.spec.triggers if resource is not None and resource.task is not None else ()
