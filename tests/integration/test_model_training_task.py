"""`model-training` trains real models, goes on after a kill, and leaves a model that another process can use."""

import json
import logging
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.task_orders import catalog_of, order_for

from scheduledtask_workloads.contract import AttemptReport, Reason, RunState
from scheduledtask_workloads.execution import execute
from scheduledtask_workloads.tasks import model_training
from scheduledtask_workloads.tasks.model_training.settings import TrainingArguments

QUICK = {"dataset": "iris", "estimator": "logistic-regression", "candidates": 4, "folds": 2}
NO_TIME = 0.000001  # a budget that is used when the first candidate is scored
LONG_SEARCH = {"candidates": 9, "folds": 10}

JOURNAL = Path("test", "subject", "subject-1.checkpoint", "search.journal")

Perform = Callable[..., AttemptReport]


@pytest.fixture
def perform(tmp_path: Path) -> Perform:
    def perform(attempt: int = 1, **arguments: Any) -> AttemptReport:
        order = order_for("model-training", QUICK | arguments, attempt=attempt, artifacts_url=str(tmp_path / "store"))
        return execute(order, output=tmp_path / "output", catalog=catalog_of(model_training))

    return perform


def test_model_reference_metrics_and_card_are_left_in_the_artifacts(perform: Perform, tmp_path: Path) -> None:
    report = perform()
    folder = tmp_path / "store" / "test" / "subject" / "subject-1"
    metrics = json.loads((folder / "metrics.json").read_text())

    assert report.state is RunState.SUCCEEDED, report.output
    assert report.result["metrics"]["accuracy"] > 0.9
    assert report.result["model"] == f"{folder}/model.skops"
    assert {file.name for file in folder.iterdir()} == {
        "model.skops",
        "reference.json",
        "metrics.json",
        "model-card.md",
    }
    assert len(metrics["candidates"]) == report.result["candidates"] == 4
    assert "| petal width (cm) | numeric | 0.0 % |" in (folder / "model-card.md").read_text()
    assert "progress 100 %: candidate 4 of 4" in report.output


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """One of each estimator, by the folder of its files."""
    store = tmp_path_factory.mktemp("trained")
    asked = {
        "wine": ("logistic-regression", "random-forest", "neural-network"),
        "diabetes": ("ridge", "gradient-boosting", "neural-network"),
    }
    found = {}
    for dataset, estimators in asked.items():
        for estimator in estimators:
            arguments = {"dataset": dataset, "estimator": estimator, "candidates": 1, "folds": 2}
            url = str(store / f"{dataset}-{estimator}")
            order = order_for("model-training", arguments, artifacts_url=url, timeout_seconds=120.0)
            report = execute(order, output=store / "output", catalog=catalog_of(model_training))
            assert report.state is RunState.SUCCEEDED, report.output
            found[str(Path(report.result["model"]).parent)] = arguments | {"metrics": report.result["metrics"]}
    return found


_LOAD_AND_TEST = """
import json, sys
from scheduledtask_workloads.tasks.model_training.data import load_table
from scheduledtask_workloads.tasks.model_training.settings import TrainingArguments
from scheduledtask_workloads.tasks.models import load_model
from scheduledtask_workloads.tasks.models.metrics import classification_metrics, regression_metrics
for folder, trained in json.load(sys.stdin).items():
    table = load_table(TrainingArguments.model_validate(trained))
    model = load_model(folder)
    predicted = model.predict(table.test_rows)
    if table.labels:
        found = classification_metrics(
            table.test_target, predicted, model.probabilities(table.test_rows), model.reference.labels
        )
    else:
        found = regression_metrics(table.test_target, predicted)
    print(json.dumps([model.reference.estimator, {name: round(value, 6) for name, value in found.items()}]))
"""


