"""Small models as a training leaves them, of any frame, for tests of what judges and uses models."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import sklearn
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import train_test_split
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from scheduledtask_workloads.tasks.models import FeatureKind, Reference, TaskKind, save_model
from scheduledtask_workloads.tasks.models.features import kind_of, prepared
from scheduledtask_workloads.tasks.models.metrics import classification_metrics, regression_metrics
from scheduledtask_workloads.tasks.models.reference import HeldOut
from scheduledtask_workloads.tasks.models.statistics import (
    class_counts,
    feature_statistics,
    numeric_distribution,
    score_counts,
)
from scheduledtask_workloads.tasks.models.targets import as_labels, as_numbers


def leave_model(folder: Path, frame: Any, target: str, kind: TaskKind, run_id: str = "training-1") -> Reference:
    """A linear model of `frame`, a pandas DataFrame, in `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    features = frame.drop(columns=target)
    kinds = {str(name): kind_of(features[name]) for name in features.columns}
    rows = prepared(features, kinds)
    values = as_labels(frame[target]) if kind is TaskKind.CLASSIFICATION else as_numbers(frame[target])
    train, test, train_values, test_values = train_test_split(rows, values, test_size=0.3, random_state=0)
    pipeline = _pipeline(kinds, kind).fit(train, train_values)
    classes = kind is TaskKind.CLASSIFICATION
    labels = pipeline.classes_.tolist() if classes else []
    reference = Reference(
        kind=kind,
        target=target,
        labels=labels,
        features=feature_statistics(train, kinds, {name: str(features[name].dtype) for name in kinds}),
        target_values=class_counts(train_values, labels) if classes else numeric_distribution(train_values),
        held_out=_held_out(pipeline, test, test_values, labels),
        train_rows=len(train),
        source="a test",
        estimator="logistic-regression" if classes else "ridge",
        parameters={},
        seed=0,
        trained_at=datetime(2026, 11, 1, 3, 0, tzinfo=UTC),
        run_id=run_id,
        model_sha256="",
        libraries={"scikit-learn": sklearn.__version__},
    )
    save_model(folder, pipeline, reference)
    return reference


def _pipeline(kinds: dict[str, FeatureKind], kind: TaskKind) -> Pipeline:
    words = [name for name, of in kinds.items() if of is FeatureKind.CATEGORICAL]
    numbers = [name for name in kinds if name not in words]
    numeric = Pipeline([("fill", SimpleImputer()), ("scale", StandardScaler())])
    columns = ColumnTransformer(
        [("numbers", numeric, numbers), ("words", OneHotEncoder(handle_unknown="ignore"), words)]
    )
    last = LogisticRegression(max_iter=300) if kind is TaskKind.CLASSIFICATION else Ridge()
    return Pipeline([("columns", columns), ("estimator", last)])


def _held_out(pipeline: Pipeline, rows: Any, values: Any, labels: list[Any]) -> HeldOut:
    said = pipeline.predict(rows)
    if not labels:
        return HeldOut(
            rows=len(rows),
            metrics=regression_metrics(values, said),
            target=numeric_distribution(values),
            predictions=numeric_distribution(said),
            residuals=numeric_distribution(np.asarray(values) - said),
        )
    probabilities = pipeline.predict_proba(rows)
    return HeldOut(
        rows=len(rows),
        metrics=classification_metrics(values, said, probabilities, labels),
        target=class_counts(values, labels),
        predictions=class_counts(said, labels),
        scores=score_counts(probabilities),
    )
