"""Instants as the API server writes them, and as people read them."""

from datetime import UTC, datetime

NEVER = "-"
_UNITS = ((86_400, "d"), (3_600, "h"), (60, "m"), (1, "s"))


def read_time(text: str | None) -> datetime | None:
    """None where there is no time, or none that can be read."""
    try:
        moment = datetime.fromisoformat(text) if text else None
    except ValueError:
        return None
    return moment if moment is None or moment.tzinfo else moment.replace(tzinfo=UTC)


def written(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def span(seconds: float) -> str:
    """In one unit, or two where the first is small, as kubectl writes an age."""
    rest = int(abs(seconds))
    for at, (size, unit) in enumerate(_UNITS):
        count, remainder = divmod(rest, size)
        if not count:
            continue
        below = _UNITS[at + 1] if at + 1 < len(_UNITS) else None
        if below and count < 10 and remainder // below[0]:
            return f"{count}{unit}{remainder // below[0]}{below[1]}"
        return f"{count}{unit}"
    return "0s"


def ago(moment: datetime | None, now: datetime) -> str:
    """`5m ago`, `in 5m`, or a dash."""
    if moment is None:
        return NEVER
    seconds = (now - moment).total_seconds()
    return f"{span(seconds)} ago" if seconds >= 0 else f"in {span(seconds)}"
