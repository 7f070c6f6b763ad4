"""Values that are refused, and what is said about them."""

from typing import Any

import pytest
from helm.readme import CHART, chart_values
from tests.chart.chart_values import merged, nested
from tests.cluster.helm import Helm

LEAVES = [each for each in chart_values((CHART / "values.yaml").read_text(encoding="utf-8")) if each.is_leaf]
SCHEMA = {
    "replica": (3, "at '': additional properties 'replica' not allowed"),
    "redis.bundled.password": ("secret", "at '/redis/bundled': additional properties 'password' not allowed"),
    "operator.resources.limit": ({}, "at '/operator/resources': additional properties 'limit' not allowed"),
    "replicas": (0, "at '/replicas': minimum: got 0, want 1"),
    "watchNamespaces": ("team-a", "at '/watchNamespaces': got string, want array"),
    "image.pullPolicy": ("Sometimes", "value must be one of 'IfNotPresent', 'Always', 'Never'"),
    "image.registry": ("", "at '/image/registry': minLength: got 0, want 1"),
    "image.tag": ("v1:2", "at '/image/tag': 'v1:2' does not match pattern"),
    "runners.image.digest": ("sha256:abc", "at '/runners/image/digest': 'sha256:abc' does not match pattern"),
    "crds.enabled": ("yes", "at '/crds/enabled': got string, want boolean"),
    "podDisruptionBudget.maxUnavailable": ("half", "'half' does not match pattern '^[0-9]+%$'"),
    "labels": ({"team": 1}, "at '/labels/team': got number, want string"),
    "logging.level": ("TRACE", "value must be one of 'DEBUG', 'INFO', 'WARNING', 'ERROR'"),
    "scheduler.leaseSeconds": (1, "at '/scheduler/leaseSeconds': minimum: got 1, want 2"),
    "scheduler.sliceSize": (5001, "at '/scheduler/sliceSize': maximum: got 5,001, want 5,000"),
    "runners.processes": (129, "at '/runners/processes': maximum: got 129, want 128"),
    "runners.memoryLimit": ("500MB", "'500MB' does not match pattern"),
    "operator.extraEnv": ([{"value": "x"}], "at '/operator/extraEnv/0': missing property 'name'"),
    "redis.bundled.maxMemory": ("1Gi", "'1Gi' does not match pattern '^[0-9]+(kb|mb|gb)$'"),
    "redis.external.workerUrl": (
        "redis://user:word@host:6379/0",
        "does not match pattern '^((redis|rediss|sentinel|sentinels)://[^@]+)?$'",
    ),
    "networkPolicy.blockedAddresses": (["169.254.169.254"], "at '/networkPolicy/blockedAddresses/0'"),
    "lightTasks.allow": (["report"], "at '/lightTasks/allow/0': 'report' does not match pattern"),
    "alerts.overrides": ({"ScheduledTaskGone": {}}, "additional properties 'ScheduledTaskGone' not allowed"),
    "monitors.interval": ("often", "at '/monitors/interval': 'often' does not match pattern"),
    "artifacts.url": ("/mnt/artifacts", "at '/artifacts/url': '/mnt/artifacts' does not match pattern"),
}
TOGETHER = {
    "no Redis": (
        {"redis": {"bundled": {"enabled": False}}},
        "redis.bundled.enabled is false: redis.external.existingSecret must name the Secret that holds the URL",
    ),
    "no address for workers": (
        {"redis": {"bundled": {"enabled": False}, "external": {"existingSecret": "ours"}}},
        "redis.external.workerUrl must say where workers reach your Redis, as redis://HOST:PORT/DB",
    ),
    "a given user that is not given": (
        {"redis": {"bundled": {"enabled": False}, "external": {"existingSecret": "ours", "workerUsers": "given"}}},
        "redis.external.workerKey must name the key of the workers' URL",
    ),
    "two Redis": (
        {"redis": {"external": {"existingSecret": "ours"}}},
        'redis.external.existingSecret is "ours" while redis.bundled.enabled is true: set it to false',
    ),
    "too little grace": (
        {"runners": {"graceSeconds": 60}},
        "terminationGracePeriodSeconds is 30, and runners.graceSeconds 60",
    ),
    "two addresses for workers": (
        {
            "redis": {
                "bundled": {"enabled": False},
                "external": {"existingSecret": "ours", "workerUrl": "redis://here:6379/0", "workerKey": "workers"},
            }
        },
        "redis.external.workerUrl and redis.external.workerKey both say where workers reach your Redis",
    ),
    "egress without effect": (
        {"networkPolicy": {"lightTasks": {"egress": [{"ports": [{"port": 443}]}]}}},
        "networkPolicy.lightTasks.egress has no effect while networkPolicy.lightTasks.restrict is false",
    ),
}


@pytest.mark.parametrize("path", SCHEMA)
def test_a_value_that_is_wrong_is_named(helm: Helm, path: str) -> None:
    value, message = SCHEMA[path]

    assert message in helm.refusal(nested(path, value))


def of_another_kind(default: Any) -> Any:
    """What stands where a map should, or the other way round: no value takes both."""
    return "a text" if isinstance(default, dict | list) else {"a": "map"}


@pytest.fixture(scope="module")
def all_wrong(helm: Helm) -> str:
    """What Helm says when every value is of another kind than it should be."""
    values: dict[str, Any] = {}
    for each in LEAVES:
        values = merged(values, nested(each.path, of_another_kind(each.default)))
    return helm.refusal(values)


@pytest.mark.parametrize("path", [each.path for each in LEAVES])
def test_every_value_is_refused_by_its_name_when_it_is_of_another_kind(all_wrong: str, path: str) -> None:
    assert f"at '/{path.replace('.', '/')}': " in all_wrong


@pytest.mark.parametrize("case", TOGETHER)
def test_values_that_do_not_go_together_are_named(helm: Helm, case: str) -> None:
    values: dict[str, Any] = TOGETHER[case][0]

    assert TOGETHER[case][1] in helm.refusal(values)


def test_the_chart_may_be_part_of_another(helm: Helm) -> None:
    """Helm then passes `global`."""
    assert helm.render({"global": {"anything": 1}})