def test_every_estimator_predicts_the_same_in_a_fresh_process(trained: dict[str, dict[str, Any]]) -> None:
    """The held-out rows are made anew there; equal figures to six places are equal predictions."""
    asked = {
        folder: {name: value for name, value in each.items() if name != "metrics"} for folder, each in trained.items()
    }
    ended = subprocess.run(
        [sys.executable, "-c", _LOAD_AND_TEST],
        input=json.dumps(asked),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert ended.returncode == 0, ended.stderr
    loaded = [json.loads(line) for line in ended.stdout.splitlines()]

    assert loaded == [[each["estimator"], each["metrics"]] for each in trained.values()]


_FIRST_ATTEMPT = """
import json, sys
from pathlib import Path
from tests.task_orders import catalog_of, order_for
from scheduledtask_workloads.execution import execute
from scheduledtask_workloads.tasks import model_training
order = order_for("model-training", json.loads(sys.argv[1]), artifacts_url=sys.argv[2])
execute(order, output=Path(sys.argv[3]), catalog=catalog_of(model_training))
"""


@pytest.fixture(scope="module")
def left_by_a_kill(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The store of a first attempt whose process got SIGKILL when it had scored some candidates."""
    folder = tmp_path_factory.mktemp("killed")
    store = folder / "store"
    command = [sys.executable, "-c", _FIRST_ATTEMPT, json.dumps(QUICK | LONG_SEARCH), str(store), str(folder / "first")]
    body = subprocess.Popen(command, cwd=Path(__file__).parents[2])
    journal = store / JOURNAL
    deadline = time.monotonic() + 60
    try:
        while not (journal.exists() and journal.read_text().count('"state":1') >= 3):
            assert time.monotonic() < deadline, "no candidate was scored"
            assert body.poll() is None, "it ended before it was killed"
            time.sleep(0.005)
    finally:
        body.kill()
        body.wait()
    return store


@pytest.fixture
def killed_attempt(left_by_a_kill: Path, tmp_path: Path) -> Path:
    """Its journal, in a copy of its store that the test may change."""
    return shutil.copytree(left_by_a_kill, tmp_path / "store") / JOURNAL


def test_a_second_attempt_goes_on_where_a_killed_one_was(perform: Perform, killed_attempt: Path) -> None:
    second = perform(attempt=2, **LONG_SEARCH).result
    anew = perform(**LONG_SEARCH).result

    assert 3 <= second["resumed_candidates"] < 9
    assert second | {"resumed_candidates": 0} == anew


def test_scores_of_other_settings_are_of_no_use(perform: Perform, killed_attempt: Path) -> None:
    assert perform(attempt=2, seed=1, budget=NO_TIME).result["resumed_candidates"] == 0


@pytest.mark.parametrize("damage", ["torn", "rubbish"])
def test_a_damaged_journal_costs_no_more_than_its_candidates(
    perform: Perform, killed_attempt: Path, damage: str
) -> None:
    whole = killed_attempt.read_text()
    killed_attempt.write_text(whole[:-20] if damage == "torn" else f"rubbish\n{whole}")
    report = perform(attempt=2, budget=NO_TIME, folds=10)

    assert report.state is RunState.SUCCEEDED, report.output
    assert (report.result["resumed_candidates"] > 0) is (damage == "torn")


def test_a_cancelled_run_ends_between_candidates_and_trains_nothing(tmp_path: Path) -> None:
    from scheduledtask_workloads.catalog import Cancellation
    from scheduledtask_workloads.catalog.context import RunContext
    from scheduledtask_workloads.tasks.model_training.training import train

    context = RunContext(
        namespace="test",
        name="subject",
        run_id="subject-1",
        attempt=1,
        slot=None,
        deadline=None,  # type: ignore[arg-type]  # it is the host that keeps it
        logger=logging.getLogger("test"),
        artifacts_url=str(tmp_path),
        cancellation=Cancellation(requested=True),
    )

    assert train(TrainingArguments.model_validate(QUICK), context) is None
    assert not list(tmp_path.rglob("model.skops"))


def test_a_used_budget_ends_the_search_with_what_there_is(perform: Perform) -> None:
    result = perform(budget=NO_TIME, candidates=50).result

    assert (result["candidates"], result["ended_by"]) == (1, "budget")


def test_patience_ends_the_search_when_nothing_gets_better(perform: Perform) -> None:
    result = perform(candidates=50, patience=3).result

    assert result["ended_by"] == "patience"
    assert result["candidates"] < 50


def test_the_same_seed_gives_the_same_model(perform: Perform) -> None:
    network = {"estimator": "neural-network", "candidates": 2}

    assert perform(**network).result == perform(**network).result


def test_without_artifacts_it_fails_before_it_trains(tmp_path: Path) -> None:
    report = execute(order_for("model-training", QUICK), output=tmp_path / "output", catalog=catalog_of(model_training))

    assert report.reason is Reason.RAISED
    assert "set artifacts.url" in report.message


def test_a_published_model_replaces_the_last_one(perform: Perform, tmp_path: Path) -> None:
    from scheduledtask_workloads.tasks.models import load_model

    for seed in (1, 2):
        report = perform(seed=seed, candidates=1, publish=(tmp_path / "published").as_uri())
        assert report.state is RunState.SUCCEEDED, report.output
        assert load_model(tmp_path / "published").reference.seed == seed
    assert os.listdir(tmp_path / "published") != []
