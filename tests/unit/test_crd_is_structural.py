"""The CRD keeps Kubernetes' rules for structural schemas, and says what each field is.

https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/
#specifying-a-structural-schema
"""

import re
from collections.abc import Iterator
from typing import Any

import pytest

from scheduledtask_operator.api import crds

Schema = dict[str, Any]

ALLOWED = {
    *("type", "description", "default", "enum", "format", "pattern", "minimum", "maximum", "minLength", "maxLength"),
    *("minItems", "maxItems", "maxProperties", "required", "properties", "items"),
    *("x-kubernetes-preserve-unknown-fields", "x-kubernetes-validations"),
    *("x-kubernetes-list-type", "x-kubernetes-list-map-keys"),
}
TASK, RUN = crds()


def version(crd: Schema) -> Schema:
    (only,) = crd["spec"]["versions"]
    return only


def root(crd: Schema) -> Schema:
    return version(crd)["schema"]["openAPIV3Schema"]


def nodes(schema: Schema, path: str = "") -> Iterator[tuple[str, Schema]]:
    yield path, schema
    for name, field in schema.get("properties", {}).items():
        yield from nodes(field, f"{path}.{name}")
    if "items" in schema:
        yield from nodes(schema["items"], f"{path}[]")


def kind(crd: Schema) -> str:
    return crd["spec"]["names"]["kind"]


def kind_or_number(parameter: Any) -> str:
    return kind(parameter) if isinstance(parameter, dict) else str(parameter)


NODES = {f"{kind(crd)}{path}": node for crd in (TASK, RUN) for path, node in nodes(root(crd))}
FIELDS = {
    path: node
    for path, node in NODES.items()
    if path.count(".") and not path.endswith(".metadata") and not path.endswith("[]")
}
ANYTHING = {"ScheduledTaskRun.status.result", "ScheduledTaskRun.spec.triggeredBy.result"}
RULES = [(crd, rule) for crd in (TASK, RUN) for rule in root(crd)["properties"]["spec"]["x-kubernetes-validations"]]


def test_what_a_task_returns_is_the_only_thing_without_a_type() -> None:
    assert sorted(path for path, node in NODES.items() if "type" not in node) == sorted(ANYTHING)
    assert all(NODES[path]["x-kubernetes-preserve-unknown-fields"] for path in ANYTHING)


@pytest.mark.parametrize("path", sorted(NODES.keys() - ANYTHING))
def test_every_node_has_a_type_and_only_known_keywords(path: str) -> None:
    assert NODES[path]["type"] in ("object", "array", "string", "integer", "number", "boolean")
    assert set(NODES[path]) <= ALLOWED


@pytest.mark.parametrize("path", FIELDS)
def test_every_field_says_what_it_is(path: str) -> None:
    description = FIELDS[path]["description"]

    assert description.endswith(".")
    assert len(description) > 5


@pytest.mark.parametrize("path", sorted(NODES.keys() - ANYTHING))
def test_keywords_go_with_their_type(path: str) -> None:
    node = NODES[path]

    assert ("items" in node) == (node["type"] == "array")
    assert "properties" not in node or node["type"] == "object"
    assert "properties" in node or node["type"] != "object" or node["x-kubernetes-preserve-unknown-fields"]
    assert set(node.get("required", ())) <= set(node.get("properties", {}))


@pytest.mark.parametrize("path", sorted(NODES.keys() - ANYTHING))
def test_text_and_lists_are_bounded_so_that_rules_have_a_known_cost(path: str) -> None:
    node = NODES[path]
    if node["type"] == "array":
        assert "maxItems" in node
    if node["type"] == "string" and ".spec" in path:
        assert "maxLength" in node or "enum" in node


@pytest.mark.parametrize("path", [path for path, node in NODES.items() if "default" in node])
def test_every_default_is_valid(path: str) -> None:
    node = NODES[path]
    default = node["default"]
    kinds = {"string": str, "integer": int, "boolean": bool, "array": list, "object": dict}

    assert isinstance(default, kinds[node["type"]])
    assert default in node.get("enum", [default])
    assert re.search(node.get("pattern", ""), str(default))
    assert node.get("minimum", 0) <= (default if node["type"] == "integer" else node.get("minimum", 0))
    assert not (node["type"] == "object" and set(node.get("required", ())))


@pytest.mark.parametrize(("crd", "length"), [(TASK, 52), (RUN, 63)], ids=kind_or_number)
def test_metadata_bounds_the_name_and_nothing_else(crd: Schema, length: int) -> None:
    """Not even a description: the API server answers "must not specify anything other than name and generateName"."""
    metadata = root(crd)["properties"]["metadata"]

    assert set(metadata) == {"type", "properties"}
    assert set(metadata["properties"]) == {"name"}
    assert metadata["properties"]["name"]["maxLength"] == length


@pytest.mark.parametrize(
    ("crd", "short", "categories"), [(TASK, "stask", ["scheduledtasks"]), (RUN, "strun", None)], ids=kind_or_number
)
def test_the_names_are_those_people_type(crd: Schema, short: str, categories: list[str] | None) -> None:
    """`kubectl get scheduledtasks` shows a category of that name, so runs are in none."""
    names = crd["spec"]["names"]

    assert crd["metadata"]["name"] == f"{names['plural']}.{crd['spec']['group']}"
    assert (names["shortNames"], names.get("categories")) == ([short], categories)
    assert version(crd)["subresources"] == {"status": {}}


@pytest.mark.parametrize("crd", [TASK, RUN], ids=kind)
def test_every_column_shows_a_field_that_exists(crd: Schema) -> None:
    for column in version(crd)["additionalPrinterColumns"]:
        path = re.sub(r"\[.*\]", "[]", column["jsonPath"])

        assert f"{kind(crd)}{path}" in NODES or path == ".metadata.creationTimestamp"


def test_a_field_without_an_engine_says_so_first() -> None:
    assert FIELDS["ScheduledTask.spec.exclude"]["description"].startswith("Not supported yet. ")
    assert FIELDS["ScheduledTask.spec.concurrencyPolicy"]["description"].startswith(
        "Not supported yet: Replace, Queue. "
    )
    assert not FIELDS["ScheduledTask.spec.schedule"]["description"].startswith("Not supported")


@pytest.mark.parametrize(("crd", "rule"), RULES, ids=lambda part: part.get("rule", ""))
def test_every_rule_names_fields_that_exist(crd: Schema, rule: dict[str, str]) -> None:
    spec = f"{kind(crd)}.spec"
    named = re.findall(r"self((?:\.[a-zA-Z]+)+)", re.sub(r"\.(contains|startsWith|getSeconds)\(", "(", rule["rule"]))

    assert f"{spec}{rule.get('fieldPath', '')}" in FIELDS
    assert named or rule["rule"] == "self == oldSelf"
    assert all(f"{spec}{path}" in FIELDS for path in named)
    assert "\n" not in rule["message"]
    assert len(rule["message"]) < 2048  # Kubernetes' own bound
