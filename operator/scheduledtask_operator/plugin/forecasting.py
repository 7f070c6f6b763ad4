"""The coming day of a set of tasks: slots, and the workers and the memory that they will take. Pure."""

import math
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from scheduledtask_operator.plugin.kubectl import Object
from scheduledtask_operator.plugin.slots import coming_slots
from scheduledtask_workloads.contract.quantity import QuantityError, parse_duration, parse_memory

DAY_SECONDS = 86_400
EXACT_SLOTS = 1_500
"""Of a task; one of more slots a day is spread evenly from there on, as ten thousand of them would take minutes."""
UNDECLARED_SECONDS = 60.0  # where neither the profile nor any run tells; the task is named
COLD_START_SECONDS = 30.0  # before a heavy slot, where no start was observed: the pool's own first guess is as rough
IDLE_SECONDS = 120.0  # the resource's default


@dataclass(frozen=True, slots=True)
class Bin:
    """An interval of the day: the slots in it, and the most workers and memory (requests) at once."""

    start: datetime
    light_slots: float
    heavy_slots: float
    workers: int
    memory_bytes: int


@dataclass(frozen=True, slots=True)
class Herd:
    """The second with the most slots; `tasks` are NAMESPACE/NAME."""

    time: datetime
    tasks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Forecast:
    """`undeclared`: heavy tasks whose duration is a guess. `spread`: those with too many slots to list each."""

    bins: tuple[Bin, ...]
    bin_seconds: int
    herd: Herd | None
    undeclared: tuple[str, ...]
    spread: tuple[str, ...]
    suspended: int
    unscheduled: int


@dataclass(frozen=True, slots=True)
class _Plan:
    """What a task asks for. `pool`: None for light ones."""

    name: str
    slots: tuple[datetime, ...]
    rest_per_second: float
    pool: tuple[str, str] | None
    duration_seconds: float
    lead_seconds: float
    idle_seconds: float
    concurrency: int


@dataclass(frozen=True, slots=True)
class _Pool:
    memory_bytes: int
    runs_per_pod: int
    least: int
    most: int


def forecast(tasks: Sequence[Object], now: datetime, *, bins: int) -> Forecast:
    """Of `bins` equal intervals. Each task is as its status last told; suspended ones have no slots."""
    scheduled = [task for task in tasks if task["spec"].get("schedule")]
    awake = [task for task in scheduled if not task["spec"].get("suspend")]
    plans = [_plan(task, now) for task in awake]
    width = DAY_SECONDS // bins
    counts = _slot_counts(plans, now, bins, width)
    pools = _pools(tasks)
    demand = _demand(plans, pools, now, bins, width)
    parts = tuple(
        Bin(now + timedelta(seconds=at * width), counts[False][at], counts[True][at], *demand[at]) for at in range(bins)
    )
    return Forecast(
        parts,
        width,
        _herd(plans),
        tuple(_key(task) for task in awake if _is_heavy(task) and _duration(task) is None),
        tuple(plan.name for plan in plans if plan.rest_per_second),
        len(scheduled) - len(awake),
        len(tasks) - len(scheduled),
    )


def _plan(task: Object, now: datetime) -> _Plan:
    end = now + timedelta(seconds=DAY_SECONDS - 1)
    slots = coming_slots(task, now, EXACT_SLOTS + 1, end)
    rate = 0.0
    if len(slots) > EXACT_SLOTS:
        rate = len(slots) / max(1.0, (slots[-1] - now).total_seconds())
    spec, status = task["spec"], task.get("status") or {}
    worker, observed = status.get("worker") or {}, status.get("observed") or {}
    idle = (spec.get("worker") or {}).get("idleSeconds")
    return _Plan(
        _key(task),
        slots,
        rate,
        (task["metadata"]["namespace"], worker.get("pool") or task["metadata"]["name"]) if _is_heavy(task) else None,
        _duration(task) or UNDECLARED_SECONDS,
        _seconds(observed.get("startup")) or COLD_START_SECONDS,
        IDLE_SECONDS if idle is None else float(idle),
        int(spec.get("maxConcurrency") or 1),
    )


def _slot_counts(plans: Sequence[_Plan], now: datetime, bins: int, width: int) -> dict[bool, list[float]]:
    """By whether they are heavy."""
    counts = {True: [0.0] * bins, False: [0.0] * bins}
    for alike in _by_slots(plans):
        heavy = sum(plan.pool is not None for plan in alike)
        for slot in alike[0].slots:
            at = _bin_of(slot, now, bins, width)
            counts[True][at] += heavy
            counts[False][at] += len(alike) - heavy
    for plan in plans:
        if plan.rest_per_second:
            mine = counts[plan.pool is not None]
            for at in range(_bin_of(plan.slots[-1], now, bins, width) + 1, bins):
                mine[at] += plan.rest_per_second * width
    return counts


