"""Manifests held against the catalog, once: what is good and why it gets its class, and everything that is wrong."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from scheduledtask_operator.api import ParsedResource, ParsedRun, parse_paths
from scheduledtask_operator.control.acceptance import Accepted, accept, ring_refused
from scheduledtask_operator.decisions.triggers import ring_through
from scheduledtask_operator.local.catalog_child import ChildCatalog
from scheduledtask_workloads.contract import TaskKey


@dataclass(frozen=True, slots=True)
class AssessedResource:
    resource: ParsedResource
    accepted: Accepted


@dataclass(frozen=True, slots=True)
class Assessment:
    """Each problem is one line with place, field, value and fix; notices are about documents that were left alone."""

    resources: tuple[AssessedResource, ...]
    runs: tuple[ParsedRun, ...]
    problems: tuple[str, ...]
    notices: tuple[str, ...]


async def assess(paths: Sequence[Path], environment: Mapping[str, str], *, recursive: bool = False) -> Assessment:
    """Raises CatalogReadError or OSError when the catalog cannot be asked."""
    parsed = parse_paths(paths, recursive=recursive)
    catalog = ChildCatalog(environment)
    try:
        document = await catalog.open()
        good, refusals = await assess_each(parsed.resources, catalog)
        refusals += await run_problems(parsed.runs, good, catalog)
    finally:
        await catalog.close()
    of_catalog = [f"{problem.source}: {problem.message}" for problem in document.problems]
    problems = (*map(str, parsed.problems), *of_catalog, *refusals)
    return Assessment(tuple(good), parsed.runs, problems, tuple(map(str, parsed.notices)))


async def assess_each(
    resources: Sequence[ParsedResource], catalog: ChildCatalog
) -> tuple[list[AssessedResource], list[str]]:
    """What is good, and a line for each thing that is not. Raises OSError when the catalog cannot be asked."""
    good: list[AssessedResource] = []
    refusals: list[str] = []
    parents = {
        resource.task.key: [
            TaskKey(resource.task.key.namespace, each.scheduled_task) for each in resource.task.spec.triggers
        ]
        for resource in resources
    }
    for resource in resources:
        ring = ring_through(resource.task.key, lambda key: parents.get(key, []))
        answer = ring_refused(ring) if ring else await accept(resource.task, catalog)
        if isinstance(answer, Accepted):
            good.append(AssessedResource(resource, answer))
        else:
            refusals += [f"{resource.source}:{resource.line}: {message}" for message in answer.messages]
    return good, refusals


async def run_problems(
    runs: Sequence[ParsedRun], resources: Sequence[AssessedResource], catalog: ChildCatalog
) -> list[str]:
    """A line for each argument that its task does not take, where the ScheduledTask is among `resources`.

    The others may be on the cluster. Raises OSError when the catalog cannot be asked.
    """
    by_key = {each.resource.task.key: each.resource.task.spec for each in resources}
    problems: list[str] = []
    for parsed in runs:
        spec = by_key.get(parsed.run.task)
        if spec is not None and parsed.run.spec.arguments:
            arguments = {**spec.arguments, **parsed.run.spec.arguments}
            found = await catalog.argument_problems(spec.task, arguments)
            problems += [f"{parsed.source}:{parsed.line}: {problem}" for problem in found]
    return problems
