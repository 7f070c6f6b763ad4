"""One report, from the arguments to the files."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from scheduledtask_workloads.catalog import RunContext
from scheduledtask_workloads.tasks.models import load_model, load_reference
from scheduledtask_workloads.tasks.models.artifact import write_whole
from scheduledtask_workloads.tasks.performance_report.document import Report, Run
from scheduledtask_workloads.tasks.performance_report.drift import MAJOR_PSI
from scheduledtask_workloads.tasks.performance_report.errors import ReportInputError, ThresholdsMissedError
from scheduledtask_workloads.tasks.performance_report.fresh import data_facts, read_fresh, score
from scheduledtask_workloads.tasks.performance_report.history import History
from scheduledtask_workloads.tasks.performance_report.judging import judge
from scheduledtask_workloads.tasks.performance_report.page import page
from scheduledtask_workloads.tasks.performance_report.settings import ReportArguments
from scheduledtask_workloads.tasks.performance_report.thresholds import missed, refuse_foreign
from scheduledtask_workloads.tasks.tables.storage import options_for

PAGE_FILE = "report.html"
DOCUMENT_FILE = "report.json"
_SCORED = 0.7  # of the whole, when all rows are scored


@dataclass(frozen=True, slots=True)
class ReportResult:
    """`missed` names thresholds, `drifted` the features with a PSI above 0.25; `report` and `document` are paths."""

    kind: str
    passed: bool
    model: str
    rows: int
    labelled: int
    metrics: dict[str, float]
    missed: list[str]
    psi: float
    drifted: list[str]
    compared_with: str | None
    report: str
    document: str
    notes: list[str] = field(default_factory=list)


def report(arguments: ReportArguments, context: RunContext) -> ReportResult | None:
    """None when the run was cancelled. Raises ReportError, ModelError, TableError.

    ThresholdsMissedError comes last: the files are there.
    """
    folder = context.artifacts
    history = History(arguments, context)
    made = _made(arguments, context, history)
    if made is None:
        return None
    write_whole(folder / PAGE_FILE, page(made).encode())
    write_whole(folder / DOCUMENT_FILE, made.model_dump_json(indent=2).encode() + b"\n")
    history.keep(made)
    context.progress(1.0, f"report in {folder}")
    result = _result(made, folder)
    if not made.passed:
        raise ThresholdsMissedError(f"{missed(made.verdicts)}; the report is {result.report}", result)
    return result


def _made(arguments: ReportArguments, context: RunContext, history: History) -> Report | None:
    location = _location(arguments, context)
    options = options_for(location, arguments.storage)
    reference = load_reference(location, options)
    refuse_foreign(arguments.thresholds, reference.kind)
    previous = history.previous()
    model = load_model(location, options)
    frame = read_fresh(arguments, reference)
    context.progress(0.1, f"{len(frame):,} fresh rows")
    scored = score(model, frame, arguments.target or reference.target, _going(context))
    if scored is None:
        return None
    return judge(
        reference,
        scored,
        arguments,
        run=Run(namespace=context.namespace, name=context.name, run_id=context.run_id, made_at=datetime.now(UTC)),
        location=location,
        data=data_facts(arguments, scored),
        previous=previous,
    )


def _location(arguments: ReportArguments, context: RunContext) -> str:
    """The model that is named, else the files of the run that triggered this one."""
    if arguments.model is not None:
        return arguments.model
    if context.triggered_by is None:
        raise ReportInputError("model: nothing triggered this run; name the folder that a training left")
    if not context.triggered_by.artifacts_url:
        raise ReportInputError(
            f"model: run {context.triggered_by.run_id} of {context.triggered_by.scheduled_task} left no files; "
            "set its artifacts.url, or name a folder"
        )
    return context.triggered_by.artifacts_url


def _going(context: RunContext) -> Callable[[float], bool]:
    def going(fraction: float) -> bool:
        context.progress(0.1 + fraction * (_SCORED - 0.1), "scored")
        return not context.cancelled()

    return going


def _result(made: Report, folder: Path) -> ReportResult:
    return ReportResult(
        kind=str(made.model.kind),
        passed=made.passed,
        model=made.model.location,
        rows=made.data.rows,
        labelled=made.data.labelled,
        metrics={metric.name: round(metric.value, 6) for metric in made.metrics},
        missed=[f"{verdict.measure} {verdict.why}" for verdict in made.verdicts if verdict.passed is False],
        psi=round(made.features[0].psi, 6),
        drifted=[drift.name for drift in made.features if drift.psi > MAJOR_PSI][:20],
        compared_with=made.previous.run_id if made.previous else None,
        report=str(folder / PAGE_FILE),
        document=str(folder / DOCUMENT_FILE),
        notes=made.notes,
    )
