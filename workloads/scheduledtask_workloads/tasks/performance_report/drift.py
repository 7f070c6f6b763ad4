"""How far a column has moved from the training's: from counts in the training's bins, so it takes no row of either."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from scheduledtask_workloads.tasks.models import CategoricalFeature, Classes, NumericDistribution, NumericFeature
from scheduledtask_workloads.tasks.performance_report.document import Drift

# Below the first the rule of thumb calls a column stable, above the second changed; Lewis, An Introduction to Credit
# Scoring (1994), made common by Siddiqi, Credit Risk Scorecards (2006), both for ten bins.
MODERATE_PSI = 0.1
MAJOR_PSI = 0.25
PSI_BINS = 10
_LEAST_SHARE = 1e-4  # an empty bin would make the index infinite
_LEAST_EXPECTED = 5.0  # Cochran's rule for the chi-squared test
_CATEGORIES_SHOWN = 12
_REST = "all others"


@dataclass(frozen=True, slots=True)
class Counted:
    """One column of the fresh rows: `counts` in the training's bins, or by category; of values that are there."""

    counts: NDArray[np.int64] | Mapping[str, int]
    missing: int
    total: float = 0.0  # the sum of the values
    outside: int = 0

    @property
    def present(self) -> int:
        values = self.counts.values() if isinstance(self.counts, Mapping) else self.counts
        return int(sum(values))


# --- figures


def psi(expected: ArrayLike, found: ArrayLike) -> float:
    """The population stability index of two counts by bin; 0.0 where one side has no rows."""
    then, now = np.asarray(expected, dtype=np.float64), np.asarray(found, dtype=np.float64)
    if not then.sum() or not now.sum():
        return 0.0
    then_share = np.maximum(then / then.sum(), _LEAST_SHARE)
    now_share = np.maximum(now / now.sum(), _LEAST_SHARE)
    return float(((now_share - then_share) * np.log(now_share / then_share)).sum())


def psi_by_chance(expected_rows: float, found_rows: float, bins: int) -> float:
    """What the index stays below in 95 of 100 pairs of samples of one distribution.

    Nearly (1/n + 1/m) times a chi-squared of bins - 1 degrees: Yurdakul and Naranjo, Statistical properties of the
    population stability index, Journal of Risk Model Validation 14 (2020).
    """
    if not expected_rows or not found_rows or bins < 2:
        return 0.0
    return float((1 / expected_rows + 1 / found_rows) * stats.chi2.ppf(0.95, bins - 1))


def binned_ks(expected: ArrayLike, found: ArrayLike) -> tuple[float, float]:
    """The Kolmogorov-Smirnov distance at the bins' edges, at most that of the rows, and its p-value (asymptotic)."""
    then, now = np.asarray(expected, dtype=np.float64), np.asarray(found, dtype=np.float64)
    distance = float(np.abs(then.cumsum() / then.sum() - now.cumsum() / now.sum()).max())
    size = then.sum() * now.sum() / (then.sum() + now.sum())
    return distance, float(stats.kstwobign.sf(distance * math.sqrt(size)))


def chi_squared(expected: ArrayLike, found: ArrayLike) -> tuple[float, float]:
    """Pearson's test that both counts are of one distribution; rare categories count as one, (0, 1) for one alone."""
    table = np.array([expected, found], dtype=np.float64)
    awaited = table.sum(axis=0) * (table.sum(axis=1) / table.sum())[:, None]
    rare = awaited.min(axis=0) < _LEAST_EXPECTED
    merged = np.column_stack([table[:, ~rare], table[:, rare].sum(axis=1)])
    merged = merged[:, merged.sum(axis=0) > 0]
    if merged.shape[1] < 2:
        return 0.0, 1.0
    tested = stats.chi2_contingency(merged, correction=False)
    return float(tested.statistic), float(tested.pvalue)


# --- columns


def feature_drift(feature: NumericFeature | CategoricalFeature, train_rows: int, found: Counted) -> Drift:
    missing = round(feature.missing_share * train_rows)
    if isinstance(feature, NumericFeature):
        drift = numeric_drift(feature.name, feature.values, found, missing)
        return drift.model_copy(update={"kind": str(feature.kind)})
    known = dict(feature.counts)
    return _categorical_drift(feature.name, str(feature.kind), known, feature.other, found, missing)


