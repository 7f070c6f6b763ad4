"""Fresh rows: read, and gone through by the model in parts, so that only the table itself is whole in memory."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import sklearn.datasets
from numpy.typing import NDArray

from scheduledtask_workloads.tasks.models import FeatureKind, LoadedModel, NumericFeature, Reference, TaskKind
from scheduledtask_workloads.tasks.models.statistics import bin_counts, category_counts
from scheduledtask_workloads.tasks.models.targets import known_targets
from scheduledtask_workloads.tasks.performance_report.document import DataFacts
from scheduledtask_workloads.tasks.performance_report.drift import Counted
from scheduledtask_workloads.tasks.performance_report.errors import ReportInputError
from scheduledtask_workloads.tasks.performance_report.measures import Floats, Places
from scheduledtask_workloads.tasks.performance_report.settings import ReportArguments
from scheduledtask_workloads.tasks.tables import column_names, read_table

if TYPE_CHECKING:
    import pandas as pd

PART_ROWS = 50_000


@dataclass(frozen=True, slots=True)
class Scored:
    """What the model says of all rows, and the true values where they are known.

    `predicted` are places in the labels, or numbers; `labelled` are the places of the rows with a true value that the
    model knows, `truth` is theirs, in the form of `predicted`.
    """

    predicted: NDArray[Any]
    probabilities: Floats | None
    features: dict[str, Counted]
    labelled: Places
    truth: NDArray[Any]
    unknown_labels: int


def read_fresh(arguments: ReportArguments, reference: Reference) -> "pd.DataFrame":
    """The model's columns, and that of the target if it is there. Raises TableError, ReportInputError."""
    frame = _shipped(arguments) if arguments.data is None else _read(arguments.data, arguments, reference)
    if not len(frame):
        raise ReportInputError(f"{_argument(arguments)} has no rows; a report wants some")
    return frame


def score(model: LoadedModel, frame: "pd.DataFrame", target: str, going: Callable[[float], bool]) -> Scored | None:
    """`going` is told how much is done, and None comes back when it says no. Raises ModelDataError."""
    labels = model.reference.labels
    columns = {feature.name: _Counting(feature) for feature in model.reference.features}
    predicted, probabilities = [], []
    for start, rows in _parts(frame):
        prepared = model.prepare(rows)
        for name, counting in columns.items():
            counting.add(prepared[name])
        said = np.asarray(model.pipeline.predict(prepared))
        predicted.append(_places(said, labels) if labels else said.astype(np.float64))
        if labels:
            probabilities.append(np.asarray(model.pipeline.predict_proba(prepared), dtype=np.float64))
        if not going((start + len(rows)) / len(frame)):
            return None
    labelled, truth, unknown = _truth(frame, target, model.reference)
    return Scored(
        predicted=np.concatenate(predicted),
        probabilities=np.concatenate(probabilities) if labels else None,
        features={name: counting.counted() for name, counting in columns.items()},
        labelled=labelled,
        truth=truth,
        unknown_labels=unknown,
    )


def data_facts(arguments: ReportArguments, scored: Scored) -> DataFacts:
    rows = len(scored.predicted)
    return DataFacts(
        source=_argument(arguments),
        rows=rows,
        capped=rows >= arguments.max_rows,
        labelled=len(scored.labelled),
        unknown_labels=scored.unknown_labels,
    )


class _Counting:
    """One feature's values in the training's bins, part by part."""

    def __init__(self, feature: Any) -> None:
        self._feature = feature
        self._bins = np.zeros(0, dtype=np.int64)
        self._categories: dict[str, int] = {}
        self._missing, self._outside, self._total = 0, 0, 0.0

    def add(self, column: "pd.Series[Any]") -> None:
        self._missing += int(column.isna().sum())
        if isinstance(self._feature, NumericFeature):
            self._add_numbers(column.to_numpy(), self._feature)
            return
        for category, count in category_counts(column, FeatureKind(self._feature.kind)).items():
            self._categories[category] = self._categories.get(category, 0) + count

    def _add_numbers(self, values: Floats, feature: NumericFeature) -> None:
        present = values[~np.isnan(values)]
        known = feature.values
        if known.edges:
            counts = np.array(bin_counts(present, known.edges), dtype=np.int64)
            self._bins = counts if not self._bins.size else self._bins + counts
            self._outside += int(((present < known.minimum) | (present > known.maximum)).sum())
        self._total += float(present.sum())

    def counted(self) -> Counted:
        numeric = isinstance(self._feature, NumericFeature)
        return Counted(self._bins if numeric else self._categories, self._missing, self._total, self._outside)


def _read(source: str, arguments: ReportArguments, reference: Reference) -> "pd.DataFrame":
    there = column_names(source, arguments.storage)
    target = arguments.target or reference.target
    wanted = list(reference.feature_kinds)
    if target in there or arguments.target is not None:
        wanted = list(dict.fromkeys([*wanted, target]))
    return read_table(source, wanted, sample_rows=arguments.max_rows, seed=arguments.seed, storage=arguments.storage)


def _shipped(arguments: ReportArguments) -> "pd.DataFrame":
    import pandas as pd

    bunch = getattr(sklearn.datasets, f"load_{arguments.dataset}")()
    names = getattr(bunch, "feature_names", None)
    frame = pd.DataFrame(bunch.data, columns=list(map(str, names)) if names is not None else None)
    frame = frame.rename(columns=str).assign(target=bunch.target if bunch.target.ndim == 1 else bunch.target[:, 0])
    return frame.sample(min(len(frame), arguments.max_rows), random_state=arguments.seed)


def _argument(arguments: ReportArguments) -> str:
    return arguments.data or f"scikit-learn's {arguments.dataset}"


def _parts(frame: "pd.DataFrame") -> Iterator[tuple[int, "pd.DataFrame"]]:
    for start in range(0, len(frame), PART_ROWS):
        yield start, frame.iloc[start : start + PART_ROWS]


def _places(values: NDArray[Any], labels: list[Any]) -> Places:
    """-1 for what is none of the labels."""
    places = np.full(len(values), -1, dtype=np.int64)
    for place, label in enumerate(labels):
        places[values == label] = place
    return places


def _truth(frame: "pd.DataFrame", target: str, reference: Reference) -> tuple[Places, NDArray[Any], int]:
    """Places of the rows with a true value that is known to the model, these values, and how many are not known."""
    if target not in frame.columns:
        return np.zeros(0, dtype=np.int64), np.zeros(0), 0
    there = np.flatnonzero(frame[target].notna().to_numpy())
    values = known_targets(frame[target].iloc[there], reference) if len(there) else np.zeros(0)
    if reference.kind is TaskKind.REGRESSION:
        return there, values, 0
    places = _places(values, reference.labels)
    known = places >= 0
    return there[known], places[known], int((~known).sum())
