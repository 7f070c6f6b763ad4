"""An operator that is to see one namespace only needs no rights outside of it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.cluster.cluster import Api
from tests.limited_account import limited_to
from tests.operator_processes import EVERY_SECOND, pod_of_processes, task, until
from tests.redis_server import RealServer

NAMESPACE = "only-this"


@pytest.fixture
def limited(api: Api, tmp_path: Path) -> Iterator[Api]:
    with limited_to(api, NAMESPACE, tmp_path) as limited:
        yield limited


def test_it_runs_what_lies_there_and_nothing_else(
    api: Api, limited: Api, redis_server: RealServer, tmp_path: Path
) -> None:
    options = (f"--namespace={NAMESPACE}",)
    with pod_of_processes(limited, tmp_path, redis_server.url, options=options) as pod:
        until("the operator is ready", lambda: pod.get("/readyz")[0] == 200)
        api.kubectl("apply", "--filename=-", stdin=task("elsewhere", schedule=EVERY_SECOND))
        api.kubectl("apply", "--filename=-", stdin=task("here", NAMESPACE, schedule=EVERY_SECOND))
        api.kubectl("wait", "--for=condition=Ready", "stask/here", f"--namespace={NAMESPACE}", "--timeout=60s")
        until("it ran", lambda: len(pod.ran("here")) >= 2)
        assert pod.ran("elsewhere") == []

        api.kubectl("delete", "namespace", NAMESPACE, "--wait=false")
        until("it is gone for the operator", lambda: 'scheduledtask="here"' not in pod.get("/metrics")[1])
        assert [line["message"] for line in pod.log() if line["level"] in ("WARNING", "ERROR")] == []
    api.kubectl("delete", "stask", "elsewhere")
