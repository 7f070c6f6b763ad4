"""Each value does what its comment says."""

import json
from collections.abc import Callable
from functools import cache

import pytest
from helm.readme import CHART, chart_values
from tests.chart.chart_values import CASES
from tests.cluster.errors import CommandFailedError
from tests.cluster.helm import Helm, Json

LEAVES = [each.path for each in chart_values((CHART / "values.yaml").read_text(encoding="utf-8")) if each.is_leaf]


def test_every_value_has_a_case() -> None:
    assert sorted(CASES) == sorted(LEAVES)


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
