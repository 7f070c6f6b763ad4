"""docs/events-and-conditions.md has every reason, as the enumerations say it."""

from pathlib import Path

from scheduledtask_operator.api.conditions import REASON_NOTES, ConditionReason
from scheduledtask_operator.api.conditions_reference import conditions_page
from scheduledtask_operator.api.event_reasons import EVENT_NOTES, EventReason, EventType

PAGE = Path(__file__).parents[2] / "docs" / "events-and-conditions.md"
COMMAND = "python -m scheduledtask_operator.api.conditions_reference > docs/events-and-conditions.md"


def test_the_committed_page_is_what_the_enumerations_say() -> None:
    assert PAGE.read_text(encoding="utf-8") == conditions_page(), f"run `{COMMAND}`"


def test_every_reason_is_explained() -> None:
    assert set(REASON_NOTES) == set(ConditionReason)
    assert set(EVENT_NOTES) == set(EventReason)


def test_every_warning_says_what_to_do_or_that_it_goes_on_by_itself() -> None:
    without = {reason for reason, note in EVENT_NOTES.items() if note.type is EventType.WARNING and not note.remedy}

    assert without == {EventReason.RUN_RETRIED}
