"""Each value does what its comment says."""

import json
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import pytest
import yaml
from helm.readme import CHART, chart_values
from tests.chart.chart_values import CASES
from tests.cluster.errors import CommandFailedError
from tests.cluster.helm import Helm, Json

VALUES = (CHART / "values.yaml").read_text(encoding="utf-8")
DEFAULTS = {each.path: each.default for each in chart_values(VALUES) if each.is_leaf}


def ends(values: Any, path: str = "") -> Iterator[str]:
    """The path of everything that is no map with something in it."""
    if isinstance(values, dict) and values:
        for name, value in values.items():
            yield from ends(value, f"{path}.{name}" if path else name)
    else:
        yield path


def test_every_value_has_a_case() -> None:
    """A new one belongs into chart_values.py: what it is set to, and what is then seen."""
    assert sorted(CASES) == sorted(DEFAULTS)


def test_what_counts_as_a_value_leaves_nothing_out() -> None:
    """A reader of comments finds them; YAML's own reader is the judge."""
    assert [
        end for end in ends(yaml.safe_load(VALUES)) if not f"{end}.".startswith(tuple(f"{each}." for each in CASES))
    ] == []


@pytest.mark.parametrize("path", CASES)
def test_a_case_sets_something_else_than_the_default(path: str) -> None:
    assert CASES[path].value != DEFAULTS[path]


@pytest.mark.parametrize("path", CASES)
def test_a_value_is_seen_in_the_rendering(helm: Helm, path: str) -> None:
    case = CASES[path]

    assert case.look(helm.render(case.values(path))) == case.expected


@pytest.fixture(scope="module")
def render(helm: Helm) -> Callable[[str], list[Json]]:
    """Of values in JSON; many cases have the same beside them."""
    return cache(lambda values: helm.render(json.loads(values)))


@pytest.mark.parametrize("path", CASES)
def test_it_is_not_what_is_rendered_without_it(render: Callable[[str], list[Json]], path: str) -> None:
    case = CASES[path]
    try:
        without = case.look(render(json.dumps(case.beside)))
    except (KeyError, IndexError, ValueError, CommandFailedError):
        return  # there is nothing to be seen

    assert without != case.expected


def test_the_defaults_are_rendered_whatever_the_release_is_called(helm: Helm) -> None:
    names = {each["metadata"]["name"] for each in helm.render(release="tasks") if each["kind"] == "Deployment"}

    assert names == {"tasks-scheduledtask-operator"}
