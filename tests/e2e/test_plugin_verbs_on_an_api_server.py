"""`kubectl scheduledtask`, each verb against a real API server, with statuses as the operator writes them."""

import json
import signal
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Thread
from xml.etree import ElementTree as ET

import pytest
from tests.cluster.cluster import Api
from tests.cluster.commands import wait_until
from tests.plugin_program import Answer, Plugin, plugin_in_new_namespace
from tests.status_values import heavy, light, pool, run, runs

from scheduledtask_workloads.contract import RunState

LATER = datetime(2099, 1, 1, tzinfo=UTC)
DAILY = "0 2 * * *"


@pytest.fixture(scope="module")
def here(api: Api) -> Iterator[Plugin]:
    with plugin_in_new_namespace(api) as plugin:
        yield plugin


@pytest.fixture(scope="module")
def filled(here: Plugin) -> Plugin:
    here.put("fine", light(runs=runs([run(0)]), next_due=LATER), schedule=DAILY)
    here.put("failing", heavy(runs=runs([run(0, RunState.FAILED)]), next_due=LATER), schedule=DAILY)
    here.put("unseen", schedule=DAILY)
    busy = run(3, RunState.STARTED, host="stask-busy-0")
    here.put("busy", heavy(runs=runs([], [busy]), next_due=LATER), schedule=DAILY)
    return here


def test_list_shows_those_in_trouble_first(filled: Plugin) -> None:
    answer = filled("list")

    heading, *lines = answer.output.splitlines()
    assert answer.code == 0
    assert heading.split()[:3] == ["NAME", "CLASS", "SCHEDULE"]
    shown = [line.split()[0] for line in lines]
    assert [name for name in shown if name in ("fine", "failing", "unseen", "busy")] == [
        "failing",
        "unseen",
        "busy",
        "fine",
    ]
    assert "\x1b" not in answer.output


def test_list_has_programs_forms(filled: Plugin) -> None:
    assert "scheduledtask.scheduledtask.dev/fine" in filled("list", "-o", "name").output.splitlines()
    assert {"fine", "busy"} <= {task["metadata"]["name"] for task in filled("list", "-o", "json").document["items"]}
    assert "kind: List" in filled("list", "-o", "yaml").output
    assert "WORKERS" in filled("list", "-o", "wide").output
    assert filled("list", "-A").output.startswith("NAMESPACE")
    assert filled("list", "--state", "RunsFailing", "-o", "name").output.split() == [
        "scheduledtask.scheduledtask.dev/failing"
    ]


def test_a_namespace_is_named_as_kubectl_takes_it(filled: Plugin) -> None:
    for words in (("-n", filled.namespace), (f"-n={filled.namespace}",), (f"--namespace={filled.namespace}",)):
        assert "scheduledtask.scheduledtask.dev/fine" in filled("list", *words, "-o", "name").output
    assert "exclude each other" in filled("list", "-A", "-n", filled.namespace).error


def test_a_wrong_name_is_answered_with_the_nearest(filled: Plugin) -> None:
    for verb in ("explain", "run", "history", "suspend", "cancel"):
        answer = filled(verb, "failling")
        assert (answer.code, answer.output) == (2, "")
        assert answer.error.splitlines() == [
            f"error: there is no ScheduledTask failling in namespace {filled.namespace}; did you mean failing?"
        ]


def test_a_wrong_verb_is_answered_with_the_nearest(here: Plugin) -> None:
    answer = here("explian")

    assert answer.code == 2
    assert "did you mean explain?" in answer.error


def test_suspend_and_resume_change_the_resource_and_say_when_there_is_nothing_to_do(here: Plugin) -> None:
    here.put("sleepy", schedule=DAILY)

    assert here("suspend", "sleepy").output == "sleepy suspended\n"
    assert here.spec("sleepy")["suspend"] is True
    assert here("suspend", "sleepy").output == "sleepy was suspended already\n"
    assert here("resume", "stask/sleepy").output == "sleepy resumed\n"
    assert not here.spec("sleepy").get("suspend")


def test_a_wrong_name_among_right_ones_suspends_nothing(filled: Plugin) -> None:
    assert filled("suspend", "fine", "nothing").code == 2
    assert not filled.spec("fine").get("suspend")


