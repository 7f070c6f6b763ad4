"""The slot in URLs and SQL: a few names, strictly read, and nothing of Python's own formatting."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from scheduledtask_workloads.tasks.data_processing.errors import SlotError

NAMES = ("slot", "slot_start", "slot_end")
DEFAULT_PATTERN = "%Y%m%dT%H%M%SZ"

_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
_INSIDE = re.compile(r"(slot|slot_start|slot_end)(?::((?:%[YmdHMSjVGuy]|[A-Za-z0-9_=./-])+))?")
_PARAMETER = re.compile(r"\$(slot_start|slot_end|slot)\b")


@dataclass(frozen=True, slots=True)
class SlotTimes:
    """The times (UTC) that a text may name; None for one that this run has not."""

    slot: datetime | None
    window_seconds: float | None

    def find(self, name: str, asked_by: str) -> datetime:
        """`name` is one of NAMES. Raises SlotError."""
        if self.slot is None:
            raise SlotError(f"{asked_by}: this run has no slot; write the argument slot, such as 2026-05-01T00:00:00Z")
        if name != "slot_start":
            return self.slot
        if self.window_seconds is None:
            raise SlotError(f"{asked_by}: slot_start needs the argument window, such as 1h")
        return self.slot - timedelta(seconds=self.window_seconds)

    def in_url(self, url: str, asked_by: str) -> str:
        """With its placeholders filled in. Raises SlotError for one that is none; no text of the URL is shown."""

        def filled(match: re.Match[str]) -> str:
            inside = _INSIDE.fullmatch(match[1])
            if inside is None or ".." in (inside[2] or ""):
                raise SlotError(
                    f"{asked_by}: a placeholder is {{slot}}, {{slot_start}} or {{slot_end}}, with a pattern of letters,"
                    " digits, _ = . / - and %Y %m %d %H %M %S %j %G %V %u %y, such as {slot:%Y/%m/%d}"
                )
            return self.find(inside[1], asked_by).strftime(inside[2] or DEFAULT_PATTERN)

        found = _PLACEHOLDER.sub(filled, url)
        if "{" in found or "}" in found:
            raise SlotError(f"{asked_by}: a {{ or }} is alone; braces are for placeholders such as {{slot:%Y-%m-%d}}")
        return found

    def in_steps(self, sql: str, asked_by: str) -> str:
        """DuckDB's SQL with times in place of parameters: it takes no parameters in views. Raises SlotError."""

        def literal(match: re.Match[str]) -> str:
            return f"TIMESTAMP '{self.find(match[1], asked_by).astimezone(UTC):%Y-%m-%d %H:%M:%S.%f}'"

        return _PARAMETER.sub(literal, sql)

    def in_query(self, sql: str, asked_by: str) -> tuple[str, dict[str, datetime]]:
        """SQLAlchemy's text and what is bound to it. Raises SlotError."""
        names = set(_PARAMETER.findall(sql))
        return _PARAMETER.sub(r":\1", sql), {name: self.find(name, asked_by) for name in sorted(names)}
