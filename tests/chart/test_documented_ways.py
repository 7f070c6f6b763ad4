"""The values and commands that the pages give for an installation are taken by the chart, and change something."""

import json
import re
import shlex
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
import yaml
from tests.chart.chart_values import containers, deployment, merged, nested
from tests.cluster.cluster import Api
from tests.cluster.helm import NAMESPACE, Helm, Json

DOCS = Path(__file__).parents[2] / "docs"
PAGES = ("installing.md", "upgrading.md", "production-checklist.md", "redis.md", "images.md")


def blocks(page: str, language: str) -> list[str]:
    text = (DOCS / page).read_text(encoding="utf-8")
    return re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)


def documented() -> Iterator[tuple[str, Json]]:
    """Where, and the values."""
    for page in PAGES:
        for number, block in enumerate(blocks(page, "yaml")):
            if (values := values_in(yaml.safe_load(block))) is not None:
                yield f"{page} {number}", values
        for command in helm_commands(page):
            if values := set_by(command):
                yield f"{page} {command[:40]}", values


def values_in(document: Json) -> Json | None:
    """Of a file of values, or of an Application of Argo CD; None of any other object."""
    if document.get("kind") == "Application":
        found: Json = document["spec"]["source"]["helm"]["valuesObject"]
        return found
    return None if "apiVersion" in document else document


def helm_commands(page: str) -> list[str]:
    lines = "\n".join(blocks(page, "sh")).replace("\\\n", " ").splitlines()
    return [line.partition("#")[0] for line in lines if re.match(r"helm (install|upgrade) ", line)]


def set_by(command: str) -> Json:
    """By `--set`."""
    values: Json = {}
    words = shlex.split(command)
    for before, word in pairwise(words):
        if before == "--set":
            path, _, value = word.partition("=")
            values = merged(values, nested(path, yaml.safe_load(value)))
    return values


@pytest.mark.parametrize("values", [pytest.param(values, id=where) for where, values in documented()])
def test_values_of_a_page_are_taken_and_change_something(helm: Helm, values: Json) -> None:
    assert helm.render(values) != helm.render()


def section(page: str, title: str) -> str:
    text = (DOCS / page).read_text(encoding="utf-8")
    return text.partition(f"## {title}\n")[2].partition("\n## ")[0]


def test_one_pod_first_is_one_new_pod_beside_all_old_ones(helm: Helm) -> None:
    (command,) = [line for line in helm_commands("upgrading.md") if "minReadySeconds" in line]
    objects = helm.render(set_by(command))
    spec = deployment(objects)["spec"]

    assert spec["strategy"] == {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}}
    assert spec["progressDeadlineSeconds"] > spec["minReadySeconds"] == 3600
    ours = {each["image"].rpartition(":")[2] for name, each in containers(objects).items() if name != "redis"}
    assert ours == {"0.2.0"}


def test_ending_the_wait_starts_no_pod_anew(helm: Helm) -> None:
    """Else the pod that was tried would be replaced by one that was not."""
    (command,) = [line for line in helm_commands("upgrading.md") if "minReadySeconds" in line]
    tried = set_by(command)

    first, after = (deployment(helm.render(merged(tried, more))) for more in ({}, {"minReadySeconds": 0}))

    assert first["spec"]["template"] == after["spec"]["template"]


def test_who_leads_is_told_by_the_documented_command(api: Api) -> None:
    """In a namespace of this test's own: where no controllers are, those that others deleted stay."""
    own = "who-leads"
    made = [
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": own}},
        {
            "apiVersion": "coordination.k8s.io/v1",
            "kind": "Lease",
            "metadata": {"name": "scheduledtask-operator", "namespace": own},
            "spec": {"holderIdentity": "scheduledtask-operator-7d9f-abcde"},
        },
    ]
    for each in made:
        api.kubectl("apply", "--server-side", "--filename=-", stdin=json.dumps(each))
    (command,) = re.findall(r"^kubectl (get lease .*)$", section("upgrading.md", "One pod first"), re.MULTILINE)

    asked = [own if word == NAMESPACE else word for word in shlex.split(command)]
    assert own in asked
    assert api.kubectl(*asked) == "scheduledtask-operator-7d9f-abcde"
