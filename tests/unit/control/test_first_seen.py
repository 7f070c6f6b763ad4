"""A schedule counts from the moment its rule was first seen, or its suspension lifted; other edits change nothing."""

from datetime import UTC, datetime, timedelta

import pytest

from scheduledtask_operator.api import ScheduledTaskSpec
from scheduledtask_operator.control.first_seen import look

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)


def spec(**fields: object) -> ScheduledTaskSpec:
    return ScheduledTaskSpec.model_validate({"schedule": "* * * * *", "task": "system-health", **fields})


def test_the_first_look_sets_creation_and_beginning() -> None:
    seen = look(None, spec(), NOW)

    assert (seen.created_at, seen.effective_from) == (NOW, NOW)


@pytest.mark.parametrize(
    "edit", [{"schedule": "*/5 * * * *"}, {"timeZone": "Europe/Paris"}, {"dstPolicy": "Skip"}, {"schedule": None}]
)
def test_an_edit_of_the_rule_begins_anew_and_keeps_the_creation(edit) -> None:
    seen = look(look(None, spec(), NOW), spec(**edit), LATER)

    assert (seen.created_at, seen.effective_from) == (NOW, LATER)


@pytest.mark.parametrize("edit", [{"timeoutSeconds": 60}, {"jitterSeconds": 5}, {"catchUp": "Skip"}, {"suspend": True}])
def test_other_edits_keep_the_beginning(edit) -> None:
    seen = look(look(None, spec(), NOW), spec(**edit), LATER)

    assert seen.effective_from == NOW


def test_lifting_a_suspension_begins_anew() -> None:
    suspended = look(None, spec(suspend=True), NOW)

    assert look(suspended, spec(), LATER).effective_from == LATER


def test_nothing_new_is_the_same() -> None:
    seen = look(None, spec(), NOW)

    assert look(seen, spec(), LATER) == seen


def test_a_paused_namespace_is_as_a_suspension() -> None:
    paused = look(look(None, spec(), NOW), spec(), LATER, is_paused=True)

    assert (paused.effective_from, paused.suspended) == (NOW, True)
    assert look(paused, spec(), LATER).effective_from == LATER
    assert look(paused, spec(suspend=True), LATER).effective_from == NOW
