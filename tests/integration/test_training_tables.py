"""A table of the user's: mixed columns are learnt from; where nothing can be learnt, a sentence says why."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from tests.task_orders import catalog_of, order_for

from scheduledtask_workloads.contract import AttemptReport, RunState
from scheduledtask_workloads.execution import execute
from scheduledtask_workloads.tasks import model_training
from scheduledtask_workloads.tasks.models import ModelDataError, load_model

Train = Callable[..., AttemptReport]


@pytest.fixture
def frame() -> pd.DataFrame:
    drawn = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            "age": drawn.integers(18, 90, 200).astype(float),
            "city": drawn.choice(["Bonn", "Köln", "Ulm"], 200),
            "member": drawn.random(200) > 0.5,
            "note": [f"n{number}" for number in range(200)],
            "since": pd.date_range("2026-01-01", periods=200),
            "empty": [None] * 200,
        }
    )
    frame["churned"] = np.where((frame["age"] > 50) & frame["member"], "gone", "here")
    frame["spent"] = frame["age"] * 2.5 + drawn.normal(size=200)
    frame.loc[::7, "age"] = None
    frame.loc[::11, "city"] = None
    frame.loc[::13, "churned"] = None
    return frame


@pytest.fixture
def train(tmp_path: Path, frame: pd.DataFrame) -> Train:
    source = tmp_path / "rows.csv"
    frame.to_csv(source, index=False)

    def train(**given: Any) -> AttemptReport:
        arguments = {"source": str(source), "folds": 2, "candidates": 1, "exclude": ["since", "empty"]} | given
        order = order_for("model-training", arguments, artifacts_url=str(tmp_path / "store"))
        return execute(order, output=tmp_path / "output", catalog=catalog_of(model_training))

    return train


@pytest.mark.parametrize("estimator", ["logistic-regression", "gradient-boosting"])
def test_numbers_text_and_gaps_are_learnt_from(train: Train, frame: pd.DataFrame, estimator: str) -> None:
    report = train(target="churned", estimator=estimator)
    assert report.state is RunState.SUCCEEDED, report.output
    model = load_model(Path(report.result["model"]).parent)
    strange = frame.head(3).assign(city=["Oslo", None, "Ulm"])

    assert report.result["train_rows"] + report.result["test_rows"] == frame["churned"].notna().sum()
    assert {name: str(kind) for name, kind in model.reference.feature_kinds.items()} == {
        "age": "numeric",
        "city": "categorical",
        "member": "boolean",
        "note": "categorical",
        "spent": "numeric",
    }
    assert set(model.predict(strange)) <= {"gone", "here"}
    assert model.probabilities(strange).shape == (3, 2)


def test_numbers_are_predicted_from_chosen_columns(train: Train, frame: pd.DataFrame) -> None:
    report = train(target="spent", estimator="ridge", features=["age", "member"], exclude=[], sample_rows=150)
    assert report.state is RunState.SUCCEEDED, report.output
    model = load_model(Path(report.result["model"]).parent)

    assert report.result["kind"] == "regression"
    assert report.result["train_rows"] + report.result["test_rows"] == 150
    assert report.result["metrics"]["r2"] > 0.5
    with pytest.raises(ModelDataError, match="no column 'member'; the model takes age, member"):
        model.predict(frame[["age"]])


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"target": "nope"}, ["no column 'nope'", "it has age, city"]),
        ({"target": "churned", "features": ["agee"]}, ["no column 'agee'", "it has age, city"]),
        ({"target": "churned", "exclude": ["since"]}, ["column 'empty'", "has no values", "exclude it"]),
        ({"target": "churned", "exclude": ["empty"]}, ["column 'since' holds dates or times", "exclude it"]),
        ({"target": "empty", "exclude": ["since"]}, ["target: column 'empty'", "has no values"]),
        ({"target": "note"}, ["target: column 'note' has 200 classes", "name another target"]),
        ({"target": "spent", "estimator": "logistic-regression"}, ["estimator: logistic-regression", "take ridge"]),
        ({"target": "spent", "metric": "accuracy"}, ["metric: accuracy", "take rmse"]),
        ({"target": "churned", "source": "/no/such.csv"}, ["cannot read /no/such.csv", "check that it is there"]),
        ({"target": "churned", "source": "rows.xlsx"}, ["ends in .xlsx", "give .csv"]),
        ({"target": None}, ["target: name the source's column"]),
        ({"target": "age", "features": ["age"]}, ["target 'age' cannot be among features"]),
    ],
)
def test_what_cannot_be_learnt_is_said(train: Train, arguments: dict[str, Any], words: list[str]) -> None:
    report = train(**arguments)

    assert report.state is RunState.FAILED
    for word in words:
        assert word in report.message, report.message


@pytest.mark.parametrize(
    ("values", "words"),
    [
        (["gone"] * 200, ["target: column 'churned' is 'gone' in every row"]),
        (["gone"] * 197 + ["here"] * 3, ["class 'here' of 'churned' has 3 rows", "lower folds"]),
        (["gone", "here", "gone"] + [None] * 197, ["folds: 5 parts of 2 training rows are too small"]),
    ],
)
def test_a_target_that_teaches_nothing_is_said(
    train: Train, frame: pd.DataFrame, tmp_path: Path, values: list[str | None], words: list[str]
) -> None:
    frame.assign(churned=values).to_csv(tmp_path / "rows.csv", index=False)
    report = train(target="churned", folds=5)

    assert report.state is RunState.FAILED
    for word in words:
        assert word in report.message, report.message
