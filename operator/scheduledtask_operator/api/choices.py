"""The words a manifest may choose from.

They name the whole design; what this version cannot do yet is refused by `unsupported`. The contract's enums hold what
the engines know, under the same words.
"""

from enum import StrEnum


class ClassChoice(StrEnum):
    """Which engine is asked for."""

    AUTO = "Auto"
    LIGHT = "Light"
    HEAVY = "Heavy"


class CatchUpChoice(StrEnum):
    """What becomes of slots that were missed."""

    SKIP = "Skip"
    LATEST = "Latest"
    ALL = "All"


class ConcurrencyChoice(StrEnum):
    """What happens to a slot while `maxConcurrency` runs are active."""

    ALLOW = "Allow"
    FORBID = "Forbid"
    REPLACE = "Replace"
    QUEUE = "Queue"


class Adaptation(StrEnum):
    """What observed durations and memory may change."""

    OFF = "Off"
    RECOMMEND = "Recommend"
    APPLY = "Apply"


class TriggerOutcome(StrEnum):
    """How a run may end."""

    SUCCEEDED = "Succeeded"
    FAILED = "Failed"
    TIMED_OUT = "TimedOut"
    CANCELLED = "Cancelled"
    LOST = "Lost"
