"""Why a worker's pod is not up, from what its own status says. The message is for the one who wrote the resource."""

import re
from collections.abc import Iterable, Sequence
from typing import Any

Object = dict[str, Any]
MESSAGE_LENGTH = 500  # of a scheduler's list of nodes, or the end of a log
_STARTING = frozenset({"ContainerCreating", "PodInitializing"})
_CRASHING = "CrashLoopBackOff"  # kubectl's word; also said between two starts, so that the message stays the same
_POD_NAME = re.compile(r'"(stask-[a-z0-9-]+)-[a-z0-9]{5}"')  # each try has another


def pod_problem(pod: Object) -> str:
    """Empty while it is up, or on its way."""
    status = pod.get("status") or {}
    if status.get("phase") == "Failed":
        return shortened(f"{status.get('reason') or 'Failed'}: {status.get('message') or 'the pod has ended'}")
    if _condition(status, "Ready") == "True":
        return ""
    return _scheduling_problem(status) or _first(map(_container_problem, _containers(status)))


def deployment_problem(deployment: Object) -> str:
    """Why pods are not even made: a quota, Pod Security, a service account that is missing."""
    status = deployment.get("status") or {}
    for condition in status.get("conditions") or ():
        if condition.get("type") == "ReplicaFailure" and condition.get("status") == "True":
            message = _POD_NAME.sub(r'"\1-…"', str(condition.get("message")))
            return shortened(f"{condition.get('reason')}: {message}")
    return ""


def joined_problems(problems: Sequence[str]) -> str:
    """Of several pods: each kind once, the most frequent first, with how many have it."""
    counted = sorted(set(problems), key=lambda problem: (-problems.count(problem), problem))
    return "; ".join(_with_count(problem, problems.count(problem)) for problem in counted)


def _with_count(problem: str, count: int) -> str:
    return problem if count == 1 else f"{count} workers: {problem}"


def _scheduling_problem(status: Object) -> str:
    for condition in status.get("conditions") or ():
        if condition.get("type") == "PodScheduled" and condition.get("reason") == "Unschedulable":
            return shortened(f"Unschedulable: {condition.get('message')}")
    return ""


def _containers(status: Object) -> Iterable[Object]:
    yield from status.get("initContainerStatuses") or ()
    yield from status.get("containerStatuses") or ()


def _container_problem(container: Object) -> str:
    state = container.get("state") or {}
    waiting, ended = state.get("waiting") or {}, _last_end(container)
    reason = waiting.get("reason") or ""
    if reason and reason != _CRASHING and reason not in _STARTING:
        return shortened(f"{reason}: container {container['name']}: {waiting.get('message') or 'no message'}")
    if ended and (ended.get("exitCode") or not container.get("ready")) and container.get("restartCount", 0):
        return shortened(f"{_CRASHING}: container {container['name']} {_end(ended)}")
    return ""


def _last_end(container: Object) -> Object:
    for states in (container.get("state") or {}, container.get("lastState") or {}):
        if states.get("terminated"):
            ended: Object = states["terminated"]
            return ended
    return {}


def _end(ended: Object) -> str:
    if ended.get("reason") == "OOMKilled":
        return "was OOMKilled: it took more than its memory limit; declare a larger profile.memory"
    said = str(ended.get("message") or "").strip()
    how = f"ended with {ended.get('exitCode')} ({ended.get('reason') or 'no reason'})"
    return f"{how}, saying: {said}" if said else how


def _condition(status: Object, kind: str) -> str:
    return next((str(each.get("status")) for each in status.get("conditions") or () if each.get("type") == kind), "")


def _first(problems: Iterable[str]) -> str:
    return next(filter(None, problems), "")


def shortened(text: str) -> str:
    """A message of somebody else's, without its end if it is long."""
    return text if len(text) <= MESSAGE_LENGTH else f"{text[: MESSAGE_LENGTH - 1]}…"
