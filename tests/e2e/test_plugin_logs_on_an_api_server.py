"""`kubectl scheduledtask` beside a real operator, scheduler and runners, and its read API before a real API server."""

import asyncio
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from kubernetes.aio import config as kubernetes_config
from kubernetes.aio.client import Configuration
from tests.cluster.cluster import Api
from tests.operator_processes import PodOfProcesses, pod_of_processes, until
from tests.plugin_program import RUNNER, VIEWER, Answer, Plugin, as_account, plugin_in_new_namespace
from tests.redis_server import RealServer
from tests.status_values import light, run, runs

from scheduledtask_operator.cluster.access_reviews import AccessReviews
from scheduledtask_operator.cluster.client import Client
from scheduledtask_operator.cluster.output_book import OutputBook
from scheduledtask_operator.cluster.read_api import ReadApi
from scheduledtask_workloads.contract import RunRecord
from scheduledtask_workloads.contract.messages import RunChanged

LOG_READER = {"apiGroups": ["scheduledtask.dev"], "resources": ["scheduledtasks/log"], "verbs": ["get"]}


@pytest.fixture(scope="module")
def here(api: Api) -> Iterator[Plugin]:
    with plugin_in_new_namespace(api) as plugin:
        plugin.put("report", light(runs=runs([run(0)])), schedule="0 2 * * *")
        yield plugin


@pytest.fixture(scope="module")
def other(api: Api) -> Iterator[Plugin]:
    with plugin_in_new_namespace(api) as plugin:
        plugin.put("report", light(runs=runs([run(0)])), schedule="0 2 * * *")
        yield plugin


def asked(plugin: Plugin, ask: Callable[[str], Answer], *, leads: bool = True) -> Answer:
    """What `ask` is answered, given the URL of a read API that was told of a run in the plugin's namespace."""

    async def serve() -> Answer:
        outputs = OutputBook()
        ended = run(0).model_copy(update={"namespace": plugin.namespace, "output": "line one\nline two\n"})
        outputs.hear(RunChanged(record=RunRecord.model_validate(ended.model_dump())))
        configuration = Configuration()
        await kubernetes_config.load_kube_config(
            str(plugin.api.kubeconfig), context=plugin.api.context, client_configuration=configuration
        )
        async with Client(configuration) as client:
            api = ReadApi(0, reviews=AccessReviews(client), outputs=outputs, leads=lambda: leads)
            async with api:
                return await asyncio.to_thread(ask, f"http://127.0.0.1:{api.port}")

    return asyncio.run(serve())


def test_who_may_read_logs_sees_the_end_of_a_run(here: Plugin, tmp_path: Path) -> None:
    reader = as_account(here, tmp_path, VIEWER, LOG_READER)

    answer = asked(here, lambda url: reader("logs", "report", "--read-api", url))

    assert (answer.code, answer.output, answer.error) == (0, "line one\nline two\n", "")


def test_who_may_not_is_told_so_in_one_line(here: Plugin, tmp_path: Path) -> None:
    viewer = as_account(here, tmp_path, VIEWER)

    answer = asked(here, lambda url: viewer("logs", "report", "--read-api", url))

    assert (answer.code, answer.output, answer.error.count("\n")) == (1, "", 1)
    assert f"may not get scheduledtasks/log report in namespace {here.namespace}" in answer.error


def test_rights_in_one_namespace_are_none_in_another(here: Plugin, other: Plugin, tmp_path: Path) -> None:
    """By the read API itself too, where somebody speaks to it without the plugin."""
    reader = as_account(here, tmp_path, VIEWER, LOG_READER)
    token = reader.api.kubectl("config", "view", "--raw", "--output=jsonpath={.users[0].user.token}")

    def ask(url: str) -> Answer:
        place = f"{url}/v1/namespaces/{other.namespace}/scheduledtasks/report/runs/report-0/output"
        try:
            request = urllib.request.Request(place, headers={"Authorization": f"Bearer {token}"})  # noqa: S310  http, as made above
            urllib.request.urlopen(request)  # noqa: S310
        except urllib.error.HTTPError as error:
            return Answer(error.code, "", error.read().decode())
        raise AssertionError("it was answered")

    answer = asked(other, ask)

    assert answer.code == 403
    assert "line one" not in answer.error


def test_a_short_token_of_a_service_account_opens_the_read_api(here: Plugin) -> None:
    """Which must be there, and be let to read."""
    answer = asked(
        here,
        lambda url: here("logs", "report", "--read-api", url, "--as-service-account", "reader"),
    )
    assert (answer.code, answer.error.count("\n")) == (1, 1)

    here.kubectl("create", "serviceaccount", "reader")
    here.kubectl("create", "role", "reader", "--verb=get", "--resource=scheduledtasks.scheduledtask.dev/log")
    here.kubectl("create", "rolebinding", "reader", "--role=reader", f"--serviceaccount={here.namespace}:reader")
    answer = asked(
        here,
        lambda url: here("logs", "report", "--read-api", url, "--as-service-account", "reader"),
    )
    assert (answer.code, answer.output) == (0, "line one\nline two\n")


@pytest.mark.parametrize(
    ("words", "leads", "said"),
    [
        (("report", "nothing"), True, "nothing that this run printed is kept"),
        (("report",), False, "this replica does not lead"),
    ],
)
def test_what_cannot_be_told_is_one_line(
    here: Plugin,
    tmp_path: Path,
    words: tuple[str, ...],
    leads: bool,
    said: str,
) -> None:
    reader = as_account(here, tmp_path, VIEWER, LOG_READER)

    answer = asked(here, lambda url: reader("logs", *words, "--read-api", url), leads=leads)

    assert (answer.code, answer.output, answer.error.count("\n")) == (1, "", 1)
    assert said in answer.error


def test_a_read_api_that_is_not_there_is_one_line(here: Plugin, tmp_path: Path) -> None:
    reader = as_account(here, tmp_path, VIEWER, LOG_READER)

    for options in (["--read-api", "http://127.0.0.1:1"], []):
        answer = reader("logs", "report", *options)
        assert (answer.code, answer.output, answer.error.count("\n")) == (1, "", 1)


def read_api_of(pod: PodOfProcesses) -> str:
    port: Any = next(line["read_api_port"] for line in pod.log() if "read_api_port" in line)
    return f"http://127.0.0.1:{port}"


def test_a_run_from_its_request_to_its_logs(api: Api, here: Plugin, redis_server: RealServer, tmp_path: Path) -> None:
    user = as_account(here, tmp_path, VIEWER, RUNNER, LOG_READER)
    here.put("health", task="system-health")
    options = (f"--namespace={here.namespace}", "--read-api-port=0")
    with pod_of_processes(api, tmp_path, redis_server.url, options=options) as pod:
        until("the operator is ready", lambda: pod.get("/readyz")[0] == 200)
        done = user("run", "health", "--wait", "--timeout", "60", "--run-name", "first")
        assert done.code == 0, done.error
        assert done.output.startswith("run first: Succeeded")

        [line] = user("history", "health", "-o", "json").document
        assert (line["state"], line["askedAs"]) == ("Succeeded", "first")
        for words in ([], ["first"], [line["run"]], ["first", "-f"]):
            answer = user("logs", "health", *words, "--read-api", read_api_of(pod))
            assert answer.code == 0, answer.error
        assert "waits to be asked" in user("explain", "health").output
        leader = ["--operator-namespace", "default", "-o", "json"]
        checks = {check["name"]: check for check in here("doctor", *leader).document}
        assert checks["Leader"]["verdict"] == "ok"
        assert checks["Leader"]["text"].startswith("pod-a")
