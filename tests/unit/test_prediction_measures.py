"""Figures of predictions: scikit-learn's own, of any rows and any weights."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as sk

from scheduledtask_workloads.tasks.performance_report.intervals import bootstrap
from scheduledtask_workloads.tasks.performance_report.measures import ClassificationMeasures, RegressionMeasures

steady = settings(derandomize=True, deadline=None, database=None, max_examples=20)


@st.composite
def classified(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Truth, prediction, probabilities in hundredths so that there are ties, and weights; each label is there."""
    labels, rows = draw(st.integers(2, 4)), draw(st.integers(12, 80))
    generator = np.random.default_rng(draw(st.integers(0, 10_000)))
    truth = np.concatenate([np.arange(labels), generator.integers(0, labels, rows - labels)])
    raw = generator.integers(1, 100, (rows, labels)).astype(float)
    probabilities = raw / raw.sum(axis=1, keepdims=True)
    return truth, probabilities.argmax(axis=1), probabilities, generator.integers(1, 4, rows).astype(float)


@steady
@given(classified())
def test_classification_is_scikit_learns(case: tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]) -> None:
    truth, predicted, probabilities, weights = case
    measures = ClassificationMeasures(truth, predicted, probabilities)
    found = dict(zip(measures.names, measures.of(weights), strict=True))
    weighed = {"sample_weight": weights}
    averaged = {"average": "macro", "zero_division": 0.0} | weighed
    binary = probabilities.shape[1] == 2
    scores = probabilities[:, 1] if binary else probabilities

    assert found["accuracy"] == pytest.approx(sk.accuracy_score(truth, predicted, **weighed))
    assert found["balanced_accuracy"] == pytest.approx(sk.balanced_accuracy_score(truth, predicted, **weighed))
    assert found["precision"] == pytest.approx(sk.precision_score(truth, predicted, **averaged))
    assert found["recall"] == pytest.approx(sk.recall_score(truth, predicted, **averaged))
    assert found["f1"] == pytest.approx(sk.f1_score(truth, predicted, **averaged))
    assert found["log_loss"] == pytest.approx(sk.log_loss(truth, probabilities, **weighed))
    assert found["brier"] == pytest.approx(sk.brier_score_loss(truth, scores, **weighed))
    if binary:
        assert found["roc_auc"] == pytest.approx(sk.roc_auc_score(truth, scores, **weighed))
    else:
        one_by_one = [sk.roc_auc_score(truth == k, probabilities[:, k], **weighed) for k in range(scores.shape[1])]
        assert found["roc_auc"] == pytest.approx(np.mean(one_by_one))
    np.testing.assert_allclose(
        measures.confusion(weights), sk.confusion_matrix(truth, predicted, sample_weight=weights)
    )


@steady
@given(st.integers(0, 10_000), st.integers(3, 60))
def test_regression_is_scikit_learns(seed: int, rows: int) -> None:
    generator = np.random.default_rng(seed)
    truth, predicted = generator.normal(size=(2, rows))
    weights = generator.integers(1, 4, rows).astype(float)
    measures = RegressionMeasures(truth, predicted, (-0.5, 0.5))
    found = dict(zip(measures.names, measures.of(weights), strict=True))
    weighed = {"sample_weight": weights}

    assert found["rmse"] == pytest.approx(sk.root_mean_squared_error(truth, predicted, **weighed))
    assert found["mae"] == pytest.approx(sk.mean_absolute_error(truth, predicted, **weighed))
    assert found["r2"] == pytest.approx(sk.r2_score(truth, predicted, **weighed))
    assert found["bias"] == pytest.approx(np.average(truth - predicted, weights=weights))
    assert found["coverage"] == pytest.approx(np.average(np.abs(truth - predicted) <= 0.5, weights=weights))


def test_a_label_that_does_not_occur_has_no_recall() -> None:
    measures = ClassificationMeasures(np.array([0, 0]), np.array([0, 0]), np.array([[0.9, 0.1], [0.8, 0.2]]))
    found = dict(zip(measures.names, measures.of(np.ones(2)), strict=True))

    assert np.isnan(found["recall[1]"])
    assert np.isnan(found["roc_auc"])
    assert found["f1"] == 1.0


def test_probabilities_that_come_true_are_calibrated() -> None:
    generator = np.random.default_rng(5)
    stated = generator.uniform(size=200_000)
    truth = (generator.uniform(size=len(stated)) < stated).astype(np.int64)
    honest = ClassificationMeasures(truth, (stated > 0.5).astype(np.int64), np.column_stack([1 - stated, stated]))
    bold = np.clip(1.5 * stated - 0.25, 0.001, 0.999)
    vain = ClassificationMeasures(truth, (stated > 0.5).astype(np.int64), np.column_stack([1 - bold, bold]))
    place = honest.names.index("calibration_error")

    assert honest.of(np.ones(len(truth)))[place] < 0.01
    assert vain.of(np.ones(len(truth)))[place] > 0.08
    rows, predicted, observed = honest.calibration()
    assert sum(rows) == len(truth)
    assert observed == pytest.approx(predicted, abs=0.02)


# --- intervals


def of_rows(rows: int, seed: int) -> RegressionMeasures:
    truth = np.random.default_rng(seed).normal(size=rows)
    return RegressionMeasures(truth, np.zeros(rows), None)


def test_intervals_are_as_wide_as_theory_says() -> None:
    """Of a mean: 1.96 standard errors to either side."""
    measures = of_rows(2000, 7)
    whole = measures.of(np.ones(2000))
    bounds = bootstrap(measures, whole, 2000, resamples=1000, confidence=0.95, seed=0)["bias"]

    assert (bounds.low + bounds.high) / 2 == pytest.approx(whole[3], abs=0.005)
    assert bounds.high - bounds.low == pytest.approx(2 * 1.96 / np.sqrt(2000), rel=0.1)


def test_a_part_of_the_rows_gives_the_interval_of_all() -> None:
    whole = of_rows(40_000, 8).of(np.ones(40_000))
    bounds = bootstrap(of_rows(2000, 9), whole, 40_000, resamples=500, confidence=0.95, seed=0)["rmse"]

    assert bounds.low < whole[0] < bounds.high
    assert bounds.high - bounds.low == pytest.approx(2 * 1.96 / np.sqrt(2 * 40_000), rel=0.15)


def test_the_truth_is_inside_as_often_as_is_said() -> None:
    inside = 0
    for seed in range(100):
        measures = of_rows(100, seed)
        bounds = bootstrap(measures, measures.of(np.ones(100)), 100, resamples=100, confidence=0.9, seed=seed)["bias"]
        inside += bounds.low <= 0 <= bounds.high

    assert 80 <= inside <= 98


def test_the_same_seed_gives_the_same_interval() -> None:
    measures = of_rows(50, 1)
    whole = measures.of(np.ones(50))

    assert bootstrap(measures, whole, 50, 50, 0.95, seed=4) == bootstrap(measures, whole, 50, 50, 0.95, seed=4)
    assert bootstrap(measures, whole, 50, 50, 0.95, seed=4) != bootstrap(measures, whole, 50, 50, 0.95, seed=5)
