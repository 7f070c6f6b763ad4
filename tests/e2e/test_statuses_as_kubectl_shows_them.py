"""What kubectl makes of a status: a line in `get`, more with `-o wide`, all in `describe`, something to wait for."""

import json
from collections.abc import Iterator
from uuid import uuid4

import pytest
from tests.cluster.cluster import Api
from tests.cluster.errors import CommandFailedError
from tests.status_values import NOW, UNSURE, heavy, light, pool, run, runs

from scheduledtask_operator.control.status import TaskStatus
from scheduledtask_operator.control.status_document import status_document
from scheduledtask_workloads.contract import RunState

PROBLEM = "0/3 nodes are available: 3 Insufficient memory"


class Namespace:
    def __init__(self, api: Api) -> None:
        self._api = api
        self.name = f"shown-{uuid4().hex[:8]}"
        api.kubectl("create", "namespace", self.name)

    def kubectl(self, *arguments: str, stdin: str = "") -> str:
        return self._api.kubectl(f"--namespace={self.name}", *arguments, stdin=stdin)

    def put(self, name: str, status: TaskStatus | None) -> None:
        """A ScheduledTask, with that status."""
        spec = {"schedule": "0 2 * * *", "timeZone": "Europe/Paris", "task": "report"}
        whole = {"apiVersion": "scheduledtask.dev/v1alpha1", "kind": "ScheduledTask", "metadata": {"name": name}}
        self.kubectl("apply", "--filename=-", stdin=json.dumps({**whole, "spec": spec}))
        if status is not None:
            patch = json.dumps({"status": status_document(status, {}, NOW)})
            self.kubectl("patch", "stask", name, "--subresource=status", "--type=merge", f"--patch={patch}")

    def rows(self, *arguments: str) -> list[list[str]]:
        lines = self.kubectl("get", "stask", *arguments).splitlines()
        return [[cell.strip() for cell in line.split("  ") if cell.strip()] for line in lines]


@pytest.fixture
def here(api: Api) -> Iterator[Namespace]:
    namespace = Namespace(api)
    yield namespace
    api.kubectl("delete", "stask", "--all", f"--namespace={namespace.name}")
    api.kubectl("delete", "namespace", namespace.name, "--wait=false")


def test_get_shows_class_next_run_last_run_and_state_in_a_line(here: Namespace) -> None:
    here.put("fine", light(runs=runs([run(0)])))
    here.put("stuck", heavy(runs=runs([run(0, RunState.FAILED)]), pool=pool(ready=0, problem=PROBLEM)))
    here.put("untold", None)

    heading, fine, stuck, untold = here.rows()

    assert heading == ["NAME", "CLASS", "SCHEDULE", "NEXT RUN", "LAST RUN", "OUTCOME", "STATE", "AGE"]
    assert fine[:4] == ["fine", "Light", "0 2 * * *", "2026-11-22T12:00:00Z"]
    assert fine[5:7] == ["Succeeded", "Scheduled"]
    assert stuck[5:7] == ["Failed", "WorkersNotStarting"]
    assert untold[:2] == ["untold", "0 2 * * *"]


def test_get_wide_shows_why_and_with_which_workers(here: Namespace) -> None:
    here.put("training", heavy(runs=runs([run(0)])))

    heading, training = here.rows("--output=wide")

    assert heading[-8:] == ["READY", "ZONE", "TASK", "LAST SUCCESS", "P95", "POOL", "WORKERS", "WHY"]
    assert training[-8:-5] == ["True", "Europe/Paris", "report"]
    assert training[-4:] == ["1s", "report", "1", "runtime: 10m; light asks for under 5m"]


def test_yaml_says_why_the_workers_are_of_their_size(here: Namespace) -> None:
    here.put("training", heavy())

    shown = here.kubectl("get", "stask", "training", "--output=yaml")

    assert "memoryLimit: 11.2Gi" in shown
    assert "- memory request 96Mi for the worker and 1 x 8Gi (profile.memory)" in shown


def test_one_can_wait_until_it_is_ready(here: Namespace) -> None:
    here.put("ready", light())
    here.put("pending", light(condition=UNSURE))

    assert "condition met" in here.kubectl("wait", "--for=condition=Ready", "stask/ready", "--timeout=5s")
    with pytest.raises(CommandFailedError):
        here.kubectl("wait", "--for=condition=Ready", "stask/pending", "--timeout=1s")


def test_describe_shows_conditions_and_runs(here: Namespace) -> None:
    failed = run(0, RunState.FAILED, message="no such table")
    here.put("failing", light(runs=runs([failed])))

    said = " ".join(here.kubectl("describe", "stask", "failing").split())

    assert "Message: the last run failed; report-0: Failed: Raised: no such table" in said
    assert "Reason: RunsFailing Status: True Type: Degraded" in said
    assert "Class Reason: runtime: 10m; light asks for under 5m" in said


def test_explain_reads_well_also_for_the_status(api: Api) -> None:
    worker = " ".join(api.kubectl("explain", "stask.status.worker").split())

    assert "Why a worker is of that size." in worker
    assert "The memory that a worker may take at most." in worker
