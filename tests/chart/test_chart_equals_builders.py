"""The default rendering is, in substance, what the Python builders made."""

from typing import Any

from tests.cluster.helm import Helm, is_hook

from scheduledtask_operator.manifests.installation import Installation, installation_objects

WORDS = ("labels", "matchLabels")
ADDED = {"SCHEDULEDTASK_LOG_LEVEL", "SCHEDULEDTASK_LOG_FORMAT"}
DEFAULTS = ("--lease-seconds=15", "--slice-size=1000", "--redis-timeout-seconds=0.2", "--memory-limit=500M", "--grace=10s")


def substance(value: Any) -> Any:
    if isinstance(value, dict):
        kept = {k: substance(v) for k, v in value.items() if k not in ("labels", "matchLabels", "minReadySeconds", "progressDeadlineSeconds")}
        if "selector" in kept and kept.get("ports") and "type" not in kept:
            kept.pop("selector")
        return kept
    if isinstance(value, list):
        kept_items = [substance(each) for each in value if not (isinstance(each, dict) and each.get("name") in ADDED) and each not in DEFAULTS]
        return kept_items
    return value


def key(each: dict[str, Any]) -> tuple[str, str]:
    name = each["metadata"]["name"]
    return each["kind"], name


def test_equal(helm: Helm) -> None:
    rendered = {key(each): substance(each) for each in helm.render({"image": {"tag": "dev"}}) if not is_hook(each) and each["kind"] not in ("CustomResourceDefinition", "NetworkPolicy")}
    built = {key(each): substance(each) for each in installation_objects(Installation()) if each["kind"] != "Namespace"}
    for kind in ("Role", "RoleBinding"):
        moved = built.pop((kind, "scheduledtask-operator"))
        moved["metadata"]["name"] += "-leader"
        if kind == "RoleBinding":
            moved["roleRef"]["name"] += "-leader"
        built[kind, "scheduledtask-operator-leader"] = moved
    for workload in (*rendered.values(), *built.values()):
        if workload["kind"] == "Deployment":
            for c in workload["spec"]["template"]["spec"]["containers"]:
                if not c.get("env"):
                    c.pop("env", None)
    assert rendered.keys() == built.keys()
    for name in built:
        assert rendered[name] == built[name], name
