"""What a run's references to Secrets stand for, in the process of its body alone."""

import os
from collections.abc import Mapping
from typing import Any

from scheduledtask_workloads.contract import RunOrder, TaskClass
from scheduledtask_workloads.contract.secrets import VARIABLE_PREFIX, SecretReference, references_in, substituted
from scheduledtask_workloads.execution.masking import Masker


class SecretMissingError(Exception):
    """A reference has no value here; the message names it and the fix."""


def masker_of(order: RunOrder) -> Masker:
    """Of the values that came with the order, and of all that this process has in its environment."""
    given = [each.value.get_secret_value() for each in order.secrets]
    return Masker([*given, *_variables(os.environ).values()] if order.task_class is TaskClass.HEAVY else given)


def masker_of_environment(environment: Mapping[str, str]) -> Masker:
    """Of all values in it: a worker masks those of all its pool's tasks in the output of each."""
    return Masker(_variables(environment).values())


def resolved_arguments(order: RunOrder) -> dict[str, Any]:
    """Raises SecretMissingError."""
    if not references_in(order.arguments):
        return order.arguments
    values = {each.reference: each.value.get_secret_value() for each in order.secrets}

    def value_of(reference: SecretReference) -> str:
        value = values.get(reference, os.environ.get(reference.variable))
        if value is None:
            raise SecretMissingError(f"{reference}: has no value here; {_remedy(order)}")
        return value

    return substituted(order.arguments, value_of)


def drop_variables(order: RunOrder) -> None:
    """A body, and what it starts, sees neither its own nor those of other tasks. Where light ones run there are none,
    and looking through the environment would be a good part of what an empty run costs.
    """
    for name in _variables(os.environ) if order.task_class is TaskClass.HEAVY else ():
        del os.environ[name]


def _variables(environment: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in environment.items() if name.startswith(VARIABLE_PREFIX)}


def _remedy(order: RunOrder) -> str:
    namespace = order.ref.namespace
    if order.task_class is TaskClass.LIGHT:
        return f"the Ready condition of {order.ref.key} says why the operator could not read it"
    return f"see that it is in namespace {namespace}, and start the pool's workers anew: they read it when they begin"
