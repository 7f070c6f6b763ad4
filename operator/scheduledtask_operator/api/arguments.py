"""A task's arguments: any JSON, with references to Secrets in the place of texts."""

from typing import Annotated, Any

from pydantic import AfterValidator, ValidationError
from pydantic_core import InitErrorDetails, PydanticCustomError

from scheduledtask_operator.api.wire import JsonObject
from scheduledtask_workloads.contract.secrets import reference_problems


def _references_are_good(arguments: dict[str, Any]) -> dict[str, Any]:
    errors = [
        InitErrorDetails(type=PydanticCustomError("rule", "{problem}", {"problem": problem}), loc=path, input=arguments)
        for path, problem in reference_problems(arguments)
    ]
    if errors:
        raise ValidationError.from_exception_data("object", errors)
    return arguments


Arguments = Annotated[JsonObject, AfterValidator(_references_are_good)]
