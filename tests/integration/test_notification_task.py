"""`notification` sends to real servers, each target once."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.receivers import Mails, Request, Web, mail_server, web_server
from tests.task_orders import catalog_of, order_for

from scheduledtask_workloads.contract import AttemptReport, Reason, RunState, TriggeredBy
from scheduledtask_workloads.execution import execute
from scheduledtask_workloads.tasks import notification

DEADLINE_SECONDS = 60.0
QUICK = {"limit": 3, "backoff": 0.01}
FAILURE = TriggeredBy(
    scheduled_task="training", run_id="training-7", outcome="Failed", message="no <data>", result={"rows": 3}
)


@pytest.fixture
def web() -> Iterator[Web]:
    with web_server() as web:
        yield web


@pytest.fixture
def mails() -> Iterator[Mails]:
    with mail_server() as mails:
        yield mails


def perform(tmp_path: Path, *targets: dict[str, Any], attempt: int = 1, **arguments: Any) -> AttemptReport:
    fields: dict[str, Any] = {"artifacts_url": str(tmp_path), "triggered_by": FAILURE, "attempt": attempt}
    fields |= arguments.pop("order", {})
    order = order_for("notification", {"retry": QUICK, **arguments, "targets": list(targets)}, **fields)
    return execute(order, output=tmp_path / "output", catalog=catalog_of(notification))


def hook(web: Web, name: str, **fields: Any) -> dict[str, Any]:
    own = {name: fields.pop(name) for name in ("retry", "rate_per_minute", "rate_group", "body") if name in fields}
    return {"name": name, "webhook": {"url": f"{web.url}/{name}", **fields}, **own}


def mail(mails: Mails, name: str, **query: str) -> dict[str, Any]:
    asked = {"from": "us@example.org", "to": f"{name}@example.org", "mode": "insecure", **query}
    return {"name": name, "url": f"mailto://127.0.0.1:{mails.port}?" + "&".join(f"{k}={v}" for k, v in asked.items())}


def test_a_mail_tells_of_the_run_that_ended(tmp_path: Path, mails: Mails) -> None:
    report = perform(tmp_path, mail(mails, "ann"))

    assert report.state is RunState.SUCCEEDED, report.message
    (got,) = mails.got
    assert "ann@example.org" in got["To"]
    assert got["Subject"] == "training: Failed"
    assert "Run training-7 of test/training: Failed: no <data>" in got.get_content()


def test_a_webhook_gets_all_that_is_known_or_the_json_that_is_asked_for(tmp_path: Path, web: Web) -> None:
    own = {"text": "{{ trigger.outcome }} by {{ variables.who }}", "n": 1, "rows": ["{{ trigger.result.rows }}"]}
    report = perform(
        tmp_path,
        hook(web, "all"),
        hook(web, "own", json=own, method="PUT", headers={"X-Key": "k"}),
        variables={"who": "us"},
    )

    assert report.state is RunState.SUCCEEDED, report.message
    every, ours = sorted(web.got, key=lambda request: request.path)
    assert (every.method, every.body["title"], every.body["kind"]) == ("POST", "training: Failed", "failure")
    assert every.body["trigger"]["run_id"] == "training-7"
    assert (ours.method, ours.body) == ("PUT", {"text": "Failed by us", "n": 1, "rows": ["3"]})
    assert (ours.headers["X-Key"], ours.headers["Idempotency-Key"]) == ("k", "test/subject-1/own")


def test_twenty_are_sent_to_at_once(tmp_path: Path, web: Web) -> None:
    together = threading.Barrier(20, timeout=DEADLINE_SECONDS)
    web.answer = lambda request: (200 + 0 * together.wait(), {})

    report = perform(tmp_path, *(hook(web, f"t{number:02}") for number in range(40)), at_once=20)

    assert report.state is RunState.SUCCEEDED, report.message
    assert (report.result["acknowledged"], web.most_at_once) == (40, 20)


def test_twenty_mails_leave_at_once(tmp_path: Path, mails: Mails) -> None:
    report = perform(tmp_path, *(mail(mails, f"p{number:02}") for number in range(20)))

    assert report.state is RunState.SUCCEEDED, report.message
    assert sorted(got["To"].partition("@")[0].strip('"<') for got in mails.got) == [f"p{n:02}" for n in range(20)]


def test_a_busy_target_is_tried_again_as_it_asks(tmp_path: Path, web: Web) -> None:
    answers = iter([(503, {"Retry-After": "0"}), (429, {}), (200, {})])
    web.answer = lambda request: next(answers)

    report = perform(tmp_path, hook(web, "busy"))

    assert report.result["targets"] == [{"name": "busy", "state": "acknowledged", "tries": 3, "message": ""}]


def test_a_retry_of_the_run_leaves_out_those_who_have_it(tmp_path: Path, web: Web, mails: Mails) -> None:
    """One web target says no for good, one mail server is full for a while."""
    web.answer = lambda request: (400 if request.path == "/bad" else 200, {})
    mails.refuse = lambda recipient: "452 full" if recipient.startswith("bob") else ""
    targets = [hook(web, "good"), hook(web, "bad"), mail(mails, "ann"), mail(mails, "bob")]

    first = perform(tmp_path, *targets)
    assert first.state is RunState.FAILED
    assert "2 of 4 targets have it" in first.message
    assert "bad refused (HTTP 400 said 400)" in first.message
    assert web.paths() == ["/bad", "/good"], "a plain refusal is final within an attempt"

    web.answer, mails.refuse = (lambda request: (200, {})), (lambda recipient: "")
    second = perform(tmp_path, *targets, attempt=2)

    assert second.state is RunState.SUCCEEDED, second.message
    assert (second.result["acknowledged"], second.result["earlier"]) == (4, 2)
    assert web.paths() == ["/bad", "/bad", "/good"]
    assert sorted(got["To"].partition("@")[0].strip('"<') for got in mails.got) == ["ann", "bob"]
    third = perform(tmp_path, *targets, attempt=3)
    assert third.result["earlier"] == 4, "also when the run succeeded, and its host died before it could tell"


def test_an_answer_that_never_comes_is_unknown_and_not_sent_again(tmp_path: Path, web: Web) -> None:
    release = threading.Event()
    web.answer = lambda request: (200 if release.wait(DEADLINE_SECONDS) else 500, {})
    first = perform(tmp_path, hook(web, "slow"), timeout=0.2)
    release.set()

    second = perform(tmp_path, hook(web, "slow"), attempt=2)

    assert "slow unknown (no answer within 0.2 s)" in first.message
    assert "slow unknown" in second.message
    assert len(web.got) == 1
    assert perform(tmp_path, hook(web, "slow"), attempt=3, resend_unknown=True).state is RunState.SUCCEEDED
    assert len(web.got) == 2


KILLED = """
import json, sys
from pathlib import Path
from tests.task_orders import catalog_of, order_for
from scheduledtask_workloads.execution import execute
from scheduledtask_workloads.tasks import notification
arguments, folder = json.loads(sys.argv[1]), sys.argv[2]
order = order_for("notification", arguments, artifacts_url=folder)
execute(order, output=Path(folder, "killed"), catalog=catalog_of(notification))
"""


def test_a_kill_between_send_and_record_is_unknown(tmp_path: Path, web: Web) -> None:
    """One target has acknowledged; of the other the message has arrived, and the sender dies before it hears so."""
    arrived, release = threading.Event(), threading.Event()

    def answer(request: Request) -> tuple[int, dict[str, str]]:
        if request.path == "/held":
            arrived.set()
            release.wait(DEADLINE_SECONDS)
        return 200, {}

    web.answer = answer
    targets = [hook(web, "told"), hook(web, "held")]
    arguments = json.dumps({"targets": targets, "at_once": 1})
    root = Path(__file__).parents[2]
    sender = subprocess.Popen([sys.executable, "-c", KILLED, arguments, str(tmp_path)], cwd=root)
    try:
        assert arrived.wait(DEADLINE_SECONDS)
    finally:
        os.kill(sender.pid, signal.SIGKILL)
        sender.wait(timeout=DEADLINE_SECONDS)
    release.set()

    again = perform(tmp_path, *targets, attempt=2)

    assert again.state is RunState.FAILED
    assert "1 of 2 targets have it: held unknown (an earlier attempt ended before it had an answer)" in again.message
    assert web.paths() == ["/held", "/told"]
    assert perform(tmp_path, *targets, attempt=3, resend_unknown=True).state is RunState.SUCCEEDED
    assert web.paths() == ["/held", "/held", "/told"]


def test_a_journal_that_was_cut_off_still_counts(tmp_path: Path, web: Web) -> None:
    assert perform(tmp_path, hook(web, "told")).state is RunState.SUCCEEDED
    (file,) = tmp_path.rglob("notification.jsonl")
    with file.open("a") as journal:
        journal.write('{"target": "other", "sta')

    report = perform(tmp_path, hook(web, "told"), hook(web, "other"), attempt=2)

    assert (report.result["acknowledged"], report.result["earlier"]) == (2, 1)
    assert web.paths() == ["/other", "/told"]


def test_targets_of_one_group_keep_their_distance(tmp_path: Path, web: Web) -> None:
    at: list[float] = []
    web.answer = lambda request: (at.append(time.monotonic()) or 200, {})
    targets = [hook(web, f"t{number}", rate_per_minute=300, rate_group="sms") for number in range(4)]

    assert perform(tmp_path, *targets).state is RunState.SUCCEEDED

    assert max(at) - min(at) >= 0.4, "three times a fifth of a second, less what the first of them is late"


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ({"url": "nonsense://x"}, "target 'it': its url is of no service that Apprise knows"),
        (
            {"url": "mailto://127.0.0.1?from=a@example.org&to=b@example.org,c@example.org"},
            "target 'it': its url names 2 recipients",
        ),
        ({"url": "mailto://127.0.0.1?from=a@example.org&to=b@example.org&retry=2"}, "target 'it': its url has retry=2"),
        ({"url": "json://127.0.0.1/?overflow=split"}, "target 'it': its url has overflow=split"),
        ({"url": "json://127.0.0.1/", "body": "{{ nothing.here }}"}, "targets[it].body: 'nothing' is undefined"),
        ({"url": "json://127.0.0.1/", "body": "a\n{% if %}"}, "targets[it].body, line 2: "),
        ({"url": "json://127.0.0.1/", "body": "{{ ''.__class__.__mro__ }}"}, "targets[it].body: access to attribute"),
        ({"url": "json://127.0.0.1/", "body": "{% for i in range(99999) %}abc{% endfor %}"}, "more than 200000"),
    ],
)
def test_what_cannot_be_sent_is_found_before_anything_is(tmp_path: Path, web: Web, target: Any, message: str) -> None:
    report = perform(tmp_path, hook(web, "first"), {"name": "it", **target})

    assert report.reason is Reason.RAISED
    assert message in report.message
    assert web.got == []


@pytest.mark.parametrize(
    ("targets", "message"),
    [
        ([{"name": "a"}], "write either url or webhook"),
        ([{"name": "a", "url": "json://x"}, {"name": "a", "url": "json://y"}], "'a' is there twice"),
        ([], "at least 1 item"),
        ([{"name": "a", "url": "slack"}], "url has no service"),
    ],
)
def test_arguments_that_make_no_sense_are_refused(tmp_path: Path, targets: Any, message: str) -> None:
    report = perform(tmp_path, *targets)

    assert report.reason is Reason.BAD_ARGUMENTS
    assert message in report.message


def test_a_dry_run_shows_and_sends_nothing(tmp_path: Path, web: Web) -> None:
    report = perform(tmp_path, hook(web, "it"), dry_run=True)

    assert report.state is RunState.SUCCEEDED
    assert "dry run: to it: training: Failed" in report.output
    assert web.got == []


def test_html_is_escaped_where_values_come_from_others(tmp_path: Path, mails: Mails) -> None:
    report = perform(tmp_path, mail(mails, "ann"), body="<b>{{ trigger.message }}</b>", format="html")

    assert report.state is RunState.SUCCEEDED, report.message
    (got,) = mails.got
    text = got.get_body(preferencelist=("html",))
    assert text is not None
    assert "<b>no &lt;data&gt;</b>" in text.get_content()


def test_a_password_of_a_url_is_in_no_message(tmp_path: Path) -> None:
    report = perform(tmp_path, {"name": "it", "url": "jsons://user:hunter2@127.0.0.1:9/"}, retry={"limit": 0})

    assert report.state is RunState.FAILED
    assert "it refused" in report.message
    assert "hunter2" not in report.message + report.output
