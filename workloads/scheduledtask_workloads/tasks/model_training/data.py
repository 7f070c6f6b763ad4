"""The table to learn from: read, looked at, brought into form, and split."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

import numpy as np
import sklearn.datasets
from numpy.typing import NDArray
from sklearn.model_selection import train_test_split

from scheduledtask_workloads.tasks.model_training.errors import TrainingDataError
from scheduledtask_workloads.tasks.model_training.settings import DataSet, Kind, TrainingArguments
from scheduledtask_workloads.tasks.models.features import FeatureKind, kind_of, prepared
from scheduledtask_workloads.tasks.models.reference import TaskKind
from scheduledtask_workloads.tasks.models.targets import as_labels, as_numbers
from scheduledtask_workloads.tasks.tables import read_table

if TYPE_CHECKING:
    import pandas as pd

MOST_CLASSES = 20  # different whole numbers that `kind: auto` takes for classes
_REGRESSIONS = frozenset({DataSet.DIABETES})


@dataclass(frozen=True, slots=True)
class Table:
    """Prepared features and targets of the rows to train on and of those held out; the same for the same seed."""

    source: str
    kind: TaskKind
    target: str
    feature_kinds: Mapping[str, FeatureKind]
    dtypes: Mapping[str, str]
    train_rows: "pd.DataFrame"
    test_rows: "pd.DataFrame"
    train_target: NDArray[Any]
    test_target: NDArray[Any]

    @property
    def labels(self) -> list[Any]:
        """Sorted; none of a regression."""
        return list(np.unique(self.train_target).tolist()) if self.kind is TaskKind.CLASSIFICATION else []

    def fingerprint(self) -> str:
        """Other for other rows: scores of one table say nothing of another."""
        from pandas.util import hash_pandas_object

        digest = hashlib.sha256(repr(sorted(self.feature_kinds.items())).encode())
        digest.update(hash_pandas_object(self.train_rows, index=False).to_numpy().tobytes())
        digest.update(repr(self.train_target.dtype).encode() + "\n".join(map(str, self.train_target)).encode())
        return digest.hexdigest()


def load_table(arguments: TrainingArguments) -> Table:
    """Raises TableError, ModelDataError, TrainingDataError."""
    if arguments.source is None:
        dataset = arguments.dataset or DataSet.DIGITS
        return _table(str(dataset), _shipped(dataset), "target", _shipped_kind(dataset, arguments), arguments)
    target = cast(str, arguments.target)
    columns = None if arguments.features is None else list(dict.fromkeys([*arguments.features, target]))
    frame = read_table(
        arguments.source, columns, arguments.exclude, arguments.sample_rows, arguments.seed, arguments.storage
    )
    if target not in frame.columns:
        raise TrainingDataError(
            f"target: no column {target!r} in {arguments.source}; it has {', '.join(frame.columns)}"
        )
    return _table(_without_credentials(arguments.source), frame, target, arguments.kind, arguments)


def _without_credentials(source: str) -> str:
    parts = urlsplit(source)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl() if "@" in parts.netloc else source


def _shipped(dataset: DataSet) -> "pd.DataFrame":
    import pandas as pd

    bunch = getattr(sklearn.datasets, f"load_{dataset}")()
    frame = pd.DataFrame(bunch.data, columns=getattr(bunch, "feature_names", None))
    return frame.rename(columns=str).assign(target=bunch.target)


def _shipped_kind(dataset: DataSet, arguments: TrainingArguments) -> Kind:
    return Kind.REGRESSION if dataset in _REGRESSIONS and arguments.kind is Kind.AUTO else arguments.kind


def _table(source: str, frame: "pd.DataFrame", target: str, asked: Kind, arguments: TrainingArguments) -> Table:
    frame = frame[frame[target].notna()]
    _refuse_little(frame, target, source)
    kind = _task_kind(frame[target], asked)
    values = as_labels(frame[target]) if kind is TaskKind.CLASSIFICATION else as_numbers(frame[target])
    _refuse_useless_target(values, target, kind, arguments)
    features = frame.drop(columns=target)
    kinds = _feature_kinds(features, source)
    rows = prepared(features, kinds)
    dtypes = {name: str(features[name].dtype) for name in kinds}
    del frame, features
    parts = train_test_split(
        rows,
        values,
        test_size=arguments.test_share,
        stratify=values if kind is TaskKind.CLASSIFICATION else None,
        random_state=arguments.seed,
    )
    train_rows, test_rows, train_target, test_target = parts
    return Table(source, kind, target, kinds, dtypes, train_rows, test_rows, train_target, test_target)


def _refuse_little(frame: "pd.DataFrame", target: str, source: str) -> None:
    if not len(frame):
        raise TrainingDataError(f"target: column {target!r} of {source} has no values; name another, or fill it")
    if len(frame.columns) < 2:
        raise TrainingDataError(f"features: {source} has no column beside the target {target!r}; name or add some")


def _task_kind(column: "pd.Series[Any]", asked: Kind) -> TaskKind:
    if asked is not Kind.AUTO:
        return TaskKind(asked)
    from pandas.api.types import infer_dtype

    found = infer_dtype(column)
    if found in {"string", "boolean", "categorical", "mixed"}:
        return TaskKind.CLASSIFICATION
    whole = found == "integer" or (found == "floating" and bool((column % 1 == 0).all()))
    few = whole and column.nunique() <= MOST_CLASSES
    return TaskKind.CLASSIFICATION if few else TaskKind.REGRESSION


def _refuse_useless_target(values: NDArray[Any], target: str, kind: TaskKind, arguments: TrainingArguments) -> None:
    different, counts = np.unique(values, return_counts=True)
    found = different.tolist()
    if len(found) == 1:
        raise TrainingDataError(
            f"target: column {target!r} is {found[0]!r} in every row, so there is nothing to learn; name another target"
        )
    train_rows = int(len(values) * (1 - arguments.test_share))
    if train_rows < 2 * arguments.folds:
        raise TrainingDataError(
            f"folds: {arguments.folds} parts of {train_rows} training rows are too small; at least"
            f" {2 * arguments.folds} rows are needed: lower folds or give more rows"
        )
    if kind is not TaskKind.CLASSIFICATION:
        return
    if len(found) > len(values) / 2:
        raise TrainingDataError(
            f"target: column {target!r} has {len(found)} classes in {len(values)} rows; set kind: regression for"
            " numbers, or name another target"
        )
    rarest = int(counts.argmin())
    if counts[rarest] * (1 - arguments.test_share) < arguments.folds:
        raise TrainingDataError(
            f"target: class {found[rarest]!r} of {target!r} has {counts[rarest]} rows, too few for {arguments.folds}"
            " folds beside the held-out ones; lower folds, or leave its rows out"
        )


def _feature_kinds(features: "pd.DataFrame", source: str) -> dict[str, FeatureKind]:
    empty = [str(name) for name in features.columns if features[name].isna().all()]
    if empty:
        raise TrainingDataError(
            f"features: column {', '.join(map(repr, empty))} of {source} has no values; exclude it, or fill it"
        )
    return {str(name): kind_of(features[name]) for name in features.columns}
