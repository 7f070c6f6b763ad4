"""The operator on a cluster: images built from the source that lies here, the manifests as a user gets them."""

import hashlib
import json
import secrets
from dataclasses import dataclass, replace
from typing import Any

from tests.cluster.body_journal import MOUNT, VARIABLE, VOLUME, keep_journal
from tests.cluster.cluster import Cluster
from tests.cluster.commands import wait_until
from tests.cluster.diagnosis import explain_pods, read_pods
from tests.cluster.errors import CommandFailedError, NotReadyError
from tests.cluster.images import tools_image
from tests.cluster.node_images import TAG, NodeImages, node_images
from tests.cluster.places import Places
from tests.cluster.progress import Progress

from scheduledtask_operator.api import crds
from scheduledtask_operator.manifests.installation import Installation, installation_objects
from scheduledtask_operator.manifests.installation_names import NAME, PASSWORD_KEY, REDIS_NAME

PARTS = ("operator", "scheduler", "runners", "worker-ml")
READY_SECONDS = 180.0
HOPELESS_RESTARTS = 4
# Artifacts go with the worker's pod, which is enough for examples and tests.
INSTALLATION = Installation(tag=TAG, artifacts_url="file:///tmp/artifacts", image_pull_policy="Never")

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Images:
    """What the installation's pods run; `digest` changes when any of them does, though their names stay."""

    redis: str
    digest: str


def install(cluster: Cluster, images: NodeImages, places: Places, progress: Progress) -> Installation:
    """Build, bring, apply, and wait until every pod is ready; what stands already is brought up to date.

    Raises:
        NotReadyError: with what is not ready, and why.
        ImageError, CommandFailedError, NotOnThisClusterError: it could not be applied at all.
    """
    with progress.step("images"):
        cluster.load_image(tools_image(places))
        built = _images(images)
    installation = replace(INSTALLATION, redis_image=built.redis)
    with progress.step("installing the operator"):
        _apply(cluster, list(crds()))
        namespace, *objects = installation_objects(installation)
        _apply(cluster, [namespace])
        _ensure_password(cluster, installation.namespace)
        keep_journal(cluster, installation.namespace)
        _apply(cluster, [_for_tests(each, built) for each in objects])
        await_ready(cluster, installation.namespace)
    return installation


def install_on(cluster: Cluster, places: Places, progress: Progress) -> str:
    """`install`, with images of the source as it is now; the namespace it is in."""
    with node_images(cluster, progress) as images:
        return install(cluster, images, places, progress).namespace


def await_ready(cluster: Cluster, namespace: str, timeout_seconds: float = READY_SECONDS) -> None:
    """Until every replica of the operator and of Redis is up to date and ready. Raises NotReadyError, with reasons."""
    try:
        wait_until("the installation", lambda: _is_ready(cluster, namespace), timeout_seconds=timeout_seconds)
    except NotReadyError as error:
        raise NotReadyError(f"{error}\n{explain_pods(cluster, namespace)}") from error


def _images(images: NodeImages) -> Images:
    parts = {part: images.part(part) for part in PARTS}
    redis = images.redis()
    ids = [images.engine.image_id(image) for image in (*parts.values(), redis)]
    return Images(redis, hashlib.sha256("".join(ids).encode()).hexdigest()[:12])


def _apply(cluster: Cluster, objects: list[Json]) -> None:
    items = {"apiVersion": "v1", "kind": "List", "items": objects}
    cluster.kubectl("apply", "--server-side", "--force-conflicts", "--filename=-", stdin=json.dumps(items))


def _ensure_password(cluster: Cluster, namespace: str) -> None:
    try:
        cluster.kubectl("get", "secret", REDIS_NAME, f"--namespace={namespace}")
    except CommandFailedError:
        password = f"--from-literal={PASSWORD_KEY}={secrets.token_hex(32)}"
        cluster.kubectl("create", "secret", "generic", REDIS_NAME, f"--namespace={namespace}", password)


def _for_tests(manifest: Json, images: Images) -> Json:
    """Pods that are made anew when their image was built anew, and runners that keep the body journal."""
    if manifest["kind"] not in ("Deployment", "StatefulSet"):
        return manifest
    template = manifest["spec"]["template"]
    template["metadata"]["annotations"] = {"scheduledtask.dev/images": images.digest}
    for container in template["spec"]["containers"]:
        if container["name"] == "runners":
            container.setdefault("env", []).append(VARIABLE)
            container["volumeMounts"].append(MOUNT)
            template["spec"]["volumes"].append(VOLUME)
    return manifest


def _is_ready(cluster: Cluster, namespace: str) -> bool:
    _raise_when_hopeless(cluster, namespace)
    found = cluster.kubectl("get", f"deployment/{NAME}", f"statefulset/{REDIS_NAME}", f"-n={namespace}", "-o=json")
    return all(map(_is_rolled_out, json.loads(found)["items"]))


def _is_rolled_out(workload: Json) -> bool:
    status, wanted = workload["status"], workload["spec"]["replicas"]
    counts = [status.get(name, 0) for name in ("replicas", "updatedReplicas", "readyReplicas")]
    return status.get("observedGeneration", 0) >= workload["metadata"]["generation"] and counts == [wanted] * 3


def _raise_when_hopeless(cluster: Cluster, namespace: str) -> None:
    """A container that ends again and again is not waited for until the deadline."""
    for pod in read_pods(cluster, namespace):
        for container in pod["status"].get("containerStatuses", []):
            waiting = container["state"].get("waiting", {})
            if waiting.get("reason") == "CrashLoopBackOff" and container["restartCount"] >= HOPELESS_RESTARTS:
                raise NotReadyError(f"{pod['metadata']['name']}: container {container['name']} ends again and again")
