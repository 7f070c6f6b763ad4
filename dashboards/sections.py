"""A row of a dashboard."""

from collections.abc import Sequence
from typing import Any, NamedTuple


class Section(NamedTuple):
    title: str
    panels: Sequence[Any]
    """Builders of the SDK, which has no type in common for them."""
