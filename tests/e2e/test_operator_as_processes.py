"""The operator with its scheduler and runners as processes of this machine, against a real API server."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from tests.cluster.cluster import Api
from tests.operator_processes import EVERY_SECOND, PodOfProcesses, pod_of_processes, task, until
from tests.redis_server import running_server


@pytest.fixture(scope="module")
def pod(api: Api, tmp_path_factory: pytest.TempPathFactory) -> Iterator[PodOfProcesses]:
    folder = tmp_path_factory.mktemp("pod")
    with running_server(folder / "redis") as server, pod_of_processes(api, folder, server.url) as pod:
        until("the operator is ready", lambda: pod.get("/readyz")[0] == 200)
        yield pod


@pytest.fixture
def apply(api: Api) -> Iterator[Callable[..., None]]:
    """Applies one ScheduledTask; all of them are gone afterwards."""

    def apply_task(name: str, namespace: str = "default", **spec: Any) -> None:
        api.kubectl("apply", "--filename=-", stdin=task(name, namespace, **spec))

    yield apply_task
    for namespace in ("default", "leaving"):
        api.kubectl("delete", f"--raw=/apis/scheduledtask.dev/v1alpha1/namespaces/{namespace}/scheduledtasks")


def status(api: Api, name: str, namespace: str = "default") -> dict[str, Any]:
    answer = json.loads(api.kubectl("get", "stask", name, f"--namespace={namespace}", "--output=json"))
    found: dict[str, Any] = answer.get("status") or {}
    return found


def ready(api: Api, name: str) -> tuple[str, str, str]:
    """Status, reason and message of its Ready condition."""
    conditions = status(api, name).get("conditions") or []
    found = next((each for each in conditions if each["type"] == "Ready"), {})
    return found.get("status", ""), found.get("reason", ""), found.get("message", "")


def test_an_applied_light_task_runs_at_its_seconds_and_kubectl_shows_it(
    api: Api, pod: PodOfProcesses, apply: Callable[..., None]
) -> None:
    apply("each-second", schedule=EVERY_SECOND)

    until("it ran four times", lambda: len(pod.ran("each-second")) >= 4)
    api.kubectl("wait", "--for=condition=Ready", "stask/each-second", "--timeout=30s")
    slots = pod.ran("each-second")
    began = {line["slot"]: line["at"] for line in pod.bodies() if line["event"] == "begin"}
    row = api.kubectl("get", "stask", "each-second").splitlines()[1]

    assert len(slots) == len(set(slots))
    assert all(began[slot] >= slot for slot in slots)
    assert "Light" in row
    assert EVERY_SECOND in row
    assert status(api, "each-second")["scheduleSince"]["rule"]


def test_metrics_tell_of_a_task_and_forget_it(api: Api, pod: PodOfProcesses, apply: Callable[..., None]) -> None:
    apply("measured", schedule=EVERY_SECOND)
    labels = 'namespace="default",scheduledtask="measured"'

    until("its success is measured", lambda: f"last_success_timestamp_seconds{{{labels}}}" in pod.get("/metrics")[1])
    text = pod.get("/metrics")[1]
    api.kubectl("delete", "stask", "measured")

    assert 'scheduledtask_runs_total{class="Light",namespace="default",outcome="Succeeded"}' in text
    assert 'leader_election_master_status{name="scheduledtask-operator"} 1.0' in text
    until("nothing of it is left", lambda: labels not in pod.get("/metrics")[1])


def test_a_deleted_task_starts_nothing_more(api: Api, pod: PodOfProcesses, apply: Callable[..., None]) -> None:
    apply("short-lived", schedule=EVERY_SECOND)
    until("it ran", lambda: pod.ran("short-lived"))

    api.kubectl("delete", "stask", "short-lived")
    apply("witness", schedule=EVERY_SECOND)
    until("another one ran twice", lambda: len(pod.ran("witness")) >= 2)
    seen = len(pod.ran("short-lived"))
    until("another one ran twice more", lambda: len(pod.ran("witness")) >= 4)

    assert len(pod.ran("short-lived")) == seen


@pytest.mark.parametrize(
    ("spec", "reason", "words"),
    [
        ({"task": "system-helth"}, "UnknownTask", "did you mean system-health?"),
        ({"arguments": {"dsk": "/"}}, "BadArguments", "spec.arguments.dsk"),
        ({"schedule": "* * *"}, "BadManifest", "spec.schedule"),
        ({"task": "model-training", "class": "Light"}, "NotFitForLight", "model-training"),
    ],
)
def test_a_task_that_cannot_run_says_which_field_and_why(
    api: Api, pod: PodOfProcesses, apply: Callable[..., None], spec: dict[str, Any], reason: str, words: str
) -> None:
    apply("refused", **{"schedule": "@daily", **spec})

    until("its condition says so", lambda: ready(api, "refused")[:2] == ("False", reason))
    assert words in ready(api, "refused")[2]


def test_a_bad_edit_leaves_the_last_good_version_running(
    api: Api, pod: PodOfProcesses, apply: Callable[..., None]
) -> None:
    apply("edited", schedule=EVERY_SECOND)
    until("it ran", lambda: pod.ran("edited"))

    apply("edited", schedule="* * * * * * *")
    until("the edit is refused", lambda: ready(api, "edited")[:2] == ("False", "BadManifest"))
    seen = len(pod.ran("edited"))

    until("it runs on", lambda: len(pod.ran("edited")) > seen)


def test_two_hundred_bad_manifests_block_no_other(api: Api, pod: PodOfProcesses, apply: Callable[..., None]) -> None:
    schedules = [f"{number} * *" for number in range(100)]
    zones = [f"Nowhere/{number}" for number in range(100)]
    bad = [task(f"bad-{number}", schedule=text) for number, text in enumerate(schedules)]
    bad += [task(f"lost-{number}", schedule="@daily", timeZone=zone) for number, zone in enumerate(zones)]
    api.kubectl("apply", "--filename=-", stdin="\n---\n".join(bad), timeout_seconds=240)

    apply("good", schedule=EVERY_SECOND)

    until("the good one ran", lambda: pod.ran("good"))
    until("the last bad one is told", lambda: ready(api, "lost-99")[:2] == ("False", "BadManifest"))
    assert pod.is_running("operator")


def test_in_a_namespace_that_goes_nothing_starts(api: Api, pod: PodOfProcesses, apply: Callable[..., None]) -> None:
    """Alone, an API server leaves a deleted namespace as it is: terminating."""
    api.kubectl("create", "namespace", "leaving")
    apply("each-second", "leaving", schedule=EVERY_SECOND)
    until("it ran there", lambda: any(line["namespace"] == "leaving" for line in pod.bodies()))

    api.kubectl("delete", "namespace", "leaving", "--wait=false")
    apply("witness-of-leaving", schedule=EVERY_SECOND)
    until("another one ran twice", lambda: len(pod.ran("witness-of-leaving")) >= 2)
    seen = [line for line in pod.bodies() if line["namespace"] == "leaving"]
    until("another one ran twice more", lambda: len(pod.ran("witness-of-leaving")) >= 4)

    assert [line for line in pod.bodies() if line["namespace"] == "leaving"] == seen


def test_after_a_restart_no_status_is_written_anew_and_the_schedule_counts_on(
    api: Api, pod: PodOfProcesses, apply: Callable[..., None]
) -> None:
    apply("daily", schedule="@daily")
    until("its status is there", lambda: ready(api, "daily")[0] == "True")
    before = json.loads(api.kubectl("get", "stask", "daily", "--output=json"))

    code = pod.stop("operator")
    pod.start("operator")
    until("it leads again", lambda: 'name="scheduledtask-operator"} 1.0' in pod.get("/metrics")[1])
    apply("later", schedule="@daily")
    until("it writes statuses", lambda: ready(api, "later")[0] == "True")

    assert code == 0
    assert json.loads(api.kubectl("get", "stask", "daily", "--output=json")) == before


def test_all_of_its_log_is_json_and_nothing_failed(pod: PodOfProcesses) -> None:
    assert [line for line in pod.log() if line["level"] == "ERROR"] == []
