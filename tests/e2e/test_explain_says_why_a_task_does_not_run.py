"""`kubectl scheduledtask explain` of tasks that do not run: the ten reasons, of a real operator, on a real API server.

All but one are asked for as somebody of the team: who sees the namespace's own objects, and nothing of the operator's.
"""

import json
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.cluster.cluster import Api
from tests.cluster.errors import CommandFailedError
from tests.conftest import CRDS
from tests.operator_processes import PodOfProcesses, pod_of_processes, until
from tests.plugin_program import VIEWER, Plugin, as_account, plugin_in_new_namespace
from tests.redis_server import RealServer, running_server
from tests.status_values import light

from scheduledtask_workloads.contract import CatalogDocument, CatalogEntry, TaskProfile

SMALL = TaskProfile(duration_seconds=1.0, memory_bytes=50_000_000)
OF_RUNNERS = CatalogEntry(name="probe", light=True, profile=SMALL, source="tasks of team")
HEAVY = {"class": "Heavy", "task": "system-health"}
MEMBER = (
    VIEWER,
    {"apiGroups": [""], "resources": ["events", "pods"], "verbs": ["get", "list"]},
    {"apiGroups": ["apps"], "resources": ["deployments"], "verbs": ["get", "list"]},
)
CRD = "scheduledtasks.scheduledtask.dev"


@dataclass(frozen=True, slots=True)
class World:
    """`admin` and `member` look at the same namespace."""

    admin: Plugin
    member: Plugin
    pod: PodOfProcesses
    redis: RealServer

    def why(self, name: str, *, whole: bool = False) -> dict[tuple[str, bool], dict[str, Any]]:
        """What explain says of a task, by its reason and whether it blocks. `whole`: to who sees the operator too."""
        plugin = self.admin if whole else self.member
        return {
            (each["reason"], each["blocks"]): each for each in plugin("explain", name, "-o", "json").document["why"]
        }

    def status(self, name: str) -> dict[str, Any]:
        found = json.loads(self.admin.kubectl("get", "stask", name, "--output=json"))
        status: dict[str, Any] = found.get("status") or {}
        return status


Stage = Callable[[World, str, dict[str, Any]], AbstractContextManager[None]]


@contextmanager
def applied(world: World, name: str, spec: dict[str, Any]) -> Iterator[None]:
    world.admin.put(name, **spec)
    yield


@contextmanager
def with_a_run_under_way(world: World, name: str, spec: dict[str, Any]) -> Iterator[None]:
    """It waits for a worker that nobody starts here."""
    with applied(world, name, spec):
        assert world.admin("run", name).code == 0
        yield


@contextmanager
def with_a_pod_that_fits_nowhere(world: World, name: str, spec: dict[str, Any]) -> Iterator[None]:
    """As a ReplicaSet makes it of the operator's Deployment, and the scheduler of Kubernetes leaves it."""
    with with_a_run_under_way(world, name, spec):
        until("a worker is wanted", lambda: (world.status(name).get("worker") or {}).get("desired"))
        pool = world.status(name)["worker"]["pool"]
        until("its Deployment", lambda: f"stask-{pool}" in world.admin.kubectl("get", "deployments", "--output=name"))
        deployment = json.loads(world.admin.kubectl("get", "deployment", f"stask-{pool}", "--output=json"))
        template = deployment["spec"]["template"]
        metadata = {**template["metadata"], "name": f"stask-{pool}-x"}
        made = {"apiVersion": "v1", "kind": "Pod", **template, "metadata": metadata}
        world.admin.kubectl("create", "--filename=-", stdin=json.dumps(made))
        text = "0/3 nodes are available: 3 Insufficient memory"
        unplaced = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": text}
        patch = json.dumps({"status": {"conditions": [unplaced]}})
        world.admin.kubectl(
            "patch", "pod", metadata["name"], "--subresource=status", "--type=merge", f"--patch={patch}"
        )
        yield


@contextmanager
def stored_before_it_was_refused(world: World, name: str, spec: dict[str, Any]) -> Iterator[None]:
    """By a CRD without our rules, as of another version; the CRD of this one refuses it at once."""
    with pytest.raises(CommandFailedError, match="not supported yet"):
        world.admin.put(name, **spec)
    rules = "/spec/versions/0/schema/openAPIV3Schema/properties/spec/x-kubernetes-validations"
    patch = json.dumps([{"op": "remove", "path": rules}])
    world.admin.kubectl("patch", "crd", CRD, "--type=json", f"--patch={patch}")
    try:
        until("it is stored", lambda: is_stored(world, name, spec))
    finally:
        world.admin.kubectl("apply", f"--filename={CRDS}")
    yield


def is_stored(world: World, name: str, spec: dict[str, Any]) -> bool:
    try:
        world.admin.put(name, **spec)
    except CommandFailedError:
        return False
    return True


@contextmanager
def without_redis(world: World, name: str, spec: dict[str, Any]) -> Iterator[None]:
    """Afterwards Redis is back, and what was said of it taken back."""
    with applied(world, name, spec):
        until("it is looked at", lambda: world.why(name).keys() == {("Waiting", False)})
        world.redis.kill()
        try:
            yield
        finally:
            world.redis.start()
        until("it is taken back", lambda: world.why(name).keys() == {("Waiting", False)})


