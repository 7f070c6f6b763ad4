"""The chart's PodMonitor, PrometheusRule and dashboards: the same that is tested elsewhere, and found by Prometheus."""

import json
from pathlib import Path

import yaml
from dashboards.alerts import rules
from tests.chart.chart_values import MONITORED, alert_rules, containers, deployment
from tests.cluster.helm import Helm, of_kind

ROOT = Path(__file__).parents[2]


def test_nothing_of_it_is_there_by_default(helm: Helm) -> None:
    kinds = {each["kind"] for each in helm.render()}

    assert not kinds & {"PodMonitor", "PrometheusRule", "ConfigMap"}


def test_the_rules_are_those_that_promtool_tests(helm: Helm) -> None:
    assert [{"name": "scheduledtask", "rules": alert_rules(helm.render(MONITORED))}] == rules()["groups"]


def test_the_file_for_a_prometheus_without_operator_has_the_same() -> None:
    assert yaml.safe_load((ROOT / "alerts" / "scheduledtask.yaml").read_text(encoding="utf-8")) == rules()


def test_the_dashboards_are_the_ones_that_are_committed(helm: Helm) -> None:
    maps = of_kind(helm.render(MONITORED), "ConfigMap")
    shipped = {name: json.loads(text) for each in maps for name, text in each["data"].items()}

    assert shipped == {
        f"scheduledtask-{path.stem}.json": json.loads(path.read_text(encoding="utf-8"))
        for path in (ROOT / "dashboards" / "json").glob("*.json")
    }


def test_the_monitor_selects_the_pods_and_asks_ports_that_they_have(helm: Helm) -> None:
    objects = helm.render(MONITORED)
    (monitor,) = of_kind(objects, "PodMonitor")
    labels = deployment(objects)["spec"]["template"]["metadata"]["labels"]
    ports = {port["name"] for each in containers(objects).values() for port in each.get("ports", [])}

    assert monitor["spec"]["selector"]["matchLabels"].items() <= labels.items()
    assert {each["port"] for each in monitor["spec"]["podMetricsEndpoints"]} <= ports
    assert all(each["honorLabels"] for each in monitor["spec"]["podMetricsEndpoints"])
    assert labels[monitor["spec"]["jobLabel"]] == "scheduledtask-operator"


def test_what_is_said_of_all_objects_and_of_these_are_both_there(helm: Helm) -> None:
    values = {**MONITORED, "annotations": {"a": "b"}, "labels": {"c": "d"}}
    values["monitors"] = {"enabled": True, "labels": {"release": "stack"}}
    (monitor,) = of_kind(helm.render(values), "PodMonitor")

    assert monitor["metadata"]["annotations"] == {"a": "b"}
    assert {"release": "stack", "c": "d"}.items() <= monitor["metadata"]["labels"].items()


def test_prometheus_may_reach_both_ports(helm: Helm) -> None:
    policies = of_kind(helm.render(MONITORED), "NetworkPolicy")
    (policy,) = [each for each in policies if each["metadata"]["name"] == "scheduledtask-operator"]

    assert {port["port"] for port in policy["spec"]["ingress"][0]["ports"]} == {"http", "metrics"}
