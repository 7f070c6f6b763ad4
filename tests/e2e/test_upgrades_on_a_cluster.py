"""The release is upgraded and rolled back, in the middle of light and heavy runs.

What ran is counted from the lines that bodies write themselves.
"""

import json
from collections.abc import Iterator

import pytest
from tests.cluster.cluster import Cluster
from tests.cluster.commands import wait_until
from tests.cluster.helm import RELEASE
from tests.cluster.installing import PARTS, Installation, await_ready, install
from tests.cluster.node_images import TAG, NodeImages
from tests.cluster.places import places
from tests.cluster.progress import Progress
from tests.light_load import LightLoad, assert_each_slot_ran_once, light_load
from tests.training_run import Training

NEXT_TAG = "e2e-next"  # the same images by another name: to Kubernetes they are others

pytestmark = pytest.mark.long


@pytest.fixture
def load(cluster: Cluster, installation: Installation, namespace: str) -> Iterator[LightLoad]:
    await_ready(cluster, installation.namespace)
    with light_load(cluster, namespace, installation.namespace) as load:
        yield load


@pytest.fixture
def restored(cluster: Cluster, images: NodeImages, installation: Installation) -> Iterator[None]:
    """Afterwards the release is what other tests know."""
    yield
    install(cluster, images, places(), Progress())


@pytest.mark.usefixtures("restored")
def test_an_upgrade_and_a_rollback_in_the_middle_of_runs(
    cluster: Cluster, images: NodeImages, installation: Installation, load: LightLoad, training: Training
) -> None:
    for part in PARTS:
        image = images.part(part)
        cluster.tag_image(image, image.replace(f":{TAG}", f":{NEXT_TAG}"))
    training.ask("digits", candidates=200)
    busy = training.busy_pod()
    pull = {**installation.values["image"], "tag": NEXT_TAG}

    installation.helm.upgrade(cluster.api, {**installation.values, "image": pull})
    await_ready(cluster, installation.namespace)
    wait_until("the next version", lambda: runs_only(cluster, installation, NEXT_TAG), timeout_seconds=120)
    assert busy in training.pods(), "the busy worker goes on"

    installation.helm.on(cluster.api, "rollback", RELEASE)
    await_ready(cluster, installation.namespace)
    wait_until("the version before", lambda: runs_only(cluster, installation, TAG), timeout_seconds=120)

    assert_each_slot_ran_once(load.counts(load.settle()))
    training.kubectl("wait", "strun/now", "--for=condition=Complete", "--timeout=280s")
    (body,) = training.bodies()
    assert (body.attempt, body.state) == (1, "Succeeded")


def runs_only(cluster: Cluster, installation: Installation, tag: str) -> bool:
    pods = cluster.kubectl(
        "get",
        "pods",
        f"--namespace={installation.namespace}",
        "--selector=app.kubernetes.io/component=operator",
        "--output=json",
    )
    found = {each["image"] for pod in json.loads(pods)["items"] for each in pod["spec"]["containers"]}
    return bool(found) and all(image.endswith(f":{tag}") for image in found)
