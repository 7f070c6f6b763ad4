"""A run was written down, but not that its message is done with: the worker takes the next one all the same."""

import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from socket import SHUT_RDWR, create_connection, socket

from tests.integration.worker.heavy_engine import HeavyEngine, await_lines, lines

from scheduledtask_workloads.contract import RunState

ACKNOWLEDGEMENT = b"\r\nHDEL\r\n"  # no other command of a worker has it; the ledger's scripts have it on the server


class Way(socketserver.ThreadingTCPServer):
    """To the server. While `torn`, each connection breaks that would carry an acknowledgement."""

    daemon_threads = True
    torn = False

    def __init__(self, port: int) -> None:
        super().__init__(("127.0.0.1", 0), _Passage)
        self.server_port = port


class _Passage(socketserver.BaseRequestHandler):
    server: Way
    request: socket

    def handle(self) -> None:
        with create_connection(("127.0.0.1", self.server.server_port)) as far:
            threading.Thread(target=self._answers, args=(far,), daemon=True).start()
            while said := self.request.recv(65536):
                if self.server.torn and ACKNOWLEDGEMENT in said:
                    break
                far.sendall(said)
            with suppress(OSError):
                far.shutdown(SHUT_RDWR)

    def _answers(self, far: socket) -> None:
        with suppress(OSError):
            while said := far.recv(65536):
                self.request.sendall(said)
            self.request.shutdown(SHUT_RDWR)


@contextmanager
def way_to(port: int) -> Iterator[Way]:
    with Way(port) as way:
        serving = threading.Thread(target=way.serve_forever, daemon=True)
        serving.start()
        yield way
        way.shutdown()


def test_a_worker_whose_acknowledgement_was_lost_takes_the_next_run(engine: HeavyEngine, tmp_path: Path) -> None:
    journal = tmp_path / "journal"
    address, _, _ = engine.server.url.rpartition("/")
    before_port, _, port = address.rpartition(":")
    with way_to(int(port)) as way:
        worker = engine.start_worker(f"{before_port}:{way.server_address[1]}/0")
        order = engine.submit("journals", arguments={"path": str(journal), "seconds": 1.0})
        await_lines(journal)
        way.torn = True
        engine.await_record(order)
        worker.await_log("Couldn't ack")
        way.torn = False

        assert engine.await_record(engine.submit("nothing")).state is RunState.SUCCEEDED
        engine.await_settled()
        assert len(lines(journal)) == 1
        worker.kill()
