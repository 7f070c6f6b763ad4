"""The operator on a cluster, by its chart as users install it; images are built from the source that lies here."""

import hashlib
import json
from dataclasses import dataclass
from typing import Any

from tests.cluster import helm
from tests.cluster.body_journal import MOUNT, VARIABLE, VOLUME, keep_journal
from tests.cluster.cluster import Cluster
from tests.cluster.commands import wait_until
from tests.cluster.diagnosis import explain_pods, read_pods
from tests.cluster.errors import NotReadyError
from tests.cluster.images import tools_image
from tests.cluster.node_images import TAG, NodeImages, node_images
from tests.cluster.places import Places
from tests.cluster.progress import Progress

from scheduledtask_operator.manifests.installation_names import NAME, REDIS_NAME

PARTS = ("operator", "scheduler", "runners", "worker-ml")
READY_SECONDS = 180.0
HOPELESS_RESTARTS = 4
IMAGES_ANNOTATION = "scheduledtask.dev/images"

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Installation:
    """A release of the chart, its pods ready. Artifacts go with a worker's pod: enough for examples and tests."""

    namespace: str
    helm: helm.Helm
    values: Json
    """What it was installed with: `helm.upgrade` with more of them changes it."""


@dataclass(frozen=True, slots=True)
class Images:
    """What the installation's pods run; `digest` changes when any of them does, though their names stay."""

    redis: str
    digest: str


def install(cluster: Cluster, images: NodeImages, places: Places, progress: Progress) -> Installation:
    """Build, bring, install, and wait until every pod is ready; what stands already is brought up to date.

    Raises:
        NotReadyError: with what is not ready, and why.
        ImageError, CommandFailedError, NotOnThisClusterError: it could not be installed at all.
    """
    with progress.step("images"):
        cluster.load_image(tools_image(places))
        built = _images(images)
    installation = Installation(helm.NAMESPACE, helm.find_helm(places, progress), values_for(built))
    with progress.step("installing the operator"):
        prepare_namespace(cluster, installation.namespace)
        keep_journal(cluster, installation.namespace)
        _forget_interrupted(cluster, installation.namespace)
        # CRDs may be there by other ways than Helm's.
        installation.helm.upgrade(cluster.api, installation.values, "--take-ownership")
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


def values_for(images: Images) -> Json:
    """Pods that are made anew when their image was built anew, and runners that keep the body journal."""
    annotations = {IMAGES_ANNOTATION: images.digest}
    return {
        "image": {"tag": TAG, "pullPolicy": "Never"},
        "artifacts": {"url": "file:///tmp/artifacts"},
        "podAnnotations": annotations,
        "runners": {"extraEnv": [VARIABLE], "extraVolumeMounts": [MOUNT]},
        "extraVolumes": [VOLUME],
        "redis": {"bundled": {"image": images.redis, "podAnnotations": annotations}},
    }


def prepare_namespace(cluster: Cluster, namespace: str) -> None:
    """It is there, under the strictest of the Pod Security standards: everything of ours keeps to it."""
    labels = {"pod-security.kubernetes.io/enforce": "restricted"}
    manifest = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace, "labels": labels}}
    cluster.kubectl("apply", "--server-side", "--force-conflicts", "--filename=-", stdin=json.dumps(manifest))
    cluster.kubectl("wait", "serviceaccount/default", "--for=create", f"--namespace={namespace}", "--timeout=60s")


def _forget_interrupted(cluster: Cluster, namespace: str) -> None:
    """Helm refuses to go on where a session was interrupted within its command."""
    pending = f"owner=helm,name={helm.RELEASE},status in (pending-install,pending-upgrade,pending-rollback)"
    cluster.kubectl("delete", "secrets", f"--namespace={namespace}", f"--selector={pending}")


def _images(images: NodeImages) -> Images:
    parts = {part: images.part(part) for part in PARTS}
    redis = images.redis()
    ids = [images.engine.image_id(image) for image in (*parts.values(), redis)]
    return Images(redis, hashlib.sha256("".join(ids).encode()).hexdigest()[:12])


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
