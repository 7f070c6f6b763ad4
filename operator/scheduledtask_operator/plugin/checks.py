"""What `doctor` looks at, and what it makes of it. Pure: from what was read, or why it was not, to checks."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from scheduledtask_operator.api.conditions import ConditionReason
from scheduledtask_operator.cluster.pod_problems import deployment_problem, joined_problems, pod_problem
from scheduledtask_operator.plugin.kubectl import RUNS, TASKS, Object
from scheduledtask_operator.plugin.leader import CLOCK_SLACK_SECONDS, leader_of
from scheduledtask_operator.plugin.refusals import KubectlRefusal, Refusal
from scheduledtask_operator.plugin.task_view import condition, rank, state_of

VERSION_LABEL = "app.kubernetes.io/version"
API_VERSION = "v1alpha1"
_INSTALL = "helm upgrade --install scheduledtask-operator ...; docs/installing.md has it"


class Verdict(StrEnum):
    OK = "ok"
    UNKNOWN = "unknown"
    """It may not be read, by this user."""
    WARNING = "warning"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Check:
    """`fix` is empty where nothing is to be done."""

    name: str
    verdict: Verdict
    text: str
    fix: str = ""


Answer = Object | KubectlRefusal | None


@dataclass(frozen=True, slots=True)
class Examined:
    """What was read, each or why not; None where nobody knew where to look. `skew_seconds`: this machine's clock
    ahead of the API server's. `may`: verb and resource, and whether this user may.
    """

    versions: Answer
    crds: Mapping[str, Answer]
    tasks: Answer
    runs: Answer
    may: Mapping[tuple[str, str], bool | None]
    lease: Object | None
    lease_is_missing: bool
    operator_namespace: str
    deployments: Answer
    operator_pods: Answer
    redis_pods: Answer
    skew_seconds: float | None
    plugin_version: str


def checks(examined: Examined, now: datetime) -> list[Check]:
    """In the order in which they are to be mended."""
    looks = (_api_server, _crds, _rights, _clock, _operator, _leader, _redis, _tasks)
    return [check for look in looks for check in look(examined, now)]


def _api_server(examined: Examined, now: datetime) -> Iterator[Check]:
    if isinstance(examined.versions, KubectlRefusal):
        yield Check("API server", Verdict.FAILED, examined.versions.message, "look at the context and the network")
    elif examined.versions is not None:
        server = (examined.versions.get("serverVersion") or {}).get("gitVersion", "of unknown version")
        client = (examined.versions.get("clientVersion") or {}).get("gitVersion", "of unknown version")
        yield Check("API server", Verdict.OK, f"answers; Kubernetes {server}, kubectl {client}")


def _crds(examined: Examined, now: datetime) -> Iterator[Check]:
    for name, answer in examined.crds.items():
        if isinstance(answer, KubectlRefusal):
            yield _unread_crd(name, answer, examined)
        elif answer is not None:
            yield _crd(name, answer)


def _unread_crd(name: str, refused: KubectlRefusal, examined: Examined) -> Check:
    if refused.kind is Refusal.NOT_FOUND:
        return Check("CRDs", Verdict.FAILED, f"{name} is not there", _INSTALL)
    if refused.kind is Refusal.FORBIDDEN and isinstance(examined.tasks if name == TASKS else examined.runs, dict):
        return Check("CRDs", Verdict.OK, f"{name} is served (you may not read the definition itself)")
    return Check("CRDs", Verdict.UNKNOWN, refused.message)


def _crd(name: str, crd: Object) -> Check:
    served = [each["name"] for each in crd["spec"]["versions"] if each.get("served")]
    conditions = (crd.get("status") or {}).get("conditions") or ()
    established = any(each.get("type") == "Established" and each.get("status") == "True" for each in conditions)
    if API_VERSION not in served:
        text = f"{name} serves {', '.join(served) or 'nothing'}, and this plugin speaks {API_VERSION}"
        return Check("CRDs", Verdict.FAILED, text, "use the plugin of the operator's version")
    if not established:
        return Check("CRDs", Verdict.FAILED, f"{name} is not established", f"kubectl describe crd {name}")
    return Check("CRDs", Verdict.OK, f"{name} {API_VERSION}")


def _rights(examined: Examined, now: datetime) -> Iterator[Check]:
    """Not to be allowed is no fault; it is said, as other findings are to be read with it."""
    known = {what: may for what, may in examined.may.items() if may is not None}
    missing = [f"{verb} {resource}" for (verb, resource), may in known.items() if not may]
    if missing:
        fix = "ask for scheduledtask-view, scheduledtask-run or scheduledtask-edit in this namespace, if you need it"
        yield Check("Your rights", Verdict.WARNING, f"you may not {', '.join(missing)}", fix)
    elif known:
        yield Check("Your rights", Verdict.OK, "you may see, run, and edit ScheduledTasks in this namespace")


def _clock(examined: Examined, now: datetime) -> Iterator[Check]:
    skew = examined.skew_seconds
    if skew is None:
        yield Check("Clock", Verdict.UNKNOWN, "the API server did not say what time it has")
    elif abs(skew) > CLOCK_SLACK_SECONDS:
        way = "ahead of" if skew > 0 else "behind"
        text = f"this machine is {abs(skew):.0f} s {way} the API server; ages shown here are off by that"
        yield Check("Clock", Verdict.WARNING, text, "set the clock of whichever is wrong: NTP")
    else:
        yield Check("Clock", Verdict.OK, "this machine and the API server agree to within seconds")


def _operator(examined: Examined, now: datetime) -> Iterator[Check]:
    answer = examined.deployments
    if not isinstance(answer, dict):
        text = "you may not see it" if examined.operator_namespace else "it is not known where it is installed"
        yield Check("Operator", Verdict.UNKNOWN, text, "name its namespace: --operator-namespace")
        return
    deployments = answer.get("items") or []
    if not deployments:
        yield Check("Operator", Verdict.FAILED, f"none in namespace {examined.operator_namespace}", _INSTALL)
    for deployment in deployments:
        yield _deployment(deployment, _items(examined.operator_pods))
        yield _version(deployment, examined.plugin_version)


def _deployment(deployment: Object, pods: Sequence[Object]) -> Check:
    wanted, ready = deployment["spec"].get("replicas", 1), (deployment.get("status") or {}).get("readyReplicas", 0)
    metadata = deployment["metadata"]
    place = f"{metadata.get('namespace')}/{metadata['name']}: {ready} of {wanted} pods ready"
    problems = [problem for pod in pods if (problem := pod_problem(pod))]
    problems += [refused] if (refused := deployment_problem(deployment)) else []
    if ready == wanted and not problems:
        return Check("Operator", Verdict.OK, place)
    text = f"{place}{f'; {joined_problems(problems)}' if problems else ''}"
    fix = f"kubectl logs -n {metadata.get('namespace')} deployment/{metadata['name']} --all-containers"
    return Check("Operator", Verdict.WARNING if ready else Verdict.FAILED, text, fix)


def _version(deployment: Object, plugin: str) -> Check:
    operator = (deployment["metadata"].get("labels") or {}).get(VERSION_LABEL, "")
    if not operator:
        return Check("Versions", Verdict.UNKNOWN, f"plugin {plugin}; the operator does not say its own")
    if operator != plugin:
        text = f"plugin {plugin}, operator {operator}"
        return Check("Versions", Verdict.WARNING, text, "install the plugin of the operator's version")
    return Check("Versions", Verdict.OK, f"plugin and operator {plugin}")


def _leader(examined: Examined, now: datetime) -> Iterator[Check]:
    if examined.lease is None:
        if examined.lease_is_missing:
            yield Check("Leader", Verdict.FAILED, "there is no Lease: no operator has ever led", _INSTALL)
        else:
            yield Check("Leader", Verdict.UNKNOWN, "you may not read the operator's Lease")
        return
    skew = examined.skew_seconds or 0.0
    leader = leader_of(examined.lease, datetime.fromtimestamp(now.timestamp() - skew, now.tzinfo))
    if leader.leads:
        yield Check("Leader", Verdict.OK, leader.text)
    else:
        fix = "an operator leads as long as its scheduler answers it: look at the logs of both containers"
        yield Check("Leader", Verdict.FAILED, leader.text, fix)


def _redis(examined: Examined, now: datetime) -> Iterator[Check]:
    pods = _items(examined.redis_pods)
    down = [pod for pod in pods if not _is_ready(pod)]
    if down:
        problems = joined_problems([problem for pod in down if (problem := pod_problem(pod))])
        text = f"{len(down)} of {len(pods)} pods of Redis are not ready{f': {problems}' if problems else ''}"
        place = f"-n {examined.operator_namespace} -l app.kubernetes.io/component=redis"
        yield Check("Redis", Verdict.FAILED, text, f"kubectl describe pods {place}")
    elif unfit := _told(examined, ConditionReason.REDIS_UNFIT):
        yield Check("Redis", Verdict.FAILED, unfit, "the message says what to set; docs/redis.md has the rest")
    elif away := _told(examined, ConditionReason.REDIS_DOWN):
        yield Check("Redis", Verdict.FAILED, away, "docs/runbooks/redis-unreachable.md says what it may be")
    elif pods:
        yield Check("Redis", Verdict.OK, f"{len(pods)} of {len(pods)} pods are ready, and no task says otherwise")
    elif isinstance(examined.tasks, dict) and _items(examined.tasks):
        yield Check("Redis", Verdict.OK, "no task says that anything is wrong with it")
    else:
        yield Check("Redis", Verdict.UNKNOWN, "nothing that you may see tells of it")


def _told(examined: Examined, reason: ConditionReason) -> str:
    """What a task's status tells of the whole installation's Redis."""
    told = (condition(task, "Degraded") for task in _items(examined.tasks))
    return next((str(each.get("message")) for each in told if each.get("reason") == reason), "")


def _tasks(examined: Examined, now: datetime) -> Iterator[Check]:
    if not isinstance(examined.tasks, dict):
        return
    tasks = _items(examined.tasks)
    trouble = [task["metadata"]["name"] for task in tasks if rank(state_of(task)) == 0]
    if trouble:
        some = ", ".join(trouble[:5]) + (f" and {len(trouble) - 5} more" if len(trouble) > 5 else "")
        text = f"{len(trouble)} of {len(tasks)} are in trouble: {some}"
        yield Check("Tasks", Verdict.WARNING, text, f"kubectl scheduledtask explain {trouble[0]}")
    else:
        yield Check("Tasks", Verdict.OK, f"{len(tasks)} in sight, none in trouble")


def _is_ready(pod: Object) -> bool:
    conditions = (pod.get("status") or {}).get("conditions") or ()
    return any(each.get("type") == "Ready" and each.get("status") == "True" for each in conditions)


def _items(answer: Answer) -> list[Object]:
    return list(answer.get("items") or ()) if isinstance(answer, dict) else []


WANTED_RIGHTS = (("list", TASKS), ("patch", TASKS), ("create", RUNS), ("delete", RUNS))
