"""docs/inventory.md is the page of docs/inventory.json, and that one still says what tasks declare."""

from pathlib import Path

import pytest

from scheduledtask_operator.api import parse_directory
from scheduledtask_operator.decisions.classification import classify
from scheduledtask_operator.manifests.inventory_document import Inventory
from scheduledtask_operator.manifests.inventory_page import inventory_page
from scheduledtask_workloads.catalog import load_catalog

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def committed() -> Inventory:
    return Inventory.model_validate_json((ROOT / "docs" / "inventory.json").read_text())


def test_the_page_is_that_of_the_json(committed: Inventory) -> None:
    assert (ROOT / "docs" / "inventory.md").read_text() == inventory_page(committed)


def test_it_has_the_examples_with_the_classes_and_criteria_that_they_get_today(committed: Inventory) -> None:
    catalog = load_catalog().document
    told = {
        task.name: (task.task_class, [(each.found, each.holds) for each in task.criteria]) for task in committed.tasks
    }

    today = {}
    for task in parse_directory(ROOT / "examples").tasks:
        entry = catalog.find(task.spec.task)
        assert entry is not None, task.spec.task
        answer = classify(task.spec, entry)
        today[task.metadata.name] = (answer.task_class, [(each.found, each.holds) for each in answer.criteria])
    again = "run `scheduledtask inventory -f examples --for 120 --directory docs`"
    assert told == today, again


def test_every_task_of_it_ran_and_what_the_light_class_saves_was_measured(committed: Inventory) -> None:
    assert [task.name for task in committed.tasks if task.observed is None] == []
    assert committed.light_saving is not None
