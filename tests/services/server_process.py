"""What servers that a test starts have alike: a folder and a port of their own, a process, a log that says why not."""

import shutil
import signal
import subprocess
import tempfile
from abc import ABC, abstractmethod
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tests.services.packages import Programs
from tests.services.redis_nodes import await_true, free_ports

START_SECONDS = 30.0
END_SECONDS = 20.0


class ServerProcess(ABC):
    """It runs, and answers, between enter and exit; then its folder is gone."""

    end_signal = signal.SIGKILL

    def __init__(self, programs: Programs, prefix: str) -> None:
        self._programs = programs
        self._folder = Path(tempfile.mkdtemp(prefix=prefix))  # other users may not enter pytest's own folders
        self._port = free_ports(1)[0]
        self._process: subprocess.Popen[bytes] | None = None

    @abstractmethod
    def _start(self) -> None:
        """Ends with `_serve`."""

    def _serve(self, command: list[str], answers: Callable[[], bool], **how: Any) -> None:
        path = self._folder / "log"
        with path.open("wb") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log, **how)
        await_true(answers, lambda: path.read_text()[-2000:], START_SECONDS)

    def __enter__(self) -> Self:
        try:
            self._start()
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process is not None:
            self._process.send_signal(self.end_signal)
            self._process.wait(END_SECONDS)
        shutil.rmtree(self._folder)
