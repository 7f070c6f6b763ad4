"""Real API servers and a real cluster, made once a session. The cluster is left running: `make cluster-down`."""

from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from uuid import uuid4

import pytest
from images.engines import Buildah, Engine, find_engine
from tests.cluster import ladder
from tests.cluster.api_server import api_server
from tests.cluster.cluster import Api, Cluster
from tests.cluster.commands import wait_until
from tests.cluster.errors import CommandFailedError, NotOnThisClusterError
from tests.cluster.images import TOOLS_IMAGE, base_image, tools_image
from tests.cluster.places import places
from tests.cluster.progress import Progress

SOURCE = Path(__file__).parents[2]
CRDS = SOURCE / "crds"


@pytest.fixture(scope="session")
def api() -> Iterator[Api]:
    """An API server alone, with our CRDs established."""
    with api_server() as server:
        server.kubectl("apply", f"--filename={CRDS}")
        # Later than Established: what short names and `explain` are read from is published in the background.
        wait_until("the CRDs' discovery", lambda: explains(server), timeout_seconds=60)
        yield server


def explains(server: Api) -> bool:
    try:
        server.kubectl("explain", "stask.spec")
    except CommandFailedError:
        return False
    return True


@pytest.fixture(scope="session")
def cluster() -> Cluster:
    """The first of the ladder."""
    return ladder.up(places(), Progress())


@pytest.fixture(scope="session")
def tools(cluster: Cluster) -> str:
    """The name of an image with a shell, on the cluster's nodes."""
    try:
        cluster.load_image(tools_image(places()))
    except NotOnThisClusterError as error:
        pytest.skip(str(error))
    return TOOLS_IMAGE


@pytest.fixture(scope="session")
def engine() -> Engine:
    """What builds images here."""
    return find_engine()


@pytest.fixture(scope="session")
def base_options(engine: Engine) -> list[str]:
    """Build options: where no registry serves the Dockerfile's base, one made here takes its place."""
    return [f"--build-arg=BASE={base_image(Progress())}"] if isinstance(engine, Buildah) else []


@pytest.fixture(scope="session")
def load(cluster: Cluster, engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], None]:
    """Brings an image that was built here to the cluster's nodes."""

    def load_image(image: str) -> None:
        archive = tmp_path_factory.mktemp("image") / "archive.tar"
        engine.save(image, archive)
        try:
            cluster.load_image(archive)
        except NotOnThisClusterError as error:
            pytest.skip(str(error))
        finally:
            archive.unlink()

    return load_image


@pytest.fixture(scope="session")
def part(engine: Engine, base_options: list[str], load: Callable[[str], None]) -> Callable[[str], str]:
    """The image of a target of our Dockerfile, built and on the nodes; made when it is first asked for."""

    @cache
    def image_of(target: str) -> str:
        image = f"localhost/scheduledtask-{target}:e2e"
        engine.build(image, SOURCE, f"--target={target}", *base_options)
        load(image)
        return image

    return image_of


@pytest.fixture
def namespace(cluster: Cluster) -> Iterator[str]:
    """One of the test's own, gone with everything in it afterwards."""
    name = f"e2e-{uuid4().hex[:8]}"
    cluster.kubectl("create", "namespace", name)
    yield name
    cluster.kubectl("delete", "namespace", name, "--wait=false")
