"""The catalog that the operator carries is the one that our images print."""

import asyncio
import json
import subprocess
import sys

import pytest

from scheduledtask_operator.cluster.catalog_document import DocumentCatalog, builtin_document, heavy_only
from scheduledtask_workloads.contract import CatalogDocument, CatalogEntry


@pytest.fixture(scope="module")
def printed() -> CatalogDocument:
    program = [sys.executable, "-m", "scheduledtask_workloads.catalog"]
    output = subprocess.run(program, check=True, capture_output=True, text=True, timeout=120).stdout
    return CatalogDocument.model_validate(json.loads(output))


def test_it_is_up_to_date(printed: CatalogDocument) -> None:
    catalog = DocumentCatalog(builtin_document())

    assert {name: catalog.find(name) for name in catalog.names()} == {entry.name: entry for entry in printed.tasks}, (
        "run `make catalog`"
    )


def test_it_refuses_what_a_task_itself_would_refuse() -> None:
    catalog = DocumentCatalog(builtin_document())

    assert asyncio.run(catalog.argument_problems("system-health", {"dsk": 1})) != ()


def test_of_another_image_nothing_is_light(printed: CatalogDocument) -> None:
    assert any(entry.light for entry in printed.tasks)
    assert not any(entry.light for entry in heavy_only(printed).tasks)


def test_a_task_that_workers_have_too_is_not_of_the_runners_alone(printed: CatalogDocument) -> None:
    own = CatalogEntry(name="free-space", light=True)
    catalog = DocumentCatalog(printed, of_runners_alone=[*printed.tasks, own])

    assert [name for name in catalog.names() if catalog.is_of_runners_alone(name)] == ["free-space"]
    assert catalog.find("free-space") == own
