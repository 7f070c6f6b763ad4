"""Confidence intervals by bootstrap: rows are drawn anew, with replacement, and what is measured is measured again."""

from dataclasses import dataclass

import numpy as np

from scheduledtask_workloads.tasks.performance_report.measures import SHARES, Floats, Measures


@dataclass(frozen=True, slots=True)
class Bounds:
    low: float
    high: float


def bootstrap(
    measures: Measures, whole: Floats, rows_of_all: int, resamples: int, confidence: float, seed: int
) -> dict[str, Bounds]:
    """Percentile intervals of `whole`, the values of all rows.

    `measures` may be of a part of the rows, drawn at random: their spread is then made narrower by the root of the
    part, as that of means is. A measure without a value in most resamples has no interval.
    """
    generator = np.random.default_rng(seed)
    rows = measures.rows
    drawn = np.empty((resamples, len(measures.names)))
    for number in range(resamples):
        places = generator.integers(0, rows, rows)
        drawn[number] = measures.of(np.bincount(places, minlength=rows).astype(np.float64))
    middle = whole if rows == rows_of_all else measures.of(np.ones(rows))
    return _bounds(measures.names, whole, middle, drawn, np.sqrt(rows / rows_of_all), confidence)


def _bounds(
    names: list[str], whole: Floats, middle: Floats, drawn: Floats, narrower: float, confidence: float
) -> dict[str, Bounds]:
    tail = (1 - confidence) / 2
    bounds = {}
    for place, name in enumerate(names):
        values = drawn[:, place][np.isfinite(drawn[:, place])]
        if not np.isfinite(whole[place]) or not np.isfinite(middle[place]) or len(values) < max(len(drawn) / 2, 1):
            continue
        low, high = whole[place] + narrower * (np.quantile(values, [tail, 1 - tail]) - middle[place])
        if name.split("[")[0] in SHARES:
            low, high = max(low, 0.0), min(high, 1.0)
        bounds[name] = Bounds(float(low), float(high))
    return bounds
