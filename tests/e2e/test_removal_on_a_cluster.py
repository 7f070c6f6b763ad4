"""The release is removed with a busy worker, its namespaces go, and it is installed again as a new user would."""

import time
from collections.abc import Iterator

import pytest
from tests.cluster.cluster import Cluster
from tests.cluster.commands import wait_until
from tests.cluster.errors import CommandFailedError
from tests.cluster.helm import RELEASE
from tests.cluster.installing import Installation, await_ready, install, prepare_namespace
from tests.cluster.node_images import NodeImages
from tests.cluster.places import places
from tests.cluster.progress import Progress
from tests.light_load import leader_of
from tests.training_run import Training

INSTALLED_SECONDS = 60.0
GONE_SECONDS = 90.0
DEFINITION = "scheduledtasks.scheduledtask.dev"


@pytest.fixture
def restored(cluster: Cluster, images: NodeImages, installation: Installation) -> Iterator[None]:
    """Afterwards the release is what other tests know."""
    yield
    install(cluster, images, places(), Progress())


@pytest.mark.usefixtures("restored")
def test_nothing_is_stuck_after_it_was_removed_and_a_new_one_works_within_a_minute(
    cluster: Cluster, installation: Installation, training: Training
) -> None:
    training.ask("digits", candidates=200)
    busy = training.busy_pod()

    began = time.monotonic()
    installation.helm.on(cluster.api, "uninstall", RELEASE)
    assert busy not in training.pods()
    for namespace in (training.namespace, installation.namespace):
        cluster.kubectl("delete", "namespace", namespace, "--wait=false")
    removed = time.monotonic()
    wait_until("the end of both namespaces", lambda: are_gone(cluster, training, installation), timeout_seconds=90)
    gone = time.monotonic()
    assert gone - removed < GONE_SECONDS
    assert DEFINITION in definitions(cluster), "crds.keep"

    prepare_namespace(cluster, installation.namespace)
    installed_at = time.monotonic()
    installation.helm.upgrade(cluster.api, plain(installation))
    await_ready(cluster, installation.namespace)
    wait_until("a leader", lambda: bool(leader_of(cluster, installation.namespace)), timeout_seconds=INSTALLED_SECONDS)
    led_at = time.monotonic()
    assert led_at - installed_at < INSTALLED_SECONDS
    said = installation.helm.on(cluster.api, "test", RELEASE)
    assert "Phase:          Succeeded" in said
    print(
        f"uninstalled in {removed - began:.1f} s, namespaces gone after {gone - removed:.1f} s more; installed, ready"
        f" and led in {led_at - installed_at:.1f} s, tested in {time.monotonic() - led_at:.1f} s"
    )


def are_gone(cluster: Cluster, training: Training, installation: Installation) -> bool:
    return not cluster.kubectl("get", "namespace", training.namespace, installation.namespace, "--ignore-not-found")


def definitions(cluster: Cluster) -> str:
    return cluster.kubectl("get", "crds", "--output=name")


def plain(installation: Installation) -> dict[str, object]:
    """The defaults, but for where images and storage are."""
    image, redis = installation.values["image"], installation.values["redis"]["bundled"]["image"]
    return {"image": image, "redis": {"bundled": {"image": redis}}}


@pytest.mark.long
@pytest.mark.usefixtures("restored")
def test_the_definitions_go_with_it_where_they_are_not_to_be_kept(cluster: Cluster, installation: Installation) -> None:
    """And with them every ScheduledTask."""
    installation.helm.upgrade(cluster.api, {**installation.values, "crds": {"keep": False}})

    installation.helm.on(cluster.api, "uninstall", RELEASE)

    wait_until("the definitions' end", lambda: DEFINITION not in definitions(cluster), timeout_seconds=60)


@pytest.mark.long
@pytest.mark.usefixtures("restored")
def test_an_uninstall_that_cannot_run_its_hook_ends_and_the_release_is_gone(
    cluster: Cluster, installation: Installation
) -> None:
    """An image that nobody has is the most frequent reason to uninstall what has just been installed."""
    nowhere = {**installation.values["image"], "tag": "nowhere"}
    installation.helm.upgrade(cluster.api, {**installation.values, "image": nowhere}, "--no-hooks")

    with pytest.raises(CommandFailedError, match="uninstallation completed with 1 error"):
        installation.helm.on(cluster.api, "uninstall", RELEASE)

    assert RELEASE not in installation.helm.on(cluster.api, "list", "--all", "--short")