def test_history_lists_runs_at_work_then_those_that_ended(filled: Plugin) -> None:
    assert "run" not in filled("history", "unseen").output
    [busy] = filled("history", "busy", "-o", "json").document
    assert (busy["state"], busy["host"], busy["endTime"]) == ("Started", "stask-busy-0", None)
    [failed] = filled("history", "failing", "-o", "json").document
    assert failed["state"] == "Failed"
    assert failed["endTime"].startswith("2026-11-22T12:00:01")
    assert "report-0" in filled("history", "failing", "-o", "wide").output


def test_a_run_is_asked_for_with_arguments(filled: Plugin) -> None:
    answer = filled("run", "fine", "--set", "size=3", "--set", "where.x=a", "--run-name", "once", "-o", "json")

    assert answer.code == 0, answer.error
    assert answer.document["spec"]["arguments"] == {"size": 3, "where": {"x": "a"}}
    again = filled("run", "fine", "--run-name", "once")
    assert (again.code, again.error.count("\n")) == (1, 1)
    assert "already exists" in again.error


@pytest.mark.parametrize(("outcome", "code"), [("Succeeded", 0), ("Failed", 1), ("Refused", 1)])
def test_waiting_ends_with_the_run_and_tells_by_the_exit_code(filled: Plugin, outcome: str, code: int) -> None:
    name = f"waits-{outcome.lower()}"
    answers: list[Answer] = []
    thread = Thread(target=lambda: answers.append(filled("run", "fine", "--run-name", name, "--wait")))
    thread.start()
    wait_until("the run", lambda: name in filled.kubectl("get", "strun", "-o", "name"), timeout_seconds=30)

    filled.set_status("strun", name, {"state": "Ended", "outcome": outcome, "reason": "Why", "result": {"rows": 3}})
    thread.join(60)

    [answer] = answers
    assert answer.code == code
    assert answer.output == f'run {name}: {outcome}, Why, result {{"rows": 3}}\n'


def test_waiting_no_longer_than_asked_for(filled: Plugin) -> None:
    answer = filled("run", "fine", "--wait", "--timeout", "0.1")

    assert answer.code == 1
    assert "has not ended within 0.1 s" in answer.error.splitlines()[-1]


def test_ctrl_c_ends_the_waiting_and_not_the_run(filled: Plugin) -> None:
    command = filled.command("run", "fine", "--run-name", "kept", "--wait")
    waiting = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=filled.environment())
    wait_until("the run", lambda: "kept" in filled.kubectl("get", "strun", "-o", "name"), timeout_seconds=30)

    waiting.send_signal(signal.SIGINT)
    _, error = waiting.communicate(timeout=30)

    assert waiting.returncode == 130
    assert b"Traceback" not in error
    assert "kept" in filled.kubectl("get", "strun", "-o", "name")


def test_a_run_of_a_slot_is_cancelled_by_annotation_and_one_asked_for_with_its_object(filled: Plugin) -> None:
    answer = filled("cancel", "busy")
    assert answer.code == 0, answer.error
    task = json.loads(filled.kubectl("get", "stask", "busy", "--output=json"))
    assert task["metadata"]["annotations"]["scheduledtask.dev/cancel"] == "report-3"

    filled("run", "unseen", "--run-name", "unwanted")
    assert filled("cancel", "unseen", "unwanted").code == 0
    assert "unwanted" not in filled.kubectl("get", "strun", "-o", "name")


def test_what_cannot_be_cancelled_is_said(filled: Plugin) -> None:
    assert "has ended already: Failed" in filled("cancel", "failing", "report-0").error
    assert "no run of failing is under way" in filled("cancel", "failing").error
    assert "is no run of busy" in filled("cancel", "busy", "report-9").error


def test_explain_tells_class_criteria_size_slots_and_what_it_waits_for(filled: Plugin) -> None:
    output = filled("explain", "busy").output

    for words in ("is Heavy:", "LIGHT ASKS FOR", "runtime", "10m", "pool report: 1 of 1 ready", "NEXT SLOTS"):
        assert words in output
    assert "Overlap: run report-3 (Started" in output


