"""`H`: a value picked by the resource's own name, so that a thousand nightly jobs don't all start at midnight."""

import hashlib
import re

from scheduledtask_workloads.schedule.errors import ExpressionError
from scheduledtask_workloads.schedule.fields import FieldKind, value_of

_HASHED = re.compile(r"H(?:\((?P<low>[^-()]+)-(?P<high>[^-()]+)\))?(?:/(?P<step>[0-9]{1,9}))?")


def stable_hash(*parts: str) -> int:
    """64 bits, the same in every process and version."""
    digest = hashlib.blake2b("\0".join(parts).encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "big")


def resolve_hashed(text: str, kind: FieldKind, identity: str) -> str:
    """`text` with each H written out as a value or a range with a step. Raises ExpressionError."""
    if "H" not in text:
        return text
    return ",".join(_resolve_item(item, kind, identity) for item in text.split(","))


def _resolve_item(item: str, kind: FieldKind, identity: str) -> str:
    if not item.startswith("H"):
        return item
    match = _HASHED.fullmatch(item)
    if not match:
        raise ExpressionError(f"{kind.name} {item!r} can't be read: write H, H/15, H(0-29) or H(0-29)/10")
    low, high = _bounds(match, item, kind)
    stream = stable_hash(identity, kind.name)
    if match["step"] is None:
        return str(low + stream % (high - low + 1))
    step = int(match["step"])
    if not 1 <= step <= high - low + 1:
        raise ExpressionError(f"{kind.name} {item!r} has the step {step}: must be 1 to {high - low + 1}")
    return f"{low + stream % step}-{high}/{step}"


def _bounds(match: re.Match[str], item: str, kind: FieldKind) -> tuple[int, int]:
    if match["low"] is None:
        return kind.lowest, kind.hash_highest
    low, high = (value_of(match[side], item, kind) for side in ("low", "high"))
    if low > high:
        raise ExpressionError(f"{kind.name} {item!r} runs backwards: {low} is above {high}; put the lower value first")
    return low, high
