"""What a manifest says of a cluster, and one machine has no use for."""

from collections.abc import Iterable

from scheduledtask_operator.api import KIND, RUN_KIND, ParsedResource, ParseResult


def unused_here(resources: Iterable[ParsedResource]) -> list[str]:
    """A line for each such field, with its place."""
    return [
        f"{resource.source}:{resource.line}: spec.worker.{field} has no effect here: "
        "workers are processes of this machine, in the environment that scheduledtask is installed in"
        for resource in resources
        for field in _fields(resource)
    ]


def runs_of_others(result: ParseResult) -> list[str]:
    """A line for each run that is asked of a ScheduledTask which no manifest has."""
    here = {resource.task.key for resource in result.resources}
    return [
        f"{parsed.source}:{parsed.line}: the {RUN_KIND} asks for a run of {parsed.run.task}, a {KIND} that is not here"
        for parsed in result.runs
        if parsed.run.task not in here
    ]


def _fields(resource: ParsedResource) -> list[str]:
    worker = resource.task.spec.worker
    said = {"image": worker.image, "podTemplate": worker.pod_template}
    return [field for field, value in said.items() if value is not None]
