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
(CRD,) = crds()
(VERSION,) = CRD["spec"]["versions"]
ROOT: Schema = VERSION["schema"]["openAPIV3Schema"]


def nodes(schema: Schema, path: str = "") -> Iterator[tuple[str, Schema]]:
    yield path, schema
    for name, field in schema.get("properties", {}).items():
        yield from nodes(field, f"{path}.{name}")
    if "items" in schema:
        yield from nodes(schema["items"], f"{path}[]")


NODES = dict(nodes(ROOT))
FIELDS = {path: node for path, node in NODES.items() if path not in ("", ".metadata") and not path.endswith("[]")}


@pytest.mark.parametrize("path", NODES)
def test_every_node_has_a_type_and_only_known_keywords(path: str) -> None:
    assert NODES[path]["type"] in ("object", "array", "string", "integer", "number", "boolean")
    assert set(NODES[path]) <= ALLOWED


@pytest.mark.parametrize("path", FIELDS)
def test_every_field_says_what_it_is(path: str) -> None:
    description = FIELDS[path]["description"]

    assert description.endswith(".")
    assert len(description) > 5


@pytest.mark.parametrize("path", NODES)
def test_keywords_go_with_their_type(path: str) -> None:
    node = NODES[path]

    assert ("items" in node) == (node["type"] == "array")
    assert "properties" not in node or node["type"] == "object"
    assert "properties" in node or node["type"] != "object" or node["x-kubernetes-preserve-unknown-fields"]
    assert set(node.get("required", ())) <= set(node.get("properties", {}))


@pytest.mark.parametrize("path", NODES)
def test_text_and_lists_are_bounded_so_that_rules_have_a_known_cost(path: str) -> None:
    node = NODES[path]
    if node["type"] == "array":
        assert "maxItems" in node
    if node["type"] == "string" and path.startswith(".spec"):
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


def test_metadata_bounds_the_name_and_nothing_else() -> None:
    """Not even a description: the API server answers "must not specify anything other than name and generateName"."""
    assert set(ROOT["properties"]["metadata"]) == {"type", "properties"}
    assert set(ROOT["properties"]["metadata"]["properties"]) == {"name"}
    assert ROOT["properties"]["metadata"]["properties"]["name"]["maxLength"] == 52


def test_the_names_are_those_people_type() -> None:
    names = CRD["spec"]["names"]

    assert CRD["metadata"]["name"] == f"{names['plural']}.{CRD['spec']['group']}"
    assert (names["shortNames"], names["categories"]) == (["stask"], ["scheduledtasks"])
    assert VERSION["subresources"] == {"status": {}}


@pytest.mark.parametrize("column", VERSION["additionalPrinterColumns"], ids=lambda column: column["name"])
def test_every_column_shows_a_field_that_exists(column: dict[str, str]) -> None:
    path = re.sub(r"\[.*\]", "[]", column["jsonPath"])

    assert path in NODES or path == ".metadata.creationTimestamp"


def test_a_field_without_an_engine_says_so_first() -> None:
    assert FIELDS[".spec.exclude"]["description"].startswith("Not supported yet. ")
    assert FIELDS[".spec.concurrencyPolicy"]["description"].startswith("Not supported yet: Replace, Queue. ")
    assert not FIELDS[".spec.schedule"]["description"].startswith("Not supported")


@pytest.mark.parametrize("rule", ROOT["properties"]["spec"]["x-kubernetes-validations"], ids=lambda rule: rule["rule"])
def test_every_rule_names_fields_that_exist(rule: dict[str, str]) -> None:
    named = re.findall(r"self((?:\.[a-zA-Z]+)+)", re.sub(r"\.(contains|startsWith|getSeconds)\(", "(", rule["rule"]))

    assert f".spec{rule['fieldPath']}" in FIELDS
    assert named
    assert all(f".spec{path}" in FIELDS for path in named)
    assert "\n" not in rule["message"]
    assert len(rule["message"]) < 2048  # Kubernetes' own bound
