"""From a table to a model in the run's artifacts: search, last fit, test on rows that were held out."""

import json
import platform
import warnings
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import fsspec
import joblib
import numpy as np
from numpy.typing import NDArray
from optuna.trial import TrialState
from sklearn.exceptions import ConvergenceWarning
from sklearn.pipeline import Pipeline
from threadpoolctl import threadpool_limits

from scheduledtask_workloads.catalog import RunContext
from scheduledtask_workloads.tasks.model_training.card import model_card
from scheduledtask_workloads.tasks.model_training.data import Table, load_table
from scheduledtask_workloads.tasks.model_training.errors import TrainingError
from scheduledtask_workloads.tasks.model_training.estimators import build
from scheduledtask_workloads.tasks.model_training.search import Search
from scheduledtask_workloads.tasks.model_training.settings import TrainingArguments
from scheduledtask_workloads.tasks.models.artifact import MODEL_FILE, REFERENCE_FILE, save_model, write_whole
from scheduledtask_workloads.tasks.models.metrics import classification_metrics, regression_metrics
from scheduledtask_workloads.tasks.models.reference import Classes, HeldOut, NumericDistribution, Reference, TaskKind
from scheduledtask_workloads.tasks.models.statistics import (
    class_counts,
    feature_statistics,
    numeric_distribution,
    score_counts,
)
from scheduledtask_workloads.tasks.tables.storage import options_for

METRICS_FILE, CARD_FILE = "metrics.json", "model-card.md"
_LIBRARIES = ("scikit-learn", "skops", "numpy", "pandas", "optuna")
_SMALL = 200_000  # values; threads for fewer cost more than they save, and starve the neighbours


@dataclass(frozen=True, slots=True)
class TrainingResult:
    """`metrics` are of the held-out rows; `cross_validation_score` is the best candidate's mean of the folds.

    `candidates` counts all that were tried, those of earlier attempts and the pruned ones included. `ended_by` is
    candidates, budget or patience.
    """

    source: str
    kind: str
    estimator: str
    parameters: dict[str, Any]
    metric: str
    cross_validation_score: float
    metrics: dict[str, float]
    train_rows: int
    test_rows: int
    candidates: int
    pruned_candidates: int
    resumed_candidates: int
    ended_by: str
    model: Path
    metrics_file: Path
    published: str | None


def train(arguments: TrainingArguments, context: RunContext) -> TrainingResult | None:
    """Model, reference, metrics and card in the run's artifacts; None when the run was cancelled."""
    artifacts, checkpoints = context.artifacts, context.checkpoint_dir
    table = load_table(arguments)
    context.logger.info(
        "%s of %s: %d training rows, %d held out, %d features",
        *(table.kind, table.target, len(table.train_rows), len(table.test_rows), len(table.feature_kinds)),
    )
    threads = joblib.cpu_count() if table.train_rows.size > _SMALL else 1  # it knows a container's limit
    with threadpool_limits(limits=threads):
        search = Search.open(checkpoints, table, arguments, threads)
        context.logger.info("%d candidates scored so far", search.resumed)
        search.run(context)
        if context.cancelled():
            return None
        pipeline = _fitted(search)
        reference = _reference(search, pipeline, context.run_id, datetime.now(UTC))
    save_model(artifacts, pipeline, reference)
    result = _result(search, reference, artifacts)
    _write_reports(search, result, reference, context.name)
    if arguments.publish:
        _publish(artifacts, arguments.publish, arguments)
    return result


def _fitted(search: Search) -> Pipeline:
    """The best candidate on all training rows; it predicts on one thread wherever it is loaded."""
    table = search.table
    pipeline = build(table, search.best.params, search.arguments.seed, search.threads)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        pipeline.fit(table.train_rows, table.train_target)
    if "n_jobs" in pipeline[-1].get_params():
        pipeline[-1].set_params(n_jobs=None)
    return pipeline


