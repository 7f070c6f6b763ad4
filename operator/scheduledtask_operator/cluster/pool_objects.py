"""What matters of a pool's Deployment and pods, read once from each object as it is seen."""

from dataclasses import dataclass

from scheduledtask_operator.api.resource import KIND
from scheduledtask_operator.cluster.client import Object
from scheduledtask_operator.cluster.pod_problems import deployment_problem, pod_problem
from scheduledtask_operator.control.ports import PoolKey
from scheduledtask_operator.manifests.naming import BUSY_LABEL, POOL_LABEL, WORKER_CONTAINER

DELETION_COST = "controller.kubernetes.io/pod-deletion-cost"
SHAPE_HASH = "scheduledtask.dev/shape"  # of the manifest that was applied last, with all that belongs to it


@dataclass(frozen=True, slots=True)
class WorkerPod:
    """`ran`: its worker has been started at least once. `marked`: it is the first to go when the count falls."""

    name: str
    ready: bool
    terminating: bool
    ran: bool
    busy: bool
    marked: bool
    problem: str


@dataclass(frozen=True, slots=True)
class WorkerDeployment:
    """`spec` is without what others than the one who applies it change: replicas.

    `owners` are the names of ScheduledTasks.
    """

    uid: str
    owners: frozenset[str]
    version: int
    replicas: int
    shape_hash: str
    spec: Object
    problem: str


def pool_of(item: Object) -> PoolKey | None:
    """None for an object that only looks like ours."""
    metadata = item["metadata"]
    pool = (metadata.get("labels") or {}).get(POOL_LABEL)
    return PoolKey(metadata["namespace"], pool) if pool else None


def read_pod(item: Object) -> WorkerPod:
    metadata, status = item["metadata"], item.get("status") or {}
    return WorkerPod(
        name=metadata["name"],
        ready=any(each["type"] == "Ready" and each["status"] == "True" for each in status.get("conditions") or ()),
        terminating="deletionTimestamp" in metadata or status.get("phase") in ("Succeeded", "Failed"),
        ran=_worker_ran(status),
        busy=(metadata.get("labels") or {}).get(BUSY_LABEL) == "true",
        marked=DELETION_COST in (metadata.get("annotations") or {}),
        problem=pod_problem(item),
    )


def read_deployment(item: Object) -> WorkerDeployment:
    metadata, spec = item["metadata"], item["spec"]
    return WorkerDeployment(
        uid=metadata["uid"],
        owners=frozenset(each["name"] for each in metadata.get("ownerReferences") or () if each["kind"] == KIND),
        version=int(metadata["resourceVersion"]),
        replicas=int(spec.get("replicas", 1)),
        shape_hash=(metadata.get("annotations") or {}).get(SHAPE_HASH, ""),
        spec={name: value for name, value in spec.items() if name != "replicas"},
        problem=deployment_problem(item),
    )


def _worker_ran(status: Object) -> bool:
    for container in status.get("containerStatuses") or ():
        if container["name"] == WORKER_CONTAINER:
            states = {**(container.get("lastState") or {}), **(container.get("state") or {})}
            return "running" in states or "terminated" in states
    return False
