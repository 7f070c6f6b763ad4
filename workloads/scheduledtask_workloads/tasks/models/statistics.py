"""How columns, targets and predictions are distributed, small enough to be kept in a file."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from scheduledtask_workloads.tasks.models.features import FeatureKind
from scheduledtask_workloads.tasks.models.reference import (
    CategoricalFeature,
    Classes,
    Label,
    NumericDistribution,
    NumericFeature,
)

if TYPE_CHECKING:
    import pandas as pd

BINS = 20
SCORE_BINS = 10
CATEGORIES = 100  # as many as a reader of a drift report can take in; a column of ids must not fill the file


def numeric_distribution(values: ArrayLike, bins: int = BINS) -> NumericDistribution:
    """Bins between quantiles of the values that are there; fewer where values repeat."""
    present = np.asarray(values, dtype=np.float64)
    present = present[~np.isnan(present)]
    if not present.size:
        return NumericDistribution(edges=[], counts=[], mean=0.0, std=0.0, minimum=0.0, maximum=0.0)
    edges = np.unique(np.quantile(present, np.linspace(0.0, 1.0, bins + 1)))
    if edges.size == 1:
        edges = np.repeat(edges, 2)
    return NumericDistribution(
        edges=edges.tolist(),
        counts=bin_counts(present, edges.tolist()),
        mean=float(present.mean()),
        std=float(present.std()),
        minimum=float(present.min()),
        maximum=float(present.max()),
    )


def bin_counts(values: ArrayLike, edges: Sequence[float]) -> list[int]:
    """Of any values in a NumericDistribution's bins: what lies outside counts in the first or last, NaN in none."""
    present = np.asarray(values, dtype=np.float64)
    present = present[~np.isnan(present)]
    places = np.searchsorted(np.asarray(edges[1:-1]), present, side="right")
    return [int(count) for count in np.bincount(places, minlength=len(edges) - 1)]


def feature_statistics(
    rows: "pd.DataFrame", kinds: Mapping[str, FeatureKind], dtypes: Mapping[str, str]
) -> list[NumericFeature | CategoricalFeature]:
    """Of prepared rows; `dtypes` as the columns were read."""
    return [
        _numeric(rows[name], dtypes[name])
        if kind is FeatureKind.NUMERIC
        else _categorical(rows[name], kind, dtypes[name])
        for name, kind in kinds.items()
    ]


def _numeric(column: "pd.Series[Any]", dtype: str) -> NumericFeature:
    return NumericFeature(
        name=str(column.name),
        dtype=dtype,
        missing_share=float(column.isna().mean()),
        values=numeric_distribution(column.to_numpy()),
    )


def _categorical(column: "pd.Series[Any]", kind: FeatureKind, dtype: str) -> CategoricalFeature:
    counts = category_counts(column, kind)
    kept = dict(sorted(counts.items(), key=lambda counted: (-counted[1], counted[0]))[:CATEGORIES])
    return CategoricalFeature(
        kind=FeatureKind.BOOLEAN if kind is FeatureKind.BOOLEAN else FeatureKind.CATEGORICAL,
        name=str(column.name),
        dtype=dtype,
        missing_share=float(column.isna().mean()),
        counts=kept,
        other=sum(counts.values()) - sum(kept.values()),
    )


def category_counts(column: "pd.Series[Any]", kind: FeatureKind) -> dict[str, int]:
    """Rows by category of a prepared column, named as in a CategoricalFeature; missing ones are not counted."""
    counted = column.value_counts()
    if kind is FeatureKind.BOOLEAN:
        return {("true" if value else "false"): int(count) for value, count in counted.items()}
    return {str(value): int(count) for value, count in counted.items()}


def class_counts(values: ArrayLike, labels: Sequence[Label]) -> Classes:
    found = np.asarray(values)
    return Classes(labels=list(labels), counts=[int((found == label).sum()) for label in labels])


def score_counts(probabilities: ArrayLike) -> list[list[int]]:
    """`probabilities` has the shape (rows, classes); ten counts for each class."""
    edges = np.linspace(0.0, 1.0, SCORE_BINS + 1).tolist()
    return [bin_counts(column, edges) for column in np.asarray(probabilities).T]
