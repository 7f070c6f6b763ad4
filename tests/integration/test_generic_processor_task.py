"""`generic-processor` does commands, HTTP calls and catalog functions, and leaves nothing behind."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from tests.receivers import Web, web_server
from tests.task_orders import catalog_of, order_for

from scheduledtask_workloads.contract import AttemptReport, Reason, RunState
from scheduledtask_workloads.contract.secrets import SecretValue
from scheduledtask_workloads.execution import execute
from scheduledtask_workloads.tasks import generic_processor

DEADLINE_SECONDS = 60.0
QUICK = {"limit": 3, "backoff": 0.01}


@pytest.fixture
def web() -> Iterator[Web]:
    with web_server() as web:
        yield web


def perform(tmp_path: Path, *items: dict[str, Any], attempt: int = 1, **arguments: Any) -> AttemptReport:
    fields: dict[str, Any] = {"artifacts_url": str(tmp_path), "attempt": attempt}
    order = order_for("generic-processor", {**arguments, "items": list(items)}, **fields)
    return execute(order, output=tmp_path / "output", catalog=catalog_of(generic_processor))


def shell(name: str, line: str, **fields: Any) -> dict[str, Any]:
    return {"name": name, "command": line, "shell": True, **fields}


def results(report: AttemptReport) -> dict[str, dict[str, Any]]:
    return {item["name"]: item for item in report.result["items"]}


def lines(file: Path) -> list[str]:
    return file.read_text().split() if file.exists() else []


def until(condition: Callable[[], object], what: str) -> None:
    end = time.monotonic() + DEADLINE_SECONDS
    while not condition():
        assert time.monotonic() < end, f"not within {DEADLINE_SECONDS} s: {what}"
        time.sleep(0.02)


def alive(pid: int) -> bool:
    return psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE


def test_a_command_is_words_and_meets_no_shell(tmp_path: Path) -> None:
    report = perform(tmp_path, {"name": "echo", "command": ["/bin/echo", "$HOME; rm -rf x", "`id`"]})

    assert report.state is RunState.SUCCEEDED, report.message
    found = results(report)["echo"]
    assert (found["state"], found["exit_code"], found["output"]) == ("succeeded", 0, "$HOME; rm -rf x `id`\n")


def test_a_line_meets_a_shell_where_asked(tmp_path: Path) -> None:
    line = 'echo "$GREETING $SCHEDULEDTASK_RUN_ID $SCHEDULEDTASK_ITEM" | tr a-z A-Z >&2'

    report = perform(tmp_path, shell("loud", line, environment={"GREETING": "hi"}))

    assert results(report)["loud"]["output"] == "HI SUBJECT-1 LOUD\n"


def test_an_http_call_is_judged_by_its_status(tmp_path: Path, web: Web) -> None:
    web.answer = lambda request: (404 if request.path == "/gone" else 200, {})
    post = {"url": f"{web.url}/in", "method": "POST", "json": {"a": [1]}, "headers": {"X-Key": "k"}}
    report = perform(
        tmp_path,
        {"name": "post", "http": post},
        {"name": "gone", "http": {"url": f"{web.url}/gone", "expect": [404]}},
    )

    assert report.state is RunState.SUCCEEDED, report.message
    assert {name: item["status"] for name, item in results(report).items()} == {"post": 200, "gone": 404}
    (got,) = [request for request in web.got if request.path == "/in"]
    assert (got.method, got.body, got.headers["X-Key"]) == ("POST", {"a": [1]}, "k")
    assert got.headers["Idempotency-Key"] == "test/subject-1/post"
    assert results(report)["post"]["output"] == "said 200"


HEALTHY = {"cpu_percent": 100, "memory_percent": 100, "disk_percent": 100, "load_per_cpu": 1e6, "sample_seconds": 0.01}


def test_a_function_of_the_catalog_runs_in_a_process_of_its_own(tmp_path: Path) -> None:
    path = "scheduledtask_workloads.tasks.system_health.task:system_health"
    report = perform(tmp_path, {"name": "health", "function": {"name": path, "arguments": HEALTHY}})

    assert report.state is RunState.SUCCEEDED, report.message
    (file,) = tmp_path.rglob("items.jsonl")
    (line,) = file.read_text().split("\n")[1:2]
    assert json.loads(line)["result"]["status"] == "ok"


@pytest.mark.parametrize(
    ("function", "message"),
    [
        ({"name": "os:system"}, "item 'bad': function 'os:system' is none of the catalog's"),
        (
            {"name": "scheduledtask_workloads.tasks.system_health.checks:check"},
            "is none of the catalog's; did you mean",
        ),
        (
            {"name": "system-health", "arguments": {"cpu": 5}},
            "arguments.cpu: no such argument",
        ),
    ],
)
def test_only_what_the_catalog_names_is_called_and_found_out_before_anything(
    tmp_path: Path, function: Any, message: str
) -> None:
    ran = tmp_path / "ran"
    report = perform(tmp_path, shell("first", f"touch {ran}", priority=9), {"name": "bad", "function": function})

    assert message in report.message
    assert not ran.exists()


def test_fifty_are_done_at_once(tmp_path: Path, web: Web) -> None:
    together = threading.Barrier(50, timeout=DEADLINE_SECONDS)
    web.answer = lambda request: (200 + 0 * together.wait(), {})

    report = perform(tmp_path, *({"name": f"i{n}", "http": {"url": web.url}} for n in range(100)), at_once=50)

    assert report.state is RunState.SUCCEEDED, report.message
    assert (report.result["counts"], web.most_at_once) == ({"succeeded": 100}, 50)


def test_the_higher_priority_is_first(tmp_path: Path) -> None:
    order = tmp_path / "order"
    items = [shell(f"p{n}", f"echo {n} >> {order}", priority=n) for n in (1, -5, 10, 3)]

    assert perform(tmp_path, *items, at_once=1).state is RunState.SUCCEEDED

    assert lines(order) == ["10", "3", "1", "-5"]


def test_only_listed_exit_codes_and_statuses_are_tried_again(tmp_path: Path, web: Web) -> None:
    answers = iter([(503, {}), (429, {}), (200, {})])
    web.answer = lambda request: (500, {}) if request.path == "/final" else next(answers)
    tries = tmp_path / "tries"
    report = perform(
        tmp_path,
        shell("listed", f"echo x >> {tries}; test $(wc -l < {tries}) = 3 || exit 75"),
        shell("other", "exit 76"),
        {"name": "busy", "http": {"url": web.url}},
        {"name": "final", "http": {"url": f"{web.url}/final"}, "retry": {"limit": 3, "statuses": [503]}},
        retry={**QUICK, "exit_codes": [75]},
        tolerate_failures=2,
    )

    assert report.state is RunState.SUCCEEDED, report.message
    found = {name: (item["state"], item["tries"]) for name, item in results(report).items()}
    assert found == {
        "listed": ("succeeded", 3),
        "busy": ("succeeded", 3),
        "other": ("failed", 1),
        "final": ("failed", 1),
    }
    assert results(report)["other"]["message"] == "exit code 76"


def test_a_retry_of_the_run_does_only_what_did_not_succeed(tmp_path: Path) -> None:
    good, bad, ready = tmp_path / "good", tmp_path / "bad", tmp_path / "ready"
    items = [shell("good", f"echo x >> {good}"), shell("bad", f"echo x >> {bad}; test -e {ready}")]

    first = perform(tmp_path, *items)
    ready.touch()
    second = perform(tmp_path, *items, attempt=2)

    assert first.state is RunState.FAILED
    assert "1 of 2 items did not succeed: bad failed (exit code 1)" in first.message
    assert second.state is RunState.SUCCEEDED, second.message
    assert second.result["earlier"] == 1
    assert (lines(good), lines(bad)) == (["x"], ["x", "x"])


def test_no_further_item_starts_after_so_many_failures(tmp_path: Path) -> None:
    items = [shell(f"i{n}", "exit 1") for n in range(10)]

    report = perform(tmp_path, *items, at_once=1, stop_after_failures=2, tolerate_failures=10)

    assert report.result["counts"] == {"failed": 2, "skipped": 8}


def test_a_time_limit_ends_a_whole_session_also_one_that_does_not_listen(tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    line = f"trap '' TERM; echo $$ >> {pids}; sh -c 'trap \"\" TERM; echo $$ >> {pids}; sleep 600' & sleep 600"

    report = perform(tmp_path, shell("deaf", line, timeout=0.5), tolerate_failures=1)

    found = results(report)["deaf"]
    assert (found["state"], found["message"]) == ("timed-out", "not done within 0.5 s")
    assert len(lines(pids)) == 2
    assert not any(alive(int(pid)) for pid in lines(pids))


def test_what_a_command_leaves_behind_goes_with_it(tmp_path: Path) -> None:
    """It holds the pipe of its output open, too."""
    pid = tmp_path / "pid"

    report = perform(tmp_path, shell("leaves", f"sleep 600 & echo $! > {pid}; echo done"))

    assert results(report)["leaves"]["output"] == "done\n"
    assert not alive(int(pid.read_text()))


def test_of_endless_output_the_end_is_kept(tmp_path: Path) -> None:
    report = perform(tmp_path, shell("loud", "i=0; while [ $i -lt 20000 ]; do echo line $i; i=$((i+1)); done"))

    (file,) = tmp_path.rglob("items.jsonl")
    output = json.loads(file.read_text().split("\n")[1])["output"]
    assert report.state is RunState.SUCCEEDED
    assert output.endswith("line 19999\n")
    assert len(output) == 4096


CANCELLED = """
import json, sys
from pathlib import Path
from tests.task_orders import catalog_of, order_for
from scheduledtask_workloads.execution import execute
from scheduledtask_workloads.tasks import generic_processor
arguments, folder = json.loads(sys.argv[1]), sys.argv[2]
order = order_for("generic-processor", arguments, artifacts_url=folder)
report = execute(order, output=Path(folder, "cancelled"), catalog=catalog_of(generic_processor))
Path(folder, "state").write_text(report.state)
"""


def test_a_cancelled_run_ends_its_items_with_all_they_started(tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    items = [shell(f"i{n}", f"echo $$ >> {pids}; setsid sleep 600 & echo $! >> {pids}; wait") for n in range(3)]
    arguments = json.dumps({"items": [*items, shell("never", f"echo 0 >> {pids}")], "at_once": 3})
    root = Path(__file__).parents[2]
    body = subprocess.Popen([sys.executable, "-c", CANCELLED, arguments, str(tmp_path)], cwd=root)
    try:
        until(lambda: len(lines(pids)) == 6, "three items with a child each")
        os.kill(body.pid, signal.SIGTERM)
        body.wait(timeout=DEADLINE_SECONDS)
    finally:
        body.kill()
        body.wait(timeout=DEADLINE_SECONDS)

    assert (tmp_path / "state").read_text() == "Cancelled"
    assert not any(alive(int(pid)) for pid in lines(pids))
    (file,) = tmp_path.rglob("items.jsonl")
    states = {json.loads(line)["state"] for line in file.read_text().splitlines() if line}
    assert states == {"interrupted"}


@pytest.mark.parametrize(
    ("item", "message"),
    [
        ({"name": "a"}, "write one of command, http and function"),
        ({"name": "a", "command": "ls -l"}, "a list of words, or shell: true"),
        ({"name": "a", "command": ["ls"], "shell": True}, "one line of text"),
        ({"name": "a", "command": []}, "command has no program"),
        ({"name": "../a", "command": ["ls"]}, "String should match pattern"),
        ({"name": "a", "http": {"url": "file:///etc/passwd"}}, "String should match pattern"),
    ],
)
def test_items_that_make_no_sense_are_refused(tmp_path: Path, item: Any, message: str) -> None:
    report = perform(tmp_path, item)

    assert report.reason is Reason.BAD_ARGUMENTS
    assert message in report.message


def test_a_program_that_is_not_there_and_a_server_that_is_not_are_told(tmp_path: Path) -> None:
    report = perform(
        tmp_path,
        {"name": "program", "command": ["/no/such/program"]},
        {"name": "server", "http": {"url": "http://127.0.0.1:9/"}},
    )

    assert "program failed (/no/such/program cannot be started:" in report.message
    assert "server failed (no answer: Cannot connect" in report.message


def test_a_dry_run_does_nothing(tmp_path: Path) -> None:
    report = perform(tmp_path, shell("it", f"touch {tmp_path}/ran"), dry_run=True)

    assert report.result["counts"] == {"skipped": 1}
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("before", ["", "." * 4085], ids=["whole", "across the cut"])
def test_a_secret_is_masked_in_the_file_as_in_the_output(tmp_path: Path, before: str) -> None:
    reference = {"secretKeyRef": {"name": "db", "key": "password"}}
    secret = SecretValue(name="db", key="password", value="hunter2-and-more")
    line = f'echo "$PASSWORD{before}"; echo "$PASSWORD" >&2; exit 3'
    items = [{"name": "says-it", "command": line, "shell": True, "environment": {"PASSWORD": reference}}]
    order = order_for(
        "generic-processor",
        {"items": items, "tolerate_failures": 1},
        artifacts_url=str(tmp_path),
        secrets=(secret,),
    )
    report = execute(order, output=tmp_path / "output", catalog=catalog_of(generic_processor))
    kept = Path(report.result["file"]).read_text()

    assert report.state is RunState.SUCCEEDED, report.message
    assert "***" in json.loads(kept)["output"]
    assert "more" not in kept + json.dumps(report.result)
