"""The search: each candidate scored by cross-validation, the best one fitted and tested on data it never saw."""

import json
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import sklearn.datasets
from sklearn.model_selection import StratifiedKFold, cross_val_score, train_test_split
from threadpoolctl import threadpool_limits

from scheduledtask_workloads.catalog import RunContext
from scheduledtask_workloads.tasks.model_training.checkpoint import Checkpoint, Score
from scheduledtask_workloads.tasks.model_training.estimators import build, candidates
from scheduledtask_workloads.tasks.model_training.model_file import Model
from scheduledtask_workloads.tasks.model_training.settings import DataSet, Settings

_TEST_SHARE = 0.2


@dataclass(frozen=True, slots=True)
class TrainingResult:
    """Accuracies are from 0 to 1: mean of the folds for the best candidate, and on the rows held back for the test."""

    dataset: str
    estimator: str
    parameters: dict[str, Any]
    cross_validation_accuracy: float
    test_accuracy: float
    test_rows: int
    candidates: int
    resumed_candidates: int
    model: Path
    metrics: Path


@dataclass(frozen=True, slots=True)
class Split:
    """Rows to train on and rows held back; the same for the same seed."""

    train_rows: Any
    test_rows: Any
    train_labels: Any
    test_labels: Any

    @classmethod
    def of(cls, dataset: DataSet, seed: int) -> "Split":
        rows, labels = getattr(sklearn.datasets, f"load_{dataset}")(return_X_y=True)
        return cls(*train_test_split(rows, labels, test_size=_TEST_SHARE, stratify=labels, random_state=seed))


def train(settings: Settings, budget_seconds: float, context: RunContext) -> TrainingResult | None:
    """Model and metrics in the run's artifacts; None when the run was cancelled."""
    artifacts = context.artifacts
    checkpoint = Checkpoint.open(context.checkpoint_dir / "scores.json", settings)
    split = Split.of(settings.dataset, settings.seed)
    context.logger.info("%d training rows, %d scores so far", len(split.train_rows), checkpoint.resumed)
    with threadpool_limits(limits=1):  # matrices this small are slower on several threads, and starve the neighbours
        _search(checkpoint, split, budget_seconds, context)
        return None if context.cancelled() else _finish(checkpoint, split, artifacts)


def _search(checkpoint: Checkpoint, split: Split, budget_seconds: float, context: RunContext) -> None:
    """Score what has no score yet, until the budget is used or the run is cancelled; one candidate at least."""
    settings = checkpoint.settings
    tries = candidates(settings)
    end = time.monotonic() + budget_seconds
    for parameters in tries[len(checkpoint.scores) :]:
        if context.cancelled() or (checkpoint.scores and time.monotonic() > end):
            return
        checkpoint.add(_score(settings, parameters, split))
        done = len(checkpoint.scores)
        context.progress(done / len(tries), f"candidate {done} of {len(tries)}: {checkpoint.scores[-1].mean:.4f}")


def _score(settings: Settings, parameters: dict[str, Any], split: Split) -> Score:
    folds = StratifiedKFold(settings.folds, shuffle=True, random_state=settings.seed)
    accuracies = cross_val_score(build(settings, parameters), split.train_rows, split.train_labels, cv=folds)
    return Score(parameters, [float(accuracy) for accuracy in accuracies])


def _finish(checkpoint: Checkpoint, split: Split, artifacts: Path) -> TrainingResult:
    settings = checkpoint.settings
    best = max(checkpoint.scores, key=lambda score: score.mean)
    pipeline = build(settings, best.parameters).fit(split.train_rows, split.train_labels)
    model = Model.of(pipeline)
    result = TrainingResult(
        dataset=settings.dataset,
        estimator=settings.estimator,
        parameters=best.parameters,
        cross_validation_accuracy=round(best.mean, 6),
        test_accuracy=round(float((model.predict(split.test_rows) == split.test_labels).mean()), 6),
        test_rows=len(split.test_rows),
        candidates=len(checkpoint.scores),
        resumed_candidates=checkpoint.resumed,
        model=artifacts / "model.npz",
        metrics=artifacts / "metrics.json",
    )
    model.save(result.model)
    _write_metrics(result, checkpoint)
    return result


def _write_metrics(result: TrainingResult, checkpoint: Checkpoint) -> None:
    document = asdict(result) | {
        "settings": asdict(checkpoint.settings),
        "scores": [asdict(score) for score in checkpoint.scores],
    }
    result.metrics.write_text(json.dumps(document, indent=2, default=str) + "\n", encoding="utf-8")
