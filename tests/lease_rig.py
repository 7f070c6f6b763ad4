"""Electors as processes beside each other, what they wrote down, and a wire to the API server that can be slow."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any
from uuid import uuid4

from tests.cluster.cluster import Api
from tests.cluster.commands import wait_until

SOURCE = Path(__file__).parents[1]
TAKEOVER_SECONDS = 15.0  # from any loss to the next leader
SHORT = {
    "duration_seconds": 5,
    "renew_seconds": 1.0,
    "give_up_seconds": 3.5,
    "retry_seconds": 0.5,
    "silence_seconds": 3.5,
}
START_SECONDS = 40.0  # Python, its imports, and a Lease that somebody holds


def boottime_seconds() -> float:
    return time.clock_gettime(time.CLOCK_BOOTTIME)


@dataclass
class ElectorProcess:
    """One elector, killed at the end by the id that is held here."""

    pod: str
    journal: Path
    log: Path
    process: subprocess.Popen[bytes]

    def signal(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def lines(self) -> list[dict[str, Any]]:
        """A line that is being written is not there yet."""
        text = self.journal.read_text() if self.journal.exists() else ""
        return [json.loads(line) for line in text[: text.rfind("\n") + 1].splitlines()]

    def stands(self) -> list[dict[str, Any]]:
        return [line for line in self.lines() if "fence" in line]

    def fences(self) -> list[int]:
        """In the order in which it led under them."""
        return list(dict.fromkeys(line["fence"] for line in self.stands()))

    def stands_since(self, instant: float) -> bool:
        return any(line["at"] > instant for line in self.stands())

    def said(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.log.read_text().splitlines() if line.startswith("{")]

    def end(self) -> None:
        self.process.kill()
        self.process.wait()


@dataclass
class Rig:
    """Electors of one Lease. It starts as a clean stop leaves it, so that the first need not wait."""

    api: Api
    folder: Path
    terms: Mapping[str, float] = field(default_factory=dict)
    lease: str = field(default_factory=lambda: f"lease-{uuid4().hex[:8]}")
    electors: list[ElectorProcess] = field(default_factory=list)

    def make_lease(self) -> None:
        spec = {"holderIdentity": "", "leaseDurationSeconds": 1}
        metadata = {"name": self.lease, "annotations": {"scheduledtask.dev/fence": "41"}}
        lease = {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": metadata, "spec": spec}
        self.api.kubectl("create", "--filename=-", stdin=json.dumps(lease))

    def start(self, pod: str, kubeconfig: Path | None = None) -> ElectorProcess:
        number = len(self.electors)
        journal, log = self.folder / f"{number}.journal", self.folder / f"{number}.log"
        command = [sys.executable, "-m", "tests.lease_elector", self.lease, pod, str(journal)]
        command.append(json.dumps(dict(self.terms)))
        environment = {**os.environ, "KUBECONFIG": str(kubeconfig or self.api.kubeconfig)}
        with log.open("wb") as output:
            process = subprocess.Popen(command, cwd=SOURCE, env=environment, stderr=output, stdout=output)
        elector = ElectorProcess(pod, journal, log, process)
        self.electors.append(elector)
        return elector

    def start_two(self, kubeconfig: Path | None = None) -> tuple[ElectorProcess, ElectorProcess]:
        """The first leads, the second stands by and has seen it; `kubeconfig` is the first's."""
        leader = self.start("pod-a", kubeconfig)
        wait_until("the first leader", lambda: leader.stands(), timeout_seconds=START_SECONDS)
        standby = self.start("pod-b")
        wait_until("the standby", lambda: "pod-a" in str(standby.said()), timeout_seconds=START_SECONDS)
        return leader, standby

    def holder(self) -> str:
        return self.api.kubectl("get", "lease", self.lease, "--output=jsonpath={.spec.holderIdentity}")

    def patch(self, patch: Mapping[str, object]) -> None:
        self.api.kubectl("patch", "lease", self.lease, "--type=merge", f"--patch={json.dumps(patch)}")

    def await_leader(self, elector: ElectorProcess, since: float, timeout_seconds: float = TAKEOVER_SECONDS) -> None:
        wait_until(f"{elector.pod} leads", lambda: elector.stands_since(since), timeout_seconds=timeout_seconds)

    def check_one_at_a_time(self) -> None:
        """Under each number one stood, after the one before, and each number is more than the one before."""
        stands = sorted(
            (line["at"], line["fence"], elector.journal.name) for elector in self.electors for line in elector.stands()
        )
        spans: dict[tuple[int, str], list[float]] = {}
        for at, fence, who in stands:
            spans.setdefault((fence, who), []).append(at)
        in_order = sorted(spans, key=lambda key: spans[key][0])
        fences = [fence for fence, _ in in_order]
        assert fences == sorted(set(fences)), spans.keys()
        for before, after in pairwise(in_order):
            assert spans[before][-1] < spans[after][0], (before, after)

    def check_promises(self) -> None:
        """Where nobody could take a grant back, none was good for longer than until the next leader's first moment."""
        untils: dict[int, float] = {}
        begins: dict[int, float] = {}
        for elector in self.electors:
            for line in elector.stands():
                untils[line["fence"]] = max(untils.get(line["fence"], 0.0), line["until"])
                begins[line["fence"]] = min(begins.get(line["fence"], line["at"]), line["at"])
            for line in elector.lines():
                if "granted" in line:
                    assert line["deadline"] <= untils.get(line["granted"], line["deadline"]) + 0.001
        for before, after in pairwise(sorted(begins)):
            assert untils[before] <= begins[after], (before, after)

    def end(self) -> None:
        """What they said is printed: pytest shows it when the test failed."""
        for elector in self.electors:
            elector.end()
            print(elector.pod, elector.log.read_text())


class Wire:
    """A TCP proxy before the API server: as it is, with a delay each way, or holding everything back."""

    def __init__(self, port: int) -> None:
        self.delay_seconds = 0.0
        self.holds = threading.Event()
        self._target = port
        self._server = socket.create_server(("127.0.0.1", 0))
        self._open: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def port(self) -> int:
        port: int = self._server.getsockname()[1]
        return port

    def kubeconfig(self, original: Path, folder: Path) -> Path:
        """The same, through the wire."""
        config = json.loads(original.read_text())
        config["clusters"][0]["cluster"]["server"] = f"https://127.0.0.1:{self.port}"
        path = folder / "through-the-wire.kubeconfig"
        path.write_text(json.dumps(config))
        return path

    def close(self) -> None:
        for one in (self._server, *self._open):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                near, _ = self._server.accept()
                far = socket.create_connection(("127.0.0.1", self._target))
                self._open += [near, far]
                for source, sink in ((near, far), (far, near)):
                    threading.Thread(target=self._pump, args=(source, sink), daemon=True).start()

    def _pump(self, source: socket.socket, sink: socket.socket) -> None:
        """What is held back is delivered late, as by a server that was busy."""
        with suppress(OSError):
            while data := source.recv(65536):
                time.sleep(self.delay_seconds)
                while self.holds.is_set():
                    time.sleep(0.05)
                sink.sendall(data)
        for one in (source, sink):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
