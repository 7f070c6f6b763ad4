"""`kubectl scheduledtask inventory`: that of `scheduledtask inventory`, of what a cluster holds."""

import json
from datetime import UTC, datetime
from importlib import resources

import click
from pydantic import ValidationError

from scheduledtask_operator.api.objects import BadObjectError, parse_object
from scheduledtask_operator.api.status import ScheduledTaskStatus
from scheduledtask_operator.decisions.classification import Classification, Criterion
from scheduledtask_operator.manifests.inventory_document import Subject, inventory, observed_in
from scheduledtask_operator.manifests.inventory_page import inventory_page
from scheduledtask_operator.plugin.kubectl import TASKS, Kubectl, Object
from scheduledtask_operator.plugin.options import all_namespaces_option, cluster_options, listing_options
from scheduledtask_workloads.contract import CatalogDocument, CatalogEntry

_OBSERVED_BY = "what was observed is what the status of each ScheduledTask says"


@click.command("inventory")
@cluster_options
@all_namespaces_option
@click.option("-l", "--selector", default="", help="Tasks with these labels alone.")
@click.option("-o", "--output", type=click.Choice(["markdown", "json"]), default="markdown", show_default=True)
def command(kubectl: Kubectl, all_namespaces: bool, selector: str, output: str) -> None:
    """Write down each task's class and why, how often and where it runs, and what its runs took."""
    options = listing_options(kubectl, all_namespaces=all_namespaces, selector=selector)
    builtin = _builtin()
    subjects = [found for task in kubectl.items(TASKS, *options) if (found := _subject_or_note(task, builtin))]
    observed_by = _OBSERVED_BY if any(subject.observed for subject in subjects) else ""
    document = inventory(subjects, now=datetime.now(UTC), observed_by=observed_by)
    page = f"{document.model_dump_json(indent=2)}\n" if output == "json" else inventory_page(document)
    click.echo(page, nl=False)


def _subject_or_note(task: Object, builtin: dict[str, CatalogEntry]) -> Subject | None:
    """One that has no class yet, or is of another version, is left out, and said."""
    found = subject(task, builtin)
    if found is None:
        name = f"{task['metadata']['namespace']}/{task['metadata']['name']}"
        click.echo(f"note: {name} is left out: the operator has given it no class", err=True)
    return found


def subject(task: Object, builtin: dict[str, CatalogEntry]) -> Subject | None:
    """As the operator decided; what a task of another image declares by itself is not known here."""
    try:
        parsed = parse_object(task)
        status = ScheduledTaskStatus.model_validate(task.get("status") or {})
    except (BadObjectError, ValidationError):
        return None
    if status.class_ is None:
        return None
    criteria = tuple(Criterion(each.name, each.found, each.limit, each.holds) for each in status.class_reasons)
    known = None if parsed.spec.worker.image else builtin.get(parsed.spec.task)
    entry = known or CatalogEntry(name=parsed.spec.task)
    decided = Classification(status.class_, status.class_reason or "", criteria)
    return Subject(parsed, entry, decided, observed_in(status))


def _builtin() -> dict[str, CatalogEntry]:
    text = resources.files("scheduledtask_operator.cluster").joinpath("builtin_catalog.json").read_text()
    return {entry.name: entry for entry in CatalogDocument.model_validate(json.loads(text)).tasks}
