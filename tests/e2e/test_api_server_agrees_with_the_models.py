"""The API server and the models take the same specs: what one lets through, the other does not refuse.

A fixed seed, so that a finding can be looked at again; each field is left out, good, or bad.
"""

import json
import random
from typing import Any

from tests.cluster.cluster import Api
from tests.cluster.errors import CommandFailedError

from scheduledtask_operator.api import parse_manifests

SPECS = 300
DURATIONS = ["30s", "2m", "1h30m", "500ms", "1d", "soon", "", "-5m", 5]
POOLS: dict[str, list[Any]] = {
    "task": ["report", "my-package.tasks:train", "", " ", "-report", "report/", 7, None],
    "jitterSeconds": [0, 10, 86400, 86401, -1, "10"],
    "dstPolicy": ["RunOnce", "Kubernetes", "Sometimes"],
    "suspend": [True, False, "true"],
    "startingDeadlineSeconds": [1, 0, 31622400, 31622401],
    "catchUp": ["Skip", "Latest", "All"],
    "class": ["Auto", "Light", "Heavy", "light"],
    "maxConcurrency": [1, 2, 10000, 10001],
    "timeoutSeconds": [1, 90, 7200, 0],
    "concurrencyPolicy": ["Forbid", "Allow", "Queue"],
    "profile": [{"duration": each} for each in DURATIONS]
    + [{"memory": each} for each in ("500M", "8Gi", "1.5Gi", "8GB", "much")]
    + [{"requires": ["ResultTracking"]}, {"requires": ["Luck"]}, {"durations": "2m"}],
    "retry": [{"backoff": each} for each in DURATIONS] + [{"limit": 3}, {"limit": 101}, {"onLost": -1}],
    "worker": [{"pool": "big"}, {"pool": "Big"}, {"minReplicas": 2, "maxReplicas": 1}, {"idleSeconds": 0}],
    "arguments": [{}, {"a": [1, {"b": None}]}, [], "text"],
    "artifacts": [{"url": "/folder"}, {"url": "file:///folder"}, {"url": "s3://bucket"}, {}],
    "shedule": ["@daily"],
}
# Those that most specs should have, else nearly all of them would fall on the same few mistakes.
USUAL = {"schedule": "@daily", "task": "report"}


def generated(source: random.Random) -> dict[str, Any]:
    fields = source.sample(sorted(POOLS), source.choice([1, 1, 2, 3]))
    return {**USUAL, **{field: source.choice(POOLS[field]) for field in fields}}


def resource(name: str, spec: dict[str, Any]) -> dict[str, Any]:
    head = {"apiVersion": "scheduledtask.dev/v1alpha1", "kind": "ScheduledTask"}
    return {**head, "metadata": {"name": name}, "spec": spec}


def taken_by_the_api_server(api: Api, resources: list[dict[str, Any]]) -> set[str]:
    documents = "\n---\n".join(map(json.dumps, resources))  # of a List, kubectl refuses all when it refuses one
    try:
        said = api.kubectl("create", "--dry-run=server", "--output=name", "--filename=-", stdin=documents)
    except CommandFailedError as error:  # some were refused; the others' names are there all the same
        said = error.output
    return {line.split("/")[1] for line in said.splitlines() if line.startswith("scheduledtask.scheduledtask.dev/")}


def taken_by_the_models(each: dict[str, Any]) -> bool:
    result = parse_manifests(json.dumps(each), "generated")
    return not result.problems


def test_what_one_takes_the_other_takes(api: Api) -> None:
    source = random.Random(20261122)
    resources = [resource(f"generated-{number}", generated(source)) for number in range(SPECS)]

    server = taken_by_the_api_server(api, resources)
    models = {each["metadata"]["name"] for each in resources if taken_by_the_models(each)}

    assert 0 < len(models) < SPECS
    assert differences(resources, models, server) == []


def differences(resources: list[dict[str, Any]], models: set[str], server: set[str]) -> list[str]:
    """CEL knows no days, so a comparison with them is the operator's alone."""
    by_name = {each["metadata"]["name"]: json.dumps(each["spec"]) for each in resources}
    refused_by_server = [f"only the models take {by_name[name]}" for name in sorted(models - server)]
    refused_by_models = [f"only the API server takes {by_name[name]}" for name in sorted(server - models)]
    return refused_by_server + [line for line in refused_by_models if '"1d"' not in line]
