"""Targets in the form that a model learns and predicts."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from scheduledtask_workloads.tasks.models.errors import ModelDataError
from scheduledtask_workloads.tasks.models.reference import Label, Reference, TaskKind

if TYPE_CHECKING:
    import pandas as pd


def as_labels(column: "pd.Series[Any]") -> NDArray[Any]:
    """Classes: true and false, whole numbers, or text, in that order of preference. No value may be missing.

    Whole numbers stay numbers where gaps in the column have made them 3.0. Raises ModelDataError for fractions.
    """
    if column.map(lambda value: isinstance(value, bool | np.bool_)).all():
        return np.asarray(column, dtype=bool)
    if column.map(lambda value: isinstance(value, str)).all():
        return np.asarray(column, dtype=object)
    try:
        numbers = np.asarray(column, dtype=np.float64)
    except (TypeError, ValueError):
        return np.asarray(column.astype(str), dtype=object)
    if (numbers % 1 != 0).any():
        raise ModelDataError(f"column {column.name!r} holds fractions, which are no classes; ask for a regression")
    return np.asarray(numbers, dtype=np.int64)


def as_numbers(column: "pd.Series[Any]") -> NDArray[np.float64]:
    """Raises ModelDataError for what is no finite number. No value may be missing."""
    try:
        numbers = np.asarray(column, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise ModelDataError(f"column {column.name!r} is to be numbers: {error}; ask for a classification") from error
    if not np.isfinite(numbers).all():
        raise ModelDataError(f"column {column.name!r} holds infinite values; leave the rows out")
    return numbers


def known_targets(column: "pd.Series[Any]", reference: Reference) -> NDArray[Any]:
    """Of fresh rows, none missing: numbers, or the reference's labels, and text for what is none of them."""
    if reference.kind is TaskKind.REGRESSION:
        return as_numbers(column)
    named = {_name(label): label for label in reference.labels}
    values = [named.get(_name(value), _name(value)) for value in column]
    return _array(values, reference.labels)


def _array(values: list[Label], labels: Sequence[Label]) -> NDArray[Any]:
    """Of the labels' own type where every value is one."""
    known = set(labels)
    if all(value in known for value in values):
        return np.array(values, dtype=object if isinstance(labels[0], str) else None)
    return np.array(values, dtype=object)


def _name(value: Any) -> str:
    """true, True and a numpy bool are one; so are 3 and 3.0."""
    if isinstance(value, bool | np.bool_):
        return "true" if value else "false"
    if isinstance(value, float | np.floating) and float(value).is_integer():
        return str(int(value))
    text = str(value)
    return text.lower() if text in {"True", "False"} else text
