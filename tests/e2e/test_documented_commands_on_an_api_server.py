"""Each command of kubectl and of its plugin that the docs have, run as it stands there, in the order of the pages.

Words such as TEAM stand for what the stage has. A `get` or `describe` that shows nothing has failed: a path, a label or
a name on the page is none.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Thread

import pytest
from tests.cluster.api_server import api_server
from tests.cluster.cluster import Api
from tests.cluster.helm import find_helm
from tests.cluster.places import places
from tests.cluster.progress import Progress
from tests.conftest import establish_definitions
from tests.documented_commands import ON_AN_API_SERVER, run_by
from tests.documented_shell import Shell, shell
from tests.documented_stage import MAKING, PLACEHOLDERS, end_run, fill, roll_out
from tests.plugin_program import Plugin

_PLACEHOLDER = re.compile(rf"\b({'|'.join(sorted(PLACEHOLDERS, key=len, reverse=True))})\b")
_SHOWS = re.compile(r"kubectl (get|describe|auth|scheduledtask) ")
# Without a garbage collector nothing goes that orphans its own.
_AMENDED = {"--watch": "--watch --request-timeout=2s", "--cascade=orphan": "--cascade=orphan --wait=false"}


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shell]:
    """On an API server of this file's own: a command of the pages deletes every ScheduledTask."""
    with api_server() as server:
        establish_definitions(server)
        here = shell(server, tmp_path_factory.mktemp("reader"))
        fill(server, find_helm(places(), Progress()), here)
        yield here


@pytest.mark.parametrize("command", [each for each in run_by(ON_AN_API_SERVER) if each != MAKING])
def test_a_command_of_the_pages_does_something(stage: Shell, command: str) -> None:
    if command.startswith("kubectl rollout status"):
        roll_out(stage.api, "scheduledtask-operator")
    if " cancel " in command:  # of the two runs, one by a runbook's hand
        stage.api.kubectl("delete", "strun", "--all", "--namespace=team")
    with runs_that_end(stage.api, command):
        ended = stage(written_out(command))

    assert ended.code == (1 if "scheduledtask doctor" in command else 0), ended
    assert ended.output or not _SHOWS.match(command), ended
    # The API server has found pod and container of a log, which is empty without a node.
    assert "No resources found" not in ended.error, ended


def test_the_stage_is_made_by_a_command_of_the_pages() -> None:
    assert MAKING in run_by(ON_AN_API_SERVER)


def written_out(command: str) -> str:
    """With names in the place of placeholders, and with what it takes to end where nothing runs."""
    for words, more in _AMENDED.items():
        command = command.replace(words, more)
    return _PLACEHOLDER.sub(lambda match: PLACEHOLDERS[match[1]], command)


@contextmanager
def runs_that_end(api: Api, command: str) -> Iterator[None]:
    """As soon as they were asked for, where the command waits for one."""
    if " --wait" not in command or "scheduledtask run" not in command:
        yield
        return
    over = Event()
    thread = Thread(target=_end_runs, args=(Plugin(api, "default"), over))
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _end_runs(plugin: Plugin, over: Event) -> None:
    unended = 'jsonpath={range .items[*]}{.metadata.name} {.status.outcome}{"\\n"}{end}'
    while not over.wait(0.2):
        for line in plugin.kubectl("get", "strun", f"--output={unended}").splitlines():
            if len(line.split()) == 1:
                end_run(plugin, line.strip())
