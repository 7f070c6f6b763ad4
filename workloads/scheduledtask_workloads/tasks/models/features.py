"""Columns as a model takes them: numbers as float64, yes and no as 1.0 and 0.0, categories as text, NaN for missing."""

from collections.abc import Mapping
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from scheduledtask_workloads.tasks.models.errors import ModelDataError

if TYPE_CHECKING:
    import pandas as pd


class FeatureKind(StrEnum):
    NUMERIC = "numeric"
    BOOLEAN = "boolean"
    CATEGORICAL = "categorical"


_INFERRED = {
    "boolean": FeatureKind.BOOLEAN,
    "integer": FeatureKind.NUMERIC,
    "floating": FeatureKind.NUMERIC,
    "mixed-integer-float": FeatureKind.NUMERIC,
    "decimal": FeatureKind.NUMERIC,
    "string": FeatureKind.CATEGORICAL,
    "categorical": FeatureKind.CATEGORICAL,
}
_WORDS = {"true": 1.0, "false": 0.0, "1": 1.0, "0": 0.0, "1.0": 1.0, "0.0": 0.0}


def kind_of(column: "pd.Series[Any]") -> FeatureKind:
    """Raises ModelDataError for dates and for what is neither number, yes or no, nor text."""
    from pandas.api.types import infer_dtype

    found = infer_dtype(column, skipna=True)
    if found in _INFERRED:
        return _INFERRED[found]
    if "date" in found or "time" in found:
        raise ModelDataError(
            f"column {column.name!r} holds dates or times, which no estimator takes; turn it into numbers where the"
            " table is made (an age in days, the hour, the weekday), or exclude it"
        )
    raise ModelDataError(
        f"column {column.name!r} holds {found} values; a feature is numbers, true and false, or text: exclude it"
    )


def prepared(frame: "pd.DataFrame", kinds: Mapping[str, FeatureKind]) -> "pd.DataFrame":
    """The columns of `kinds` in its order, each in its form; others are left out.

    Raises ModelDataError for a column that is not there or does not fit.
    """
    import pandas as pd

    missing = [name for name in kinds if name not in frame.columns]
    if missing:
        raise ModelDataError(
            f"no column {', '.join(map(repr, missing))}; the model takes {', '.join(kinds)}; there are"
            f" {', '.join(map(str, frame.columns))}"
        )
    columns = {name: _FORMS[kind](frame[name]) for name, kind in kinds.items()}
    return pd.DataFrame(columns, copy=False)


def _numbers(column: "pd.Series[Any]") -> "pd.Series[Any]":
    import numpy as np
    import pandas as pd

    try:
        values = pd.to_numeric(column).astype("float64")
    except (TypeError, ValueError) as error:
        raise ModelDataError(
            f"column {column.name!r} was numbers when the model was trained: {error}; convert it or leave the row out"
        ) from error
    if np.isinf(values.to_numpy()).any():
        raise ModelDataError(f"column {column.name!r} holds infinite values; make them missing or leave the rows out")
    return values


def _flags(column: "pd.Series[Any]") -> "pd.Series[Any]":
    if str(column.dtype) == "bool":
        return column.astype("float64")
    values = column.map(lambda value: _WORDS.get(str(value).lower()), na_action="ignore").astype("float64")
    odd = column[values.isna() & column.notna()]
    if len(odd):
        raise ModelDataError(
            f"column {column.name!r} was true and false when the model was trained, and holds {odd.iloc[0]!r};"
            " convert it or leave the row out"
        )
    return values


def _texts(column: "pd.Series[Any]") -> "pd.Series[Any]":
    """Whole numbers without a fraction, so that 3 is the same category where gaps have made it 3.0."""
    import numpy as np

    values = column.astype("object").map(_text, na_action="ignore")
    return values.where(column.notna(), np.nan)


def _text(value: Any) -> str:
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


_FORMS = {FeatureKind.NUMERIC: _numbers, FeatureKind.BOOLEAN: _flags, FeatureKind.CATEGORICAL: _texts}
