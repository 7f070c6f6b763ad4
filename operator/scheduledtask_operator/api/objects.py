"""Objects as the API server has them, to resources: the same checks and messages as a manifest's."""

from typing import Any

from pydantic import BaseModel, ValidationError

from scheduledtask_operator.api.documents import kind_of
from scheduledtask_operator.api.explaining import explain
from scheduledtask_operator.api.problems import ManifestProblem
from scheduledtask_operator.api.resource import GROUP, ScheduledTask
from scheduledtask_operator.api.run_resource import ScheduledTaskRun

_METADATA = ("name", "namespace", "uid", "generation", "creationTimestamp", "deletionTimestamp")
_RUN_METADATA = (*_METADATA, "resourceVersion", "ownerReferences")


class BadObjectError(ValueError):
    """It is no ScheduledTask that could be run; the message is one line, with field, value and fix of each problem."""

    def __init__(self, problems: tuple[str, ...]) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


def parse_object(data: Any) -> ScheduledTask:
    """Of its metadata only what is of use is kept, and nothing of its status. Raises BadObjectError."""
    if not isinstance(data, dict):
        raise BadObjectError((f"the object is {kind_of(data)}, not a mapping",))
    wanted = {name: value for name, value in data.items() if name not in ("status", "metadata")}
    try:
        return ScheduledTask.model_validate({**wanted, "metadata": _metadata(data.get("metadata"))})
    except ValidationError as error:
        raise BadObjectError(_findings(error, ScheduledTask)) from None


def parse_run_object(data: dict[str, Any]) -> ScheduledTaskRun:
    """With its status, unless that is another version's. Raises BadObjectError."""
    metadata = data.get("metadata")
    kept = {name: metadata[name] for name in _RUN_METADATA if name in metadata} if isinstance(metadata, dict) else None
    wanted = {**data, "metadata": kept}
    try:
        return ScheduledTaskRun.model_validate(wanted)
    except ValidationError as error:
        if any(details["loc"][:1] != ("status",) for details in error.errors(include_url=False)):
            raise BadObjectError(_findings(error, ScheduledTaskRun)) from None
    return ScheduledTaskRun.model_validate({**wanted, "status": None})


def _metadata(metadata: Any) -> Any:
    if not isinstance(metadata, dict):
        return metadata
    kept = {name: metadata[name] for name in _METADATA if name in metadata}
    annotations = metadata.get("annotations")
    if isinstance(annotations, dict):
        kept["annotations"] = {name: value for name, value in annotations.items() if str(name).startswith(f"{GROUP}/")}
    return kept


def _findings(error: ValidationError, root: type[BaseModel]) -> tuple[str, ...]:
    findings = []
    for details in error.errors(include_url=False):
        path, value, message, fix = explain(details, None, root)
        findings.append(ManifestProblem("", message, field=path, value=value, fix=fix).finding)
    return tuple(findings)
