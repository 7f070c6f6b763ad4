"""What the loop needs of the world. Each port has one implementation a place where the loop runs."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple, Protocol

from scheduledtask_operator.api import ScheduledTask
from scheduledtask_operator.control.first_seen import FirstSeen
from scheduledtask_operator.control.status import Condition, TaskStatus
from scheduledtask_operator.decisions.scaling import ScaleDecision
from scheduledtask_operator.decisions.sizing import PoolShape
from scheduledtask_workloads.contract import CatalogEntry, RunRecord, TaskKey
from scheduledtask_workloads.contract.messages import SchedulerToControl, SlotsSkipped
from scheduledtask_workloads.contract.secrets import SecretReference


class PoolKey(NamedTuple):
    """One queue with its workers; written `namespace/pool`."""

    namespace: str
    pool: str

    def __str__(self) -> str:
        return f"{self.namespace}/{self.pool}"


@dataclass(frozen=True, slots=True)
class Resource:
    """A ScheduledTask as it was last seen.

    `task` is its last good version, None where there never was one; `problem` says why a newer one is not used, empty
    where none is. `generation` is that of the newest version, None where versions have none. `is_paused`: its whole
    namespace is.
    """

    task: ScheduledTask | None
    problem: str = ""
    generation: int | None = None
    is_paused: bool = False


@dataclass(frozen=True, slots=True)
class PoolWorkers:
    """`replicas` were asked for (those told to go do not count), `ready` of them take messages."""

    replicas: int
    ready: int


class Resources(Protocol):
    def keys(self) -> Collection[TaskKey]: ...

    def get(self, key: TaskKey) -> Resource | None: ...


class Catalog(Protocol):
    def names(self) -> Collection[str]: ...

    def find(self, name: str) -> CatalogEntry | None: ...

    def is_of_runners_alone(self, name: str) -> bool:
        """No workers of this catalog's resources have it."""
        ...

    async def argument_problems(self, task: str, arguments: Mapping[str, Any]) -> tuple[str, ...]:
        """One line for each argument that the task's schema refuses. Raises OSError when it could not be asked."""
        ...


@dataclass(frozen=True, slots=True)
class CatalogPending:
    """The catalog of a resource's task code is not there yet; `message` says what is being done about it."""

    message: str


class Catalogs(Protocol):
    """Which catalog is a resource's: its image may hold other code than ours."""

    def of(self, task: ScheduledTask) -> Catalog | CatalogPending: ...


@dataclass(frozen=True, slots=True)
class SecretProblem:
    """Why a value cannot be had, with the fix. `is_passing`: nobody answered, and what was read before still counts."""

    message: str
    is_passing: bool = False


class Secrets(Protocol):
    async def value(self, namespace: str, reference: SecretReference) -> str | SecretProblem:
        """As it is now, or was a few seconds ago."""
        ...


class Memory(Protocol):
    """What must survive a restart of the loop."""

    def first_seen(self, key: TaskKey) -> FirstSeen | None: ...

    def remember(self, key: TaskKey, seen: FirstSeen) -> None: ...

    def forget(self, key: TaskKey) -> None: ...


@dataclass(frozen=True, slots=True)
class Standing:
    """A leadership that is valid now, and at the latest until an instant on CLOCK_BOOTTIME if nothing renews it."""

    fence: int
    valid_until_boottime_seconds: float


class Leadership(Protocol):
    def standing(self) -> Standing | None:
        """None while it does not lead; judged at this moment, so that who wakes up late knows at once."""
        ...

    def fence(self) -> int | None:
        """The number of this leader; None while it does not lead."""
        ...


class Pools(Protocol):
    def observe(self, pool: PoolKey) -> PoolWorkers: ...

    async def set_replicas(self, pool: PoolKey, replicas: int) -> None:
        """Down: only workers that are idle go, so fewer may go than asked for."""
        ...

    async def shape(self, pool: PoolKey, shape: PoolShape) -> None:
        """What its workers are to be like; said again and again, and before any is asked for."""
        ...

    async def forget(self, pool: PoolKey) -> None:
        """Nothing uses it any more, and it has no workers."""
        ...

    def problem(self, pool: PoolKey) -> str:
        """Why workers that were asked for do not come; empty when all is well."""
        ...


class StatusSink(Protocol):
    def write(self, key: TaskKey, status: TaskStatus) -> None: ...

    def forget(self, key: TaskKey) -> None: ...


class Observer(Protocol):
    """Told of what happens, as it happens: events, metrics, a view."""

    def run_changed(self, record: RunRecord) -> None: ...

    def history_read(self, record: RunRecord) -> None:
        """A run ended unseen: before the loop began, or while the scheduler was away."""
        ...

    def slots_skipped(self, skipped: SlotsSkipped) -> None: ...

    def pool_scaled(self, pool: PoolKey, before: int, decision: ScaleDecision) -> None: ...

    def condition_changed(self, key: TaskKey, condition: Condition) -> None: ...

    def scheduler_connected(self, connected: bool) -> None: ...

    def scheduler_said(self, message: SchedulerToControl) -> None:
        """Every message of the scheduler, before the loop acts on it."""
        ...


class Clock(Protocol):
    def now(self) -> datetime:
        """In UTC."""
        ...

    def boottime_seconds(self) -> float:
        """CLOCK_BOOTTIME, which goes on in a suspended machine and knows no clock steps."""
        ...
