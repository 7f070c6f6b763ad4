"""etcd and an API server alone: resources, defaults, rules and watches for real; nothing runs. No root needed."""

import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.cluster.binaries import API_SERVER_PROGRAMS, build
from tests.cluster.built import start_api, wait_for_api
from tests.cluster.cluster import Api
from tests.cluster.control_plane import ControlPlane
from tests.cluster.keys import CONTEXT
from tests.cluster.places import Places, places
from tests.cluster.processes import Processes
from tests.cluster.progress import Progress
from tests.cluster.watchdog import ended_with_us

from scheduledtask_operator.local.embedded_server import held_port


@dataclass(frozen=True, slots=True)
class LoneApi:
    """An API server that may be stopped and started again; what it holds stays."""

    api: Api
    port: int
    processes: Processes

    def stop(self) -> None:
        self.processes.stop("api-server")

    def start(self) -> None:
        """Returns when it answers again."""
        self.processes.start_again("api-server")
        wait_for_api(self.api, self.processes)


@contextmanager
def api_server(where: Places | None = None) -> Iterator[Api]:
    """An empty one on free ports, for as long as the block lasts; several may run beside each other.

    Raises:
        NoClusterError: its programs are not built and there is no Go, or it ended at once.
        NotReadyError: it did not answer in time.
    """
    with lone_api_server(where) as server:
        yield server.api


@contextmanager
def lone_api_server(where: Places | None = None) -> Iterator[LoneApi]:
    """The same, for tests that stop it."""
    where = where or places()
    build(where, Progress(), API_SERVER_PROGRAMS)
    with (
        ExitStack() as held,
        tempfile.TemporaryDirectory(prefix="scheduledtask-api-") as made,
        ended_with_us(Path(made)) as processes,
    ):
        folder, ports = Path(made), [held.enter_context(held_port()) for _ in range(3)]
        plane = ControlPlane(where, folder, "127.0.0.1", *ports)
        api = Api(where.binary("kubectl"), plane.keys / "admin.kubeconfig", CONTEXT, folder / "discovery")
        start_api(plane, processes)
        wait_for_api(api, processes)
        yield LoneApi(api, plane.api_port, processes)
