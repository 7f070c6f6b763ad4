"""Why a task does not run now, in words: pure, from what the API server knows to reasons, the weightiest first."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from scheduledtask_operator.api.conditions import REASON_NOTES, ConditionReason
from scheduledtask_operator.cluster.pod_problems import deployment_problem, joined_problems, pod_problem
from scheduledtask_operator.plugin.facts import PAUSED_ANNOTATION, Facts
from scheduledtask_operator.plugin.kubectl import Object
from scheduledtask_operator.plugin.leader import leader_of
from scheduledtask_operator.plugin.task_view import condition
from scheduledtask_operator.plugin.times import ago, read_time, span

UNSEEN_SECONDS = 30  # an operator looks at a new task within a second or two; at ten thousand new ones within thirty
LATE_SECONDS = 120  # statuses are written each 30 s at most, ten thousand of them in some 200 s, failures first
RECENT_SECONDS = 3600  # events older than an hour are gone on most clusters anyway
_DONE = frozenset({"Admitted", "Dispatched"})


@dataclass(frozen=True, slots=True)
class Obstacle:
    """`reason` is a program's word, `text` what is so, `fix` what to do, empty where nothing is to be done.

    `blocks`: it is in the way of a run now. Otherwise it tells of slots that did not run, or what is awaited.
    """

    reason: str
    text: str
    fix: str = ""
    blocks: bool = True


def obstacles(facts: Facts, now: datetime) -> list[Obstacle]:
    """Never empty: where nothing is in the way, the last word is what it waits for."""
    found = [obstacle for look in _LOOKS for obstacle in look(facts, now)]
    if any(obstacle.blocks for obstacle in found):
        return found
    return [*found, *_waiting(facts, now)]


def _leader(facts: Facts, now: datetime) -> Iterator[Obstacle]:
    fix = "look at the operator's pods: `kubectl scheduledtask doctor` does, for who may see them"
    if facts.lease is not None:
        leader = leader_of(facts.lease, now)
        if not leader.leads:
            yield Obstacle("NoLeader", f"no operator leads, so nothing starts: {leader.text}", fix)
    elif facts.lease_is_missing:
        text = "no operator leads, so nothing starts: there is no Lease of one"
        yield Obstacle("NoLeader", text, f"{fix}; of another name or place: --lease-name, --operator-namespace")
    elif late := _late_seconds(facts.task, now):
        text = f"no operator seems to lead: the slot of {span(late)} ago has passed, and its status does not know of it"
        yield Obstacle("NoLeader", text, "ask who runs the installation; you may not read the operator's Lease")


def _late_seconds(task: Object, now: datetime) -> float:
    """How long ago the coming slot of the status was; 0 where that is no sign of anything."""
    due = read_time((task.get("status") or {}).get("nextRunTime"))
    if due is None or task["spec"].get("suspend"):
        return 0.0
    late = (now - due).total_seconds() - float(task["spec"].get("jitterSeconds") or 0)
    return late if late > LATE_SECONDS else 0.0


def _unseen(facts: Facts, now: datetime) -> Iterator[Obstacle]:
    metadata, status = facts.task["metadata"], facts.task.get("status") or {}
    if metadata.get("deletionTimestamp"):
        yield Obstacle("Deleting", f"it is being deleted, since {ago(read_time(metadata['deletionTimestamp']), now)}")
    elif not status.get("conditions"):
        age = now - (read_time(metadata.get("creationTimestamp")) or now)
        new = age < timedelta(seconds=UNSEEN_SECONDS)
        text = f"no operator has looked at it yet; it was made {span(age.total_seconds())} ago"
        fix = "" if new else "look whether an operator runs, and sees this namespace"
        yield Obstacle("Unseen", text, fix)
    elif int(status.get("observedGeneration") or 0) < int(metadata.get("generation") or 0):
        yield Obstacle("Unseen", "its last change has not been looked at yet; what follows is of the version before")


def _not_ready(facts: Facts, now: datetime) -> Iterator[Obstacle]:
    ready = condition(facts.task, "Ready")
    if not ready or ready.get("status") == "True":
        return
    reason, message = str(ready.get("reason")), str(ready.get("message") or "")
    if "not supported yet" in message:
        fix = "take the field out, or write what the message says instead"
        yield Obstacle("NotSupported", f"it asks for something that is not supported yet: {message}", fix)
        return
    meaning, remedy = _note(reason)
    yield Obstacle(reason, " ".join(part for part in (meaning, message and f"It says: {message}") if part), remedy)


def _note(reason: str) -> tuple[str, str]:
    """A later operator may have reasons that this plugin does not know."""
    try:
        note = REASON_NOTES[ConditionReason(reason)]
    except ValueError:
        return f"{reason}.", ""
    return note.meaning, note.remedy


def _held_back(facts: Facts, now: datetime) -> Iterator[Obstacle]:
    name = facts.task["metadata"]["name"]
    if facts.task["spec"].get("suspend"):
        text = "it is suspended: no slot starts, and no trigger; runs that are asked for do"
        yield Obstacle("Suspended", text, f"kubectl scheduledtask resume {name}")
    annotations = ((facts.namespace or {}).get("metadata") or {}).get("annotations") or {}
    paused = condition(facts.task, "Ready").get("reason") == ConditionReason.NAMESPACE_PAUSED
    if annotations.get(PAUSED_ANNOTATION) == "true" or (facts.namespace is None and paused):
        meaning, remedy = _note(ConditionReason.NAMESPACE_PAUSED)
        yield Obstacle("NamespacePaused", meaning, remedy)


def _redis(facts: Facts, now: datetime) -> Iterator[Obstacle]:
    degraded = condition(facts.task, "Degraded")
    heavy = (facts.task.get("status") or {}).get("class") == "Heavy"
    so = "heavy runs do not start without it" if heavy else "light slots go on without it, asked-for runs wait"
    text, fix = "", "whoever runs the installation can mend it"
    if degraded.get("reason") == ConditionReason.REDIS_UNFIT:
        text = f"Redis is not as it must be ({so}): {degraded.get('message')}"
    elif facts.redis_pods and not any(_is_ready(pod) for pod in facts.redis_pods):
        problems = joined_problems([problem for pod in facts.redis_pods if (problem := pod_problem(pod))])
        text = f"Redis is down ({so}): none of its pods is ready{f'; {problems}' if problems else ''}"
        place = facts.redis_pods[0]["metadata"].get("namespace", "")
        fix = f"kubectl describe pods -n {place} -l app.kubernetes.io/component=redis"
    elif degraded.get("reason") == ConditionReason.REDIS_DOWN:
        text, fix = f"Redis is down ({so}): {degraded.get('message')}", _note(ConditionReason.REDIS_DOWN)[1]
    if text:
        yield Obstacle("RedisDown", text, fix, blocks=heavy)


def _is_ready(pod: Object) -> bool:
    conditions = (pod.get("status") or {}).get("conditions") or ()
    return any(each.get("type") == "Ready" and each.get("status") == "True" for each in conditions)


def _overlap(facts: Facts, now: datetime) -> Iterator[Obstacle]:
    spec, active = facts.task["spec"], _active(facts.task)
    limit, policy = int(spec.get("maxConcurrency") or 1), spec.get("concurrencyPolicy") or "Forbid"
    if policy == "Allow" or len(active) < limit:
        return
    first = active[0]
    since = ago(read_time(first.get("startTime")), now)
    runs = f"run {first.get('run')} ({first.get('state')}, started {since})" if limit == 1 else f"{len(active)} runs"
    then = {"Queue": "the next ones wait for its end", "Replace": "the next slot ends it and starts in its place"}
    text = f"{runs} under way, and maxConcurrency is {limit}: {then.get(policy, 'slots meanwhile are skipped')}"
    fix = f"wait, cancel it (kubectl scheduledtask cancel {facts.task['metadata']['name']} {first.get('run')}),"
    yield Obstacle("Overlap", text, f"{fix} or write concurrencyPolicy: Allow", blocks=policy != "Replace")


def _skipped(facts: Facts, now: datetime) -> Iterator[Obstacle]:
    """What events tell of slots that were decided without a run; the newest of each reason."""
    told: dict[str, Object] = {}
    for event in sorted(facts.events or (), key=_event_time):
        cause = str(event.get("message") or "").rpartition(": ")[2]
        if event.get("reason") == "SlotsSkipped" and _is_recent(event, now) and cause in _SKIPS:
            told[cause] = event
    for cause, event in told.items():
        meaning, fix = _SKIPS[cause]
        yield Obstacle(
            cause, f"{meaning}: {event.get('message')} ({ago(read_time(_event_time(event)), now)})", fix, False
        )


_SKIPS = {
    "Overlap": (
        "slots were skipped while a run was under way",
        "give the runs more time between them, or write concurrencyPolicy: Allow",
    ),
    "StartingDeadlineExceeded": (
        "slots were outside of their deadline: startingDeadlineSeconds had passed before they could start",
        "raise startingDeadlineSeconds, or find out why they started late",
    ),
    "NotCaughtUp": (
        "slots were missed, and catchUp is Skip",
        "write catchUp: Latest, if the last one should be caught up",
    ),
}


def _event_time(event: Object) -> str:
    series = event.get("series") or {}
    times = (series.get("lastObservedTime"), event.get("lastTimestamp"), event.get("eventTime"))
    return str(next((each for each in times if each), ""))


def _is_recent(event: Object, now: datetime) -> bool:
    moment = read_time(_event_time(event))
    return moment is not None and (now - moment).total_seconds() < RECENT_SECONDS


def _workers(facts: Facts, now: datetime) -> Iterator[Obstacle]:
    status = facts.task.get("status") or {}
    worker = status.get("worker") or {}
    problem = _pool_problem(facts, worker)
    ready, desired = int(worker.get("ready") or 0), int(worker.get("desired") or 0)
    if not worker or ready or (not desired and not problem):
        return
    name = worker.get("pool")
    if problem:
        remedy = _note(ConditionReason.WORKERS_NOT_STARTING)[1]
        yield Obstacle("NoWorker", f"no worker of pool {name} is up: {problem}", remedy)
    else:
        yield Obstacle("NoWorker", f"no worker of pool {name} is up yet: {desired} on the way{_pods_text(facts)}")


def _pool_problem(facts: Facts, worker: dict[str, Any]) -> str:
    """As it is now where pods may be read; else as the status last told it."""
    now_known = [pod_problem(pod) for pod in facts.pods or () if pod_problem(pod)]
    if facts.deployment and (refused := deployment_problem(facts.deployment)):
        now_known.append(refused)
    return joined_problems(now_known) or str(worker.get("problem") or "")


def _pods_text(facts: Facts) -> str:
    phases = [f"{pod['metadata']['name']} {(pod.get('status') or {}).get('phase', '')}" for pod in facts.pods or ()]
    return f" ({', '.join(phases)})" if phases else ""


def _requests(facts: Facts, now: datetime) -> Iterator[Obstacle]:
    for request in facts.requests or ():
        status = request.get("status") or {}
        if status.get("state") == "Pending" and status.get("message"):
            name = request["metadata"]["name"]
            yield Obstacle("RequestWaits", f"ScheduledTaskRun {name} waits: {status['message']}", blocks=False)


def _waiting(facts: Facts, now: datetime) -> Iterator[Obstacle]:
    """Nothing is in the way."""
    active, status = _active(facts.task), facts.task.get("status") or {}
    name = facts.task["metadata"]["name"]
    for run in active:
        yield _of_run(run, now)
    reason = condition(facts.task, "Ready").get("reason")
    due = read_time(status.get("nextRunTime"))
    if active:
        return
    if reason == ConditionReason.NO_MORE_SLOTS:
        meaning, remedy = _note(ConditionReason.NO_MORE_SLOTS)
        yield Obstacle("NoMoreSlots", meaning, remedy, blocks=False)
    elif due is not None:
        text = f"nothing is in its way; it waits for its slot {ago(due, now)}"
        yield Obstacle("Waiting", text, f"sooner: kubectl scheduledtask run {name}", blocks=False)
    else:
        triggers = "for a trigger, or to be asked" if facts.task["spec"].get("triggers") else "to be asked"
        yield Obstacle("Waiting", f"nothing is in its way; it has no schedule and waits {triggers}",
                       f"kubectl scheduledtask run {name}", blocks=False)  # fmt: skip


def _of_run(run: dict[str, Any], now: datetime) -> Obstacle:
    if run.get("state") == "Waiting":
        text = f"run {run.get('run')} waits for its next attempt, {ago(read_time(run.get('retryTime')), now)}"
        return Obstacle("RetryPending", text, blocks=False)
    if run.get("state") in _DONE:
        return Obstacle("Starting", f"run {run.get('run')} is on its way to a worker: {run['state']}", blocks=False)
    where = f" on {run['host']}" if run.get("host") else ""
    return Obstacle("Running", f"it runs: {run.get('run')}, since {ago(read_time(run.get('startTime')), now)}{where}",
                    blocks=False)  # fmt: skip


def _active(task: Object) -> list[dict[str, Any]]:
    return list((task.get("status") or {}).get("active") or ())


_Look = Callable[[Facts, datetime], Iterable[Obstacle]]
_LOOKS: tuple[_Look, ...] = (
    _leader, _unseen, _not_ready, _held_back, _redis, _workers, _overlap, _skipped, _requests,
)  # fmt: skip
