"""A reference to a Secret is good where a text may stand; what the Secret holds is judged in the run."""

from typing import Annotated, Any, Literal

import pytest
from pydantic import AfterValidator, AnyUrl, BaseModel, Field, SecretStr, model_validator
from tests.task_orders import catalog_of

from scheduledtask_workloads.catalog import task

SECRET = {"secretKeyRef": {"name": "db", "key": "password"}}


def _begins_with_t(text: str) -> str:
    if not text.startswith("t"):
        raise ValueError("must begin with t")
    return text


class Target(BaseModel):
    url: str
    mode: Literal["a", "b"] = "a"

    @model_validator(mode="after")
    def _is_https(self) -> "Target":
        if not self.url.startswith("https://"):
            raise ValueError("must be https")
        return self


@task("calls")
def calls(
    token: Annotated[str, Field(min_length=40), AfterValidator(_begins_with_t)] = "t" * 40,
    password: SecretStr | None = None,
    url: AnyUrl | None = None,
    port: int = 1,
    hosts: list[str] | None = None,
    either: list[str] | int = 1,
    target: Target | None = None,
) -> None:
    """Many kinds."""


def problems(arguments: dict[str, Any]) -> list[str]:
    (found,) = catalog_of(calls).tasks.values()
    return list(map(str, found.validate_arguments(arguments)))


@pytest.mark.parametrize(
    "arguments",
    [
        {"token": SECRET},
        {"password": SECRET, "url": SECRET, "port": SECRET},
        {"hosts": ["a", SECRET]},
        {"either": SECRET},
        {"target": {"url": SECRET, "mode": SECRET}},
        {"target": {"url": "http://a", "mode": SECRET}},
    ],
)
def test_it_is_good_where_a_text_may_stand(arguments: dict[str, Any]) -> None:
    assert problems(arguments) == []


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ({"hosts": SECRET}, "arguments.hosts: 'secretKeyRef db/password': Input should be a valid list"),
        ({"target": SECRET}, "arguments.target: 'secretKeyRef db/password': Input should be a valid dictionary"),
        ({"tokn": SECRET}, "arguments.tokn: 'secretKeyRef db/password': no such argument; did you mean token?"),
        ({"target": {"mode": SECRET}}, "arguments.target.url: is required"),
        ({"target": {"url": "http://a"}, "token": SECRET}, "arguments.target: {'url': 'http://a'}: must be https"),
    ],
)
def test_it_is_refused_where_none_can(arguments: dict[str, Any], expected: str) -> None:
    (problem,) = problems(arguments)

    assert problem.startswith(expected)
