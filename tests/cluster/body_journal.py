"""What task bodies wrote about themselves in pods: a claim in each namespace, and a pod that reads it.

The count of what was lost or doubled rests on these lines alone, never on what the ledger or a status says.
"""

import json
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from tests.cluster.cluster import Cluster
from tests.cluster.images import TOOLS_IMAGE

from scheduledtask_operator.control.due import due_slots
from scheduledtask_operator.manifests.security import container_security, pod_security
from scheduledtask_workloads.contract import JobSchedule, TaskKey

NAME = "body-journal"
FOLDER = "/journal"
VARIABLE = {"name": "SCHEDULEDTASK_BODY_JOURNAL", "value": f"{FOLDER}/bodies.jsonl"}
MOUNT = {"name": NAME, "mountPath": FOLDER}
VOLUME = {"name": NAME, "persistentVolumeClaim": {"claimName": NAME}}
# For spec.worker.podTemplate of a task whose bodies are to be counted.
WORKER_POD_TEMPLATE = {
    "spec": {"containers": [{"name": "worker", "env": [VARIABLE], "volumeMounts": [MOUNT]}], "volumes": [VOLUME]}
}


@dataclass(frozen=True, slots=True)
class Body:
    """One that began. `ended_at` is None for one that was killed, or that still runs. Times are Unix seconds."""

    name: str
    run_id: str
    attempt: int
    slot: int | None
    began_at: float
    ended_at: float | None = None
    state: str = ""

    @property
    def succeeded(self) -> bool:
        return self.state == "Succeeded"


@dataclass(frozen=True, slots=True)
class Count:
    """Slots: those that were due, those of them that a body completed, those that none did, and those whose bodies
    overlapped or completed more than once."""

    due: frozenset[int]
    ran: frozenset[int]
    lost: frozenset[int]
    doubled: frozenset[int]


def journal_objects(namespace: str) -> list[dict[str, Any]]:
    """The claim, and the pod that reads it."""
    claim = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "100Mi"}}}
    reader = {
        "name": "reader",
        "image": TOOLS_IMAGE,
        "imagePullPolicy": "Never",
        "volumeMounts": [MOUNT],
        "securityContext": container_security(),
    }
    pod = {
        "securityContext": pod_security(),
        "automountServiceAccountToken": False,
        "terminationGracePeriodSeconds": 0,
        "containers": [reader],
        "volumes": [VOLUME],
    }
    metadata = {"name": NAME, "namespace": namespace}
    return [
        {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": dict(metadata), "spec": claim},
        {"apiVersion": "v1", "kind": "Pod", "metadata": dict(metadata), "spec": pod},
    ]


def keep_journal(cluster: Cluster, namespace: str) -> None:
    """Make the namespace's claim; returns when lines can be read and workers can mount it."""
    cluster.apply(journal_objects(namespace), "--server-side")
    cluster.kubectl("wait", f"pod/{NAME}", "--for=condition=Ready", f"--namespace={namespace}", "--timeout=120s")


def read_bodies(cluster: Cluster, journals: Collection[str], namespace: str) -> list[Body]:
    """The bodies of `namespace`, from the journals that lie in `journals`: that of the runners, that of its workers."""
    return [body for journal in journals for body in parse_bodies(_lines(cluster, journal, namespace))]


def _lines(cluster: Cluster, journal: str, namespace: str) -> list[str]:
    script = f"""grep -sF '"namespace": "{namespace}"' {VARIABLE["value"]} || true"""
    return cluster.kubectl("exec", NAME, f"--namespace={journal}", "--", "sh", "-c", script).splitlines()


def parse_bodies(lines: Iterable[str]) -> list[Body]:
    """In the order in which they began."""
    bodies: list[Body] = []
    running: dict[tuple[str, int, int], list[int]] = {}  # positions; two at once when something is doubled
    for line in map(json.loads, lines):
        of_its_process = running.setdefault((line["run_id"], line["attempt"], line["pid"]), [])
        if line["event"] == "begin":
            of_its_process.append(len(bodies))
            bodies.append(Body(line["name"], line["run_id"], line["attempt"], line["slot"], line["at"]))
        elif of_its_process:
            position = of_its_process.pop(0)
            bodies[position] = replace(bodies[position], ended_at=line["at"], state=line["state"])
    return sorted(bodies, key=lambda body: body.began_at)


def due(namespace: str, name: str, schedule: str, after: datetime, until: datetime, zone: str = "UTC") -> set[int]:
    """The slots in (after, until], in Unix seconds."""
    held = JobSchedule(expression=schedule, time_zone=zone)
    return {int(slot.slot.timestamp()) for slot in due_slots(TaskKey(namespace, name), held, after, until)}


def count(bodies: Iterable[Body], due: Collection[int]) -> Count:
    """`bodies` are of one task; those of slots that are not in `due` are left out."""
    of: dict[int, list[Body]] = {slot: [] for slot in due}
    for body in bodies:
        if body.slot in of:
            of[body.slot].append(body)
    ran = frozenset(slot for slot, found in of.items() if any(body.succeeded for body in found))
    doubled = frozenset(slot for slot, found in of.items() if _is_doubled(found))
    return Count(frozenset(due), ran, frozenset(due) - ran, doubled)


def _is_doubled(bodies: list[Body]) -> bool:
    """A body without an end was killed: it overlaps with none. One that was frozen and woke up wrote its end late."""
    ordered = sorted(bodies, key=lambda body: body.began_at)
    overlapping = any(
        earlier.ended_at is not None and later.began_at < earlier.ended_at
        for position, earlier in enumerate(ordered)
        for later in ordered[position + 1 :]
    )
    return overlapping or sum(body.succeeded for body in bodies) > 1
