"""A training whose worker is killed, evicted, or whose namespace goes, counted from the lines that bodies write."""

import time

import pytest
from tests.cluster.cluster import Cluster
from tests.cluster.commands import wait_until
from tests.cluster.errors import CommandFailedError
from tests.cluster.node_images import NodeImages
from tests.training_run import Training


@pytest.mark.long
def test_a_killed_workers_run_ends_in_a_second_attempt_on_another_pod(training: Training) -> None:
    training.ask("breast_cancer", candidates=150)
    (first,) = training.pods()
    training.kubectl("delete", "pod", first, "--force", "--grace-period=0")

    training.kubectl("wait", "strun/now", "--for=condition=Complete", "--timeout=240s")

    assert training.run()["attempts"] == 2
    killed, second = training.bodies()
    assert (killed.attempt, killed.ended_at) == (1, None)
    assert (second.attempt, second.state) == (2, "Succeeded")
    assert first not in training.pods()


@pytest.mark.long
def test_a_busy_worker_is_not_evicted_until_its_run_has_ended(training: Training) -> None:
    training.ask("breast_cancer", candidates=150)
    pod = training.busy_pod()

    with pytest.raises(CommandFailedError, match="disruption budget"):
        training.evict(pod)

    training.kubectl("wait", "strun/now", "--for=condition=Complete", "--timeout=240s")
    (body,) = training.bodies()
    assert body.succeeded
    training.until("no workers", lambda: not training.pods())


@pytest.mark.long
def test_a_run_ends_on_the_old_image_while_the_pool_changes_to_the_new_one(
    cluster: Cluster, images: NodeImages, training: Training
) -> None:
    training.ask("breast_cancer", candidates=150)
    old = training.busy_pod()
    image = images.part("worker-ml")
    renamed = cluster.remember_image(image, images.engine.image_id(image))

    training.patch({"worker": {"image": renamed}})

    training.until("the new image's pod", lambda: renamed in training.worker_images().values())
    assert training.worker_images()[old] != renamed
    training.kubectl("wait", "strun/now", "--for=condition=Complete", "--timeout=240s")
    (body,) = training.bodies()
    assert (body.attempt, body.state) == (1, "Succeeded")
    training.until("the old pod's end", lambda: old not in training.pods())


def test_a_namespace_goes_with_a_busy_worker_in_it(cluster: Cluster, training: Training) -> None:
    training.ask("digits", candidates=200)
    began = time.monotonic()

    cluster.kubectl("delete", "namespace", training.namespace, "--wait=false")

    wait_until(
        "the namespace's end",
        lambda: not cluster.kubectl("get", "namespace", training.namespace, "--ignore-not-found"),
        timeout_seconds=90,
    )
    assert time.monotonic() - began < 90
