"""Durations and amounts of memory as people write them, and back.

`parse_duration("1h30m")` is 5400.0 seconds; `parse_memory("8Gi")` is 8589934592 bytes, with the suffixes of
Kubernetes' resource quantities (https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/).
"""

import re

_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_BYTES = {
    "": 1,
    "k": 1000,
    "M": 1000**2,
    "G": 1000**3,
    "T": 1000**4,
    "Ki": 1024,
    "Mi": 1024**2,
    "Gi": 1024**3,
    "Ti": 1024**4,
}
_DURATION_PART = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)")
_DURATION = re.compile(rf"(?:{_DURATION_PART.pattern})+")
_MEMORY = re.compile(r"(\d+(?:\.\d+)?)(k|M|G|T|Ki|Mi|Gi|Ti|)")


class QuantityError(ValueError):
    """The text is not a duration or an amount of memory; the message says what would be."""


def parse_duration(text: str) -> float:
    """Seconds. Raises QuantityError unless `text` is one or more of number and unit, as in `90s`, `5m` or `1h30m`."""
    if not _DURATION.fullmatch(text.strip()):
        raise QuantityError(f"{text!r} is not a duration; write a number and a unit, such as 90s, 5m or 1h30m")
    return sum(float(number) * _SECONDS[unit] for number, unit in _DURATION_PART.findall(text))


def parse_memory(text: str) -> int:
    """Bytes. Raises QuantityError unless `text` is a number with one of Kubernetes' suffixes, as in `500M` or `8Gi`."""
    match = _MEMORY.fullmatch(text.strip())
    if not match:
        raise QuantityError(f"{text!r} is not an amount of memory; write a number and a suffix, such as 500M or 8Gi")
    return int(float(match[1]) * _BYTES[match[2]])


def format_duration(seconds: float) -> str:
    """The shortest way to write it: 0.25 is `250ms`, 5400 is `1h30m`; two units at most."""
    if seconds < 1:
        return f"{seconds * 1000:.0f}ms"
    if seconds < 60:
        return f"{seconds:.3g}s"
    rest = round(seconds)
    parts = []
    for unit, size in (("d", 86400), ("h", 3600), ("m", 60), ("s", 1)):
        count, rest = divmod(rest, size)
        if count:
            parts.append(f"{count}{unit}")
    return "".join(parts[:2])


def format_memory(memory_bytes: float) -> str:
    """Three digits, in the units that fit: 8589934592 is `8Gi`, 500000000 is `500M`."""
    decimal = memory_bytes % 1000**2 == 0 and memory_bytes % 1024**2 != 0
    for suffix in ("T", "G", "M") if decimal else ("Ti", "Gi", "Mi", "Ki"):
        if memory_bytes >= _BYTES[suffix]:
            return f"{_written(memory_bytes / _BYTES[suffix])}{suffix}"
    return f"{memory_bytes:.0f}"


def _written(number: float) -> str:
    return f"{number:.3g}" if number < 999.5 else f"{number:.0f}"  # `.3g` would turn to 1e+03
