"""Residuals, target minus prediction, told in little."""

import numpy as np

from scheduledtask_workloads.tasks.models import NumericDistribution
from scheduledtask_workloads.tasks.models.statistics import bin_counts
from scheduledtask_workloads.tasks.performance_report.document import Band, Residuals
from scheduledtask_workloads.tasks.performance_report.measures import Floats

COVERED = 0.9
_TAIL = (1 - COVERED) / 2
_BANDS = 20
_LEAST_BAND_ROWS = 25
_POINTS = 300
_HISTOGRAM_BINS = 20
_QUANTILES = 100


def residuals(
    predicted: Floats,
    differences: Floats,
    held_out: NumericDistribution | None,
    interval: tuple[float, float] | None,
    seed: int,
) -> Residuals:
    """Of rows with a true value, one at least."""
    edges = _edges(differences)
    drawn = np.random.default_rng(seed).permutation(len(predicted))[:_POINTS]
    places = (np.arange(_QUANTILES) + 0.5) / _QUANTILES
    return Residuals(
        edges=edges.tolist(),
        counts=bin_counts(differences, edges.tolist()),
        held_out_shares=[] if held_out is None else shares_between(held_out, edges),
        interval=interval,
        bands=_bands(predicted, differences),
        points=[(float(predicted[place]), float(differences[place])) for place in np.sort(drawn)],
        quantiles=np.quantile(differences, places).tolist(),
    )


def quantile(distribution: NumericDistribution, share: float) -> float:
    """Within a bin values are taken as evenly spread."""
    reached = np.concatenate([[0.0], np.cumsum(distribution.counts)]) / sum(distribution.counts)
    return float(np.interp(share, reached, distribution.edges))


def central_interval(distribution: NumericDistribution) -> tuple[float, float] | None:
    """Where 90 % of the values lie, as much on either side; None without values."""
    if not distribution.counts:
        return None
    return quantile(distribution, _TAIL), quantile(distribution, 1 - _TAIL)


def shares_between(distribution: NumericDistribution, edges: Floats) -> list[float]:
    """Of the values, between each two edges; values of a bin are taken as evenly spread."""
    if not distribution.counts:
        return []
    reached = np.concatenate([[0.0], np.cumsum(distribution.counts)]) / sum(distribution.counts)
    return list(map(float, np.diff(np.interp(edges, distribution.edges, reached))))


def _edges(differences: Floats) -> Floats:
    """Equal bins over all but the farthest hundredth, which the outermost bins take in."""
    low, high = np.quantile(differences, [0.005, 0.995])
    if low == high:
        low, high = low - 0.5, high + 0.5
    return np.linspace(low, high, _HISTOGRAM_BINS + 1)


def _bands(predicted: Floats, differences: Floats) -> list[Band]:
    order = np.argsort(predicted, kind="stable")
    parts = np.array_split(order, max(1, min(_BANDS, len(order) // _LEAST_BAND_ROWS)))
    bands = []
    for part in parts:
        low, middle, high = np.quantile(differences[part], [_TAIL, 0.5, 1 - _TAIL])
        bands.append(Band(prediction=float(np.median(predicted[part])), low=low, middle=middle, high=high))
    return bands
