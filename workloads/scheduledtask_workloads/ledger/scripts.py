"""The Lua scripts: each is read with what they share before it."""

from functools import cache
from importlib.resources import files

_SHARED = ("runs", "columns")


@cache
def script_text(name: str) -> str:
    """The source of `name`.lua, ready to be registered."""
    folder = files(__package__)
    return "\n".join((folder / f"{part}.lua").read_text(encoding="utf-8") for part in (*_SHARED, name))
