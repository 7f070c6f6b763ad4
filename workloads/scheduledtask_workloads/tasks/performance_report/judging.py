"""What is measured of scored rows, put together as a Report. No file is read or written here."""

from collections.abc import Mapping

import numpy as np

from scheduledtask_workloads.tasks.models import Classes, NumericDistribution, Reference, TaskKind
from scheduledtask_workloads.tasks.models.statistics import bin_counts
from scheduledtask_workloads.tasks.performance_report import residuals as of_residuals
from scheduledtask_workloads.tasks.performance_report.document import (
    Calibration,
    ClassScores,
    Confusion,
    DataFacts,
    Drift,
    Intervals,
    Metric,
    ModelFacts,
    Previous,
    Report,
    Residuals,
    Run,
)
from scheduledtask_workloads.tasks.performance_report.drift import Counted, class_drift, feature_drift, numeric_drift
from scheduledtask_workloads.tasks.performance_report.fresh import Scored
from scheduledtask_workloads.tasks.performance_report.intervals import Bounds, bootstrap
from scheduledtask_workloads.tasks.performance_report.measures import (
    ClassificationMeasures,
    Floats,
    Measures,
    Places,
    RegressionMeasures,
    finite,
)
from scheduledtask_workloads.tasks.performance_report.settings import Measure, ReportArguments
from scheduledtask_workloads.tasks.performance_report.thresholds import verdicts


def judge(
    reference: Reference,
    scored: Scored,
    arguments: ReportArguments,
    *,
    run: Run,
    location: str,
    data: DataFacts,
    previous: Previous | None,
) -> Report:
    """Raises ReportInputError for a threshold on what models of this kind do not have."""
    measured = _Measured(reference, scored, arguments)
    features = _features(reference, scored, previous)
    predictions = _said(reference, scored, previous)
    target = _target(reference, scored, previous)
    metrics = measured.metrics(reference, previous)
    values = {metric.name: metric.value for metric in metrics} | _indexes(features, predictions, target)
    if reference.kind is TaskKind.CLASSIFICATION and data.labelled + data.unknown_labels:
        values[Measure.UNKNOWN_LABEL_SHARE] = data.unknown_labels / (data.labelled + data.unknown_labels)
    judged = verdicts(arguments.thresholds, reference.kind, values, has_labels=bool(data.labelled))
    return Report(
        run=run,
        model=_facts(reference, location),
        data=data,
        passed=all(verdict.passed is not False for verdict in judged),
        verdicts=judged,
        notes=_notes(reference, data, arguments, previous),
        metrics=metrics,
        intervals=measured.intervals,
        classes=measured.classes(reference),
        confusion=measured.confusion(reference),
        calibration=measured.calibration(reference),
        residuals=measured.residuals(reference),
        features=features,
        predictions=predictions,
        target=target,
        previous=previous,
    )


class _Measured:
    """The figures that need true values; none without them."""

    def __init__(self, reference: Reference, scored: Scored, arguments: ReportArguments) -> None:
        self._scored = scored
        self._seed = arguments.seed
        self.intervals: Intervals | None = None
        self.values: dict[str, float] = {}
        self.bounds: dict[str, Bounds] = {}
        rows = len(scored.labelled)
        self._all = self._measures(reference, np.arange(rows)) if rows else None
        if self._all is None:
            return
        whole = self._all.of(np.ones(rows))
        self.values = finite(self._all.names, whole)
        if arguments.resamples:
            self._bootstrap(reference, whole, arguments)

    def _measures(self, reference: Reference, chosen: Places) -> Measures:
        places, truth = self._scored.labelled[chosen], self._scored.truth[chosen]
        predicted = self._scored.predicted[places]
        if self._scored.probabilities is None:
            return RegressionMeasures(truth, predicted, _interval(reference))
        return ClassificationMeasures(truth, predicted, self._scored.probabilities[places])

    def _bootstrap(self, reference: Reference, whole: Floats, arguments: ReportArguments) -> None:
        rows = len(self._scored.labelled)
        part = self._all
        if part is not None and rows > arguments.interval_rows:
            chosen = np.random.default_rng(arguments.seed).choice(rows, arguments.interval_rows, replace=False)
            part = self._measures(reference, chosen)
        if part is None:
            return
        self.intervals = Intervals(
            confidence=arguments.confidence, resamples=arguments.resamples, rows=part.rows, seed=arguments.seed
        )
        self.bounds = bootstrap(part, whole, rows, arguments.resamples, arguments.confidence, arguments.seed)

    def metrics(self, reference: Reference, previous: Previous | None) -> list[Metric]:
        before = previous.metrics if previous else {}
        return [
            self._metric(name, reference.held_out.metrics.get(name), before.get(name))
            for name in self.values
            if "[" not in name
        ]

    def _metric(self, name: str, held_out: float | None = None, before: float | None = None) -> Metric:
        bounds = self.bounds.get(name)
        low, high = (bounds.low, bounds.high) if bounds else (None, None)
        return Metric(name=name, value=self.values[name], low=low, high=high, held_out=held_out, previous=before)

    def classes(self, reference: Reference) -> list[ClassScores]:
        if not isinstance(self._all, ClassificationMeasures):
            return []
        support = np.bincount(self._scored.truth, minlength=len(reference.labels))
        return [
            ClassScores(
                label=str(label),
                support=int(support[place]),
                **{
                    name: self._metric(f"{name}[{place}]") if f"{name}[{place}]" in self.values else None
                    for name in ("precision", "recall", "f1")
                },
            )
            for place, label in enumerate(reference.labels)
        ]

    def confusion(self, reference: Reference) -> Confusion | None:
        if not isinstance(self._all, ClassificationMeasures):
            return None
        counts = self._all.confusion(np.ones(self._all.rows)).astype(np.int64)
        return Confusion(labels=list(map(str, reference.labels)), counts=counts.tolist())

    def calibration(self, reference: Reference) -> Calibration | None:
        if not isinstance(self._all, ClassificationMeasures):
            return None
        rows, predicted, observed = self._all.calibration()
        of = str(reference.labels[1]) if len(reference.labels) == 2 else "whatever was predicted"
        return Calibration(of=of, rows=rows, predicted=predicted, observed=observed)

    def residuals(self, reference: Reference) -> Residuals | None:
        if not isinstance(self._all, RegressionMeasures):
            return None
        predicted = self._scored.predicted[self._scored.labelled]
        differences = self._scored.truth - predicted
        return of_residuals.residuals(
            predicted, differences, reference.held_out.residuals, _interval(reference), self._seed
        )


