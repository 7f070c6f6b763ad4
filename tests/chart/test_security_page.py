"""docs/security.md tells a reviewer of each permission, Secret and open port: of all there are, and of no other."""

import ast
import re
from functools import cache

import pytest
from tests.chart.security_tables import (
    PAGE,
    TESTS,
    Cells,
    network_ports,
    pods,
    rendered_permissions,
    rendered_ports,
    rendered_secrets,
    table,
)
from tests.cluster.helm import Helm

TABLES = {
    "role": ("verbs", "resource", "only those named"),
    "port": ("container",),
    "Secret": ("key", "container"),
}


def told(first: str) -> set[Cells]:
    return {tuple(row[title] for title in (first, *TABLES[first])) for row in table(first)}


def assert_same(on_page: set[Cells], installed: set[Cells]) -> None:
    def lines(rows: set[Cells]) -> str:
        return "".join(f"\n| {' | '.join(row)} |" for row in sorted(rows))

    assert on_page == installed, (
        f"docs/security.md lacks:{lines(installed - on_page)}"
        f"\nand has what nobody installs:{lines(on_page - installed)}"
    )


def test_it_has_every_permission_and_no_other(helm: Helm) -> None:
    assert_same(told("role"), rendered_permissions(helm))


def test_it_has_every_open_port_and_no_other(helm: Helm) -> None:
    assert_same(told("port"), rendered_ports(helm))


def test_it_has_every_secret_that_a_container_holds_and_no_other(helm: Helm) -> None:
    assert_same(told("Secret"), rendered_secrets(helm))


@pytest.mark.parametrize("first", TABLES)
def test_each_row_says_why_and_is_held_by_tests_that_exist(first: str) -> None:
    for row in table(first):
        assert row["why"], row
        assert row["held by"], row
        for name in row["held by"].split(", "):
            path, _, function = name.partition("::")
            assert function in functions(path), f"{name}: there is no such test; name the one that holds it now"


def test_what_its_text_points_to_exists() -> None:
    for path, function in re.findall(r"`([a-z_0-9/]+\.py)(?:::(\w+))?`", PAGE.read_text(encoding="utf-8")):
        assert (TESTS / path).exists(), path
        assert not function or function in functions(path), f"{path}::{function}"


@cache
def functions(path: str) -> frozenset[str]:
    tree = ast.parse((TESTS / path).read_text(encoding="utf-8"))
    return frozenset(each.name for each in tree.body if isinstance(each, ast.FunctionDef))


def test_each_pod_is_reached_by_its_open_ports_alone(helm: Helm) -> None:
    """A pod that no policy selects is open to everybody."""
    opened = network_ports(helm)

    for name, spec in pods(helm.render()):
        ports = {port["name"] for container in spec["containers"] for port in container.get("ports", [])}
        assert ports in opened.values(), name
    assert len(opened) == len(list(pods(helm.render())))