def test_explain_says_why_a_worker_is_pending(here: Plugin) -> None:
    problem = "Unschedulable: 0/3 nodes are available: 3 Insufficient memory"
    waits = run(3, RunState.DISPATCHED)
    here.put(
        "stuck",
        heavy(runs=runs([], [waits]), pool=pool(ready=0, problem=problem), next_due=LATER),
        schedule=DAILY,
    )

    why = here("explain", "stuck", "-o", "json").document["why"]

    assert ("NoWorker", f"no worker of pool report is up: {problem}") in {
        (each["reason"], each["text"]) for each in why
    }


def test_explain_reads_the_lease(here: Plugin) -> None:
    here.put("due", light(next_due=LATER), schedule=DAILY)
    moment = datetime.now(UTC)
    for age, leads in ((0, True), (60, False)):
        renewed = (moment - timedelta(seconds=age)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        spec = {"holderIdentity": "pod-0", "leaseDurationSeconds": 10, "renewTime": renewed}
        lease = {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": {"name": "op"}, "spec": spec}
        here.kubectl("apply", "--filename=-", stdin=json.dumps(lease))

        found = here("explain", "due", "--operator-namespace", here.namespace, "--lease-name", "op", "-o", "json")

        assert [each["reason"] for each in found.document["why"]] == (["Waiting"] if leads else ["NoLeader"])


def test_forecast_is_a_picture_a_document_and_svg(filled: Plugin, tmp_path: Path) -> None:
    picture = filled("forecast").output
    assert "heavy slots" in picture
    assert "█" in picture
    assert "the herd" in picture

    document = filled("forecast", "-o", "json").document
    assert len(document["bins"]) == 96
    assert document["herd"]["time"].endswith("T02:00:00Z")

    file = tmp_path / "day.svg"
    assert filled("forecast", "-o", str(file)).code == 0
    assert ET.fromstring(file.read_text()).tag.endswith("svg")  # noqa: S314  it is our own
    assert filled("forecast", "-o", "day.png").code == 2


def test_the_inventory_holds_what_the_operator_decided_and_says_what_is_left_out(filled: Plugin) -> None:
    answer = filled("inventory", "-o", "json")

    classes = {task["name"]: task["task_class"] for task in answer.document["tasks"]}
    assert (classes["fine"], classes["busy"]) == ("Light", "Heavy")
    assert f"{filled.namespace}/unseen is left out" in answer.error
    assert "busy" in filled("inventory").output


def test_doctor_tells_what_to_fix_and_ends_with_one_where_something_failed(filled: Plugin) -> None:
    answer = filled("doctor", "--operator-namespace", filled.namespace, "--lease-name", "none", "-o", "json")

    verdicts = {check["name"]: check["verdict"] for check in answer.document}
    assert answer.code == 1
    assert verdicts["API server"] == verdicts["CRDs"] == verdicts["Your rights"] == verdicts["Clock"] == "ok"
    assert verdicts["Leader"] == verdicts["Operator"] == "failed"
    assert all(check["fix"] for check in answer.document if check["verdict"] == "failed")


def test_names_are_completed(filled: Plugin) -> None:
    words = f"kubectl-scheduledtask {' '.join(filled.command('explain')[3:])} fa"
    environment = {
        **filled.environment(),
        "_KUBECTL_SCHEDULEDTASK_COMPLETE": "bash_complete",
        "COMP_WORDS": words,
        "COMP_CWORD": str(len(words.split()) - 1),
    }
    script = "from scheduledtask_operator.plugin import scheduledtask; scheduledtask(prog_name='kubectl-scheduledtask')"
    done = subprocess.run(
        [*filled.command("")[:1], "-c", script], capture_output=True, text=True, check=True, env=environment
    )

    assert done.stdout == "plain,failing\n"


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_shells_get_their_script(here: Plugin, shell: str) -> None:
    command = here.command("completion")[:4]
    done = subprocess.run([*command, shell], capture_output=True, text=True, check=True)

    assert "_KUBECTL_SCHEDULEDTASK_COMPLETE" in done.stdout
