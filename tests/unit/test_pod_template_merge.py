"""A user's pod template is laid over ours as Kubernetes would do it; what ties a pod to its pool stays ours."""

from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scheduledtask_operator.decisions.sizing import PoolShape, RunNeed, size_worker
from scheduledtask_operator.manifests.catalog import catalog_pod
from scheduledtask_operator.manifests.pod_template import template_problems
from scheduledtask_operator.manifests.strategic_merge import PodTemplateError, strategic_merge
from scheduledtask_operator.manifests.workers import worker_deployment

SIZE = size_worker([RunNeed(8 * 1024**3, 10 * 1024**3, 1000, 1)])


def template(theirs: dict[str, Any] | None) -> dict[str, Any]:
    shape = PoolShape("ours:1", theirs, SIZE, grace_seconds=7260)
    built: dict[str, Any] = worker_deployment("ml", "train", shape)["spec"]["template"]
    return built


def catalog(theirs: dict[str, Any] | None) -> dict[str, Any]:
    return catalog_pod("ml", "ours:1", theirs)


def worker(theirs: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = next(
        item for item in template({"spec": {"containers": [theirs]}})["spec"]["containers"] if item["name"] == "worker"
    )
    return found


def test_a_gpu_joins_the_resources_that_were_sized() -> None:
    resources = worker({"name": "worker", "resources": {"limits": {"nvidia.com/gpu": 1}}})["resources"]
    assert resources["limits"] == {"memory": "11456Mi", "nvidia.com/gpu": 1}
    assert resources["requests"] == template(None)["spec"]["containers"][0]["resources"]["requests"]


def test_variables_and_mounts_are_added_by_name_and_path() -> None:
    merged = worker(
        {
            "name": "worker",
            "env": [{"name": "MODE", "value": "fast"}],
            "volumeMounts": [{"mountPath": "/data", "name": "data"}, {"mountPath": "/tmp", "name": "data"}],
        }
    )
    names = [variable["name"] for variable in merged["env"]]
    assert names == ["SCHEDULEDTASK_HOST", "SCHEDULEDTASK_REDIS_URL", "MODE"]
    assert merged["volumeMounts"] == [{"mountPath": "/tmp", "name": "data"}, {"mountPath": "/data", "name": "data"}]


def test_a_volume_of_the_same_name_replaces_ours() -> None:
    volume = {"name": "tmp", "persistentVolumeClaim": {"claimName": "scratch"}}
    assert template({"spec": {"volumes": [volume]}})["spec"]["volumes"] == [volume]


def test_tolerations_and_other_lists_without_a_key_are_replaced() -> None:
    original = {"spec": {"tolerations": [{"key": "a"}]}}
    patch = {"spec": {"tolerations": [{"key": "b"}]}}
    assert strategic_merge(original, patch) == patch


def test_null_and_patch_delete_remove_what_is_ours() -> None:
    merged = template({"spec": {"topologySpreadConstraints": None, "securityContext": {"fsGroup": None}}})
    assert "topologySpreadConstraints" not in merged["spec"]
    assert "fsGroup" not in merged["spec"]["securityContext"]
    spread = {"topologyKey": "kubernetes.io/hostname", "$patch": "delete"}
    assert template({"spec": {"topologySpreadConstraints": [spread]}})["spec"]["topologySpreadConstraints"] == []


def test_patch_replace_takes_the_place_of_objects_and_lists() -> None:
    original = {"spec": {"securityContext": {"fsGroup": 1}, "volumes": [{"name": "tmp"}, {"name": "more"}]}}
    patch = {
        "spec": {
            "securityContext": {"$patch": "replace", "runAsUser": 2},
            "volumes": [{"$patch": "replace"}, {"name": "only"}],
        }
    }
    assert strategic_merge(original, patch) == {
        "spec": {"securityContext": {"runAsUser": 2}, "volumes": [{"name": "only"}]}
    }


def test_the_longer_grace_is_taken() -> None:
    for asked, taken in ((30, 7260), (90_000, 90_000), (None, 7260)):
        merged = template({"spec": {"terminationGracePeriodSeconds": asked}})
        assert merged["spec"]["terminationGracePeriodSeconds"] == taken


def of_worker(**fields: Any) -> dict[str, Any]:
    return {"spec": {"containers": [{"name": "worker", **fields}]}}


@pytest.mark.parametrize(
    ("theirs", "problem"),
    [
        ({"metadata": {"labels": {"scheduledtask.dev/pool": "x"}}}, "metadata.labels[scheduledtask.dev/pool]"),
        ({"metadata": {"labels": {"scheduledtask.dev/busy": "true"}}}, "metadata.labels[scheduledtask.dev/busy]"),
        ({"metadata": {"labels": {"app.kubernetes.io/managed-by": None}}}, "labels[app.kubernetes.io/managed-by]"),
        ({"spec": {"restartPolicy": "Never"}}, "spec.restartPolicy: 'Never'"),
        (of_worker(image="x"), "containers[worker].image: is set by spec.worker.image; write it there"),
        (of_worker(command=["x"]), "containers[worker].command"),
        (of_worker(args=["x"]), "containers[worker].args"),
        (of_worker(livenessProbe={"$patch": "replace", "tcpSocket": {"port": 1}}), "livenessProbe"),
        (of_worker(readinessProbe=None), "readinessProbe"),
        (of_worker(env=[{"name": "SCHEDULEDTASK_REDIS_URL", "value": "x"}]), "env[SCHEDULEDTASK_REDIS_URL]"),
        (of_worker(env=[{"name": "SCHEDULEDTASK_HOST", "$patch": "delete"}]), "env[SCHEDULEDTASK_HOST]"),
        ({"spec": {"containers": [{"name": "worker", "$patch": "delete"}]}}, "no container 'worker' is left"),
        ({"spec": {"containers": [{"$patch": "replace"}, {"name": "other"}]}}, "no container 'worker' is left"),
    ],
)
def test_what_ties_a_pod_to_its_pool_is_refused_with_field_and_fix(theirs: dict[str, Any], problem: str) -> None:
    (line,) = template_problems(theirs)
    assert line.startswith("spec.worker.podTemplate")
    assert problem in line
    for build in (template, catalog):
        with pytest.raises(PodTemplateError, match=r"spec\.worker\.podTemplate"):
            build(theirs)


@pytest.mark.parametrize(
    ("theirs", "problem"),
    [
        ({"spec": {"containers": {"name": "worker"}}}, "spec.containers: {'name': 'worker'} is not a list"),
        ({"spec": {"containers": [{"image": "x"}]}}, "has no name"),
        ({"spec": {"volumes": ["data"]}}, "spec.volumes: 'data' has no name"),
        ({"spec": {"$setElementOrder/containers": []}}, "spec.$setElementOrder/containers: is not supported"),
        ({"spec": {"$patch": "remove"}}, "spec.$patch: 'remove' is not known"),
        ({"spec": []}, "is not a pod template"),
        ({"spec": {"containers": [{"name": "worker", "env": "A=b"}]}}, "spec.containers.env: 'A=b' is not a list"),
        ({"metadata": {"labels": ["a"]}}, "is not a pod template"),
        ({"spec": {"containers": [{"name": "worker", "env": ["A"]}]}}, "has no name"),
    ],
)
def test_a_template_that_is_none_is_refused_with_field_and_fix(theirs: dict[str, Any], problem: str) -> None:
    (line,) = template_problems(theirs)
    assert problem in line


def test_a_template_that_only_adds_has_no_problems() -> None:
    theirs = {
        "metadata": {"labels": {"team": "ml"}, "annotations": {"note": "x"}},
        "spec": {
            "nodeSelector": {"gpu": "a100"},
            "imagePullSecrets": [{"name": "registry"}],
            "containers": [{"name": "worker", "env": [{"name": "A", "value": "b"}]}, {"name": "side", "image": "s"}],
        },
    }
    assert template_problems(theirs) == ()
    assert template_problems(None) == ()


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(0, 3) | st.sampled_from(["a", "worker", "replace", "delete"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["metadata", "labels", "spec", "containers", "env", "name", "volumes", "$patch", "image"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=15,
)
templates = st.dictionaries(st.sampled_from(["metadata", "spec", "$patch"]), json_values, max_size=3)


@settings(max_examples=200)
@given(templates)
def test_any_template_is_told_wrong_or_is_built(theirs: dict[str, Any]) -> None:
    """Nothing that a user writes breaks the builder, but for the error that it names."""
    before = deepcopy(theirs)
    if not template_problems(theirs):
        try:
            template(theirs)
            catalog(theirs)
        except PodTemplateError as error:
            pytest.fail(f"not told of before: {error}")
    assert theirs == before


@given(templates)
def test_merging_twice_is_merging_once(theirs: dict[str, Any]) -> None:
    if not template_problems(theirs):
        once = strategic_merge(template(None), theirs)
        assert strategic_merge(once, theirs) == once