def _by_slots(plans: Sequence[_Plan]) -> list[list[_Plan]]:
    """Those whose slots are one tuple, which is counted once."""
    groups: dict[int, list[_Plan]] = defaultdict(list)
    for plan in plans:
        groups[id(plan.slots)].append(plan)
    return list(groups.values())


def _bin_of(moment: datetime, now: datetime, bins: int, width: int) -> int:
    return max(0, min(bins - 1, int((moment - now).total_seconds() // width)))


def _demand(
    plans: Sequence[_Plan], pools: dict[tuple[str, str], _Pool], now: datetime, bins: int, width: int
) -> list[tuple[int, int]]:
    """Workers and memory of each interval, over all pools."""
    runs: dict[tuple[str, str], list[int]] = {pool: [0] * bins for pool in pools}
    for plan in plans:
        if plan.pool is not None:
            mine = _runs_at_once(plan, now, bins, width)
            runs[plan.pool] = [both + more for both, more in zip(runs[plan.pool], mine, strict=True)]
    pods = {pool: [_pods(count, pools[pool]) for count in counts] for pool, counts in runs.items()}
    return [
        (
            sum(each[at] for each in pods.values()),
            sum(each[at] * pools[pool].memory_bytes for pool, each in pods.items()),
        )
        for at in range(bins)
    ]


def _runs_at_once(plan: _Plan, now: datetime, bins: int, width: int) -> list[int]:
    """From the start of a worker to its end; no more than may run at once."""
    counts = [0] * bins
    for slot in plan.slots:
        first = _bin_of(slot - timedelta(seconds=plan.lead_seconds), now, bins, width)
        last = _bin_of(slot + timedelta(seconds=plan.duration_seconds + plan.idle_seconds), now, bins, width)
        for at in range(first, last + 1):
            counts[at] += 1
    if plan.rest_per_second:
        spread_from = _bin_of(plan.slots[-1], now, bins, width)
        counts[spread_from:] = [plan.concurrency] * (bins - spread_from)
    return [min(count, plan.concurrency) for count in counts]


def _pods(runs: int, pool: _Pool) -> int:
    return max(pool.least, min(pool.most, math.ceil(runs / pool.runs_per_pod)))


def _pools(tasks: Sequence[Object]) -> dict[tuple[str, str], _Pool]:
    """Of a pool that tasks share: the largest of what they ask for, as the operator does."""
    asked: dict[tuple[str, str], list[_Pool]] = defaultdict(list)
    for task in tasks:
        if _is_heavy(task):
            worker, spec = (task.get("status") or {}).get("worker") or {}, task["spec"].get("worker") or {}
            name = worker.get("pool") or spec.get("pool") or task["metadata"]["name"]
            memory = _bytes(worker.get("memoryRequest")) or _bytes((task["spec"].get("profile") or {}).get("memory"))
            least, most = int(spec.get("minReplicas") or 0), spec.get("maxReplicas")
            pool = _Pool(
                memory, int(worker.get("runsPerPod") or 1), least, max(1 if most is None else int(most), least)
            )
            asked[task["metadata"]["namespace"], name].append(pool)
    return {
        place: _Pool(
            max(pool.memory_bytes for pool in of_place),
            max(pool.runs_per_pod for pool in of_place),
            max(pool.least for pool in of_place),
            max(pool.most for pool in of_place),
        )
        for place, of_place in asked.items()
    }


def _herd(plans: Sequence[_Plan]) -> Herd | None:
    """None where no two slots meet."""
    seconds: Counter[datetime] = Counter()
    for alike in _by_slots(plans):
        for slot in alike[0].slots:
            seconds[slot] += len(alike)
    if not seconds:
        return None
    worst = min(seconds, key=lambda slot: (-seconds[slot], slot))
    if seconds[worst] < 2:
        return None
    return Herd(worst.astimezone(UTC), tuple(sorted(plan.name for plan in plans if worst in plan.slots)))


def _is_heavy(task: Object) -> bool:
    """As the operator decided; before it has, as the manifest says."""
    return str((task.get("status") or {}).get("class") or task["spec"].get("class")) == "Heavy"


def _duration(task: Object) -> float | None:
    observed = (task.get("status") or {}).get("observed") or {}
    return _seconds(observed.get("duration")) or _seconds((task["spec"].get("profile") or {}).get("duration"))


def _seconds(text: object) -> float | None:
    try:
        return parse_duration(str(text)) if text else None
    except QuantityError:
        return None


def _bytes(text: object) -> int:
    try:
        return parse_memory(str(text)) if text else 0
    except QuantityError:
        return 0


def _key(task: Object) -> str:
    return f"{task['metadata']['namespace']}/{task['metadata']['name']}"