def numeric_drift(name: str, expected: NumericDistribution, found: Counted, missing: int = 0) -> Drift:
    """`found.counts` in the bins of `expected`; `missing`: rows of the training without a value."""
    counts = np.asarray(found.counts, dtype=np.int64)
    then, now, edges = _ten_bins(expected.counts, counts, expected.edges)
    tested = bool(then.sum()) and bool(now.sum())
    distance, p_value = binned_ks(expected.counts, counts) if tested else (None, None)
    return Drift(
        name=name,
        kind="numeric",
        **_indexes(then, now, missing, found.missing),
        test="ks" if tested else None,
        statistic=distance,
        p_value=p_value,
        bins=[f"{low:.4g} to {high:.4g}" for low, high in pairwise(edges)],
        expected=_shares(then),
        found=_shares(now),
        outside=found.outside / found.present if found.present else 0.0,
        mean_expected=expected.mean if expected.counts else None,
        mean_found=found.total / found.present if found.present else None,
    )


def class_drift(name: str, expected: Classes, found: Mapping[str, int]) -> Drift:
    """Of a target or of predictions; `found` by the label's text."""
    known = {str(label): count for label, count in zip(expected.labels, expected.counts, strict=True)}
    return _categorical_drift(name, "classes", known, 0, Counted(found, 0), 0)


def _categorical_drift(
    name: str, kind: str, known: Mapping[str, int], other: int, found: Counted, missing: int
) -> Drift:
    counts = dict(found.counts) if isinstance(found.counts, Mapping) else {}
    strange = sum(count for category, count in counts.items() if category not in known)
    bins = [*known, _REST]
    then = np.array([*known.values(), other], dtype=np.int64)
    now = np.array([*(counts.get(category, 0) for category in known), strange], dtype=np.int64)
    tested = bool(then.sum()) and bool(now.sum())
    statistic, p_value = chi_squared(then, now) if tested else (None, None)
    shown, shown_then, shown_now = _most_frequent(bins, then, now)
    return Drift(
        name=name,
        kind=kind,
        **_indexes(then, now, missing, found.missing),
        test="chi2" if tested else None,
        statistic=statistic,
        p_value=p_value,
        bins=shown,
        expected=_shares(shown_then),
        found=_shares(shown_now),
        outside=0.0 if other else strange / found.present if found.present else 0.0,
    )


def _indexes(then: NDArray[np.int64], now: NDArray[np.int64], missing_then: int, missing_now: int) -> dict[str, float]:
    """PSI with missing values as a bin of their own."""
    all_then, all_now = np.append(then, missing_then), np.append(now, missing_now)
    used = int(((all_then + all_now) > 0).sum())
    return {
        "psi": psi(all_then, all_now),
        "psi_by_chance": psi_by_chance(float(all_then.sum()), float(all_now.sum()), used),
        "missing_expected": missing_then / float(all_then.sum() or 1),
        "missing_found": missing_now / float(all_now.sum() or 1),
    }


def _ten_bins(
    expected: Sequence[int], found: NDArray[np.int64], edges: Sequence[float]
) -> tuple[NDArray[np.int64], NDArray[np.int64], list[float]]:
    """The training's bins, neighbours put together until there are ten at most, which the rule of thumb is for."""
    then = np.asarray(expected, dtype=np.int64)
    if len(then) <= PSI_BINS:
        return then, found, list(edges)
    starts = np.unique(np.linspace(0, len(then), PSI_BINS, endpoint=False).astype(int))
    merged_edges = [*(edges[start] for start in starts), edges[-1]]
    return np.add.reduceat(then, starts), np.add.reduceat(found, starts), merged_edges


def _most_frequent(
    bins: list[str], then: NDArray[np.int64], now: NDArray[np.int64]
) -> tuple[list[str], NDArray[np.int64], NDArray[np.int64]]:
    """For the page, in their order; what is left is one more bin."""
    order = sorted(range(len(bins) - 1), key=lambda place: -int(then[place] + now[place]))
    shown, rest = sorted(order[:_CATEGORIES_SHOWN]), [*order[_CATEGORIES_SHOWN:], len(bins) - 1]
    names, kept_then, kept_now = [bins[place] for place in shown], then[shown], now[shown]
    if not then[rest].sum() and not now[rest].sum():
        return names, kept_then, kept_now
    return [*names, _REST], np.append(kept_then, then[rest].sum()), np.append(kept_now, now[rest].sum())


def _shares(counts: NDArray[np.int64]) -> list[float]:
    whole = float(counts.sum())
    return [round(float(count) / whole, 6) if whole else 0.0 for count in counts]
