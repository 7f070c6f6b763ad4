"""What the operator does while the API server is away, and what it finds afterwards."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.cluster.api_server import LoneApi, lone_api_server
from tests.operator_processes import EVERY_SECOND, PodOfProcesses, pod_of_processes, task, until
from tests.redis_server import RealServer

CRDS = Path(__file__).parents[2] / "crds"


@pytest.fixture
def own_api() -> Iterator[LoneApi]:
    """One that may be stopped: nobody else's."""
    with lone_api_server() as server:
        yield server


def ready_pod(pod: PodOfProcesses) -> None:
    until("the operator is ready", lambda: pod.get("/readyz")[0] == 200)


def test_light_tasks_go_on_and_nothing_is_missed_afterwards(
    own_api: LoneApi, redis_server: RealServer, tmp_path: Path
) -> None:
    """Its watches end, and it forgets what they had seen: what was deleted meanwhile is told by no event."""
    own_api.api.kubectl("apply", f"--filename={CRDS}")
    with pod_of_processes(own_api.api, tmp_path, redis_server.url) as pod:
        ready_pod(pod)
        for name in ("stays", "goes", "late"):
            suspend = name == "late"
            own_api.api.kubectl("apply", "--filename=-", stdin=task(name, schedule=EVERY_SECOND, suspend=suspend))
        until("both ran", lambda: pod.ran("stays") and pod.ran("goes"))

        own_api.stop()
        seen = len(pod.ran("stays"))
        until("one runs on for five seconds", lambda: len(pod.ran("stays")) >= seen + 5)
        assert pod.get("/healthz")[0] == 200

        pod.stop("operator")  # so that it certainly sees nothing of what comes
        pod.start("operator")
        own_api.start()
        own_api.api.kubectl("delete", "stask", "goes")
        patch = json.dumps({"spec": {"suspend": False}})
        own_api.api.kubectl("patch", "stask", "late", "--type=merge", f"--patch={patch}")
        until("what was resumed runs", lambda: pod.ran("late"))
        seen_of_gone = len(pod.ran("goes"))
        seen = len(pod.ran("stays"))
        until("the other runs on", lambda: len(pod.ran("stays")) >= seen + 3)

        assert len(pod.ran("goes")) == seen_of_gone
        assert pod.is_running("operator")


def test_an_object_that_vanished_while_no_watch_stood_is_noticed(
    own_api: LoneApi, redis_server: RealServer, tmp_path: Path
) -> None:
    """An API server that comes back answers an old watch with 410; the lists that follow do not tell what is gone."""
    own_api.api.kubectl("apply", f"--filename={CRDS}")
    with pod_of_processes(own_api.api, tmp_path, redis_server.url) as pod:
        ready_pod(pod)
        own_api.api.kubectl("apply", "--filename=-", stdin=task("goes", schedule=EVERY_SECOND))
        until("it ran", lambda: pod.ran("goes"))

        pod.freeze("operator")
        own_api.api.kubectl("delete", "stask", "goes")
        own_api.api.kubectl("apply", "--filename=-", stdin=task("comes", schedule=EVERY_SECOND))
        own_api.stop()
        own_api.start()
        pod.thaw("operator")

        until("the new one runs", lambda: pod.ran("comes"))
        seen = len(pod.ran("comes"))
        until("it goes on", lambda: len(pod.ran("comes")) >= seen + 2)
        until("the old one is forgotten", lambda: 'scheduledtask="goes"' not in pod.get("/metrics")[1])
        seen, seen_of_gone = len(pod.ran("comes")), len(pod.ran("goes"))
        until("the other runs on", lambda: len(pod.ran("comes")) >= seen + 3)
        assert len(pod.ran("goes")) == seen_of_gone


def test_an_operator_that_comes_first_waits_and_says_for_what(
    own_api: LoneApi, redis_server: RealServer, tmp_path: Path
) -> None:
    own_api.stop()
    with pod_of_processes(own_api.api, tmp_path, redis_server.url) as pod:
        until("it says that nobody answers", lambda: pod.says("no answer from the API server"))
        assert pod.get("/healthz")[0] == 200
        assert pod.get("/readyz") == (503, "the first lists are not complete\n")

        own_api.start()
        until("it says what is missing", lambda: pod.says("kubectl apply -f crds/"))

        own_api.api.kubectl("apply", f"--filename={CRDS}")
        ready_pod(pod)
        own_api.api.kubectl("apply", "--filename=-", stdin=task("first", schedule=EVERY_SECOND))
        until("a task runs", lambda: pod.ran("first"))
