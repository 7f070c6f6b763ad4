"""What the network policies let through, judged as Kubernetes does: what any rule allows is allowed."""

from ipaddress import ip_address, ip_network

import pytest
from tests.chart.chart_values import EXTERNAL, egress
from tests.cluster.helm import Helm, Json, named

from scheduledtask_operator.manifests.naming import WORKER_COMPONENT, component_labels

METADATA = ("169.254.169.254", "fd00:ec2::254")
ELSEWHERE = ("192.0.2.7", "2001:db8::7")
LIGHT_TASKS = {"networkPolicy": {"lightTasks": {"restrict": True}}}


def allows(rules: list[Json], address: str, port: int) -> bool:
    """TCP to an address outside of the cluster."""
    return any(_has_port(rule, port) and _has_peer(rule, address) for rule in rules)


def _has_port(rule: Json, port: int) -> bool:
    ports = rule.get("ports")
    return not ports or any(each["protocol"] == "TCP" and each["port"] == port for each in ports)


def _has_peer(rule: Json, address: str) -> bool:
    peers = rule.get("to")
    return not peers or any(_covers(peer["ipBlock"], address) for peer in peers if "ipBlock" in peer)


def _covers(block: Json, address: str) -> bool:
    wanted = ip_address(address)
    excepted = any(wanted in ip_network(each) for each in block.get("except") or [])
    return wanted in ip_network(block["cidr"]) and not excepted


@pytest.mark.parametrize("address", METADATA)
@pytest.mark.parametrize("values", [{}, EXTERNAL, LIGHT_TASKS], ids=["defaults", "external Redis", "restricted"])
def test_the_clouds_metadata_is_out_of_reach(helm: Helm, values: Json, address: str) -> None:
    """It is served on port 80."""
    assert not allows(egress(helm.render(values)), address, 80)


@pytest.mark.parametrize("address", ELSEWHERE)
def test_light_tasks_reach_the_rest_of_the_world(helm: Helm, address: str) -> None:
    rules = egress(helm.render())

    assert all(allows(rules, address, port) for port in (80, 5432))


@pytest.mark.parametrize("address", ELSEWHERE)
def test_restricted_ones_reach_what_is_named(helm: Helm, address: str) -> None:
    assert not allows(egress(helm.render(LIGHT_TASKS)), address, 5432)
    named_egress = [{"to": [{"ipBlock": {"cidr": f"{address}/{ip_address(address).max_prefixlen}"}}]}]
    values = {"networkPolicy": {"lightTasks": {"restrict": True, "egress": named_egress}}}

    assert allows(egress(helm.render(values)), address, 5432)


@pytest.mark.parametrize("values", [{}, EXTERNAL, LIGHT_TASKS], ids=["defaults", "external Redis", "restricted"])
def test_names_and_the_api_server_are_within_reach(helm: Helm, values: Json) -> None:
    rules = egress(helm.render(values))

    assert all(allows(rules, ELSEWHERE[0], port) for port in (53, 443, 6443))


def test_the_bundled_redis_asks_nobody_and_answers_schedulers_and_workers(helm: Helm) -> None:
    policy = named(helm.render(), "NetworkPolicy", "scheduledtask-redis")["spec"]

    assert policy["egress"] == []
    (rule,) = policy["ingress"]
    operator, workers = rule["from"]
    assert operator["podSelector"]["matchLabels"]["app.kubernetes.io/component"] == "operator"
    assert "namespaceSelector" not in operator
    assert workers["namespaceSelector"] == {}
    assert workers["podSelector"]["matchLabels"] == component_labels(WORKER_COMPONENT)
