"""Drift of a column: the index and the tests are what others compute from the rows themselves."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from scheduledtask_workloads.tasks.models import CategoricalFeature, FeatureKind, NumericFeature
from scheduledtask_workloads.tasks.models.statistics import bin_counts, numeric_distribution
from scheduledtask_workloads.tasks.performance_report.drift import (
    Counted,
    binned_ks,
    chi_squared,
    feature_drift,
    psi,
    psi_by_chance,
)

steady = settings(derandomize=True, deadline=None, database=None, max_examples=30)
counts = st.lists(st.integers(0, 500), min_size=2, max_size=12).filter(lambda found: sum(found) > 0)
pairs = st.tuples(counts, counts).map(lambda two: tuple(part[: min(map(len, two))] for part in two))
filled_pairs = pairs.filter(lambda two: len(two[0]) > 1 and all(sum(part) > 0 for part in two))


def numeric(values: np.ndarray, missing_share: float = 0.0) -> NumericFeature:
    return NumericFeature(name="x", dtype="float64", missing_share=missing_share, values=numeric_distribution(values))


def counted(values: np.ndarray, feature: NumericFeature, missing: int = 0) -> Counted:
    bins = np.array(bin_counts(values, feature.values.edges))
    return Counted(bins, missing, float(values.sum()), int((values > feature.values.maximum).sum()))


@steady
@given(filled_pairs)
def test_the_index_is_the_sum_of_both_divergences(two: tuple[list[int], list[int]]) -> None:
    then, now = (np.maximum(np.array(part) / sum(part), 1e-4) for part in two)
    expected = sum(b * math.log(b / a) + a * math.log(a / b) for a, b in zip(then, now, strict=True))

    assert psi(*two) == pytest.approx(expected, abs=1e-9)
    assert psi(*two) == pytest.approx(psi(*reversed(two)))
    assert psi(*two) >= 0


@steady
@given(counts, st.integers(1, 50))
def test_equal_shares_are_no_drift(found: list[int], times: int) -> None:
    assert psi(found, [times * count for count in found]) == pytest.approx(0.0, abs=1e-12)


@steady
@given(filled_pairs)
def test_the_distance_is_scipys_of_rows_known_by_their_bins_alone(two: tuple[list[int], list[int]]) -> None:
    rows = [np.repeat(np.arange(len(part)), part) for part in two]

    assert binned_ks(*two)[0] == pytest.approx(stats.ks_2samp(*rows, method="asymp").statistic)


def test_the_p_value_is_nearly_that_of_the_rows() -> None:
    generator = np.random.default_rng(1)
    then, now = generator.normal(size=4000), generator.normal(0.04, size=3000)
    feature = numeric(then)
    drift = feature_drift(feature, 4000, counted(now, feature))
    whole = stats.ks_2samp(then, now)

    assert drift.statistic is not None
    assert drift.p_value is not None
    assert whole.statistic - 0.01 < drift.statistic <= whole.statistic
    assert whole.pvalue <= drift.p_value < 5 * whole.pvalue + 0.05


@steady
@given(filled_pairs)
def test_the_chi_squared_test_is_scipys_where_no_category_is_rare(two: tuple[list[int], list[int]]) -> None:
    table = np.array(two) + 20
    expected = stats.chi2_contingency(table, correction=False)

    assert chi_squared(*table) == pytest.approx((expected.statistic, expected.pvalue))


@steady
@given(filled_pairs)
def test_rare_categories_never_break_the_test(two: tuple[list[int], list[int]]) -> None:
    statistic, p_value = chi_squared(*two)

    assert statistic >= 0
    assert 0 <= p_value <= 1


def test_what_chance_does_is_known_beforehand() -> None:
    """Five of a hundred samples of the same distribution lie above, be they small or large."""
    generator = np.random.default_rng(2)
    for rows in (300, 5000):
        then, now = generator.multinomial(rows, [0.1] * 10, size=(2, 1000))
        above = np.mean([psi(a, b) > psi_by_chance(rows, rows, 10) for a, b in zip(then, now, strict=True)])
        assert 0.03 < above < 0.08


def test_a_moved_column_is_told_from_one_that_stayed() -> None:
    generator = np.random.default_rng(3)
    feature = numeric(generator.normal(size=5000))
    stayed = feature_drift(feature, 5000, counted(generator.normal(size=5000), feature))
    moved = feature_drift(feature, 5000, counted(generator.normal(1.0, size=5000), feature))

    assert stayed.psi < stayed.psi_by_chance
    assert (stayed.p_value or 0) > 0.01
    assert moved.psi > 0.25
    assert moved.p_value == pytest.approx(0, abs=1e-9)
    assert (moved.mean_found, moved.mean_expected) == pytest.approx((1.0, 0.0), abs=0.05)
    assert len(moved.bins) == len(moved.expected) == len(moved.found) == 10


def test_values_that_go_missing_are_drift() -> None:
    feature = numeric(np.arange(1000.0))
    drift = feature_drift(feature, 1000, counted(np.arange(500.0) * 2, feature, missing=500))

    assert drift.psi > 1
    assert (drift.missing_expected, drift.missing_found) == (0.0, 0.5)


def test_a_column_without_any_value_left_has_no_test() -> None:
    feature = numeric(np.arange(100.0))
    drift = feature_drift(feature, 100, Counted(np.zeros(20, dtype=np.int64), 100))

    assert (drift.test, drift.p_value, drift.mean_found) == (None, None, None)
    assert drift.psi > 1


def test_new_categories_are_seen() -> None:
    feature = CategoricalFeature(
        kind=FeatureKind.CATEGORICAL, name="c", dtype="str", missing_share=0.0, counts={"a": 60, "b": 40}, other=0
    )
    drift = feature_drift(feature, 100, Counted({"a": 30, "b": 20, "c": 50}, 0))

    assert drift.outside == 0.5
    assert drift.psi > 1
    assert dict(zip(drift.bins, drift.found, strict=True)) == {"a": 0.3, "b": 0.2, "all others": 0.5}
