"""How good predictions are, as functions of a weight for each row: ones give the value, a resample's counts its copy.

All names are of `settings.Measure`, but those of single classes, such as `recall[2]`: of the third label.
"""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Places = NDArray[np.int64]

CALIBRATION_BINS = 10
# Where a value cannot lie outside 0 to 1; an interval is cut there.
SHARES = frozenset(
    {"accuracy", "balanced_accuracy", "precision", "recall", "f1", "roc_auc", "calibration_error", "coverage"}
)


class Measures(Protocol):
    """`rows` is how many weights `of` takes; it gives a value for each of `names`, NaN where there is none."""

    rows: int
    names: list[str]

    def of(self, weights: Floats) -> Floats: ...


class ClassificationMeasures:
    """`truth` and `predicted`: places in the labels, shape (rows,); `probabilities`: (rows, labels)."""

    def __init__(self, truth: Places, predicted: Places, probabilities: Floats) -> None:
        self.rows, self._labels = probabilities.shape
        self._cells = truth * self._labels + predicted
        every = np.arange(self.rows)
        least = np.finfo(np.float64).eps
        self._log_losses = -np.log(np.clip(probabilities[every, truth], least, 1 - least))
        self._squares = _squared_errors(truth, probabilities)
        self._calibrated = _calibrated(truth, predicted, probabilities)
        scored = [1] if self._labels == 2 else range(self._labels)
        self._rankings = [_Ranking(probabilities[:, label], truth == label) for label in scored]
        single = [f"{name}[{label}]" for name in ("precision", "recall", "f1") for label in range(self._labels)]
        self.names = [
            *("accuracy", "balanced_accuracy", "precision", "recall", "f1"),
            *("roc_auc", "log_loss", "brier", "calibration_error"),
            *single,
        ]

    def of(self, weights: Floats) -> Floats:
        whole = weights.sum()
        confusion = self.confusion(weights)
        hits, support, guesses = confusion.diagonal(), confusion.sum(axis=1), confusion.sum(axis=0)
        precision, recall = _ratio(hits, guesses), _ratio(hits, support)
        f1 = _ratio(2 * hits, support + guesses)
        occurs = (support + guesses) > 0
        return np.array(
            [
                hits.sum() / whole,
                recall[support > 0].mean(),
                np.where(guesses > 0, precision, 0.0)[occurs].mean(),
                np.where(support > 0, recall, 0.0)[occurs].mean(),
                f1[occurs].mean(),
                np.mean([ranking.area(weights) for ranking in self._rankings]),
                self._log_losses @ weights / whole,
                self._squares @ weights / whole,
                self._calibrated.error(weights),
                *precision,
                *recall,
                *f1,
            ]
        )

    def confusion(self, weights: Floats) -> Floats:
        """(labels, labels): weight of the rows by label and prediction."""
        counts: Floats = np.bincount(self._cells, weights=weights, minlength=self._labels**2).astype(np.float64)
        return counts.reshape(self._labels, self._labels)

    def calibration(self) -> tuple[list[int], list[float], list[float]]:
        """Rows, mean predicted probability and share that came true, of each bin that is not empty."""
        return self._calibrated.bins()


class RegressionMeasures:
    """`truth` and `predicted`: (rows,); `interval`: where 90 % of the held-out residuals lay, None where unknown."""

    def __init__(self, truth: Floats, predicted: Floats, interval: tuple[float, float] | None) -> None:
        self.rows = len(truth)
        self._truth = truth
        self._residuals = truth - predicted
        self._covered = None
        if interval is not None:
            self._covered = ((self._residuals >= interval[0]) & (self._residuals <= interval[1])).astype(np.float64)
        self.names = ["rmse", "mae", "r2", "bias", "coverage"]

    def of(self, weights: Floats) -> Floats:
        whole = weights.sum()
        squares = (self._residuals**2) @ weights
        spread = ((self._truth - self._truth @ weights / whole) ** 2) @ weights
        return np.array(
            [
                np.sqrt(squares / whole),
                np.abs(self._residuals) @ weights / whole,
                1 - squares / spread if spread > 0 else np.nan,
                self._residuals @ weights / whole,
                np.nan if self._covered is None else self._covered @ weights / whole,
            ]
        )


class _Ranking:
    """The area under a ROC curve; rows of equal scores are one step."""

    def __init__(self, scores: Floats, positive: NDArray[np.bool_]) -> None:
        self._order = np.argsort(scores, kind="stable")
        ordered = scores[self._order]
        self._starts = np.flatnonzero(np.append(True, ordered[1:] != ordered[:-1]))
        self._positive = positive[self._order].astype(np.float64)

    def area(self, weights: Floats) -> float:
        ordered = weights[self._order]
        hits = np.add.reduceat(ordered * self._positive, self._starts)
        others = np.add.reduceat(ordered * (1 - self._positive), self._starts)
        pairs = hits.sum() * others.sum()
        if pairs == 0:
            return float("nan")
        return float((hits * (others.cumsum() - others / 2)).sum() / pairs)


class _Calibrated:
    """Rows in equal bins of a probability, and whether what it says came true."""

    def __init__(self, stated: Floats, came_true: NDArray[np.bool_]) -> None:
        self._bins = np.minimum((stated * CALIBRATION_BINS).astype(np.int64), CALIBRATION_BINS - 1)
        self._stated = stated
        self._came_true = came_true.astype(np.float64)

    def error(self, weights: Floats) -> float:
        """The expected calibration error: the mean gap of the bins, each weighted with its rows."""
        gaps = np.bincount(self._bins, weights=weights * (self._came_true - self._stated), minlength=CALIBRATION_BINS)
        return float(np.abs(gaps).sum() / weights.sum())

    def bins(self) -> tuple[list[int], list[float], list[float]]:
        rows = np.bincount(self._bins, minlength=CALIBRATION_BINS)
        stated = np.bincount(self._bins, weights=self._stated, minlength=CALIBRATION_BINS)
        true = np.bincount(self._bins, weights=self._came_true, minlength=CALIBRATION_BINS)
        used = rows > 0
        counts, stated, true = rows[used], stated[used], true[used]
        return counts.tolist(), (stated / counts).tolist(), (true / counts).tolist()


def _calibrated(truth: Places, predicted: Places, probabilities: Floats) -> _Calibrated:
    """Of two labels the second one's probability; of more that of what was predicted."""
    if probabilities.shape[1] == 2:
        return _Calibrated(probabilities[:, 1], truth == 1)
    return _Calibrated(probabilities[np.arange(len(truth)), predicted], truth == predicted)


def _squared_errors(truth: Places, probabilities: Floats) -> Floats:
    """Of two labels that of the second one, of more the sum over all: from 0 to 1, and to 2."""
    if probabilities.shape[1] == 2:
        return np.asarray((probabilities[:, 1] - truth) ** 2)
    hit = probabilities[np.arange(len(truth)), truth]
    return np.asarray((probabilities**2).sum(axis=1) - hit**2 + (1 - hit) ** 2)


def _ratio(part: Floats, whole: Floats) -> Floats:
    return np.asarray(np.divide(part, whole, out=np.full(len(whole), np.nan), where=whole > 0))


def finite(names: Sequence[str], values: Floats) -> dict[str, float]:
    """Those that have a value."""
    return {name: float(value) for name, value in zip(names, values, strict=True) if np.isfinite(value)}
