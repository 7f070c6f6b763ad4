"""What is known of a task when it is asked why it does not run. None: it could not be read, which is never nothing."""

from dataclasses import dataclass

from scheduledtask_operator.plugin.kubectl import Asked, Kubectl, Object
from scheduledtask_operator.plugin.operator_place import Place, place_of_operator
from scheduledtask_operator.plugin.refusals import KubectlRefusal

PAUSED_ANNOTATION = "scheduledtask.dev/paused"
POOL_LABEL = "scheduledtask.dev/pool"


@dataclass(frozen=True, slots=True)
class Facts:
    """Objects as the API server has them; `events` are those of the task, `redis_pods` those of the bundled Redis."""

    task: Object
    requests: tuple[Object, ...] | None = None
    deployment: Object | None = None
    pods: tuple[Object, ...] | None = None
    events: tuple[Object, ...] | None = None
    namespace: Object | None = None
    lease: Object | None = None
    lease_is_missing: bool = False
    redis_pods: tuple[Object, ...] | None = None


def gather(kubectl: Kubectl, task: Object, *, operator_namespace: str, lease_name: str) -> Facts:
    """All that may be read, several at once; what is forbidden stays unknown."""
    metadata, worker = task["metadata"], (task.get("status") or {}).get("worker") or {}
    here = kubectl.within(metadata["namespace"])
    chosen = f"--field-selector=involvedObject.uid={metadata.get('uid', '')}"
    asked = [
        Asked("scheduledtaskruns.scheduledtask.dev"),
        Asked("events", (chosen,)),
        Asked(f"namespaces/{metadata['namespace']}"),
    ]
    pool = worker.get("pool")
    if pool:
        asked += [Asked(f"deployments.apps/stask-{pool}"), Asked("pods", (f"--selector={POOL_LABEL}={pool}",))]
    answers = here.get_each(asked)
    place = place_of_operator(kubectl, operator_namespace, lease_name)
    runs, events, namespace = answers[:3]
    deployment, pods = answers[3:] if pool else (None, None)
    return Facts(
        task,
        requests=_items(runs, metadata["name"]),
        deployment=_object(deployment),
        pods=_items(pods),
        events=_items(events),
        namespace=_object(namespace),
        lease=place.lease,
        lease_is_missing=place.lease_is_missing,
        redis_pods=_redis_pods(kubectl, place),
    )


def _redis_pods(kubectl: Kubectl, place: Place) -> tuple[Object, ...] | None:
    """Of the chart's own Redis; none where it is somebody else's."""
    if not place.namespace:
        return None
    labels = "app.kubernetes.io/name=scheduledtask-operator,app.kubernetes.io/component=redis"
    answer = kubectl.within(place.namespace).get_each([Asked("pods", (f"--selector={labels}",))])[0]
    return _items(answer)


def _object(answer: Object | KubectlRefusal | None) -> Object | None:
    return None if isinstance(answer, KubectlRefusal) else answer


def _items(answer: Object | KubectlRefusal | None, of_task: str = "") -> tuple[Object, ...] | None:
    if answer is None or isinstance(answer, KubectlRefusal):
        return None
    items = answer.get("items") or ()
    return tuple(each for each in items if not of_task or each["spec"].get("scheduledTask") == of_task)
