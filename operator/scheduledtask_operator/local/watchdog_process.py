"""The other end of `watchdog`: the process that outlives a killed dev by a moment."""

import sys
from asyncio.subprocess import DEVNULL, PIPE, Process, create_subprocess_exec
from pathlib import Path


class Watchdog:
    """Started first, closed last; it holds nothing but the end of a pipe."""

    def __init__(self, process: Process) -> None:
        self._process = process

    @classmethod
    async def start(cls, folder_mark: str, sockets: Path) -> "Watchdog":
        process = await create_subprocess_exec(
            sys.executable,
            "-m",
            "scheduledtask_operator.local.watchdog",
            folder_mark,
            str(sockets),
            stdin=PIPE,
            stdout=DEVNULL,
            stderr=DEVNULL,
            start_new_session=True,
        )
        return cls(process)

    async def close(self) -> None:
        """It looks once more for what is left, removes the sockets, and goes."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        await self._process.wait()
