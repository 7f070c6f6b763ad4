"""`performance-report` judges real models on real rows, and leaves a page and a document that say how."""

import json
import re
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from sklearn.datasets import load_breast_cancer, load_diabetes
from tests.task_orders import catalog_of, order_for
from tests.trained_models import leave_model

from scheduledtask_workloads.contract import AttemptReport, RunState
from scheduledtask_workloads.contract.triggered_by import TriggeredBy
from scheduledtask_workloads.execution import execute
from scheduledtask_workloads.tasks.model_training import model_training
from scheduledtask_workloads.tasks.models import TaskKind
from scheduledtask_workloads.tasks.performance_report import performance_report
from scheduledtask_workloads.tasks.performance_report.document import Report

HOSTILE = "<script>alert(1)</script>\"'&$x_{</svg>"
FEW = {"resamples": 40}

Perform = Callable[..., AttemptReport]


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Models of a classification and a regression, each with fresh rows that it never saw."""
    folder = tmp_path_factory.mktemp("trained")
    _leave(folder / "cancer", load_breast_cancer(as_frame=True).frame, TaskKind.CLASSIFICATION)
    _leave(folder / "diabetes", load_diabetes(as_frame=True, scaled=False).frame, TaskKind.REGRESSION)
    words = load_breast_cancer(as_frame=True).frame.iloc[:, [0, 1, -1]].copy()
    words["target"] = words["target"].map({0: HOSTILE, 1: "benign"})
    words[HOSTILE] = [("a", "b", HOSTILE)[place % 3] for place in range(len(words))]
    _leave(folder / "hostile", words, TaskKind.CLASSIFICATION)
    return folder


def _leave(folder: Path, frame: pd.DataFrame, kind: TaskKind) -> None:
    known = frame.sample(frac=0.6, random_state=1)
    leave_model(folder, known, "target", kind)
    frame.drop(known.index).to_csv(folder / "fresh.csv", index=False)


@pytest.fixture
def perform(tmp_path: Path) -> Perform:
    def perform(run_id: str = "report-1", triggered_by: TriggeredBy | None = None, **arguments: Any) -> AttemptReport:
        order = order_for("performance-report", FEW | arguments, artifacts_url=str(tmp_path / "store"))
        ref = order.ref.model_copy(update={"run_id": run_id})
        order = order.model_copy(update={"ref": ref, "triggered_by": triggered_by})
        return execute(order, output=tmp_path / "output", catalog=catalog_of(performance_report))

    return perform


def on(folder: Path, **arguments: Any) -> dict[str, Any]:
    return {"model": str(folder), "data": str(folder / "fresh.csv"), **arguments}


def written(report: AttemptReport) -> Report:
    return Report.model_validate_json(Path(report.result["document"]).read_bytes())


def page_of(report: AttemptReport) -> str:
    return Path(report.result["report"]).read_text()


def test_a_classification_is_judged(perform: Perform, trained: Path) -> None:
    report = perform(**on(trained / "cancer", thresholds={"accuracy": {"min": 0.9}, "prediction_psi": {"max": 0.25}}))
    document = written(report)

    assert report.state is RunState.SUCCEEDED, report.output
    assert report.result["passed"]
    assert report.result["rows"] == report.result["labelled"] == 228
    accuracy = document.metrics[0]
    assert accuracy.name == "accuracy"
    assert accuracy.low is not None
    assert accuracy.high is not None
    assert accuracy.low <= accuracy.value <= accuracy.high
    assert accuracy.held_out is not None
    assert document.confusion is not None
    assert sum(map(sum, document.confusion.counts)) == 228
    assert document.calibration is not None
    assert [scores.support for scores in document.classes] == [sum(row) for row in document.confusion.counts]
    assert "PASSED" in page_of(report)
    assert "progress 100 %: report in" in report.output


def test_a_regression_is_judged(perform: Perform, trained: Path) -> None:
    report = perform(**on(trained / "diabetes", thresholds={"r2": {"min": 0.2}}))
    document = written(report)

    assert report.state is RunState.SUCCEEDED, report.output
    assert [metric.name for metric in document.metrics] == ["rmse", "mae", "r2", "bias", "coverage"]
    assert document.residuals is not None
    assert sum(document.residuals.counts) == 177
    assert 0.8 < document.metrics[-1].value < 1.0
    assert "Residuals against prediction" in page_of(report)


def test_a_missed_threshold_fails_the_run_after_the_report(perform: Perform, trained: Path) -> None:
    drifted = pd.read_csv(trained / "cancer" / "fresh.csv")
    drifted["mean radius"] *= 1.5
    drifted.to_csv(trained / "drifted.csv", index=False)
    arguments = on(trained / "cancer") | {"data": str(trained / "drifted.csv")}
    report = perform(**arguments, thresholds={"psi": {"max": 0.25}, "accuracy": {"min": 0.5}})

    assert report.state is RunState.FAILED
    assert re.fullmatch(
        r"ThresholdsMissedError: psi \d+\.?\d* is above max 0\.25; the report is .*report\.html", report.message
    )
    assert report.result["missed"] == [report.message.split(": ", 1)[1].split("; ")[0]]
    assert report.result["drifted"][0] == "mean radius"
    assert written(report).features[0].name == "mean radius"
    assert "FAILED" in page_of(report)


def test_without_true_values_only_drift_is_told(perform: Perform, trained: Path) -> None:
    fresh = pd.read_csv(trained / "cancer" / "fresh.csv").drop(columns="target")
    fresh.to_csv(trained / "unlabelled.csv", index=False)
    arguments = on(trained / "cancer") | {"data": str(trained / "unlabelled.csv")}
    report = perform(**arguments, thresholds={"accuracy": {"min": 0.9}, "psi": {"max": 5}})
    document = written(report)

    assert report.state is RunState.SUCCEEDED, report.output
    assert (document.metrics, document.confusion, document.target) == ([], None, None)
    assert len(document.features) == 30
    assert [verdict.passed for verdict in document.verdicts] == [None, True]
    assert "have no values of &#39;target&#39; yet" in page_of(report)
    assert "not judged" in page_of(report)


def test_rows_without_a_true_value_are_left_out_and_unknown_labels_told(perform: Perform, trained: Path) -> None:
    fresh = pd.read_csv(trained / "hostile" / "fresh.csv")
    fresh.loc[:9, "target"] = None
    fresh.loc[10:14, "target"] = "never seen"
    fresh.to_csv(trained / "partly.csv", index=False)
    arguments = on(trained / "hostile") | {"data": str(trained / "partly.csv")}
    report = perform(**arguments, thresholds={"unknown_label_share": {"max": 0.01}})

    assert report.state is RunState.FAILED
    assert "unknown_label_share 0.02294 is above max 0.01" in report.message
    assert (report.result["rows"], report.result["labelled"]) == (228, 213)


def test_the_second_run_is_compared_with_the_first(perform: Perform, trained: Path) -> None:
    worse = pd.read_csv(trained / "cancer" / "fresh.csv")
    worse["worst area"] = worse["worst area"].sample(frac=1, random_state=0).to_numpy()
    worse.to_csv(trained / "worse.csv", index=False)
    first = perform(**on(trained / "cancer"))
    second = perform("report-2", **on(trained / "cancer") | {"data": str(trained / "worse.csv")})
    document = written(second)

    assert first.result["compared_with"] is None
    assert second.result["compared_with"] == "report-1"
    log_loss = next(metric for metric in document.metrics if metric.name == "log_loss")
    assert log_loss.previous == next(metric.value for metric in written(first).metrics if metric.name == "log_loss")
    assert ", worse</td>" in page_of(second)
    assert all(drift.previous_psi is not None for drift in document.features)


def test_another_attempt_is_not_compared_with_itself_and_gives_the_same(perform: Perform, trained: Path) -> None:
    perform(**on(trained / "hostile"))
    first, second = (perform("report-2", **on(trained / "hostile")) for _ in range(2))

    assert first.result == second.result
    assert second.result["compared_with"] == "report-1"


def test_the_history_may_lie_elsewhere_and_another_report_be_named(
    perform: Perform, trained: Path, tmp_path: Path
) -> None:
    first = perform(**on(trained / "hostile", history=f"file://{tmp_path}/kept"))
    named = perform("report-2", **on(trained / "hostile", previous=first.result["document"]))

    assert (tmp_path / "kept" / "latest-report.json").exists()
    assert named.result["compared_with"] == "report-1"


def test_the_model_is_that_of_the_training_that_triggered(perform: Perform, trained: Path, tmp_path: Path) -> None:
    arguments = {"dataset": "breast_cancer", "estimator": "logistic-regression", "candidates": 1, "folds": 2}
    order = order_for("model-training", arguments, artifacts_url=str(tmp_path / "store"))
    assert execute(order, output=tmp_path / "training", catalog=catalog_of(model_training)).state is RunState.SUCCEEDED
    files = str(tmp_path / "store" / "test" / "subject" / "subject-1")
    cause = TriggeredBy(scheduled_task="subject", run_id="subject-1", outcome="Succeeded", artifacts_url=files)
    report = perform(triggered_by=cause, dataset="breast_cancer", thresholds={"accuracy": {"min": 0.9}})

    assert report.state is RunState.SUCCEEDED, report.output
    assert report.result["model"] == files
    assert report.result["rows"] == 569
    assert written(report).model.run_id == "subject-1"


class _Seen(HTMLParser):
    """Elements, and what they would fetch or run."""

    def __init__(self) -> None:
        super().__init__()
        self.elements: set[str] = set()
        self.outside: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.add(tag)
        self.outside += [f"{name}={value}" for name, value in attrs if name in {"src", "href"} or name[:2] == "on"]


def test_names_and_labels_from_outside_are_text_and_the_page_needs_nothing(perform: Perform, trained: Path) -> None:
    report = perform(**on(trained / "hostile"))
    page = page_of(report)
    seen = _Seen()
    seen.feed(page)

    assert report.state is RunState.SUCCEEDED, report.output
    assert "&lt;script&gt;alert(1)" in page
    assert not {"script", "link", "img", "iframe", "object"} & seen.elements
    assert seen.outside == []
    assert "@import" not in page
    assert set(re.findall(r"url\((.)", page)) <= {"#"}
    identities = re.findall(r'\bid="([^"]*)"', page)
    assert len(identities) == len(set(identities))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"thresholds": {"rmse": {"max": 1}}}, "thresholds: a classification has no rmse; it has accuracy,"),
        ({"thresholds": {"acuracy": {"min": 1}}}, "acuracy"),
        ({"thresholds": {"accuracy": {}}}, "a threshold has min, max or both"),
        ({"thresholds": {"accuracy": {"min": 0.9, "max": 0.8}}}, "min 0.9 is above max 0.8"),
        ({"model": None}, "model: nothing triggered this run; name the folder that a training left"),
        ({"model": "/nowhere"}, "no reference.json in /nowhere"),
        ({"data": "/nowhere.csv"}, "cannot read /nowhere.csv"),
        ({"data": None}, "write either data or dataset"),
        ({"target": "tarjet"}, "no column 'tarjet'"),
        ({"previous": "/nowhere.json"}, "previous: there is no /nowhere.json"),
    ],
)
def test_what_cannot_be_reported_is_said(
    perform: Perform, trained: Path, arguments: dict[str, Any], message: str
) -> None:
    report = perform(**{key: value for key, value in (on(trained / "cancer") | arguments).items() if value is not None})

    assert report.state is RunState.FAILED
    assert message in report.message


def test_a_last_report_that_is_none_is_named(perform: Perform, trained: Path, tmp_path: Path) -> None:
    kept = tmp_path / "store" / "test" / "subject" / "latest-report.json"
    kept.parent.mkdir(parents=True)
    kept.write_text(json.dumps({"version": 7}))
    report = perform(**on(trained / "cancer"))

    assert f"{kept} is no report of version 1" in report.message
