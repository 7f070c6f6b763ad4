"""Durations and amounts of memory as options."""

from collections.abc import Callable

import click

from scheduledtask_workloads.contract.quantity import QuantityError, parse_duration, parse_memory


class Quantity(click.ParamType):
    """A text that a parser of `contract.quantity` reads."""

    def __init__(self, name: str, parse: Callable[[str], float]) -> None:
        self.name = name
        self._parse = parse

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> object:
        if not isinstance(value, str):
            return value
        try:
            return self._parse(value)
        except QuantityError as error:
            self.fail(str(error), param, ctx)


DURATION = Quantity("duration", parse_duration)
MEMORY = Quantity("memory", parse_memory)
