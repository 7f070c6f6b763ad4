"""The parts of the operator's pod as processes of this machine, against a real API server."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.cluster.cluster import Api

DEADLINE_SECONDS = 60.0
EVERY_SECOND = "* * * * * *"
PROGRAM = (sys.executable, "-m", "scheduledtask_operator.cli")


class PodOfProcesses:
    """Scheduler, runners and operator of one replica. Each can be signalled and started again by its name."""

    def __init__(self, api: Api, folder: Path, redis_url: str, *, name: str, options: tuple[str, ...] = ()) -> None:
        self._sockets = Path(tempfile.mkdtemp(prefix="stask-"))  # a socket's name has 107 characters at most
        self._folder = folder
        self._name = name
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self.journal = folder / "bodies.jsonl"
        control, runners = f"{self._sockets}/control", f"{self._sockets}/runners"
        self._commands = {
            "runners": (*PROGRAM, "runners", f"--socket={runners}", "--processes=2"),
            "scheduler": (
                *PROGRAM,
                "scheduler",
                f"--control-socket={control}",
                f"--runners-socket={runners}",
                f"--redis-url={redis_url}",
            ),
            "operator": (*PROGRAM, "operator", f"--control-socket={control}", "--http-port=0", *options),
        }
        self._environment = {
            **os.environ,
            "KUBECONFIG": str(api.kubeconfig),
            "POD_NAMESPACE": "default",
            "POD_NAME": name,
            "SCHEDULEDTASK_BODY_JOURNAL": str(self.journal),
        }

    def start(self, *parts: str) -> None:
        for part in parts or self._commands:
            with self.log_file(part).open("ab") as log:
                self._running[part] = subprocess.Popen(
                    self._commands[part], env=self._environment, stdout=log, stderr=log
                )

    def signal(self, part: str, number: signal.Signals) -> None:
        self._running[part].send_signal(number)

    def freeze(self, part: str) -> None:
        self.signal(part, signal.SIGSTOP)

    def thaw(self, part: str) -> None:
        self.signal(part, signal.SIGCONT)

    def stop(self, part: str) -> int:
        """SIGTERM; the exit code, and a failure when it does not end within the deadline."""
        self.signal(part, signal.SIGTERM)
        return self._running.pop(part).wait(DEADLINE_SECONDS)

    def stop_all(self) -> None:
        for process in self._running.values():
            process.send_signal(signal.SIGCONT)
            process.terminate()
        for process in self._running.values():
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self._running.clear()

    def pid(self, part: str) -> int:
        return self._running[part].pid

    def is_running(self, part: str) -> bool:
        return self._running[part].poll() is None

    def log_file(self, part: str) -> Path:
        return self._folder / f"{self._name}-{part}.log"

    def log(self, part: str = "operator") -> list[dict[str, Any]]:
        """Its lines; a test fails on one that is no JSON."""
        file = self.log_file(part)
        whole = file.read_text().rpartition("\n")[0] if file.exists() else ""
        return [json.loads(line) for line in whole.splitlines()]

    def says(self, words: str, part: str = "operator") -> bool:
        return any(words in line["message"] for line in self.log(part))

    def get(self, path: str) -> tuple[int, str]:
        """From the operator's HTTP port: status and body; status 0 while nobody answers."""
        port = next((line["http_port"] for line in reversed(self.log()) if "http_port" in line), 0)
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()
        except OSError as error:
            return 0, str(error)

    def bodies(self) -> list[Mapping[str, Any]]:
        """What the task bodies themselves wrote."""
        if not self.journal.exists():
            return []
        return [json.loads(line) for line in self.journal.read_text().splitlines()]

    def ran(self, name: str) -> list[int]:
        """The slots that bodies of a task completed, by their own lines."""
        return [line["slot"] for line in self.bodies() if line["name"] == name and line["state"] == "Succeeded"]


def task(name: str, namespace: str = "default", **spec: Any) -> str:
    """A ScheduledTask, for kubectl."""
    metadata = {"name": name, "namespace": namespace}
    wanted = {"task": "system-health", **spec}
    return json.dumps(
        {"apiVersion": "scheduledtask.dev/v1alpha1", "kind": "ScheduledTask", "metadata": metadata, "spec": wanted}
    )


@contextmanager
def pod_of_processes(
    api: Api, folder: Path, redis_url: str, *, name: str = "pod-a", options: tuple[str, ...] = ()
) -> Iterator[PodOfProcesses]:
    pod = PodOfProcesses(api, folder, redis_url, name=name, options=options)
    try:
        pod.start()
        yield pod
    finally:
        pod.stop_all()


def until(what: str, holds: Callable[[], object], timeout_seconds: float = DEADLINE_SECONDS) -> None:
    """Raises AssertionError when it does not become so in time."""
    deadline = time.monotonic() + timeout_seconds
    while not holds():
        assert time.monotonic() < deadline, f"not within {timeout_seconds:g} s: {what}"
        time.sleep(0.1)