def _interval(reference: Reference) -> tuple[float, float] | None:
    known = reference.held_out.residuals
    return None if known is None else of_residuals.central_interval(known)


def _features(reference: Reference, scored: Scored, previous: Previous | None) -> list[Drift]:
    drifts = [
        feature_drift(feature, reference.train_rows, scored.features[feature.name]) for feature in reference.features
    ]
    before = previous.psi if previous else {}
    named = [drift.model_copy(update={"previous_psi": before.get(drift.name)}) for drift in drifts]
    return sorted(named, key=lambda drift: -drift.psi)


def _said(reference: Reference, scored: Scored, previous: Previous | None) -> Drift:
    """Predictions, compared with those for the held-out rows of the training."""
    drift = _of_outcomes("predictions", reference, reference.held_out.predictions, scored.predicted)
    return drift.model_copy(update={"previous_psi": previous.metrics.get("prediction_psi") if previous else None})


def _target(reference: Reference, scored: Scored, previous: Previous | None) -> Drift | None:
    if not len(scored.labelled):
        return None
    drift = _of_outcomes(reference.target, reference, reference.target_values, scored.truth)
    return drift.model_copy(update={"previous_psi": previous.metrics.get("target_psi") if previous else None})


def _of_outcomes(
    name: str, reference: Reference, known: Classes | NumericDistribution, values: Floats | Places
) -> Drift:
    if isinstance(known, Classes):
        counts = np.bincount(values.astype(np.int64), minlength=len(reference.labels))
        labelled = {str(label): int(count) for label, count in zip(reference.labels, counts, strict=True)}
        return class_drift(name, known, labelled)
    outside = int(((values < known.minimum) | (values > known.maximum)).sum())
    counts = np.array(bin_counts(values, known.edges), dtype=np.int64)
    return numeric_drift(name, known, Counted(counts, 0, float(values.sum()), outside))


def _indexes(features: list[Drift], predictions: Drift, target: Drift | None) -> dict[str, float]:
    found = {Measure.PSI: max(drift.psi for drift in features), Measure.PREDICTION_PSI: predictions.psi}
    if target is not None:
        found[Measure.TARGET_PSI] = target.psi
    return {str(name): value for name, value in found.items()}


def remembered(report: Report) -> Previous:
    """What the next report compares itself with."""
    indexes = _indexes(report.features, report.predictions, report.target)
    values: Mapping[str, float] = {metric.name: metric.value for metric in report.metrics}
    return Previous(
        run_id=report.run.run_id,
        made_at=report.run.made_at,
        model_run_id=report.model.run_id,
        metrics={**values, **indexes},
        psi={drift.name: drift.psi for drift in report.features},
    )


def _facts(reference: Reference, location: str) -> ModelFacts:
    return ModelFacts(
        location=location,
        estimator=reference.estimator,
        kind=reference.kind,
        target=reference.target,
        trained_at=reference.trained_at,
        run_id=reference.run_id,
        train_rows=reference.train_rows,
    )


def _notes(reference: Reference, data: DataFacts, arguments: ReportArguments, previous: Previous | None) -> list[str]:
    target = arguments.target or reference.target
    notes = []
    if not data.labelled and not data.unknown_labels:
        notes.append(
            f"The fresh rows have no values of {target!r} yet, so nothing is said of how good the predictions are: "
            "only how far features and predictions have moved."
        )
    elif data.labelled + data.unknown_labels < data.rows:
        known = data.labelled + data.unknown_labels
        notes.append(f"{known:,} of {data.rows:,} rows have a value of {target!r}; what needs one is of these alone.")
    if data.unknown_labels:
        notes.append(
            f"{data.unknown_labels:,} rows have a label that the model was never taught. Each is a mistake of the "
            "model, and in no figure but unknown_label_share."
        )
    if data.capped:
        notes.append(f"The report is of {data.rows:,} rows; of more than these so many were drawn (max_rows).")
    if data.labelled > arguments.interval_rows and arguments.resamples:
        notes.append(
            f"The intervals come from {arguments.interval_rows:,} of the {data.labelled:,} labelled rows, drawn at "
            "random, made narrower as the larger number asks for (interval_rows)."
        )
    if previous is not None and previous.model_run_id != reference.run_id:
        notes.append("The last report was of another model.")
    if arguments.dataset is not None:
        notes.append("This is a data set to try things with: a model that was trained on it has seen most of its rows.")
    return notes
