"""What the builders make: fresh objects, owned, without replicas, under the restricted standard."""

from dataclasses import replace
from typing import Any

from scheduledtask_operator.decisions.sizing import Owner, PoolShape, RunNeed, size_worker
from scheduledtask_operator.manifests.catalog import catalog_pod
from scheduledtask_operator.manifests.naming import catalog_pod_name
from scheduledtask_operator.manifests.workers import disruption_budget, worker_deployment
from scheduledtask_workloads.contract.secrets import SecretReference

OWNERS = (Owner("train", "1"), Owner("report", "2"), Owner("local", ""))
SHAPE = PoolShape("ours:1", None, size_worker([RunNeed(100_000_000, 125_000_000, 250, 3)]), 360.4, OWNERS)


def container(deployment: dict[str, Any]) -> dict[str, Any]:
    (found,) = deployment["spec"]["template"]["spec"]["containers"]
    return dict(found)


def test_replicas_are_never_part_of_it() -> None:
    assert "replicas" not in worker_deployment("ml", "small", SHAPE)["spec"]


def test_each_task_that_uses_the_pool_owns_it_and_none_controls_it() -> None:
    for built in (worker_deployment("ml", "small", SHAPE), disruption_budget("ml", "small", OWNERS)):
        references = built["metadata"]["ownerReferences"]
        assert [(each["name"], each["uid"]) for each in references] == [("train", "1"), ("report", "2")]
        assert not any("controller" in each for each in references)


def test_the_worker_is_started_directly_with_its_pool_and_its_runs() -> None:
    command = container(worker_deployment("ml", "small", SHAPE))["command"]
    assert command == [
        "scheduledtask",
        "worker",
        "--namespace=ml",
        "--pool=small",
        "--concurrency=3",
        "--heartbeat-file=/tmp/heartbeat",
    ]


def test_the_grace_is_whole_seconds_and_not_shorter() -> None:
    assert worker_deployment("ml", "small", SHAPE)["spec"]["template"]["spec"]["terminationGracePeriodSeconds"] == 361


def test_only_busy_pods_are_kept_from_eviction() -> None:
    budget = disruption_budget("ml", "small", OWNERS)
    labels = worker_deployment("ml", "small", SHAPE)["spec"]["selector"]["matchLabels"]
    assert budget["spec"]["selector"]["matchLabels"] == {**labels, "scheduledtask.dev/busy": "true"}


def test_what_is_built_shares_nothing() -> None:
    first = worker_deployment("ml", "small", SHAPE)
    first["spec"]["template"]["metadata"]["labels"]["scheduledtask.dev/pool"] = "changed"
    container(first)["env"].clear()
    again = worker_deployment("ml", "small", SHAPE)
    assert again["spec"]["selector"]["matchLabels"]["scheduledtask.dev/pool"] == "small"
    assert len(container(again)["env"]) == 2


def test_the_authorities_that_vouch_for_redis_are_a_file_of_the_namespace_s_secret() -> None:
    spec = worker_deployment("ml", "small", SHAPE, redis_authorities=True)["spec"]["template"]["spec"]
    (worker,) = spec["containers"]
    (path,) = [each["value"] for each in worker["env"] if each["name"] == "SCHEDULEDTASK_REDIS_CA_FILE"]
    (mount,) = [each for each in worker["volumeMounts"] if path.startswith(f"{each['mountPath']}/")]
    (volume,) = [each for each in spec["volumes"] if each["name"] == mount["name"]]
    assert volume["secret"]["secretName"] == "stask-redis"
    assert path == f"{mount['mountPath']}/{volume['secret']['items'][0]['path']}"
    assert mount["readOnly"]
    assert "SCHEDULEDTASK_REDIS_CA_FILE" not in str(worker_deployment("ml", "small", SHAPE))


def test_an_image_has_one_catalog_pod_and_its_name_fits() -> None:
    long = "registry.example/" + "x" * 300
    assert catalog_pod_name("a") == catalog_pod_name("a") != catalog_pod_name("b")
    assert len(catalog_pod_name(long)) <= 63


def test_a_catalog_pod_takes_from_the_template_what_its_image_may_need_to_start() -> None:
    theirs = {
        "spec": {
            "imagePullSecrets": [{"name": "registry"}],
            "nodeSelector": {"pool": "big"},
            "initContainers": [{"name": "first", "image": "x"}],
            "containers": [
                {
                    "name": "worker",
                    "env": [{"name": "SETTINGS", "value": "a.b"}],
                    "resources": {"limits": {"nvidia.com/gpu": 8}},
                    "lifecycle": {"preStop": {"sleep": {"seconds": 5}}},
                },
                {"name": "side", "image": "y"},
            ],
        }
    }
    spec = catalog_pod("ml", "mine:2", theirs)["spec"]
    (only,) = spec["containers"]
    assert (spec["imagePullSecrets"], spec["nodeSelector"]) == ([{"name": "registry"}], {"pool": "big"})
    assert "initContainers" not in spec
    assert only["image"] == "mine:2"
    assert only["env"] == [{"name": "SETTINGS", "value": "a.b"}]
    assert "nvidia.com/gpu" not in only["resources"]["limits"]
    assert "lifecycle" not in only


def test_each_secret_of_the_pools_tasks_is_a_variable_of_the_worker() -> None:
    references = (SecretReference("db", "password"), SecretReference("db", "user"))
    env = container(worker_deployment("ml", "small", replace(SHAPE, secrets=references)))["env"]

    assert {each["name"]: each["valueFrom"]["secretKeyRef"] for each in env[2:]} == {
        reference.variable: {"name": "db", "key": reference.key} for reference in references
    }
