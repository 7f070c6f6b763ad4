"""What is generated of the chart is what its sources say, and every value says what it is for."""

import tomllib
from pathlib import Path

import pytest
import yaml
from helm.readme import CHART, Value, chart_values, readme

ROOT = Path(__file__).resolve().parents[3]
VALUES = chart_values((CHART / "values.yaml").read_text(encoding="utf-8"))


def test_the_committed_page_is_what_the_values_say() -> None:
    assert (CHART / "README.md").read_text(encoding="utf-8") == readme(), "run `make chart`"


def test_the_charts_definitions_are_ours() -> None:
    ours = {path.name: path.read_text(encoding="utf-8") for path in (ROOT / "crds").iterdir()}
    charts = {path.name: path.read_text(encoding="utf-8") for path in (CHART / "files" / "crds").iterdir()}

    assert charts == ours, "run `make crds`"


def test_the_chart_and_the_images_are_of_the_packages_version() -> None:
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text(encoding="utf-8"))
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]

    assert {chart["version"], chart["appVersion"]} == {project["version"]}


@pytest.mark.parametrize("value", [each for each in VALUES if each.is_leaf], ids=lambda each: each.path)
def test_a_value_says_what_it_is_for(value: Value) -> None:
    assert value.comment
    assert value.group


def test_a_map_of_values_is_none_itself() -> None:
    text = """\
## Of pods

# Of the pod.
tolerations: []
redis:
  # How large.
  storage:
    requests: {cpu: 1}
    limits:
      memory: 2
  # Which one.
  image: redis
"""

    assert chart_values(text) == [
        Value("tolerations", [], "Of the pod.", "Of pods", is_leaf=True),
        Value(
            "redis",
            {"storage": {"requests": {"cpu": 1}, "limits": {"memory": 2}}, "image": "redis"},
            "",
            "Of pods",
            is_leaf=False,
        ),
        Value(
            "redis.storage", {"requests": {"cpu": 1}, "limits": {"memory": 2}}, "How large.", "Of pods", is_leaf=True
        ),
        Value("redis.image", "redis", "Which one.", "Of pods", is_leaf=True),
    ]
