"""JSON merge patches (RFC 7386): what to send so that one object becomes another."""

from collections.abc import Mapping
from typing import Any


def merge_patch(before: Mapping[str, Any], wanted: Mapping[str, Any]) -> dict[str, Any]:
    """The least that turns `before` into `wanted`; empty when they are equal. Lists are sent whole.

    Neither may hold None as a value: in a patch that removes a field.
    """
    patch: dict[str, Any] = {name: None for name in before if name not in wanted}
    for name, value in wanted.items():
        known = before.get(name)
        if name not in before:
            patch[name] = value
        elif isinstance(known, Mapping) and isinstance(value, Mapping):
            if inner := merge_patch(known, value):
                patch[name] = inner
        elif known != value:
            patch[name] = value
    return patch
