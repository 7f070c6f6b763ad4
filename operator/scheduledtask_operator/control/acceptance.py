"""Whether a resource can be run: its task is in the catalog, its arguments fit, its class is possible."""

import difflib
import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from scheduledtask_operator.api import ScheduledTask
from scheduledtask_operator.api.conditions import ConditionReason
from scheduledtask_operator.control.ports import Catalog, CatalogPending, Catalogs
from scheduledtask_operator.decisions.classification import Classification, NotFitForLightError, classify
from scheduledtask_operator.decisions.light_allowance import NO_BOUNDS, LightAllowance
from scheduledtask_operator.manifests.pod_template import template_problems
from scheduledtask_workloads.contract import CatalogEntry, TaskClass, TaskKey


@dataclass(frozen=True, slots=True)
class Accepted:
    entry: CatalogEntry
    classification: Classification


@dataclass(frozen=True, slots=True)
class Refused:
    """Each message names field, value and fix."""

    reason: ConditionReason
    messages: tuple[str, ...]
    classification: Classification | None = None  # where it came so far


@dataclass(frozen=True, slots=True)
class Pending:
    """Nobody knows yet; `message` says what is awaited."""

    message: str


async def judge(
    task: ScheduledTask, catalogs: Catalogs, allowance: LightAllowance = NO_BOUNDS
) -> Accepted | Refused | Pending:
    """As `accept`, by the catalog that is this task's, once it is there; the pod that reads it has its template too."""
    template = template_problems(task.spec.worker.pod_template)
    if template:
        return Refused(ConditionReason.BAD_MANIFEST, template)
    catalog = catalogs.of(task)
    if isinstance(catalog, CatalogPending):
        return Pending(catalog.message)
    return await accept(task, catalog, allowance)


async def accept(task: ScheduledTask, catalog: Catalog, allowance: LightAllowance = NO_BOUNDS) -> Accepted | Refused:
    """Raises OSError when the catalog could not be asked about the arguments."""
    entry = catalog.find(task.spec.task)
    if entry is None:
        return Refused(ConditionReason.UNKNOWN_TASK, (unknown_task(task.spec.task, catalog.names()),))
    problems = await catalog.argument_problems(entry.name, task.spec.arguments)
    if problems:
        return Refused(ConditionReason.BAD_ARGUMENTS, problems)
    try:
        accepted = Accepted(entry, classify(task.spec, entry))
    except NotFitForLightError as error:
        return Refused(ConditionReason.NOT_FIT_FOR_LIGHT, (str(error),))
    is_of_runners_alone = catalog.is_of_runners_alone(entry.name)
    if accepted.classification.task_class is TaskClass.HEAVY:
        return _without_workers(accepted) if is_of_runners_alone else accepted
    refusal = allowance.refusal(task, entry, is_of_runners_alone=is_of_runners_alone)
    return Refused(ConditionReason.LIGHT_NOT_ALLOWED, (refusal,), accepted.classification) if refusal else accepted


def _without_workers(accepted: Accepted) -> Refused:
    message = (
        f'spec.task: "{accepted.entry.name}" is in the image of the runners and not in that of the workers, and would '
        f"be heavy: {accepted.classification.reason}; name an image that has it in spec.worker.image"
    )
    return Refused(ConditionReason.UNKNOWN_TASK, (message,), accepted.classification)


def ring_refused(ring: Sequence[TaskKey]) -> Refused:
    """`ring`: from a task through those that it triggers back to itself."""
    path = " -> ".join(key.name for key in ring)
    message = f"spec.triggers: they go round for ever: {path}; take a trigger out of one of these"
    return Refused(ConditionReason.TRIGGER_CYCLE, (message,))


def unknown_task(name: str, known: Collection[str]) -> str:
    close = difflib.get_close_matches(name, known, n=1)
    fix = f"did you mean {close[0]}?" if close else f"must be one of {', '.join(sorted(known)) or '(none)'}"
    return f"spec.task: {json.dumps(name)} is not in the catalog; {fix}"
