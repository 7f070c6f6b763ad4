"""What the thresholds say of a report."""

from collections.abc import Mapping

from scheduledtask_workloads.tasks.models import TaskKind
from scheduledtask_workloads.tasks.performance_report.document import Verdict
from scheduledtask_workloads.tasks.performance_report.errors import ReportInputError
from scheduledtask_workloads.tasks.performance_report.settings import (
    OF_ANY_MODEL,
    OF_CLASSIFICATION,
    OF_REGRESSION,
    Measure,
    Threshold,
)


def refuse_foreign(thresholds: Mapping[Measure, Threshold], kind: TaskKind) -> None:
    """Raises ReportInputError for a measure that models of this kind do not have."""
    known = (*(OF_CLASSIFICATION if kind is TaskKind.CLASSIFICATION else OF_REGRESSION), *OF_ANY_MODEL)
    foreign = [str(measure) for measure in thresholds if measure not in known]
    if foreign:
        raise ReportInputError(
            f"thresholds: a {kind} has no {', '.join(foreign)}; it has {', '.join(known)}: write one of these"
        )


def verdicts(
    thresholds: Mapping[Measure, Threshold], kind: TaskKind, values: Mapping[str, float], *, has_labels: bool
) -> list[Verdict]:
    """One each, in their order; not judged where there is no value. Raises ReportInputError."""
    refuse_foreign(thresholds, kind)
    return [_verdict(measure, bounds, values.get(measure), has_labels) for measure, bounds in thresholds.items()]


def missed(judged: list[Verdict]) -> str:
    """`accuracy 0.87 is below min 0.9; psi 0.4 is above max 0.25`; empty when all are met."""
    return "; ".join(f"{verdict.measure} {verdict.why}" for verdict in judged if verdict.passed is False)


def _verdict(measure: Measure, bounds: Threshold, value: float | None, has_labels: bool) -> Verdict:
    if value is None:
        why = "cannot be told from these rows" if has_labels else "needs true values, which are not there yet"
        return Verdict(measure=measure, value=None, min=bounds.min, max=bounds.max, passed=None, why=why)
    why = _why(bounds, value)
    return Verdict(measure=measure, value=value, min=bounds.min, max=bounds.max, passed=not why, why=why)


def _why(bounds: Threshold, value: float) -> str:
    if bounds.min is not None and value < bounds.min:
        return f"{_unlike(value, bounds.min)} is below min {bounds.min:g}"
    if bounds.max is not None and value > bounds.max:
        return f"{_unlike(value, bounds.max)} is above max {bounds.max:g}"
    return ""


def _unlike(value: float, bound: float) -> str:
    """Four digits, or as many as show that it is not the bound."""
    short = f"{value:.4g}"
    return short if float(short) != bound else f"{value!r}"
