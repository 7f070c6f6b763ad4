"""The pools: what is known of each now, and what was counted since this replica leads."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from scheduledtask_operator.cluster.run_series import start_delay_seconds
from scheduledtask_operator.cluster.task_series import family_text, label
from scheduledtask_operator.control.ports import PoolKey
from scheduledtask_operator.control.status import PoolStatus, TaskStatus
from scheduledtask_operator.decisions.scaling import HOLDING, ScaleCause, ScaleDecision
from scheduledtask_workloads.contract import RunRecord, RunState, TaskKey
from scheduledtask_workloads.contract.messages import PoolDepth

ON_TIME_SECONDS = 1.0  # after its slot: what a pool from zero workers is to reach
HIT, MISS = "hit", "miss"


@dataclass(slots=True)
class _Tally:
    scale_ups: Counter[str] = field(default_factory=Counter)
    prewarmed: Counter[str] = field(default_factory=Counter)
    blocked: Counter[str] = field(default_factory=Counter)
    asked_ahead: int = 0
    """Workers that were asked for ahead of a slot, and have not begun a run of one."""
    held_by: ScaleCause | None = None


def pool_labels(key: PoolKey) -> str:
    return f'namespace="{key.namespace}",pool="{key.pool}"'


class PoolSeries:
    """`statuses` are those of the tasks; a pool that none of them names has no series."""

    def __init__(self, statuses: Mapping[TaskKey, TaskStatus]) -> None:
        self._statuses = statuses
        self._tallies: dict[PoolKey, _Tally] = {}
        self._oldest: dict[PoolKey, float] = {}

    def begin(self) -> None:
        """Count from zero."""
        self._tallies.clear()

    def depth_told(self, depth: PoolDepth) -> None:
        pool = PoolKey(depth.namespace, depth.pool)
        if depth.ready and depth.oldest_sent_at is not None:
            self._oldest[pool] = depth.oldest_sent_at
        else:
            self._oldest.pop(pool, None)

    def forget_depths(self) -> None:
        self._oldest.clear()

    def scaled(self, pool: PoolKey, before: int, decision: ScaleDecision) -> None:
        tally = self._tally(pool)
        if decision.desired > before:
            tally.scale_ups[decision.cause] += 1
        if decision.desired < before:
            tally.asked_ahead = 0
        elif decision.cause is ScaleCause.UPCOMING:
            tally.asked_ahead += decision.desired - before

    def told(self, namespace: str, status: PoolStatus) -> None:
        """Each time at which something else begins to hold workers is counted."""
        tally = self._tally(PoolKey(namespace, status.pool))
        if status.held_by is not None and status.held_by is not tally.held_by:
            tally.blocked[status.held_by] += 1
        tally.held_by = status.held_by

    def run_began(self, record: RunRecord, status: TaskStatus) -> None:
        """The run of a slot, at its first attempt, may be one that workers were asked for ahead of."""
        delay_seconds = start_delay_seconds(record, status)
        tally = self._tallies.get(PoolKey(record.namespace, status.job.pool if status.job else ""))
        if record.state is not RunState.STARTED or record.attempts > 1 or delay_seconds is None or tally is None:
            return
        if tally.asked_ahead:
            tally.asked_ahead -= 1
            tally.prewarmed[HIT if delay_seconds <= ON_TIME_SECONDS else MISS] += 1

    def parts(self) -> Iterator[str]:
        """The text of every family. A heavy task has a pool of its own unless it says otherwise, so they are many."""
        pools = {pool_labels(key): (key, status) for key, status in self._pools().items()}
        known = {key for key, _ in pools.values()}
        for gone in self._tallies.keys() - known:
            del self._tallies[gone]
        for name, help_text, read in _GAUGES:
            values = ((labels, read(status)) for labels, (_, status) in pools.items())
            yield family_text(f"scheduledtask_pool_{name}", "gauge", help_text, values)
        yield family_text(
            "scheduledtask_pool_oldest_message_timestamp_seconds",
            "gauge",
            "When the message that waits longest was sent; absent while none waits.",
            ((labels, self._oldest.get(key)) for labels, (key, _) in pools.items()),
        )
        tallies = {labels: self._tally(key) for labels, (key, _) in pools.items()}
        for name, help_text, word, words, count in _COUNTERS:
            counts = (
                (labels + label(word, each), count(tally)[each]) for labels, tally in tallies.items() for each in words
            )
            yield family_text(f"scheduledtask_pool_{name}_total", "counter", help_text, counts)

    def _pools(self) -> dict[PoolKey, PoolStatus]:
        return {
            PoolKey(key.namespace, status.pool.pool): status.pool
            for key, status in list(self._statuses.items())
            if status.pool is not None
        }

    def _tally(self, pool: PoolKey) -> _Tally:
        return self._tallies.setdefault(pool, _Tally())


_GAUGES: tuple[tuple[str, str, Callable[[PoolStatus], float | None]], ...] = (
    ("depth", "Runs that wait for a worker; absent while unknown.", lambda pool: pool.backlog),
    ("desired", "How many workers there should be.", lambda pool: pool.desired),
    ("ready", "How many workers are ready.", lambda pool: pool.ready),
    ("not_starting", "1 while workers do not come, for a known reason.", lambda pool: 1 if pool.problem else 0),
    ("lead_time_seconds", "From asking for a worker to one that takes messages.", lambda pool: pool.startup_seconds),
)
_COUNTERS: tuple[tuple[str, str, str, tuple[str, ...], Callable[[_Tally], Counter[str]]], ...] = (
    (
        "scale_ups",
        "Counts of workers that were raised.",
        "cause",
        (ScaleCause.BACKLOG, ScaleCause.UPCOMING, ScaleCause.MINIMUM),
        lambda tally: tally.scale_ups,
    ),
    (
        "prewarmed_starts",
        "Slots for which workers were asked ahead: begun within a second, or later.",
        "result",
        (HIT, MISS),
        lambda tally: tally.prewarmed,
    ),
    ("blocked_scale_downs", "Times at which workers too many stayed.", "cause", HOLDING, lambda tally: tally.blocked),
)