@contextmanager
def late_by_an_outage_of_redis(world: World, name: str, spec: dict[str, Any]) -> Iterator[None]:
    """Its one slot is due while heavy ones cannot start, and is too late when they can."""
    due = datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=5)
    world.redis.kill()
    try:
        with applied(world, name, {**spec, "schedule": f"@at {due:%Y-%m-%dT%H:%M:%SZ}"}):
            until("its deadline has passed", lambda: datetime.now(UTC) > due + timedelta(seconds=2))
    finally:
        world.redis.start()
    yield


@contextmanager
def without_operator(world: World, name: str, spec: dict[str, Any]) -> Iterator[None]:
    """Its slot was ten minutes ago, as nobody has written since."""
    with operator_stopped(world):
        world.admin.put(name, light(next_due=datetime.now(UTC) - timedelta(minutes=10)), **spec)
        yield


@contextmanager
def operator_stopped(world: World) -> Iterator[None]:
    world.pod.stop("operator")
    try:
        yield
    finally:
        world.pod.start("operator")
        until("the operator leads again", lambda: world.pod.get("/readyz")[0] == 200)


@dataclass(frozen=True, slots=True)
class Case:
    """`reason` and `words` are what explain must say; `blocks`: as what is in the way, not of a slot that passed."""

    spec: dict[str, Any]
    reason: str
    words: tuple[str, ...]
    stage: Stage = applied
    whole: bool = False
    blocks: bool = True


CASES = {
    "suspended": Case({"suspend": True}, "Suspended", ("it is suspended", "no slot starts")),
    "outside its deadline": Case(
        {**HEAVY, "startingDeadlineSeconds": 1},
        "StartingDeadlineExceeded",
        ("outside of their deadline", "startingDeadlineSeconds had passed"),
        stage=late_by_an_outage_of_redis,
        blocks=False,
    ),
    "not supported": Case(
        {"catchUp": "All"},
        "NotSupported",
        ("not supported yet", "spec.catchUp", "write Latest or Skip"),
        stage=stored_before_it_was_refused,
    ),
    "blocked by overlap": Case(
        HEAVY, "Overlap", ("under way", "maxConcurrency is 1", "are skipped"), stage=with_a_run_under_way
    ),
    "no worker, and why its pod is pending": Case(
        HEAVY,
        "NoWorker",
        ("no worker of pool", "Unschedulable", "0/3 nodes are available: 3 Insufficient memory"),
        stage=with_a_pod_that_fits_nowhere,
    ),
    "Redis down": Case(
        HEAVY,
        "RedisDown",
        ("Redis is down", "heavy runs do not start without it", "does not answer"),
        stage=without_redis,
    ),
    "not allowed light": Case(
        {"task": "probe"},
        "LightNotAllowed",
        ("has not listed it", "--light-allow", "write class: Heavy and name an image that has it in spec.worker.image"),
    ),
    "bad manifest": Case({"schedule": "* * *"}, "BadManifest", ("cannot be used", "spec.schedule", "* * *")),
    "catalog pending": Case(
        {"worker": {"image": "nowhere.invalid/tasks:1"}},
        "CatalogPending",
        ("is not known yet", "nowhere.invalid/tasks:1"),
    ),
    "no leader": Case({}, "NoLeader", ("no operator leads", "is held by nobody"), stage=without_operator, whole=True),
    "no leader, to who may not see the Lease": Case(
        {}, "NoLeader", ("no operator seems to lead", "has passed"), stage=without_operator
    ),
}


@pytest.fixture(scope="module")
def world(api: Api, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("explained")
    catalog = folder / "runners.json"
    catalog.write_text(CatalogDocument(tasks=(OF_RUNNERS,)).model_dump_json())
    with running_server(folder / "redis") as server, plugin_in_new_namespace(api) as admin:
        options = (
            f"--runners-catalog={catalog}",
            "--worker-image=nowhere.invalid/worker:1",
            f"--worker-redis-url={server.url}",
        )
        with (
            tempfile.TemporaryDirectory() as account,
            pod_of_processes(api, folder, server.url, options=options) as pod,
        ):
            until("the operator is ready", lambda: pod.get("/readyz")[0] == 200)
            yield World(admin, as_account(admin, Path(account), *MEMBER), pod, server)


@pytest.mark.parametrize("cause", CASES)
def test_explain_says_in_words_why_it_does_not_run(world: World, cause: str) -> None:
    case = CASES[cause]
    name = "".join(letter if letter.isalnum() else "-" for letter in cause.lower())
    spec = {"task": "system-health", "schedule": "@daily", **case.spec}
    with case.stage(world, name, spec):
        wanted = (case.reason, case.blocks)
        until(f"{name} is explained", lambda: wanted in world.why(name, whole=case.whole), 90.0)
        said = world.why(name, whole=case.whole)[wanted]
        text = (world.admin if case.whole else world.member)("explain", name).output

        assert [words for words in case.words if words not in said["text"] or words not in text] == []
        assert said["fix"]
        assert f"{'✗' if case.blocks else '·'} {case.reason}: " in text
    world.admin.kubectl("delete", "stask", name)
