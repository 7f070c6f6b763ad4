"""Only the built-in light tasks are everybody's; every other one is listed, or does not run light."""

import asyncio

import pytest

from scheduledtask_operator.api import ScheduledTask
from scheduledtask_operator.cluster.catalog_document import DocumentCatalog, builtin_document
from scheduledtask_operator.control.acceptance import Accepted, Refused, accept
from scheduledtask_operator.decisions.light_allowance import (
    BUILT_IN_ALONE,
    BUILTIN_SOURCE,
    NO_BOUNDS,
    LightAllowance,
    LightRule,
    LightRuleError,
)
from scheduledtask_workloads.contract import CatalogDocument, CatalogEntry, TaskProfile

SMALL = TaskProfile(duration_seconds=1.0, memory_bytes=50_000_000)
OURS = CatalogEntry(name="health", light=True, profile=SMALL, source=BUILTIN_SOURCE)
THEIRS = CatalogEntry(name="report", light=True, profile=SMALL, source="tasks of team")
OF_RUNNERS = CatalogEntry(name="probe", light=True, profile=SMALL, source="tasks of team")
CATALOG = DocumentCatalog(CatalogDocument(tasks=(OURS, THEIRS)), of_runners_alone=[OF_RUNNERS])


def judged(allowance: LightAllowance, *, task: str = "report", class_: str = "Auto") -> Accepted | Refused:
    resource = ScheduledTask.model_validate(
        {
            "apiVersion": "scheduledtask.dev/v1alpha1",
            "kind": "ScheduledTask",
            "metadata": {"name": "daily", "namespace": "team-a"},
            "spec": {"task": task, "class": class_},
        }
    )
    return asyncio.run(accept(resource, CATALOG, allowance))


def rules(*texts: str) -> LightAllowance:
    return LightAllowance(frozenset(map(LightRule.parse, texts)))


@pytest.mark.parametrize("class_", ["Auto", "Light"])
def test_what_is_not_listed_is_refused_with_its_class_and_what_to_ask_for(class_: str) -> None:
    refused = judged(BUILT_IN_ALONE, class_=class_)

    assert isinstance(refused, Refused)
    assert refused.reason == "LightNotAllowed"
    assert refused.classification is not None
    assert refused.classification.task_class == "Light"
    assert refused.messages == (
        'spec.task: "report" may not run light in namespace team-a; ask the platform team to list team-a/report '
        "(the operator's --light-allow), or write class: Heavy",
    )


def test_one_that_the_runners_alone_have_needs_an_image_too_to_be_heavy() -> None:
    refused = judged(BUILT_IN_ALONE, task="probe")

    assert isinstance(refused, Refused)
    assert refused.reason == "LightNotAllowed"
    assert refused.messages[0].endswith("or write class: Heavy and name an image that has it in spec.worker.image")


@pytest.mark.parametrize("text", ["team-a/report", "team-a/*", "*/report", "*/*", " team-a/report "])
def test_what_is_listed_runs(text: str) -> None:
    assert isinstance(judged(rules("other/one", text)), Accepted)


@pytest.mark.parametrize("text", ["team-b/report", "team-a/reports", "*/other", "team/report"])
def test_a_rule_for_others_is_none(text: str) -> None:
    assert isinstance(judged(rules(text)), Refused)


def test_the_built_in_ones_are_everybodys() -> None:
    assert isinstance(judged(BUILT_IN_ALONE, task="health"), Accepted)


def test_every_light_task_of_our_images_counts_as_built_in() -> None:
    assert {entry.source for entry in builtin_document().tasks if entry.light} == {BUILTIN_SOURCE}


def test_what_runs_heavy_needs_no_rule() -> None:
    assert isinstance(judged(BUILT_IN_ALONE, class_="Heavy"), Accepted)


def test_what_the_runners_alone_have_is_refused_when_it_would_be_heavy() -> None:
    refused = judged(NO_BOUNDS, task="probe", class_="Heavy")

    assert isinstance(refused, Refused)
    assert refused.reason == "UnknownTask"
    assert refused.messages == (
        'spec.task: "probe" is in the image of the runners and not in that of the workers, and would be heavy: '
        "spec.class says Heavy; name an image that has it in spec.worker.image",
    )
    assert isinstance(judged(NO_BOUNDS, task="probe"), Accepted)


def test_a_machine_of_ones_own_has_no_bounds() -> None:
    assert isinstance(judged(NO_BOUNDS), Accepted)


@pytest.mark.parametrize("text", ["", "team-a", "/report", "team-a/", "team-*/report", "team-a/re*"])
def test_a_rule_that_cannot_be_read_is_refused(text: str) -> None:
    with pytest.raises(LightRuleError, match=r"NAMESPACE/TASK|stands for a whole"):
        LightRule.parse(text)
