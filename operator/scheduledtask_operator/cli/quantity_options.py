"""Durations and amounts of memory as options: callbacks for `click.option`."""

from collections.abc import Callable
from typing import TypeVar

import click

from scheduledtask_operator.cli.problems import CommandProblem
from scheduledtask_workloads.contract.quantity import QuantityError, parse_duration, parse_memory

Value = TypeVar("Value")


def as_seconds(context: click.Context, option: click.Parameter, text: str | None) -> float | None:
    """Raises CommandProblem."""
    return _parsed(option, text, parse_duration)


def as_bytes(context: click.Context, option: click.Parameter, text: str | None) -> int | None:
    """Raises CommandProblem."""
    return _parsed(option, text, parse_memory)


def _parsed(option: click.Parameter, text: str | None, parse: Callable[[str], Value]) -> Value | None:
    try:
        return None if text is None else parse(text)
    except QuantityError as error:
        raise CommandProblem(f"{option.opts[0]}: {error}") from error
