"""From what people write to a rule: `H/15 * * * *`, `@daily`, `@every 5m`, `@at 2026-12-01T09:00:00Z`."""

import difflib
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from functools import lru_cache

from scheduledtask_workloads.contract.quantity import QuantityError, parse_duration
from scheduledtask_workloads.schedule.errors import ExpressionError, PolicyError
from scheduledtask_workloads.schedule.fields import KINDS, parse_fields
from scheduledtask_workloads.schedule.hashed import resolve_hashed
from scheduledtask_workloads.schedule.instants import from_epoch, to_epoch
from scheduledtask_workloads.schedule.timetables import EARLIEST, LATEST, Every, Once, Timetable, WallClock
from scheduledtask_workloads.schedule.zones import check_zone

MACROS = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}
MAX_PERIOD_SECONDS = 366 * 86400  # a longer interval is a mistyped one
_RFC3339 = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.0+)?(Z|[+-][0-9]{2}:[0-9]{2})")


class DstPolicy(StrEnum):
    """What becomes of fixed times that a clock change removes or doubles."""

    RUN_ONCE = "RunOnce"  # missing: at the first instant after the gap; double: the first time
    SKIP = "Skip"  # missing: not at all; double: the first time
    RUN_TWICE = "RunTwice"  # missing: at the first instant after the gap; double: both times
    KUBERNETES = "Kubernetes"  # missing: not at all; double: both times


@dataclass(frozen=True, slots=True)
class Rule:
    """A resolved schedule; equal rules have the same slots, whoever they were written for."""

    expression: str
    """Five or six cron fields with H and macros written out, `@every Ns`, or `@at` in UTC."""
    time_zone: str
    dst_policy: DstPolicy
    anchor_epoch_seconds: int | None = None
    """For `@every`: the creation time modulo the period."""


def parse_rule(
    expression: str,
    *,
    time_zone: str = "UTC",
    dst_policy: DstPolicy | str = DstPolicy.RUN_ONCE,
    identity: str = "",
    anchor: datetime | None = None,
) -> Rule:
    """The rule that `expression` means for one resource.

    `identity` ("namespace/name") picks the values of H; `anchor` (aware, the resource's creation) starts `@every`.
    Raises ScheduleError.
    """
    text = " ".join(expression.split())
    policy = _policy(dst_policy)
    check_zone(time_zone)
    kind = text.split(" ")[0]
    if kind == "@every":
        period_seconds = _period(text)
        if anchor is None:
            raise ExpressionError(f"{text!r} counts from the creation time, and there is none: give an anchor")
        return Rule(f"@every {period_seconds}s", time_zone, policy, to_epoch(anchor) % period_seconds)
    if kind == "@at":
        return Rule(f"@at {from_epoch(_instant(text)):%Y-%m-%dT%H:%M:%SZ}", time_zone, policy)
    rule = Rule(_resolved(text, identity), time_zone, policy)
    timetable(rule)
    return rule


@lru_cache(maxsize=65536)  # one entry a distinct rule, about 0.5 kB
def timetable(rule: Rule) -> Timetable:
    """What `rule` means, ready to be asked. Raises ScheduleError for a rule that parse_rule did not make."""
    if rule.expression.startswith("@every"):
        return Every(_period(rule.expression), rule.anchor_epoch_seconds or 0)
    if rule.expression.startswith("@at"):
        return Once(_instant(rule.expression))
    texts = rule.expression.split(" ")
    fields = parse_fields(["0", *texts] if len(texts) == 5 else texts)
    return WallClock(
        fields,
        rule.time_zone,
        after_gap=not fields.every_real_hour and rule.dst_policy in (DstPolicy.RUN_ONCE, DstPolicy.RUN_TWICE),
        twice=fields.every_real_hour or rule.dst_policy in (DstPolicy.RUN_TWICE, DstPolicy.KUBERNETES),
    )


def _policy(name: str) -> DstPolicy:
    try:
        return DstPolicy(name)
    except ValueError:
        raise PolicyError(f"DST policy {str(name)!r} is not known: must be one of {', '.join(DstPolicy)}") from None


def _resolved(text: str, identity: str) -> str:
    """Five or six fields in capitals, macros and H written out."""
    if text.startswith("@"):
        text = _macro(text)
    if text.startswith(("TZ=", "CRON_TZ=")):
        raise ExpressionError(f"{text!r} names a time zone: write it in timeZone, and only the fields here")
    texts = text.upper().split()
    if len(texts) not in (5, 6):
        raise ExpressionError(
            f"{text!r} has {len(texts)} fields: must be 5 (minute hour day-of-month month day-of-week),"
            " or 6 with seconds first"
        )
    kinds = KINDS[-len(texts) :]
    resolved = [resolve_hashed(field, kind, identity) for field, kind in zip(texts, kinds, strict=True)]
    return " ".join(resolved[1:] if len(resolved) == 6 and resolved[0] == "0" else resolved)


def _macro(text: str) -> str:
    if text in MACROS:
        return MACROS[text]
    close = difflib.get_close_matches(text.split()[0].lower(), [*MACROS, "@every", "@at"], n=1)
    fix = f"did you mean {close[0]}?" if close else f"must be one of {', '.join(MACROS)}, @every, @at"
    raise ExpressionError(f"{text!r} is not a schedule: {fix}")


def _period(text: str) -> int:
    """Seconds of `@every DURATION`."""
    try:
        seconds = round(parse_duration(text.removeprefix("@every")), 6)
    except QuantityError as error:
        raise ExpressionError(f"{text!r} can't be read: {error}") from error
    if not (1 <= seconds <= MAX_PERIOD_SECONDS and seconds.is_integer()):
        raise ExpressionError(f"{text!r} is not a usable interval: must be whole seconds, from 1s to 366d")
    return int(seconds)


def _instant(text: str) -> int:
    """Unix seconds of `@at TIME`."""
    time = text.removeprefix("@at").strip().upper()
    if not _RFC3339.fullmatch(time):
        raise ExpressionError(
            f"{text!r} can't be read: write a time to the second with Z or an offset, as in @at 2026-12-01T09:00:00Z"
        )
    try:
        instant = to_epoch(datetime.fromisoformat(time).astimezone(UTC))
    except (ValueError, OverflowError) as error:
        raise ExpressionError(f"{text!r} is not a time: {error}") from error
    if not EARLIEST <= instant < LATEST:
        years = f"{from_epoch(EARLIEST).year + 1} to {from_epoch(LATEST).year - 1}"
        raise ExpressionError(f"{text!r} is out of bounds: must be in the years {years}")
    return instant
