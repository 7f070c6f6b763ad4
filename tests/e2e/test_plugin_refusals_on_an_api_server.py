"""`kubectl scheduledtask` where it is refused: one clear line, and nothing of another namespace."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from tests.cluster.cluster import Api
from tests.plugin_program import RUNNER, VIEWER, Plugin, as_account, plugin_in_new_namespace

VERBS = (("list",), ("explain", "mine"), ("run", "mine"), ("history", "mine"), ("suspend", "mine"), ("cancel", "mine"))


@pytest.fixture(scope="module")
def here(api: Api) -> Iterator[Plugin]:
    with plugin_in_new_namespace(api) as plugin:
        plugin.put("mine", schedule="0 2 * * *")
        yield plugin


@pytest.fixture(scope="module")
def other(api: Api) -> Iterator[Plugin]:
    with plugin_in_new_namespace(api) as plugin:
        plugin.put("secret-of-others", schedule="0 2 * * *")
        yield plugin


@pytest.mark.parametrize("words", VERBS, ids=str)
def test_without_any_right_each_verb_says_what_is_missing(here: Plugin, words: tuple[str, ...], tmp_path: Path) -> None:
    answer = as_account(here, tmp_path)(*words)

    assert (answer.code, answer.output, answer.error.count("\n")) == (1, "", 1)
    assert "may not" in answer.error
    assert f"in namespace {here.namespace}; ask for the ClusterRole scheduledtask-view there" in answer.error


@pytest.mark.parametrize("words", VERBS, ids=str)
def test_of_another_namespace_nothing_is_shown(
    here: Plugin, other: Plugin, words: tuple[str, ...], tmp_path: Path
) -> None:
    elsewhere = replace(as_account(here, tmp_path, VIEWER, RUNNER), namespace=other.namespace)

    for name in ("mine", "secret-of-other"):
        answer = elsewhere(words[0], *([name] if words[1:] else []))
        assert (answer.code, answer.output, answer.error.count("\n")) == (1, "", 1)
        assert "secret-of-others" not in answer.error


def test_all_namespaces_are_for_those_who_may_see_all(here: Plugin, other: Plugin, tmp_path: Path) -> None:
    answer = as_account(here, tmp_path, VIEWER)("list", "-A")

    assert (answer.code, answer.output) == (1, "")
    assert "in all namespaces" in answer.error


def test_a_viewer_reads_and_changes_nothing(here: Plugin, tmp_path: Path) -> None:
    viewer = as_account(here, tmp_path, VIEWER)

    assert viewer("list", "-o", "name").output == "scheduledtask.scheduledtask.dev/mine\n"
    assert viewer("explain", "mine").code == 0
    assert "ClusterRole scheduledtask-edit" in viewer("suspend", "mine").error
    assert "ClusterRole scheduledtask-run" in viewer("run", "mine").error


def test_what_may_not_be_read_is_said_before_reasons_are_told(here: Plugin, tmp_path: Path) -> None:
    answer = as_account(here, tmp_path, VIEWER)("explain", "mine")

    assert "note: you may not read the operator's Lease, events" in answer.error
    assert "no operator has looked at it yet" in answer.output


def test_a_runner_runs_and_cancels_without_editing(here: Plugin, tmp_path: Path) -> None:
    runner = as_account(here, tmp_path, VIEWER, RUNNER)

    assert runner("run", "mine", "--run-name", "asked").code == 0
    assert runner("cancel", "mine", "asked").code == 0
    assert runner("suspend", "mine").code == 1


def test_doctor_tells_a_viewer_what_it_could_not_see(here: Plugin, tmp_path: Path) -> None:
    checks = as_account(here, tmp_path, VIEWER)("doctor", "-o", "json").document

    verdicts = {check["name"]: check["verdict"] for check in checks}
    assert verdicts["CRDs"] == verdicts["API server"] == "ok"
    assert verdicts["Leader"] == verdicts["Operator"] == "unknown"
    assert verdicts["Your rights"] == "warning"


@pytest.mark.parametrize("words", [*VERBS, ("forecast",)], ids=str)
def test_no_cluster_is_one_line(here: Plugin, words: tuple[str, ...], tmp_path: Path) -> None:
    config = json.loads(here.api.kubectl("config", "view", "--raw", "--flatten", "--output=json"))
    for each in config["clusters"]:
        each["cluster"] = {"server": "https://127.0.0.1:1"}
    kubeconfig = tmp_path / "nowhere"
    kubeconfig.write_text(json.dumps(config))

    answer = replace(here, api=replace(here.api, kubeconfig=kubeconfig))(*words)

    assert (answer.code, answer.output, answer.error.count("\n")) == (1, "", 1)
    assert answer.error.startswith("error: the API server does not answer: ")


def test_a_context_that_is_none_is_one_line(here: Plugin) -> None:
    answer = replace(here, api=replace(here.api, context="nowhere"))("list")

    assert (answer.code, answer.error.count("\n")) == (1, 1)
    assert "nowhere" in answer.error


def test_no_kubectl_is_one_line(here: Plugin) -> None:
    answer = replace(here, api=replace(here.api, program="no-such-kubectl"))("list")

    assert (answer.code, answer.error.count("\n")) == (1, 1)
    assert "there is no kubectl" in answer.error
