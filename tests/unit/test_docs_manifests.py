"""Manifests and Helm values in the docs are ones that we accept ourselves."""

import asyncio
import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from tests.docs_blocks import ROOT, blocks

from scheduledtask_operator.api import API_VERSION, KIND
from scheduledtask_operator.local.assessment import assess
from scheduledtask_operator.local.project import environment_for

OF_A_WORKER = "docs/heavy-pools.md"
"""A page whose fragments are of a ScheduledTask's spec."""
_HEREDOC = re.compile(r"<<'EOT'\n(.*?)^EOT$", re.MULTILINE | re.DOTALL)


def _documents() -> list[tuple[str, dict[str, Any]]]:
    """Place and content of each document of YAML in the docs, those in the commands of shells too."""
    texts = [(block.place, block.text) for block in blocks("yaml")]
    in_commands = [(block.place, each) for block in blocks("sh") for each in _HEREDOC.findall(block.text)]
    texts += [(place, each.replace("TASK", "a-task")) for place, each in in_commands]
    return [(place, each) for place, text in texts for each in yaml.safe_load_all(text) if each]


def _as_resource(place: str, document: dict[str, Any]) -> dict[str, Any] | None:
    """The document as a resource of ours, or None. Fragments are completed."""
    if place.startswith(OF_A_WORKER):
        document = {"metadata": {"name": "fragment"}, "spec": {"task": "model-training", **document}}
    if "spec" in document and "apiVersion" not in document:
        document = {"apiVersion": API_VERSION, "kind": KIND, **document}
    return document if document.get("apiVersion") == API_VERSION else None


def _values() -> list[tuple[str, dict[str, Any]]]:
    found = [each for each in _documents() if "apiVersion" not in each[1] and _as_resource(*each) is None]
    argo = [document for _, document in _documents() if document.get("kind") == "Application"]
    return found + [("Argo CD", each["spec"]["source"]["helm"].get("valuesObject", {})) for each in argo]


def _write(folder: Path) -> int:
    """Each resource into a file. A page's are in one namespace, and another version of one of them in the next."""
    versions: Counter[tuple[str, str, str]] = Counter()
    resources = [(place, found) for place, each in _documents() if (found := _as_resource(place, each))]
    for number, (place, resource) in enumerate(resources):
        page = re.sub(r"\W+", "-", place.split(":")[0].removesuffix(".md").removeprefix("docs/")).lower()
        metadata = resource["metadata"]
        key = (page, resource["kind"], metadata.get("name") or f"unnamed-{number}")
        versions[key] += 1
        metadata["namespace"] = f"{page}-{versions[key]}"
        (folder / f"{number}-{page}.yaml").write_text(yaml.safe_dump(resource), encoding="utf-8")
    return len(resources)


def test_every_manifest_of_ours_is_one_that_validate_accepts(tmp_path: Path) -> None:
    written = _write(tmp_path)
    assessment = asyncio.run(assess([tmp_path], environment_for([tmp_path])))
    assert not assessment.problems
    assert len(assessment.resources) + len(assessment.runs) == written
    assert written > 15


@pytest.mark.parametrize(("place", "values"), _values(), ids=[place for place, _ in _values()])
def test_every_file_of_values_fits_the_charts_schema(place: str, values: dict[str, Any]) -> None:
    schema = json.loads((ROOT / "helm/scheduledtask-operator/values.schema.json").read_text(encoding="utf-8"))
    jsonschema.Draft7Validator(schema).validate(values)


def test_values_are_found_on_the_pages_that_have_them() -> None:
    pages = {place.split(":")[0] for place, _ in _values()}
    assert {"docs/installing.md", "docs/production-checklist.md", "docs/metrics.md", "docs/runbooks/index.md"} <= pages