def _reference(search: Search, pipeline: Pipeline, run_id: str, now: datetime) -> Reference:
    table, best = search.table, dict(search.best.params)
    return Reference(
        kind=table.kind,
        target=table.target,
        labels=table.labels,
        features=feature_statistics(table.train_rows, table.feature_kinds, table.dtypes),
        target_values=_distribution(table, table.train_target),
        held_out=_held_out(table, pipeline),
        train_rows=len(table.train_rows),
        source=table.source,
        estimator=str(best.pop("estimator")),
        parameters=best,
        seed=search.arguments.seed,
        trained_at=now,
        run_id=run_id,
        model_sha256="",
        libraries={"python": platform.python_version()} | {name: version(name) for name in _LIBRARIES},
    )


def _distribution(table: Table, values: NDArray[Any]) -> Classes | NumericDistribution:
    if table.kind is TaskKind.CLASSIFICATION:
        return class_counts(values, table.labels)
    return numeric_distribution(values)


def _held_out(table: Table, pipeline: Pipeline) -> HeldOut:
    target, predicted = table.test_target, np.asarray(pipeline.predict(table.test_rows))
    shared: dict[str, Any] = {
        "rows": len(target),
        "target": _distribution(table, target),
        "predictions": _distribution(table, predicted),
    }
    if table.kind is TaskKind.REGRESSION:
        residuals = numeric_distribution(target - predicted)
        return HeldOut(metrics=regression_metrics(target, predicted), residuals=residuals, **shared)
    probabilities = pipeline.predict_proba(table.test_rows)
    metrics = classification_metrics(target, predicted, probabilities, table.labels)
    return HeldOut(metrics=metrics, scores=score_counts(probabilities), **shared)


def _result(search: Search, reference: Reference, artifacts: Path) -> TrainingResult:
    finished = search.finished
    return TrainingResult(
        source=reference.source,
        kind=reference.kind,
        estimator=reference.estimator,
        parameters=reference.parameters,
        metric=search.metric,
        cross_validation_score=round(search.shown(search.best.value or 0.0), 6),
        metrics={name: round(value, 6) for name, value in reference.held_out.metrics.items()},
        train_rows=reference.train_rows,
        test_rows=reference.held_out.rows,
        candidates=len(finished),
        pruned_candidates=sum(trial.state is TrialState.PRUNED for trial in finished),
        resumed_candidates=search.resumed,
        ended_by=search.ended_by,
        model=artifacts / MODEL_FILE,
        metrics_file=artifacts / METRICS_FILE,
        published=search.arguments.publish,
    )


def _write_reports(search: Search, result: TrainingResult, reference: Reference, name: str) -> None:
    scores = [
        {
            "parameters": trial.params,
            "pruned": trial.state is TrialState.PRUNED,
            "folds": [search.shown(score) for score in trial.user_attrs.get("folds", ())],
            "seconds": trial.duration.total_seconds() if trial.duration else None,
        }
        for trial in search.finished
    ]
    held_out = {"held_out": reference.held_out.metrics, "metric": result.metric, "candidates": scores}
    write_whole(result.metrics_file, json.dumps(held_out, indent=2).encode() + b"\n")
    facts = {
        "candidates": result.candidates,
        "pruned": result.pruned_candidates,
        "metric": result.metric,
        "folds": search.arguments.folds,
        "score": result.cross_validation_score,
        "ended_by": result.ended_by,
    }
    write_whole(result.model.with_name(CARD_FILE), model_card(name, reference, facts).encode())


def _publish(artifacts: Path, url: str, arguments: TrainingArguments) -> None:
    """The reference last: until it is there, whoever loads sees that model and reference are not of one run."""
    try:
        files, folder = fsspec.url_to_fs(url, **options_for(url, arguments.storage))
        files.makedirs(folder, exist_ok=True)
        for name in (CARD_FILE, METRICS_FILE, MODEL_FILE, REFERENCE_FILE):
            files.put_file(str(artifacts / name), f"{folder.rstrip('/')}/{name}")
    except (OSError, ValueError, ImportError) as error:
        raise TrainingError(
            f"publish: cannot write to {url}: {type(error).__name__}: {error}; the model is in {artifacts}"
        ) from error
