"""A real cluster, made once a session. The cluster is left running: `make cluster-down`."""

import json
import os
import platform
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

import psutil
import pytest
from images.engines import Engine
from tests.cluster import ladder
from tests.cluster.cluster import Cluster
from tests.cluster.errors import NotOnThisClusterError
from tests.cluster.images import TOOLS_IMAGE, tools_image
from tests.cluster.installing import Installation, install
from tests.cluster.node_images import NodeImages, node_images
from tests.cluster.places import places
from tests.cluster.progress import Progress
from tests.training_run import Training
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

ON_THE_CLUSTER = "_on_a_cluster.py"
# Of a test's namespaces: the process that made them, so that those of a session that was interrupted are known.
SESSION_LABEL = "scheduledtask.dev/test-session"
HOST = re.sub("[^A-Za-z0-9]", "-", platform.node())[:40].strip("-")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Those on the cluster take longest, and begin first. Their files are known by name; see OneCluster."""
    for item in items:
        if ("cluster" in getattr(item, "fixturenames", ())) != item.path.name.endswith(ON_THE_CLUSTER):
            raise pytest.UsageError(f"{item.nodeid}: what needs the cluster, and that alone, is in a *{ON_THE_CLUSTER}")
    items.sort(key=lambda item: not item.path.name.endswith(ON_THE_CLUSTER))


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadScopeScheduling:
    return OneCluster(config, log)


class OneCluster(LoadScopeScheduling):
    """One process has the cluster, of which there is one; other files go beside it, each in one piece."""

    def _split_scope(self, nodeid: str) -> str:
        path = nodeid.partition("::")[0]
        return "the cluster" if path.endswith(ON_THE_CLUSTER) else path


@pytest.fixture(scope="session")
def cluster() -> Cluster:
    """The first of the ladder."""
    return ladder.up(places(), Progress())


@pytest.fixture(scope="session")
def tools(cluster: Cluster) -> str:
    """The name of an image with a shell, on the cluster's nodes."""
    with skipping_where_impossible():
        cluster.load_image(tools_image(places()))
    return TOOLS_IMAGE


@pytest.fixture(scope="session")
def images(cluster: Cluster) -> Iterator[NodeImages]:
    """What builds images here and brings them to the nodes; once a session each, and not when they are there."""
    with node_images(cluster, Progress()) as images:
        yield images


@pytest.fixture(scope="session")
def engine(images: NodeImages) -> Engine:
    """What builds images here."""
    return images.engine


@pytest.fixture(scope="session")
def part(images: NodeImages) -> Callable[[str], str]:
    """The image of a target of our Dockerfile, on the nodes."""

    def image_of(target: str) -> str:
        with skipping_where_impossible():
            return images.part(target)

    return image_of


@pytest.fixture(scope="session")
def installation(cluster: Cluster, images: NodeImages) -> Installation:
    """The operator, installed from the source as it lies here, every pod of it ready. It stays after the tests."""
    remove_leftovers(cluster)
    with skipping_where_impossible():
        return install(cluster, images, places(), Progress())


def remove_leftovers(cluster: Cluster) -> None:
    """Namespaces of sessions on this machine that were interrupted: their tasks would run beside this one's."""
    found = cluster.kubectl("get", "namespaces", f"--selector={SESSION_LABEL}", "--output=json")
    for item in json.loads(found)["items"]:
        host, _, process = item["metadata"]["labels"][SESSION_LABEL].rpartition(".")
        if host == HOST and not psutil.pid_exists(int(process)):
            cluster.kubectl("delete", "namespace", item["metadata"]["name"], "--ignore-not-found", timeout_seconds=300)


@contextmanager
def skipping_where_impossible() -> Iterator[None]:
    """Where CI is set, a skip is a failure: see pytest_runtest_makereport."""
    try:
        yield
    except NotOnThisClusterError as error:
        pytest.skip(str(error))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[Any]:
    """In CI everything that these tests need is there, or CI has failed: nothing passes by being skipped."""
    report = yield
    if report.skipped and os.environ.get("CI"):
        report.outcome = "failed"
        report.longrepr = f"{item.nodeid} was skipped, which is a failure where CI is set: {report.longrepr}"
    return report


@pytest.fixture
def namespace(cluster: Cluster) -> Iterator[str]:
    """One of the test's own, gone with everything in it afterwards."""
    with passing_namespace(cluster) as name:
        yield name


@pytest.fixture(scope="module")
def namespace_of_file(cluster: Cluster) -> Iterator[str]:
    """One that the tests of a file share."""
    with passing_namespace(cluster) as name:
        yield name


@contextmanager
def passing_namespace(cluster: Cluster) -> Iterator[str]:
    name = f"e2e-{uuid4().hex[:8]}"
    cluster.kubectl("create", "namespace", name)
    cluster.kubectl("label", "namespace", name, f"{SESSION_LABEL}={HOST}.{os.getpid()}")
    # Pods are refused until the account that they run as by default is there.
    cluster.kubectl("wait", "serviceaccount/default", "--for=create", f"--namespace={name}", "--timeout=60s")
    yield name
    cluster.kubectl("delete", "namespace", name, "--ignore-not-found", "--wait=false")


@pytest.fixture
def training(cluster: Cluster, installation: Installation, namespace: str) -> Training:
    """Of the operator as it is installed."""
    return Training(cluster, namespace)
