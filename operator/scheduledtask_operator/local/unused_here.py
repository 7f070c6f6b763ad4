"""What a manifest says of a cluster, and one machine has no use for."""

from collections.abc import Iterable

from scheduledtask_operator.api import ParsedResource


def unused_here(resources: Iterable[ParsedResource]) -> list[str]:
    """A line for each such field, with its place."""
    return [
        f"{resource.source}:{resource.line}: spec.worker.{field} has no effect here: "
        "workers are processes of this machine, in the environment that scheduledtask is installed in"
        for resource in resources
        for field in _fields(resource)
    ]


def _fields(resource: ParsedResource) -> list[str]:
    worker = resource.task.spec.worker
    said = {"image": worker.image, "podTemplate": worker.pod_template}
    return [field for field, value in said.items() if value is not None]
