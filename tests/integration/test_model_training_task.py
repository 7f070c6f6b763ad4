"""`model-training` trains real models, goes on after an interruption, and leaves a model that can be used."""

import json
import os
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.task_orders import catalog_of, order_for

from scheduledtask_workloads.contract import AttemptReport, Reason, RunState
from scheduledtask_workloads.execution import execute
from scheduledtask_workloads.tasks import model_training

QUICK = {"dataset": "iris", "estimator": "logistic-regression", "candidates": 4, "folds": 2}
NO_TIME = 0.000001  # a budget that is used when the first candidate is scored

Perform = Callable[..., AttemptReport]


@pytest.fixture
def perform(tmp_path: Path) -> Perform:
    def perform(attempt: int = 1, **arguments: Any) -> AttemptReport:
        order = order_for("model-training", QUICK | arguments, attempt=attempt, artifacts_url=str(tmp_path / "store"))
        return execute(order, output=tmp_path / "output", catalog=catalog_of(model_training))

    return perform


def test_model_and_metrics_are_left_in_the_artifacts(perform: Perform, tmp_path: Path) -> None:
    report = perform()
    folder = tmp_path / "store" / "test" / "subject" / "subject-1"
    metrics = json.loads((folder / "metrics.json").read_text())

    assert report.state is RunState.SUCCEEDED, report.output
    assert report.result["test_accuracy"] > 0.9
    assert (report.result["model"], report.result["metrics"]) == (f"{folder}/model.npz", f"{folder}/metrics.json")
    assert len(metrics["scores"]) == report.result["candidates"] == 4
    assert metrics["test_accuracy"] == report.result["test_accuracy"]
    assert "progress 100 %: candidate 4 of 4" in report.output


@pytest.mark.parametrize(
    ("dataset", "estimator"),
    [
        ("breast_cancer", "logistic-regression"),
        ("wine", "logistic-regression"),
        ("wine", "neural-network"),
        ("breast_cancer", "neural-network"),
    ],
)
def test_the_saved_model_predicts_as_the_trained_one(perform: Perform, dataset: str, estimator: str) -> None:
    """What the arrays predict is compared with scikit-learn, fitted anew with the parameters that were found."""
    from scheduledtask_workloads.tasks.model_training.estimators import build
    from scheduledtask_workloads.tasks.model_training.model_file import Model
    from scheduledtask_workloads.tasks.model_training.settings import DataSet, Estimator, Settings
    from scheduledtask_workloads.tasks.model_training.training import Split

    result = perform(dataset=dataset, estimator=estimator, candidates=1).result
    split = Split.of(DataSet(dataset), 0)
    settings = Settings(DataSet(dataset), Estimator(estimator), folds=2, candidates=1, seed=0)
    fitted = build(settings, result["parameters"]).fit(split.train_rows, split.train_labels)
    predicted = Model.load(Path(result["model"])).predict(split.test_rows)

    assert (predicted == fitted.predict(split.test_rows)).all()
    assert result["test_accuracy"] == pytest.approx(fitted.score(split.test_rows, split.test_labels), abs=1e-6)


@pytest.fixture
def cancelled_attempt(perform: Perform, tmp_path: Path) -> Path:
    """A first attempt that got SIGTERM when it had scored two candidates; the checkpoint that it left."""
    deadline = time.monotonic() + 60

    def terminate_when_two_are_scored() -> None:
        while time.monotonic() < deadline:
            for file in (tmp_path / "store").rglob("scores.json"):
                if len(json.loads(file.read_text())["scores"]) >= 2:
                    os.kill(os.getpid(), signal.SIGTERM)
                    return
            time.sleep(0.001)

    watch = threading.Thread(target=terminate_when_two_are_scored)
    watch.start()
    report = perform(candidates=40)
    watch.join()
    assert report.state is RunState.CANCELLED
    [file] = (tmp_path / "store").rglob("scores.json")
    return file


def test_a_second_attempt_goes_on_where_the_first_one_was(perform: Perform, cancelled_attempt: Path) -> None:
    scored = len(json.loads(cancelled_attempt.read_text())["scores"])
    second = perform(attempt=2, candidates=40).result
    anew = perform(candidates=40).result

    assert 2 <= scored < 40
    assert second["resumed_candidates"] == scored
    assert second | {"resumed_candidates": 0} == anew


def test_scores_of_other_settings_are_of_no_use(perform: Perform, cancelled_attempt: Path) -> None:
    assert perform(attempt=2, candidates=40, seed=1, budget=NO_TIME).result["resumed_candidates"] == 0


def test_a_torn_checkpoint_is_started_anew(perform: Perform, cancelled_attempt: Path) -> None:
    cancelled_attempt.write_text(cancelled_attempt.read_text()[:-20])

    assert perform(attempt=2, candidates=40, budget=NO_TIME).result["resumed_candidates"] == 0


def test_a_used_budget_ends_the_search_with_what_there_is(perform: Perform) -> None:
    assert perform(budget=NO_TIME, candidates=50).result["candidates"] == 1


def test_a_search_is_no_larger_than_its_space(perform: Perform) -> None:
    assert "candidate 1 of 48:" in perform(candidates=200, budget=NO_TIME).output


def test_the_same_seed_gives_the_same_model(perform: Perform) -> None:
    assert (
        perform(estimator="neural-network", candidates=1).result
        == perform(estimator="neural-network", candidates=1).result
    )


def test_without_artifacts_it_fails_before_it_trains(tmp_path: Path) -> None:
    report = execute(order_for("model-training", QUICK), output=tmp_path / "output", catalog=catalog_of(model_training))

    assert report.reason is Reason.RAISED
    assert "set artifacts.url" in report.message
